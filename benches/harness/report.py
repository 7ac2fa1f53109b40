"""Formats figures as text, and prints the table on the terminal."""
import sys

WIDTHS = "%-6s %-16s %11s %11s %11s %7s %7s  %s"


def number(value):
    """A figure with three significant digits."""
    if value is None:
        return ""
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return "{:,.{}f}".format(value, digits)


def times(ratio):
    """A ratio as a factor."""
    return "" if ratio is None else number(ratio) + "×"


def spread(values):
    """The spread of the samples, in percent of the median."""
    ordered = sorted(values)
    return 100 * (ordered[-1] - ordered[0]) / ordered[len(ordered) // 2]


def heading(interpreter):
    """Begins the table of one interpreter."""
    print("\n" + interpreter)
    print(WIDTHS % ("time", "case", "reference", "ours", "bare loop", "ratio", "target", "unit; our spread"))


def line(case, interpreter, outcome, seconds):
    """Prints one case, and the time since the start."""
    ratio, target = outcome.ratio(case), case.target(interpreter)
    notes = [case.unit.name]
    if "ours" in outcome.samples:
        notes.append("±%.0f %%" % (spread(outcome.samples["ours"]) / 2))
    if case.misses(interpreter, ratio):
        notes.append("BELOW TARGET")
    notes += ["%s: %s" % pair for pair in outcome.failures.items()]
    if case.clock == "wall" and outcome.cpu_ratio(case):
        notes.append("CPU " + times(outcome.cpu_ratio(case)))
    if len(outcome.instructions) == 2:
        notes.append("instructions " + times(outcome.instructions["reference"] / outcome.instructions["ours"]))
    figures = [number(outcome.median(library)) for library in ("reference", "ours", "limit")]
    print(WIDTHS % ("%d:%02d" % divmod(seconds, 60), case.name, *figures, times(ratio), times(target), "; ".join(notes)))
    sys.stdout.flush()
