"""The page: text, tables, and pictures where there are some. It asks nothing of the network."""
import html
import string

import results

STYLE = """
:root{--back:#fbfbfa;--card:#fff;--text:#1c2024;--muted:#5d6672;--grid:#dfe3e8;--line:#e4e7eb;--good:#0b7a4b;--bad:#b3261e;--accent:#0f8b8d;
--s0:#0f8b8d;--s1:#e07a1f;--s2:#7a4fbf;--s3:#3a78c3;--s4:#b23a6b;--s5:#7f7a3a;--s6:#8c6d5a;--s7:#4c9f4c}
@media(prefers-color-scheme:dark){:root{--back:#14171a;--card:#1b1f23;--text:#e8eaed;--muted:#9aa3ae;--grid:#31373e;--line:#2a3037;--good:#58c896;
--bad:#ff8a80;--accent:#45c9c4;--s0:#45c9c4;--s1:#f0a35b;--s2:#b395ea;--s3:#79b0ee;--s4:#ea7fab;--s5:#c9c27a;--s6:#c7a48f;--s7:#87d087}}
*{box-sizing:border-box}body{margin:0 auto;max-width:60rem;padding:1.2rem 1rem 4rem;background:var(--back);color:var(--text);
font:16px/1.55 system-ui,-apple-system,"Segoe UI",sans-serif}h1{font-size:1.6rem;line-height:1.25;margin:.4rem 0}h2{font-size:1.15rem;margin:2.4rem 0 .4rem}
h3{font-size:1rem;margin:1.6rem 0 .3rem}p{margin:.4rem 0}.note{color:var(--muted);font-size:.88rem}a{color:var(--accent)}
figure{margin:1rem 0;padding:.8rem .8rem .6rem;background:var(--card);border:1px solid var(--line);border-radius:10px}figure svg{display:block;width:100%;height:auto}
figcaption{font-size:.86rem;color:var(--muted);margin-top:.5rem}.narrow{display:none}@media(max-width:620px){.narrow{display:block}.wide{display:none}}
.scroll{overflow-x:auto;background:var(--card);border:1px solid var(--line);border-radius:10px;margin:.6rem 0}table{border-collapse:collapse;width:100%;font-size:.86rem;font-variant-numeric:tabular-nums}
th,td{padding:.38rem .7rem;text-align:right;white-space:nowrap;border-top:1px solid var(--line)}tr:first-child th{border-top:0;color:var(--muted);font-weight:600}
th:first-child,td:first-child,.l{text-align:left}td.good{color:var(--good);font-weight:600}td.bad{color:var(--bad);font-weight:600}
.long{white-space:normal;min-width:14rem;overflow-wrap:anywhere}code{font:.84em ui-monospace,SFMono-Regular,Menlo,monospace;overflow-wrap:anywhere}
pre{white-space:pre-wrap;margin:.5rem 0;padding:.7rem .9rem;background:var(--card);border:1px solid var(--line);border-radius:10px;font-size:.84rem}
.big{display:grid;grid-template-columns:repeat(auto-fit,minmax(8.4rem,1fr));gap:.7rem;margin:1rem 0}.big div{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:.7rem .9rem}
.big b{display:block;font-size:1.5rem;line-height:1.2;color:var(--accent)}.big span{font-size:.82rem;color:var(--muted)}details{margin:.6rem 0}summary{cursor:pointer;color:var(--accent)}
"""
PAGE = string.Template("""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<title>$title</title><style>$style</style></head><body>
$body
</body></html>
""")


def text(value):
    return html.escape(str(value))


def cell(value, kind=""):
    return f'<td class="{kind}">{text(value)}</td>' if kind else f"<td>{text(value)}</td>"


def table(head, rows):
    """Rows are lists of cells, or of (cell, class)."""
    line = lambda row: "<tr>" + "".join(cell(*c) if isinstance(c, tuple) else cell(c) for c in row) + "</tr>"
    return ('<div class="scroll"><table><tr>' + "".join(f"<th>{text(h)}</th>" for h in head) + "</tr>" + "".join(map(line, rows)) + "</table></div>")


