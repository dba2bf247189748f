"""The lab's protocol (docs/lab.md) for peers in Python: one JSON object a line in, one out. A peer is a file in
products/: it ends with product.serve([product.Offer("spmm", "NAME", prepare)], VERSION), where prepare(job, a, b) takes the
job, the matrix as SciPy-like arrays (data, indices, indptr, shape) and the operation's dense operands by their names, and
returns a function that gives the result. What it gives may be of a form of its own, if its attribute `checked` is a function
that gives the result as the lab wants it."""
import json
import os
import sys
import time
import typing

import numpy as np

SHORT_US, FEWEST, MOST = 20, 3, 100_000
LEAST_EVICTED, MOST_EVICTED = 64 << 20, 512 << 20


class Refused(Exception):
    """Why this contender cannot take part in this case."""


def pin(cpus):
    """Moves every thread of this process: libraries start theirs while they are imported."""
    for task in os.listdir("/proc/self/task"):
        try:
            os.sched_setaffinity(int(task), cpus)
        except OSError:
            pass


def evicted_bytes():
    try:
        with open("/sys/devices/system/cpu/cpu0/cache/index3/size") as size:
            return min(MOST_EVICTED, max(LEAST_EVICTED, 2 * 1024 * int(size.read().strip().rstrip("K"))))
    except (OSError, ValueError):
        return LEAST_EVICTED


def with_result(call, checked):
    """A call whose result is checked in another form than it is timed in."""
    call.checked = checked
    return call


class Offer(typing.NamedTuple):
    op: str
    kernel: str
    prepare: typing.Callable
    dtypes: tuple = ("f32",)


class Server:
    def __init__(self, offers, version):
        self.offers, self.version = offers, version
        self.call = self.operands = self.evicted = None

    def hello(self, job):
        return {"version": self.version, "offers": [{"op": o.op, "kernel": o.kernel, "dtypes": o.dtypes} for o in self.offers]}

    def load(self, job):
        if job.get("cpus"):
            pin(job["cpus"])
        with np.load(job["a"]) as file:
            a = {name: file[name] for name in ("data", "indices", "indptr", "shape")}
        self.operands = {name: np.load(file) for name, file in job["operands"].items()}
        prepare = next(o.prepare for o in self.offers if (o.op, o.kernel) == (job["op"], job["kernel"]))
        start = time.perf_counter()
        try:
            if job.get("cold") and job.get("threads", 1) > 1:
                raise Refused("can empty the caches of one core only")
            self.call = prepare(job, a, **self.operands)
        except Refused as refusal:
            return {"refused": f"{job['kernel']}: {refusal}"}
        seconds = time.perf_counter() - start
        np.save(job["result"], np.ascontiguousarray(getattr(self.call, "checked", self.call)(), dtype=np.float32))
        self.evicted = np.zeros(evicted_bytes() // 8) if job.get("cold") else None
        return {"prepare_us": seconds * 1e6, "note": "", "version": self.version}

    def time(self, calls):
        call, clock = self.call, time.perf_counter
        start = clock()
        for _ in range(calls):
            call()
        return (clock() - start) * 1e6 / calls

    def run(self, job):
        self.call()
        calls = 1 if self.evicted is not None else int(min(1e4, max(1, SHORT_US / self.time(1))))
        times, clock = [], time.perf_counter
        end = clock() + job["ms"] / 1e3
        while len(times) < FEWEST or (clock() < end and len(times) < MOST):
            if self.evicted is not None:
                np.add(self.evicted, 1, out=self.evicted)
                for operand in self.operands.values():
                    operand.sum()  # layers find their inputs in the cache
            times.append(self.time(calls))
        return {"us": times}

    def end(self, job):
        return {}


def serve(offers, version):
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what a library prints must not meet the answers
    server = Server(offers, version)
    commands = {"hello": server.hello, "load": server.load, "run": server.run, "end": server.end}
    for line in sys.stdin:
        job = {}
        try:
            job = json.loads(line)
            answer = commands[job["cmd"]](job)
        except Exception as error:  # a library's failure is a result of the contest
            answer = {"error": f"{type(error).__name__}: {error}"[:500]}
        answers.write(json.dumps(answer) + "\n")
        if job.get("cmd") == "end":
            os._exit(0)
