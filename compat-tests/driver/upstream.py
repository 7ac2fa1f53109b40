"""Suite `upstream`: LuaSocket's own scripts and samples, unchanged."""
import os
import shutil
import sys

import fetch
import namespace  # noqa: F401  fills the table of rows
import process
import pythons
from interpreters import HERE, environment
from rows import IMPOSSIBLE, ROWS


# whatever a script leaves behind ends with the first process of its namespace
PROCESSES = ["-p", "-f", "--kill-child"]


def isolation():
    """The command prefix of private namespaces and whether they are a user's, or None."""
    if not shutil.which("unshare") or not shutil.which("ip"):
        return None
    for as_user in ([False] if os.geteuid() == 0 else []) + [True]:
        prefix = ["unshare"] + (["-r"] if as_user else []) + ["-n", "-m"]
        if process.run(prefix + PROCESSES + ["true"], 20).status == 0:
            return prefix, as_user
    return None


def _missing(row):
    for command in row.commands:
        if not shutil.which(command):
            return command + " is not installed"
    for module in row.modules:
        if not pythons.having(module):
            return "Python's %s is not installed" % module
    return None


def _task(row, interpreter, suite, world, reference, report):
    prefix, as_user = world
    name = "upstream %s [%s]" % (row.name, interpreter.name)

    def task():
        missing = _missing(row)
        if missing:
            return report.skip(name, missing)
        command = prefix + PROCESSES + [sys.executable, os.path.join(HERE, "namespace.py"), row.name, suite,
                            interpreter.path, "user" if as_user else "root"]
        env = environment(interpreter, reference)
        env["PYTHONDONTWRITEBYTECODE"] = "1"
        result = process.run(command, row.limit, env=env)
        if result.status == 0:
            return report.ok(name, result.seconds)
        return report.fail(name, result.output)
    return task


def tasks(interpreters, wanted, world, reference, report):
    """One task for each script and interpreter, the longest first."""
    rows = [row for row in ROWS if wanted("upstream " + row.name)]
    impossible = {name: why for name, why in IMPOSSIBLE.items() if wanted("upstream " + name)}
    if not rows and not impossible:
        return []
    if not world:
        report.skip("upstream", "no private namespaces here (unshare and ip, as root or with user namespaces)")
        return []
    suite, reason = fetch.upstream(report)
    if not suite:
        report.skip("upstream", reason)
        return []
    for interpreter in interpreters:
        for name, why in impossible.items():
            report.skip("upstream %s [%s]" % (name, interpreter.name), why)
    rows.sort(key=lambda row: -row.limit)
    return [_task(row, interpreter, suite, world, reference, report) for row in rows for interpreter in interpreters]
