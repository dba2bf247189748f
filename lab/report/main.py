"""Draws a folder of results. One JSON line in: {"results": FOLDER, "html": FILE}; one out: {"written": [...], "missing": TEXT}."""
import json
import os
import pathlib
import sys

import page
import results

try:
    import figures
except ImportError:
    figures = None

MISSING = "pictures: there is no matplotlib; 'make peers' installs it"


def draw(name, file, make, *arguments):
    """(wide, narrow) for the page, and a picture beside it; None when there is nothing to see."""
    if not figures:
        return None, []
    wide = make(figures.PAGE, figures.WIDE, *arguments)
    if wide is None:
        return None, []
    narrow = make(figures.PAGE, figures.NARROW, *arguments)
    picture = file.with_name(f"{file.stem}-{name}.png")
    figures.png(make(figures.PRINT, figures.WIDE, *arguments), picture)
    return (figures.svg(wide, f"{name}-w"), figures.svg(narrow, f"{name}-n")), [str(picture)]


def section(number, setting, cases, records, machines, file, command):
    """What the page says about one setting: a type, a number of threads, warm or cold, a layout."""
    walls = next((m.get("walls") for m in machines if m["machine"] == setting[-1] and m["threads"] == setting[2]), None)
    mine = [r for r in records if tuple(r.get(key) for key in results.SETTING) == setting]
    body, written = [f"<h2>{page.text(page.words(setting))}</h2>", page.headline(cases)], []

    def show(name, caption, make, *arguments):
        pictures, files = draw(f"{name}{number or ''}", file, make, cases, *arguments)
        body.append(page.figure(f"{name}{number or ''}", pictures, caption, command))
        written.extend(files)

    if figures:
        show("speedup", f"Times as fast as {cases[0].base}, against the share of zeros. Points are matrices, lines geometric means.", figures.speedup)
        show("distribution", "The same over all matrices: points are cases, bars the middle half, dots the median.", figures.distribution)
        show("roofline", "Useful operations against the measured walls of this machine.", figures.roofline, walls)
        show("share", "Share of the multiply-add peak at N = 128, medians over matrices, beside those over implementations that the survey prints.", figures.share_by_zeros, setting[0])
        show("widths", "The same by N, over all matrices.", figures.share_by_width, setting[0])
    body += ["<h3>By zeros and width</h3>", page.by_zeros(cases), "<h3>Contenders</h3>",
             '<p class="note">GFLOP/s count useful operations, of contenders that compute zeros too, all; ratios are geometric means over the cases that both have.</p>', page.standings(cases, mine),
             "<h3>Wins and losses</h3>", page.wins_and_losses(cases), page.break_even(cases), page.refusals(mine)]
    return body, written


def report(job):
    file = pathlib.Path(job["html"])
    records, machines, commands = results.load(job["results"])
    table = file.with_name(f"{file.stem}.csv")
    results.write_csv(records, table)
    command = next((c for c in reversed(commands) if c), "tulle lab run")
    body = ["<h1>Sparse kernels, set beside what others offer</h1>",
            '<p class="note">Every figure is of runs that were checked against f64 first, each contender in a process of its own, in interleaved rounds.</p>',
            "<pre>" + page.text("\n".join([c for c in commands if c] + [f"tulle lab report {job['results']} --html {file.name}"])) + "</pre>",
            page.machine(machines)]
    written = [str(file), str(table)]
    settings = results.settings(records)
    if not settings:
        body.append("<p>No contender was timed.</p>" + page.refusals(records))
    for number, (setting, cases) in enumerate(settings.items()):
        more, files = section(number, setting, cases, records, machines, file, command)
        body += more
        written += files
    file.write_text(page.build("Tulle: sparse kernels compared", body))
    return {"written": written, "missing": "" if figures else MISSING}


def main():
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    try:
        answer = report(json.loads(sys.stdin.readline()))
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}"[:500]}
    answers.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
