"""A bar chart of ratios as SVG: logarithmic, with a line at 1."""
import math
from html import escape

from report import times

WIDTH, LEFT, RIGHT = 860, 280, 60
TOP, BAR, GAP = 64, 9, 7
COLOURS = ("#2b6cb0", "#dd8a2e", "#4a9d5b", "#8a63b8")
TICKS = (0.25, 0.5, 1, 2, 5, 10, 20, 50, 100, 200)
STYLE = """text { font: 12px system-ui, sans-serif; fill: #24292f } .small { font-size: 10px; fill: #57606a }
.title { font-size: 15px; font-weight: 600 } .end { text-anchor: end } .middle { text-anchor: middle }"""


def _text(x, y, words, style=""):
    return '<text x="%.1f" y="%.1f" class="%s">%s</text>' % (x, y, style, escape(words))


def _line(x, top, bottom, colour, width):
    return '<path d="M%.1f %.1fV%.1f" stroke="%s" stroke-width="%s"/>' % (x, top, bottom, colour, width)


def draw(series, rows):
    """`series` has the names of a row's bars; `rows` has (label, ratios), with None for a missing ratio."""
    ratios = [ratio for _, values in rows for ratio in values if ratio]
    low, high = min([0.8] + ratios) * 0.95, max([2.0] + ratios) * 1.05

    def at(ratio):
        return LEFT + (WIDTH - LEFT - RIGHT) * math.log(ratio / low) / math.log(high / low)

    step = BAR * len(series) + GAP
    bottom = TOP + step * len(rows)
    parts = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img">' % (WIDTH, bottom + 30),
             "<title>How many times better than the reference</title>", "<style>%s</style>" % STYLE,
             '<rect width="100%" height="100%" rx="6" fill="#ffffff"/>',
             _text(16, 24, "How many times better than the reference", "title")]
    for index, name in enumerate(series):
        x = WIDTH - RIGHT - 90 * (len(series) - index)
        colour = COLOURS[index % len(COLOURS)]
        parts.append('<rect x="%d" y="14" width="12" height="12" rx="2" fill="%s"/>' % (x, colour))
        parts.append(_text(x + 18, 24, name))
    for tick in TICKS:
        if low < tick < high:
            if tick != 1:
                parts.append(_line(at(tick), TOP - 6, bottom, "#d8dee4", 1))
            for y in (TOP - 12, bottom + 16):
                parts.append(_text(at(tick), y, "%g×" % tick, "small middle"))
    for index, (label, values) in enumerate(rows):
        top = TOP + index * step
        parts.append(_text(LEFT - 10, top + (step - GAP) / 2 + 4, label, "end"))
        for place, ratio in enumerate(values):
            if not ratio:
                continue
            x, end = sorted((at(1), at(ratio)))
            y = top + place * BAR
            parts.append('<rect x="%.1f" y="%.1f" width="%.1f" height="%d" rx="1.5" fill="%s"/>'
                         % (x, y, max(end - x, 1), BAR - 1, COLOURS[place % len(COLOURS)]))
            parts.append(_text(max(end, at(1)) + 4, y + BAR - 1.5, times(ratio), "small"))
    parts.append(_line(at(1), TOP - 6, bottom, "#24292f", 1.5))
    return "\n".join(parts + ["</svg>", ""])