def ratio(value):
    return ("-", "") if value is None else (f"{value:.2f}x" if value < 10 else f"{value:.1f}x", "good" if value > 1.05 else "bad" if value < 0.95 else "")


def figure(name, pictures, caption, command):
    if not pictures:
        return ""
    wide, narrow = pictures
    return (f'<figure id="{name}"><div class="wide">{wide}</div><div class="narrow">{narrow}</div>'
            f"<figcaption>{caption} <code>{text(command)}</code></figcaption></figure>")


def words(setting):
    op, dtype, threads, cold, order, machine = setting
    return f"{op}, {dtype}, {threads} thread{'' if threads == 1 else 's'}, weights {'cold' if cold else 'warm'}, {str(order).replace('_', '-')}"


def headline(cases):
    hero, bins = results.hero(cases), {}
    for c in cases:
        if c.zeros and c.over_base(hero):
            bins.setdefault(c.zeros, []).append(c.over_base(hero))
    tiles = "".join(f"<div><b>{results.mean(v):.1f}x</b><span>at {z:.0%} zeros</span></div>" for z, v in sorted(bins.items()))
    return f'<p>Geometric means of the speed of <b>{text(hero)}</b> over {text(cases[0].base)} of the same run:</p><div class="big">{tiles}</div>' if tiles else ""


def by_zeros(cases):
    hero, widths = results.hero(cases), sorted({c.n for c in cases})
    rows = []
    for z in results.BINS:
        here = [c for c in cases if c.zeros == z and c.over_base(hero)]
        if here:
            rows.append([f"{z:.0%}", *(ratio(results.mean(c.over_base(hero) for c in here if c.n == n)) for n in widths), ratio(results.mean(c.over_base(hero) for c in here)), len(here)])
    return table(["zeros", *(f"N = {n}" for n in widths), "all", "cases"], rows) if rows else ""


def standings(cases, records):
    refused = {}
    for r in records:
        for kind in ("refused", "wrong", "failed"):
            if kind in r:
                refused.setdefault(r["kernel"], {}).setdefault(kind, []).append(r)
    timed = {k for c in cases for k in c.us}
    kernels = timed | {k for k, kinds in refused.items() if set(kinds) - {"refused"}}
    rows = []
    for kernel in kernels:
        mine = [c for c in cases if kernel in c.us]
        lines = [c.records[kernel] for c in mine] or [r for kind in refused[kernel].values() for r in kind]
        over = results.mean(filter(None, (c.over_base(kernel) for c in mine)))
        shares = [r["peak_share"] for r in lines if r.get("peak_share")]
        best = sum(c.us[kernel] <= min(c.us.values()) for c in mine)
        gflops = results.mean(r["gflops"] for r in lines if r.get("gflops"))
        counts = refused.get(kernel, {})
        rows.append((over or 0, [kernel, len(mine), f"{gflops:.1f}" if gflops else "-", f"{results.mean(shares):.0%}" if shares else "-", ratio(over), best or "-",
                                 len(counts.get("refused", [])) or "-", (len(counts["wrong"]), "bad") if "wrong" in counts else "-",
                                 (len(counts["failed"]), "bad") if "failed" in counts else "-", lines[0].get("version", "") or "-", (lines[0].get("note", ""), "l long")]))
    rows = [row for _, row in sorted(rows, key=lambda r: -r[0])]
    idle = sorted(set(refused) - kernels)
    said = f'<p class="note">Refused every case: {text(", ".join(idle))}.</p>' if idle else ""
    return table(["contender", "cases", "GFLOP/s", "of peak", "over " + cases[0].base.removeprefix("the ").removesuffix(" one"), "fastest in", "refused", "wrong", "failed", "version", "note"], rows) + said


