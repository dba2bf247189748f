"""The pictures, each a function from cases to a matplotlib figure, drawn for a page (SVG whose colours are the page's) and
for a file (PNG)."""
import io
import math
import re
import statistics

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

import results

WIDE, NARROW = 9.0, 3.9  # inches; a phone shows the narrow one
SERIES = ["#0f8b8d", "#e07a1f", "#7a4fbf", "#3a78c3", "#b23a6b", "#7f7a3a", "#8c6d5a", "#4c9f4c"]  # for light paper
PRINT = {"text": "#1c2024", "grid": "#d9dde2", "muted": "#6b7480", "series": SERIES, "back": "#ffffff"}
# Colours that nothing else has: the page replaces them by its variables, so that dark mode works.
PAGE = {"text": "#010203", "grid": "#040506", "muted": "#070809", "series": [f"#0a0b{i:02x}" for i in range(len(SERIES))], "back": "none"}
# Medians over implementations that the survey's evaluation prints for DLMC (arXiv 2512.02550), in shares of the peak of its
# 24 cores, 1412 GFLOP/s: of SpMM at width 128 by zeros, and of each operation by width.
SURVEY_ZEROS = {0.55: 391 / 1412, 0.75: 338 / 1412, 0.85: 296 / 1412, 0.925: 216 / 1412, 0.965: 138 / 1412, 0.99: 69 / 1412}
SURVEY_WIDTHS = {"spmm": {32: 128 / 1412, 128: 262 / 1412, 1024: 244 / 1412}, "sddmm": {128: 13 / 1412}}
SURVEY = "survey's median (24 cores)"


def style(theme, axes):
    for a in axes:
        a.set_facecolor("none")
        a.grid(True, color=theme["grid"], linewidth=0.7)
        a.set_axisbelow(True)
        a.tick_params(colors=theme["muted"], labelsize=8.5, length=0)
        a.xaxis.label.set_color(theme["muted"]), a.yaxis.label.set_color(theme["muted"])
        for side in a.spines.values():
            side.set_visible(False)


def legend(figure, theme, handles, labels, columns, below=0.02):
    box = figure.legend(handles, labels, loc="lower center", ncols=columns, frameon=False, fontsize=8.5, bbox_to_anchor=(0.5, below),
                        handlelength=1.4, columnspacing=1.4)
    for text in box.get_texts():
        text.set_color(theme["text"])


def times(axis, low, high):
    """A logarithmic axis of ratios with numbers that people use."""
    steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100]
    shown = [s for s in steps if low / 1.6 <= s <= high * 1.6]
    axis.set_major_locator(FixedLocator(shown)), axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}x"))


def lineup(cases):
    """Contenders with their colours: the hero first, then sparse peers."""
    return [results.hero(cases), *results.peers(cases)][:len(SERIES)]


