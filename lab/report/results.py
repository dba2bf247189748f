"""Results of `tulle lab run`: lines, cases, and what the page says about them."""
import collections
import csv
import json
import math
import pathlib

SETTING = ("op", "dtype", "threads", "cold", "order", "machine")
COLUMNS = ["op", "matrix", "rows", "cols", "nnz", "sparsity", "n", "dtype", "threads", "cold", "order", "parameters", "kernel", "us_min", "us_median",
           "flops", "bytes", "gflops", "peak_share", "error", "prepare_us", "runs", "version", "machine", "suite", "refused", "wrong", "failed", "note"]
BINS = (0.5, 0.7, 0.8, 0.9, 0.95, 0.98)
PLAN = "tulle/plan"
DENSE, PEER = "the best dense one", "the best peer"


def lines(file):
    if not file.is_file():
        return []
    with file.open() as text:
        return [json.loads(line) for line in text if line.endswith("\n") and line.strip()]


def load(folder):
    folder = pathlib.Path(folder)
    commands = folder / "commands.txt"
    return (lines(folder / "results.jsonl"), lines(folder / "machines.jsonl"),
            list(dict.fromkeys(commands.read_text().split("\n"))) if commands.is_file() else [])


def write_csv(records, file):
    with open(file, "w", newline="") as out:
        writer = csv.DictWriter(out, COLUMNS, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(records)


def is_dense(kernel):
    """A peer that computes zeros too. Tulle's own dense kernels leave out columns without entries, and so are none."""
    return kernel.endswith(("_dense", "_sdpa"))


def is_own(kernel):
    return kernel.startswith("tulle/")


def mean(numbers):
    """Geometric."""
    numbers = list(numbers)
    return math.exp(sum(map(math.log, numbers)) / len(numbers)) if numbers else None


class Case:
    """One question: what each contender took, in microseconds."""

    def __init__(self, record):
        self.matrix, self.n, self.sparsity = record["matrix"], record["n"], record["sparsity"]
        self.rows, self.cols, self.nnz = record["rows"], record["cols"], record["nnz"]
        self.flops, self.bytes = record["flops"], record["bytes"]  # useful ones; each operand once
        self.us, self.records, self.base = {}, {}, DENSE

    def add(self, record):
        self.us[record["kernel"]], self.records[record["kernel"]] = record["us_min"], record

    def best(self, wanted):
        names = [k for k in self.us if wanted(k)]
        return min(names, key=self.us.get) if names else None

    def best_us(self, wanted):
        name = self.best(wanted)
        return self.us[name] if name else None

    @property
    def dense_us(self):
        return self.best_us(is_dense) or self.best_us(lambda k: k.endswith("/dense"))

    @property
    def base_us(self):
        """What ratios are to: see base_of."""
        return self.dense_us if self.base == DENSE else self.best_us(lambda k: not is_own(k))

    @property
    def zeros(self):
        """The nearest of the usual sparsities, or None."""
        nearest = min(BINS, key=lambda b: abs(b - self.sparsity))
        return nearest if abs(nearest - self.sparsity) < 0.012 else None

    def over_base(self, kernel):
        return self.base_us / self.us[kernel] if self.base_us and kernel in self.us else None


def settings(records):
    """{setting: [Case]} in the order of first appearance."""
    found = collections.OrderedDict()
    for record in records:
        if "us_min" not in record:
            continue
        setting = tuple(record.get(key) for key in SETTING)
        cases = found.setdefault(setting, collections.OrderedDict())
        key = (record["matrix"], record["n"], str(record.get("parameters")))
        cases.setdefault(key, Case(record)).add(record)
    for cases in found.values():
        if not any(c.dense_us for c in cases.values()):
            for c in cases.values():
                c.base = PEER
    return collections.OrderedDict((setting, list(cases.values())) for setting, cases in found.items())


def hero(cases):
    """The contender that the page is about: the plan, or Tulle's best kernel, or the best there is."""
    kernels = collections.Counter(k for case in cases for k in case.us)
    if PLAN in kernels:
        return PLAN
    ranked = sorted((k for k in kernels if not is_dense(k)), key=lambda k: (is_own(k), kernels[k], mean(
        filter(None, (c.over_base(k) for c in cases))) or 0), reverse=True)
    return ranked[0] if ranked else next(iter(kernels))


def peers(cases):
    """Sparse contenders that are not Tulle's, by speed."""
    names = {k for case in cases for k in case.us if not is_own(k) and not is_dense(k)}
    return sorted(names, key=lambda k: -(mean(filter(None, (c.over_base(k) for c in cases))) or 0))


def break_even(points):
    """Sparsity at which the speed-up crosses 1, from (sparsity, speed-up) pairs; text, as it may lie outside."""
    points = sorted(points)
    if all(s >= 1 for _, s in points):
        return f"below {points[0][0]:.0%}"
    if all(s < 1 for _, s in points):
        return f"above {points[-1][0]:.0%}"
    for (x0, s0), (x1, s1) in zip(points, points[1:]):
        if s0 < 1 <= s1:
            return f"{x0 + (x1 - x0) * math.log(1 / s0) / math.log(s1 / s0):.0%}"
    return "no single point"