def wins_and_losses(cases):
    hero = results.hero(cases)
    peer = lambda k: not results.is_own(k)
    rated = []
    for c in cases:
        rival = c.best(lambda k: k != hero and (peer(k) or results.is_dense(k)))
        if hero in c.us and rival:
            rated.append((c.us[rival] / c.us[hero], c, rival))
    if not rated:
        return ""
    rated.sort(key=lambda r: r[0])
    losses, wins = [r for r in rated if r[0] < 0.95], rated[::-1]
    row = lambda r: [(r[1].matrix, "l long"), r[1].n, f"{r[1].sparsity:.1%}", f"{r[1].us[hero]:.1f}", (r[2], "l"), f"{r[1].us[r[2]]:.1f}", ratio(r[0])]
    head = ["matrix", "N", "zeros", f"{hero} us", "best rival", "its us", "times as fast"]
    near = len(rated) - len(losses) - sum(r[0] > 1.05 for r in rated)
    said = (f"<p>Against the best of all peers, case by case: {sum(r[0] > 1.05 for r in rated)} won by more than 5 %, {near} within 5 %, "
            f"{len(losses)} lost by more.</p>")
    lost = f"<h3>Losses</h3>{table(head, map(row, losses[:40]))}" if losses else ""
    return said + lost + f"<h3>Largest wins</h3>{table(head, map(row, wins[:10]))}"


def break_even(cases):
    hero, shapes = results.hero(cases), {}
    for c in cases:
        if c.over_base(hero) and c.base == results.DENSE:
            shapes.setdefault((c.rows, c.cols, c.n), []).append(c)
    rows = []
    for (m, k, n), here in sorted(shapes.items()):
        paid = [c.records[hero]["prepare_us"] / (c.base_us - c.us[hero]) for c in here if c.base_us > c.us[hero] and "prepare_us" in c.records[hero]]
        rows.append([f"{m} x {k}", n, len(here), results.break_even([(c.sparsity, c.over_base(hero)) for c in here]), f"{sorted(paid)[len(paid) // 2]:.0f}" if paid else "-"])
    return "<h3>Where sparse pays</h3>" + table(["shape", "N", "cases", "pays from zeros", "runs that pay back preparing"], rows) if rows else ""


def refusals(records):
    rows = [[(r["kernel"], "l"), (r["matrix"], "l long"), r["n"], r["threads"], (kind, "bad" if kind != "refused" else ""), (r[kind], "l long")]
            for kind in ("wrong", "failed") for r in records if kind in r][:200]
    reasons = {}
    for r in records:
        if "refused" in r:
            reasons.setdefault((r["kernel"], r["refused"]), []).append(r)
    out = table(["contender", "matrix", "N", "threads", "what", "said"], rows) if rows else ""
    if reasons:
        listed = table(["contender", "times", "reason"], [[(k, "l"), len(v), (why, "l long")] for (k, why), v in sorted(reasons.items())][:300])
        out += f"<details><summary>{sum(map(len, reasons.values()))} refusals and their reasons</summary>{listed}</details>"
    return out


def machine(machines):
    head = ["threads", "multiply-add GFLOP/s", "L1 GB/s", "L2", "L3", "memory"]
    out = ""
    for id in dict.fromkeys(m["machine"] for m in machines):
        mine = [m for m in machines if m["machine"] == id]
        m = mine[0]
        out += (f"<p><b>{text(m.get('cpu', '?'))}</b> ({id}): {m.get('cores')} cores, caches {m.get('l1d_bytes', 0) >> 10} KiB, {m.get('l2_bytes', 0) >> 10} KiB, "
                f"{m.get('l3_bytes', 0) >> 20} MiB; {text(m.get('features'))}; {text(m.get('date'))}, g++ {text(m.get('compiler'))}</p>")
        walls = lambda w: [f"{w[k]:.0f}" if w.get(k) else "-" for k in ("fma_gflops", "l1_gbs", "l2_gbs", "l3_gbs", "memory_gbs")]
        out += table(head, [[m["threads"], *walls(m.get("walls", {}))] for m in mine])
    return out


def build(title, body):
    return PAGE.substitute(title=text(title), style=STYLE, body="\n".join(body))
