"""Writes the tables of docs/performance.md and README.md, rows of docs/compared.md, and the chart."""
import os
import platform
import re
import subprocess
import textwrap

import chart
from catalogue import CASES, PER, SERIES, SUMMARY
from report import number, times
from world import REPOSITORY

DOCS = os.path.join(REPOSITORY, "docs")
PAGE = os.path.join(DOCS, "performance.md")
README = os.path.join(REPOSITORY, "README.md")
COMPARED = os.path.join(DOCS, "compared.md")
CHART = os.path.join(DOCS, "performance.svg")
BEGIN, END = "<!-- benches/run: begin -->\n", "<!-- benches/run: end -->\n"
NAMES = {"luajit": "LuaJIT"}
WIDTH = 120     # of a line of the pages


def _name(interpreter):
    return NAMES.get(interpreter, interpreter.replace("lua", "Lua "))


def _first_line(*command):
    try:
        return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True).stdout.strip().splitlines()[0]
    except (OSError, IndexError):
        return None


def _machine(interpreters):
    processor = None
    with open("/proc/cpuinfo") as file:
        found = re.search(r"^model name\s*:\s*(.*)$", file.read(), re.M)
        processor = found and found.group(1)
    versions = [re.sub(r"\s+(Copyright|--).*", "", _first_line(name, "-v") or name) for name in interpreters]
    packages = [_first_line("dpkg-query", "-W", "-f", "${Package} ${Version}", name)
                for name in ("lua-socket", "lua-sec")]
    parts = ["%s, %d cores" % (processor or platform.machine(), os.cpu_count()),
             "Linux " + platform.release().split("-")[0]]
    return "; ".join(parts + versions + [package for package in packages if package])


def _case_table(results, interpreter):
    rows = ["| | reference | ours | ratio | to reach | bare loop |", "| --- | ---: | ---: | ---: | ---: | ---: |"]
    for case in CASES:
        outcome = results.get(interpreter, case)
        ratio, target = outcome.ratio(case), case.target(interpreter)
        if ratio is None:
            continue
        limit = outcome.median("limit")
        unit = " " + case.unit.name
        reached = target is not None and not case.misses(interpreter, ratio)
        shown = "**%s**" % times(ratio) if reached else times(ratio)
        rows.append("| %s | %s | %s | %s | %s | %s |" % (
            case.title, number(outcome.median("reference")) + unit, number(outcome.median("ours")) + unit,
            shown, times(target), number(limit) + unit if limit else ""))
    return rows


def _traffic_table(results, interpreter):
    """CPU time and instructions of traffic, where wall time also measures the other end of the connection."""
    rows = ["| | CPU time, reference | ours | ratio | instructions, reference | ours | ratio |",
            "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"]
    for case in CASES:
        outcome = results.get(interpreter, case)
        ratio = outcome.cpu_ratio(case)
        if case.clock != "wall" or ratio is None:
            continue
        unit = " " + case.unit.name
        cells = [number(outcome.cpu_median(library)) + unit for library in ("reference", "ours")] + [times(ratio)]
        counts = [outcome.instructions.get(library) for library in ("reference", "ours")]
        cells += [number(count) for count in counts] + [times(counts[0] / counts[1]) if all(counts) else ""]
        rows.append("| %s | %s |" % (case.title, " | ".join(cells)))
    return rows


def _series_table(results, interpreters, series):
    unit = series.points[0][1].unit.name
    if series.name in PER:
        unit += " " + PER[series.name]
    rows = ["%s (%s):" % (series.title, unit), ""]
    head = [series.what] + ["%s, %s" % (_name(name), library) for name in interpreters
                            for library in ("reference", "ours")]
    rows += ["| " + " | ".join(head) + " |", "| ---: " * len(head) + "|"]
    for label, case in series.points:
        cells = [label]
        for interpreter in interpreters:
            outcome = results.get(interpreter, case)
            cells += [number(outcome.median(library)) or "—" for library in ("reference", "ours")]
        rows.append("| " + " | ".join(cells) + " |")
    return rows + [""]


def _summary_table(results, interpreters):
    """The README's table: figures on the first interpreter, ratios on each."""
    first = _name(interpreters[0])
    head = ["", "reference, " + first, "ours, " + first] + ["ratio, " + _name(name) for name in interpreters]
    rows = ["| " + " | ".join(head) + " |", "| --- " + "| ---: " * (len(head) - 1) + "|"]
    for case in CASES:
        outcomes = [results.get(name, case) for name in interpreters]
        if case.name not in SUMMARY or outcomes[0].ratio(case) is None:
            continue
        cells = [case.title] + [number(outcomes[0].median(library)) + " " + case.unit.name
                                for library in ("reference", "ours")]
        rows.append("| " + " | ".join(cells + [times(outcome.ratio(case)) for outcome in outcomes]) + " |")
    return [""] + rows + [""]


def _replace(path, lines):
    """Puts lines between the marks of a page. Each mark is a separate line."""
    with open(path) as file:
        before, rest = file.read().split(BEGIN)
    after = rest.split(END)[1]
    with open(path, "w") as file:
        file.write(before + BEGIN + "\n".join(lines + [""]) + END + after)


def _replace_compared(results, interpreter):
    """Puts the new figures into the rows of docs/compared.md that come from these measurements."""
    with open(COMPARED) as file:
        page = file.read()
    for title, name, cells in (
            ("a further https request of 1 KB", "https-1k", "{ours} | {reference}, with LuaSec | {reference}"),
            ('`receive("*l")`, a line of 64 bytes', "lines", "{ours} | {reference} | —"),
            ('`require "socket"`', "require-socket", "{ours} | {reference} | —")):
        case = next(case for case in CASES if case.name == name)
        medians = {library: number(results.get(interpreter, case).median(library)) + " " + case.unit.name
                   for library in ("reference", "ours")}
        start = "| Measured: %s | " % title
        page, rows = re.subn("(?m)^%s.*$" % re.escape(start), lambda _: start + cells.format(**medians) + " |", page)
        assert rows == 1, "docs/compared.md has %d rows that start with %s" % (rows, start)
    with open(COMPARED, "w") as file:
        file.write(page)


def write(results):
    """Renders all measurements."""
    interpreters = results.interpreters
    lines = ["![Ratios, ours to the reference](performance.svg)", "",
             *textwrap.wrap("Measured on: " + _machine(interpreters) + ".", WIDTH), ""]
    for interpreter in interpreters:
        lines += ["### " + _name(interpreter), ""] + _case_table(results, interpreter) + [""]
    for interpreter in interpreters:
        rows = _traffic_table(results, interpreter)
        if len(rows) > 2:
            lines += ["### Traffic on %s: CPU time and instructions" % _name(interpreter), "",
                      "Of the measured process; instructions outside the kernel, for one call, or one byte.", ""]
            lines += rows + [""]
    lines += ["### Growth", "", "A figure that stays level, or improves, down a column is a cost that grows "
              "linearly at most. A dash: not possible there.", ""]
    for series in SERIES:
        lines += _series_table(results, interpreters, series)
    _replace(PAGE, lines[:-1])
    _replace(README, _summary_table(results, interpreters))
    _replace_compared(results, interpreters[0])
    bars = [(case.title.replace("`", ""), [results.get(name, case).ratio(case) for name in interpreters])
            for case in CASES]
    with open(CHART, "w") as file:
        file.write(chart.draw([_name(name) for name in interpreters], [bar for bar in bars if any(bar[1])]))
    subprocess.run([os.path.join(REPOSITORY, "site", "figures"), "--measured"], check=True)
