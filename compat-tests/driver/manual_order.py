"""The order of the manual's reference pages: the parts of every function have the same order.

The parts are the call with its results; the text, which explains each argument; the failures; the example; the
differences from LuaSocket or LuaSec. Functions that belong together may share the next example of their chapter.
"""
import os
import re

ENTRY = re.compile(r"^### ([\w]+[.:][\w.:]+|serial)$")
HEADING = re.compile(r"^(#{2,3}) ")
CALL = re.compile(r"^`([\w.:]+)[({[]")
FAILURES = re.compile(r"^- \*\*(Failures?|Refused|Raises|Raised|Proxies)\b")
DIFFERENCES = re.compile(r"^- \*\*Differs from (LuaSocket|LuaSec)\*\*: ")
MISPLACED = re.compile(r"\*\*(Failures?|Differs\s+from\s+\w+|Raises)\*\*", re.I)
# an entry that another one describes
OTHER = re.compile(r"(?i)another name for|same as|works as|\bas \[`|as `|are those of|the same (?:arguments|for)|→ the same")
ORDER = ("call", "text", "failures", "example", "differences")


class Entry:
    """One function of a page: its name, its line, and its parts in the order of the page."""

    def __init__(self, name, line, chapter):
        self.name, self.line, self.chapter = name, line, chapter
        self.parts = []

    def text(self, *kinds):
        """The text of the parts of some kinds."""
        return "\n".join(text for kind, text in self.parts if kind in kinds)


def _blocks(lines):
    """The blocks between blank lines; a fenced block is one, and each entry of a list is one."""
    block, fenced = [], False
    for line in lines:
        if line.startswith("```"):
            if not fenced and block:
                yield block
                block = []
            fenced = not fenced
            block.append(line)
            if not fenced:
                yield block
                block = []
        elif fenced:
            block.append(line)
        elif not line.strip():
            if block:
                yield block
            block = []
        else:
            if line.startswith("- ") and block:
                yield block
                block = []
            block.append(line)
    if block:
        yield block


def _kind(block, first):
    head = block[0]
    if first:
        return "call"
    if head.startswith("```"):
        return "example"
    if FAILURES.match(head):
        return "failures"
    if DIFFERENCES.match(head):
        return "differences"
    if len(block) == 1 and head.endswith(":"):
        return "caption"
    return "text"


def entries(text):
    """The functions of a page."""
    found, current, lines, chapter, fenced = [], None, [], 0, False

    def close():
        if current:
            for number, block in enumerate(_blocks(lines)):
                current.parts.append((_kind(block, number == 0), "\n".join(block)))
            found.append(current)

    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith("```"):
            fenced = not fenced
        if not fenced and HEADING.match(line):
            close()
            chapter += line.startswith("## ")
            name = ENTRY.match(line)
            current, lines = (Entry(name.group(1), number, chapter) if name else None), []
        else:
            lines.append(line)
    close()
    return found


def _examples(text):
    """The code of each chapter of a page."""
    return ["\n".join(re.findall(r"(?ms)^```lua[,\w]*\n(.*?)^```", part)) for part in re.split(r"(?m)^(?=## )", text)]


def _arguments(call):
    """The names of the arguments in the first call of an entry."""
    inside = re.match(r"`[\w.:]+\((.*?)\)`", call)
    if not inside:
        return []
    return re.findall(r"[a-z_]\w*", re.sub(r'\{.*?\}|".*?"', "", inside.group(1).split(" = ")[0]))


def _order(entry):
    last = 0
    for number, (kind, text) in enumerate(entry.parts):
        if kind == "caption":
            follows = entry.parts[number + 1][0] if number + 1 < len(entry.parts) else ""
            kind = "example" if follows == "example" else "text"
        if ORDER.index(kind) < last:
            yield "%s stand after %s" % (kind, ORDER[last])
        last = max(last, ORDER.index(kind))
        misplaced = kind in ("call", "text") and MISPLACED.search(text)
        if misplaced:
            yield "%s is not an entry of a list" % misplaced.group(0)


def faults(text):
    """The faults of one page, each with its entry."""
    chapters = _examples(text)
    for entry in entries(text):
        call, described = entry.text("call"), entry.text("call", "text", "failures", "differences", "caption")
        if not CALL.match(call):
            yield entry, "the first line is not the call"
        for fault in _order(entry):
            yield entry, fault
        if "→" not in call and "another name for" not in call and re.search(r"[Rr]eturns", entry.text("text")):
            yield entry, "the call does not say what it returns"
        if not OTHER.search(described):
            prose = described.split("`", 2)[2] if described.count("`") > 2 else described
            for name in _arguments(call):
                if not re.search(r"[`(,. ]%s\b[^`]*`" % re.escape(name), prose):
                    yield entry, "the argument %s is not explained" % name
            if re.search(r"`(?:nil|false), ", call) and not entry.text("failures"):
                yield entry, "the failures are missing"
        name = re.search(r"\w+$", entry.name).group(0)
        if not re.search(r"(?:[.:]|= )%s\b" % re.escape(name), chapters[entry.chapter]):
            yield entry, "no example of its chapter uses it"


def complaints(folder, pages):
    """The faults of some pages of a folder, one a line."""
    lines = []
    for page in pages:
        with open(os.path.join(folder, page + ".md"), encoding="utf-8") as file:
            text = file.read()
        found = list(faults(text))
        if not entries(text):
            lines.append("docs/%s.md has no functions" % page)
        lines += ["docs/%s.md:%d: %s: %s" % (page, entry.line, entry.name, fault) for entry, fault in found]
    return lines
