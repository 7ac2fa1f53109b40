"""Suite `docs`: the site built from the manual, and the definitions for editors."""
import json
import os
import re
import shutil
import tempfile

import manual_order
import needs
import process
from interpreters import REPOSITORY
from task import Task

LIMIT = 300
WIDTH = 120
# Switched off for the library's files. Version 0.25.1 treats a condition as constant even if a called function changes
# the variable or the field, and assumes that a set contains every index.
NOT_CHECKED = {"lua": ["unnecessary-if"]}
LIMIT_OF_LOOKS = 900
NO_THEME = "Unrecognised theme"
NO_BROWSER = 77
# a list entry of failures, with its continuation lines
FAILURES = re.compile(r"(?ms)^- \*\*(?:Failures?|Refused)[^\n]*(?:\n  [^\n]*)*")


def _run(program):
    return process.run([_path(program)], LIMIT, cwd=REPOSITORY)


def _path(program):
    return os.path.join(REPOSITORY, "site", program)


def _site(report):
    if not shutil.which("mkdocs"):
        return report.skip("docs site", needs.absent("mkdocs"))
    built = _run("build")
    if NO_THEME in built.output:
        return report.skip("docs site", "MkDocs has no theme Material: apt install mkdocs-material")
    if built.status != 0:
        return report.fail("docs site", built.output, file=_path("build"))
    checked = _run("check")
    if checked.status != 0:
        return report.fail("docs site", checked.output, file=_path("check"))
    return report.ok("docs site: " + checked.output.strip(), built.seconds)


def _drawn(report, name, program, arguments):
    """Runs a program of site/ that checks whether its output is up to date."""
    result = process.run([_path(program)] + arguments, LIMIT, cwd=REPOSITORY)
    if result.status != 0:
        return report.fail(name, result.output, file=_path(program))
    return report.ok(name)


def _look(report):
    """The site in a browser."""
    result = process.run([_path("look")], LIMIT_OF_LOOKS, cwd=REPOSITORY)
    if result.status == NO_BROWSER:
        return report.skip("docs site in a browser", result.output.strip())
    if result.status != 0:
        return report.fail("docs site in a browser", result.output, file=_path("look"))
    return report.ok("docs site in a browser: " + result.output.strip(), result.seconds)


def _site_and_look(report):
    _site(report)
    if os.path.exists(os.path.join(REPOSITORY, "target", "site", "index.html")):
        return _look(report)
    return report.skip("docs site in a browser", "the site is not built")


def _sources_of_tests():
    """The source text of all tests."""
    text = []
    for top in ("compat-tests", "tests", "src"):
        for folder, folders, names in os.walk(os.path.join(REPOSITORY, top)):
            folders[:] = [name for name in folders if name != ".build"]
            for name in names:
                path = os.path.join(folder, name)
                if name.endswith((".lua", ".py", ".rs")) and (top != "src" or "test" in os.path.relpath(path, REPOSITORY)):
                    with open(path, encoding="utf-8", errors="replace") as file:
                        text.append(file.read())
    return "\n".join(text)


def _messages(report):
    """Each message that a page lists as a failure occurs in a test; "…" stands for any text."""
    tested, unseen = _sources_of_tests(), []
    folder = os.path.join(REPOSITORY, "docs")
    for name in sorted(os.listdir(folder)):
        if not name.endswith(".md"):
            continue
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            listed = FAILURES.findall(file.read())
        for message in re.findall(r'`"([^"`]+)"`', "\n".join(listed)):
            parts = [part.strip() for part in re.split("…|[.]{3}", message) if len(part) > 2]
            if not all(part in tested or part.replace("'", "\\'") in tested for part in parts):
                unseen.append("docs/%s: %s" % (name, message))
    if unseen:
        return report.fail("docs messages", "messages that no test sees:\n" + "\n".join(unseen))
    return report.ok("docs messages")


def _pages():
    """The names of the reference pages: those that Lua scripts find in support/manual.lua."""
    with open(os.path.join(REPOSITORY, "compat-tests", "support", "manual.lua"), encoding="utf-8") as file:
        return re.findall(r'"([\w]+)"', re.search(r"(?s)manual\.pages = \{(.*?)\}", file.read()).group(1))