def grid(theme, width, count, height):
    columns = 1 if width < 5 else min(3, count)
    rows = -(-count // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(width, height * rows + 0.75), squeeze=False, sharey=True)
    figure.patch.set_facecolor(theme["back"])
    flat = [a for row in axes for a in row]
    for spare in flat[count:]:
        spare.set_visible(False)
    return figure, flat[:count]


def spread_of_zeros(axis, cases):
    """Sparsities are drawn by the share that is left, so that 90, 95 and 98 % lie apart."""
    low, high = min(c.sparsity for c in cases), max(c.sparsity for c in cases)
    ticks = [b for b in (0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.999) if low - 0.02 <= b <= high + 0.005]
    axis.set_xscale("log"), axis.invert_xaxis()
    axis.xaxis.set_major_locator(FixedLocator([1 - t for t in ticks])), axis.xaxis.set_minor_locator(NullLocator())
    axis.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{100 * (1 - x):.4g}"))


def left(case):
    return max(1e-6, 1 - case.sparsity)


def speedup(theme, width, cases):
    cases = [c for c in cases if c.base_us]
    widths = sorted({c.n for c in cases})[:6]
    if not widths:
        return None
    figure, axes = grid(theme, width, len(widths), 2.6)
    names, handles = lineup(cases), []
    ratios = [r for c in cases for r in (c.over_base(k) for k in names) if r]
    for a, n in zip(axes, widths):
        here, handles = [c for c in cases if c.n == n], []
        a.axhline(1, color=theme["muted"], linewidth=1.2, linestyle=(0, (4, 3)))
        for color, kernel in reversed(list(zip(theme["series"], names))):
            own = kernel == names[0]
            points = [(left(c), c.over_base(kernel)) for c in here if kernel in c.us]
            by_zeros = {}
            for c in here:
                if kernel in c.us and c.zeros:
                    by_zeros.setdefault(c.zeros, []).append(c.over_base(kernel))
            curve = sorted((1 - z, results.mean(v)) for z, v in by_zeros.items())
            a.scatter(*zip(*points) if points else ([], []), s=14 if own else 8, color=color, alpha=0.55, linewidths=0, zorder=3 if own else 2)
            line, = a.plot(*zip(*curve) if curve else ([], []), color=color, linewidth=2.4 if own else 1.3, zorder=3 if own else 2)
            handles.insert(0, line)
        a.set_yscale("log"), times(a.yaxis, min(ratios), max(ratios)), spread_of_zeros(a, here)
        a.set_title(f"N = {n}", fontsize=10, loc="left", color=theme["text"]), a.set_xlabel("zeros, %", fontsize=8.5)
    style(theme, axes)
    legend(figure, theme, handles, names, 2 if width < 5 else 5, 0.0)
    figure.tight_layout(rect=(0, 0.16 / len(axes) if width < 5 else 0.1, 1, 1))
    return figure


def distribution(theme, width, cases):
    cases = [c for c in cases if c.base_us]
    names = [k for k in lineup(cases) if any(k in c.us for c in cases)] if cases else []
    if not names:
        return None
    figure, a = plt.subplots(figsize=(width, 0.42 * len(names) + 1.0))
    figure.patch.set_facecolor(theme["back"])
    a.axvline(1, color=theme["muted"], linewidth=1.2, linestyle=(0, (4, 3)))
    every = []
    for row, (color, kernel) in enumerate(zip(theme["series"], names)):
        ratios = sorted(c.over_base(kernel) for c in cases if kernel in c.us)
        every += ratios
        quarter, middle, three = (ratios[int(q * (len(ratios) - 1))] for q in (0.25, 0.5, 0.75))
        offsets = [row + 0.22 * math.sin(2.4 * i) for i in range(len(ratios))]
        a.scatter(ratios, offsets, s=9, color=color, alpha=0.45, linewidths=0)
        a.plot([quarter, three], [row, row], color=color, linewidth=5, alpha=0.8, solid_capstyle="round")
        a.plot([middle], [row], marker="o", markersize=6, color=theme["text"], markeredgewidth=0)
    a.set_xscale("log"), times(a.xaxis, min(every), max(every))
    a.set_yticks(range(len(names)), names), a.invert_yaxis()
    a.set_xlabel(f"times as fast as {cases[0].base}", fontsize=8.5)
    style(theme, [a])
    a.tick_params(axis="y", labelcolor=theme["text"])
    figure.tight_layout()
    return figure


def roofline(theme, width, cases, walls):
    if not walls or not walls.get("fma_gflops"):
        return None
    figure, a = plt.subplots(figsize=(width, 3.6 if width > 5 else 3.9))
    figure.patch.set_facecolor(theme["back"])
    hero, dense = results.hero(cases), lambda k: results.is_dense(k) and not results.is_own(k)
    peer = lambda k: not results.is_dense(k) and not results.is_own(k)
    intensity = lambda c: c.flops / c.bytes
    low, high = min(map(intensity, cases)) / 1.6, max(map(intensity, cases)) * 1.6
    peak = walls["fma_gflops"]
    xs = [low * (high / low) ** (i / 60) for i in range(61)]
    drawn = []
    for key, label in (("memory_gbs", "memory"), ("l3_gbs", "L3"), ("l2_gbs", "L2"), ("l1_gbs", "L1")):
        if walls.get(key):
            a.plot(xs, [min(peak, walls[key] * x) for x in xs], color=theme["muted"], linewidth=1)
            if walls[key] * low < 0.8 * peak:
                a.annotate(f"{label} {walls[key]:.0f} GB/s", (low, walls[key] * low), (3, 5), textcoords="offset points", fontsize=7.5, color=theme["muted"])
    a.annotate(f"multiply-add peak {peak:.0f} GFLOP/s", (high, peak), (-3, 4), textcoords="offset points", ha="right", fontsize=7.5, color=theme["muted"])
    handles, labels = [], []
    for color, label, pick in ((theme["series"][1], "best sparse peer", lambda c: c.best(peer)), (theme["series"][3], "best dense peer, useful part", lambda c: c.best(dense)),
                               (theme["series"][0], hero, lambda c: hero if hero in c.us else None)):
        points = [(intensity(c), 1e-3 * c.flops / c.us[pick(c)]) for c in cases if pick(c)]
        if points:
            drawn += points
            handles.append(a.scatter(*zip(*points), s=16, color=color, alpha=0.7, linewidths=0, zorder=3)), labels.append(label)
    a.set_xscale("log"), a.set_yscale("log"), a.set_xlim(low, high)
    a.set_ylim(min(y for _, y in drawn) / 1.5, peak * 1.6)
    for axis, (least, most) in ((a.xaxis, a.get_xlim()), (a.yaxis, a.get_ylim())):
        steps = [m * 10.0 ** e for e in range(-2, 5) for m in (1, 2, 5)]
        axis.set_major_locator(FixedLocator([s for s in steps if least <= s <= most])), axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    a.set_xlabel("useful operations per byte, each operand once", fontsize=8.5), a.set_ylabel("GFLOP/s, useful", fontsize=8.5)
    style(theme, [a])
    legend(figure, theme, handles[::-1], labels[::-1], 1 if width < 5 else 3, 0.0)
    figure.tight_layout(rect=(0, 0.2 if width < 5 else 0.08, 1, 1))
    return figure


def share_of(case, kernel):
    return 100 * (case.records[kernel].get("peak_share") or 0) if kernel in case.us else 0


def shares(theme, width, cases, place, survey):
    """Shares of the multiply-add peak: a curve for each contender over places, and the survey's beside them."""
    names, handles = [k for k in lineup(cases) if any(share_of(c, k) for c in cases)], []
    if not names:
        return None, None
    figure, a = plt.subplots(figsize=(width, 3.1 if width > 5 else 3.7))
    figure.patch.set_facecolor(theme["back"])
    for color, kernel in zip(theme["series"], names):
        places = {}
        for c in cases:
            if share_of(c, kernel):
                places.setdefault(place(c), []).append(share_of(c, kernel))
        curve = sorted((x, statistics.median(v)) for x, v in places.items())
        handles += a.plot(*zip(*curve), color=color, linewidth=2.4 if kernel == names[0] else 1.3, marker="o", markersize=3.5)
    handles += a.plot(*zip(*sorted((x, 100 * s) for x, s in survey.items())), color=theme["muted"], linewidth=1.3, linestyle=(0, (4, 3)), marker="s", markersize=3.5)
    a.set_ylim(0, 103), a.set_ylabel("% of the multiply-add peak", fontsize=8.5)
    style(theme, [a])
    legend(figure, theme, handles, [*names, SURVEY], 2 if width < 5 else 5, 0.0)
    return figure, a


def share_by_zeros(theme, width, cases, op):
    cases = [c for c in cases if c.n == 128 and c.zeros]
    figure, a = shares(theme, width, cases, lambda c: 1 - c.zeros, {1 - z: s for z, s in SURVEY_ZEROS.items()}) if op == "spmm" and cases else (None, None)
    if figure:
        spread_of_zeros(a, cases), a.set_xlabel("zeros, %", fontsize=8.5)
        figure.tight_layout(rect=(0, 0.2 if width < 5 else 0.12, 1, 1))
    return figure


def share_by_width(theme, width, cases, op):
    widths = sorted({c.n for c in cases})
    figure, a = shares(theme, width, cases, lambda c: c.n, SURVEY_WIDTHS[op]) if op in SURVEY_WIDTHS and len(widths) > 2 else (None, None)
    if figure:
        a.set_xscale("log", base=2), a.xaxis.set_major_locator(FixedLocator(widths)), a.xaxis.set_minor_locator(NullLocator())
        a.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}")), a.set_xlabel({"spmm": "N, columns of B", "sddmm": "N, numbers in a row of Q and K"}[op], fontsize=8.5)
        figure.tight_layout(rect=(0, 0.2 if width < 5 else 0.12, 1, 1))
    return figure


def svg(figure, name):
    """Text of an SVG that takes colours and font from the page, its identifiers made the page's own."""
    text = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    plt.close(figure)
    code = text.getvalue()
    code = code[code.index("<svg"):]
    for variable in ("text", "grid", "muted"):
        code = code.replace(PAGE[variable], f"var(--{variable})")
    for i, color in enumerate(PAGE["series"]):
        code = code.replace(color, f"var(--s{i})")
    code = re.sub(r"<metadata>.*?</metadata>", "", code, flags=re.DOTALL)
    code = re.sub(r"font-family: [^;\"]*", "font-family: inherit", code)
    code = re.sub(r' transform="rotate\(-0 [^"]*"', "", code)
    code = re.sub(r">\s+<", ">\n<", re.sub(r"(\d+\.\d\d)\d+", r"\1", code))
    code = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', code)
    code = re.sub(r'(url\(#|href="#)', rf"\g<1>{name}-", code)
    return re.sub(r'<svg ([^>]*?)height="[^"]*"([^>]*?)width="[^"]*"', r"<svg \1\2", code, count=1)


def png(figure, file):
    figure.savefig(file, dpi=160)
    plt.close(figure)
