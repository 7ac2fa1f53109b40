"""Suite `upstream`: LuaSocket's scripts and samples, unchanged."""
import os
import shutil
import sys

import fetch
import namespace  # noqa: F401  registers the cases
import needs
import process
import pythons
from interpreters import HERE, environment
from cases import IMPOSSIBLE, CASES
from task import Task


# processes that a script leaves behind end with the first process of its namespace
PROCESSES = ["-p", "-f", "--kill-child"]


def isolation():
    """The command prefix for private namespaces, and whether they are user namespaces; or None."""
    if not shutil.which("unshare") or not shutil.which("ip"):
        return None
    for as_user in ([False] if os.geteuid() == 0 else []) + [True]:
        prefix = ["unshare"] + (["-r"] if as_user else []) + ["-n", "-m"]
        # in a chroot, the root may not be a mount point. Its propagation then cannot be set, which is not necessary if
        # no mount is shared
        for more in [[]] + ([] if _shares_mounts() else [["--propagation", "unchanged"]]):
            if process.run(prefix + more + PROCESSES + ["true"], 20).status == 0:
                return prefix + more, as_user
    return None


def _shares_mounts():
    """Whether a mount made here would be visible elsewhere."""
    try:
        with open("/proc/self/mountinfo") as file:
            return any(" shared:" in line for line in file)
    except OSError:
        return True


def _missing(case):
    absent = needs.lacking(case.commands)
    if absent:
        return absent
    for module in case.modules:
        if not pythons.having(module):
            return needs.absent_module(module)
    return None


def _task(case, interpreter, world, reference, report):
    name = "upstream %s [%s]" % (case.name, interpreter.name)

    def task():
        missing = needs.NAMESPACES if not world else _missing(case)
        suite, reason = fetch.upstream(report) if not missing else (None, missing)
        if not suite:
            return report.skip(name, reason)
        prefix, as_user = world
        command = prefix + PROCESSES + [sys.executable, os.path.join(HERE, "namespace.py"), case.name, suite,
                            interpreter.path, "user" if as_user else "root"]
        env = environment(interpreter, reference)
        env["PYTHONDONTWRITEBYTECODE"] = "1"
        result = process.run(command, case.limit, env=env)
        if result.status == 0:
            return report.ok(name, result.seconds)
        return report.fail(name, result.output, file="%s of LuaSocket's package" % case.name, program=interpreter.path)
    return Task(name, task, interpreter)


def _impossible(name, why, interpreter, report):
    return Task(name, lambda: report.skip(name, "cannot be made to run: " + why), interpreter)


def tasks(interpreters, wanted, world, reference, report):
    """One task per script and interpreter, the longest first."""
    cases = [case for case in CASES if wanted("upstream " + case.name)]
    impossible = {name: why for name, why in IMPOSSIBLE.items() if wanted("upstream " + name)}
    cases.sort(key=lambda case: -case.limit)
    made = [_task(case, interpreter, world, reference, report) for case in cases for interpreter in interpreters]
    for name, why in impossible.items():
        made += [_impossible("upstream %s [%s]" % (name, interpreter.name), why, interpreter, report)
                 for interpreter in interpreters]
    return made