def _order(report):
    """The parts of every function of the reference pages have the same order."""
    complaints = manual_order.complaints(os.path.join(REPOSITORY, "docs"), _pages())
    if complaints:
        return report.fail("docs order", "\n".join(complaints))
    return report.ok("docs order")


def _lines(report):
    """Lines of the pages wrap at 120, except the rows of tables. The contract's numbered items are not pages to read."""
    long = []
    for folder in (".", "docs", "docs/tutorials", "types", "examples", "benches", "fuzz", "findings", "compat-tests"):
        for name in sorted(os.listdir(os.path.join(REPOSITORY, folder))):
            if name.endswith(".md"):
                with open(os.path.join(REPOSITORY, folder, name), encoding="utf-8") as file:
                    long += ["%s/%s:%d" % (folder, name, number) for number, line in enumerate(file, 1)
                             if len(line.rstrip("\n")) > WIDTH and not line.startswith("|")]
    if long:
        return report.fail("docs lines", "lines of more than %d characters:\n%s" % (WIDTH, "\n".join(long)))
    return report.ok("docs lines")


def _snippets(folder):
    """Writes each Lua example of the pages to a separate file, and stubs for modules of other projects."""
    pages = [os.path.join("docs", name) for name in os.listdir(os.path.join(REPOSITORY, "docs"))]
    pages += [os.path.join("docs", "tutorials", name) for name in os.listdir(os.path.join(REPOSITORY, "docs", "tutorials"))]
    for page in ["README.md"] + [name for name in pages if name.endswith(".md")]:
        with open(os.path.join(REPOSITORY, page), encoding="utf-8") as file:
            text = file.read()
        for example in re.finditer(r"(?ms)^```lua(?:,norun)?\n(.*?)^```", text):
            name = "%s_%d.lua" % (re.sub(r"\W", "_", page[:-3]), text.count("\n", 0, example.start(1)))
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                file.write(example.group(1))
    for name in ("copas", "luv"):
        with open(os.path.join(folder, name + ".lua"), "w", encoding="utf-8") as file:
            file.write("---@type any\nlocal module\nreturn module\n")


def _editors(report):
    """The language server of editors has no warning for the examples, the pages, the library and the definitions."""
    name = "docs editors"
    checker = shutil.which("emmylua_check")
    if not checker:
        return report.skip(name, "emmylua_check is not installed: cargo install emmylua_check --version 0.25.1")
    with tempfile.TemporaryDirectory() as scratch:
        shutil.copytree(os.path.join(REPOSITORY, "examples"), os.path.join(scratch, "examples"))
        os.mkdir(os.path.join(scratch, "pages"))
        _snippets(os.path.join(scratch, "pages"))
        shutil.copytree(os.path.join(REPOSITORY, "lua"), os.path.join(scratch, "lua"))
        shutil.copytree(os.path.join(REPOSITORY, "src", "late"), os.path.join(scratch, "lua", "late"))
        for folder in (os.path.join(scratch, "examples"), os.path.join(scratch, "pages"), os.path.join(scratch, "lua"),
                       os.path.join(REPOSITORY, "types")):
            settings = os.path.join(scratch, os.path.basename(folder) + ".json")
            with open(settings, "w", encoding="utf-8") as file:
                json.dump({
                    "workspace": {"library": [os.path.join(REPOSITORY, "types", "library")]}, "runtime": {"version": "Lua5.4"},
                    "diagnostics": {
                        "globals": ["love"],        # the global of LÖVE
                        "disable": NOT_CHECKED.get(os.path.basename(folder), []),
                    },
                }, file)
            result = process.run([checker, "--warnings-as-errors", "--config", settings, folder], LIMIT, cwd=scratch)
            if result.status != 0:
                return report.fail(name, result.output)
    return report.ok(name)


def tasks(wanted, report):
    """The checks of the suite that the options select."""
    made = [
        Task("docs site", lambda: _site_and_look(report), count=2),
        Task("docs pictures", lambda: _drawn(report, "docs pictures", "pictures", ["--check"])),
        Task("docs editors", lambda: _editors(report)),
        Task("docs lines", lambda: _lines(report)),
        Task("docs order", lambda: _order(report)),
        Task("docs messages", lambda: _messages(report)),
        Task("docs figures", lambda: _drawn(report, "docs figures", "figures", ["--check"])),
    ]
    return [task for task in made if wanted(task.name)]
