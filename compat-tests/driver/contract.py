"""Suite `docs`: the numbers of the behaviour contract that sources and tests cite."""
import os
import re

from interpreters import REPOSITORY
from report import shown
from task import Task

CONTRACT = os.path.join(REPOSITORY, "docs", "contract")
CITING = ("src", "lua", "tests", "types", "modules", "compat-tests/own", "compat-tests/differential", "compat-tests/support",
          "compat-tests/driver", "compat-tests/servers", "fuzz")
# the scenarios that a test must cite: those of the modules that LuaSocket does not have
SCENARIOS = ("tasks.s", "client.s", "server.s")
# a name with such a prefix and a number is a reference to the contract
ROOTS = {"http", "url", "ltn12", "mime", "tcp", "udp", "tasks", "client", "server"}
TESTS = ("tests", "src", "compat-tests")
HEADING = re.compile(r"^#+ +(.*)$")
PREFIX = re.compile(r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_-]*)*$")
CODE = re.compile(r"^(?:\| *|- +)?\**((?:FIX|KEEP)-\d+|[A-Z]\d+|add\.\d+|[a-z]+\.s\.\d+)\b")
# a dotted name and a number, or a range: `tcp.receive.1`, `http.s.1-http.s.5`, `add.20 to 23`
CITED = re.compile(r"(?<![\w./-])([a-z][a-z0-9]*(?:\.[a-z][a-z0-9_]*)*)\.(\d+)(?![\w.]*\w)")
MARKED = re.compile(r"\b((?:FIX|KEEP)-\d+)\b|(Δ\d+)")
LETTERS = re.compile(r"(?<![\w%.\\+=/$-])([A-DFLMRST])(\d{1,3})(?=[\s:,;.)]|\")(?!\.\d)")


def _sections(line):
    """The prefixes that a heading gives its numbered items: `## http.wire: bytes` or `### bind (`tcp.bind`)`."""
    title = HEADING.match(line).group(1)
    named = re.findall(r"\(`([a-z.0-9]+)`\)", title)
    bare = re.sub(r"\([^)]*\)", "", title)
    first = re.split(r"[:, ]", bare)[0]
    if "." in first and PREFIX.match(first):
        named.append(first)
    # "mime filter factories" is cited as mime.factories
    elif PREFIX.match(first) and re.match(r"[a-z]+( [a-z-]+)+$", bare):
        named.append(first + "." + bare.split()[-1])
    # "tasks.map, queue, mutex" also defines tasks.queue
    for word in re.split(r"[:,]", bare)[1:]:
        word = word.strip()
        if PREFIX.match(word):
            named.append(word if "." in word else first.split(".")[0] + "." + word)
    return named


def defined():
    """Every number that the contract defines."""
    found, prefixes = set(), set()
    for name in sorted(os.listdir(CONTRACT)):
        with open(os.path.join(CONTRACT, name), encoding="utf-8") as file:
            sections, scenarios = [], False
            for line in file:
                if line.startswith("#"):
                    level_two = line.startswith("## ")
                    sections = _sections(line) or ([] if level_two else sections)
                    if level_two:
                        scenarios = "Test scenarios" in line
                    prefixes.update(sections)
                    continue
                code = CODE.match(line)
                if code:
                    found.add(code.group(1))
                difference = re.match(r"\| (\d+) \|", line)
                if difference and name == "tls.md":
                    found.add("Δ" + difference.group(1))
                number = re.match(r"(?:\| )?(\d+)(?:\.| \|)", line)
                if number and scenarios:
                    found.add("S" + number.group(1))
                elif number:
                    found.update("%s.%s" % (section, number.group(1)) for section in sections)
    prefixes.update(code.rsplit(".", 1)[0] for code in found if "." in code)
    return found, prefixes


def _files(folders):
    for folder in folders:
        for directory, names, files in os.walk(os.path.join(REPOSITORY, folder)):
            names[:] = [name for name in names if not name.startswith(".") and name not in ("target", "corpus", "corpora", "www")]
            for name in sorted(files):
                if name.endswith((".rs", ".lua", ".py", ".md")):
                    yield os.path.join(directory, name)


def _citations(path, prefixes):
    with open(path, encoding="utf-8", errors="replace") as file:
        for row, line in enumerate(file, 1):
            for prefix, number in CITED.findall(line):
                if prefix in prefixes or "." in prefix and prefix.split(".")[0] in ROOTS:
                    yield row, "%s.%s" % (prefix, number)
            for plain, difference in MARKED.findall(line):
                yield row, plain or difference
            if path.endswith(".lua"):
                for letter, number in LETTERS.findall(line):
                    yield row, letter + number


def _wrong(known, prefixes):
    for path in _files(CITING):
        if os.path.basename(path) == "contract.py":
            continue
        for row, code in _citations(path, prefixes):
            if code not in known:
                yield "%s:%d: %s is not in docs/contract" % (shown(path), row, code)


def _listed(text, prefix):
    """The numbers after a prefix: `tasks.s.3`, `client.s.1 to 4`, `server.s.31, 33 and 39 to 41`. A list may continue on
    the next line of a comment.
    """
    name = re.escape(prefix)
    number = r"(?:" + name + r"[._])?(\d+)"
    for rest in re.findall(name + r"[._](\d+(?:(?:, | and |-| to |–)(?:" + name + r"[._])?\d+)*)", text):
        for first, last in re.findall(number + r"(?:(?:-| to |–)" + number + ")?", rest):
            yield from range(int(first), int(last or first) + 1)


def _uncited(known):
    """The scenarios that no test cites, by their prefix."""
    cited = set()
    for path in _files(TESTS):
        if os.path.basename(path) == "contract.py":
            continue
        with open(path, encoding="utf-8", errors="replace") as file:
            text = re.sub(r"\n *(?:--|//+!?|#) *", " ", file.read())
        for prefix in SCENARIOS:
            text = text.replace(prefix.replace(".", "_") + "_", prefix + ".")
            cited.update("%s.%d" % (prefix, number) for number in _listed(text, prefix))
    return {prefix: sorted((code for code in known if code.startswith(prefix + ".") and code not in cited),
                           key=lambda code: int(code.rsplit(".", 1)[1])) for prefix in SCENARIOS}


def _numbers(report):
    known, prefixes = defined()
    wrong = list(_wrong(known, prefixes))
    if wrong or len(known) < 1000:
        return report.fail("docs contract", "\n".join(wrong) or "only %d numbers were found" % len(known), failed=max(1, len(wrong)),
                           file=CONTRACT)
    return report.ok("docs contract: %d numbers" % len(known))


def _scenarios(report):
    known, _ = defined()
    for prefix, codes in _uncited(known).items():
        name = "docs contract scenarios %s" % prefix
        if codes:
            numbers = ", ".join(code.rsplit(".", 1)[1] for code in codes)
            report.skip(name, "*** NOT CITED BY ANY TEST (%d): write tests that cite %s.N for N = %s" % (len(codes), prefix, numbers))
        else:
            report.ok(name)


def tasks(wanted, report):
    """The tasks for the numbers and for the scenarios."""
    made = [Task("docs contract", lambda: _numbers(report))] if wanted("docs contract") else []
    if wanted("docs contract scenarios"):
        made.append(Task("docs contract scenarios", lambda: _scenarios(report), None, len(SCENARIOS)))
    return made
