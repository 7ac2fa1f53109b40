"""Suites `differential` and `own`: the scripts of this repository."""
import difflib
import glob
import os
import re
import shutil
import tempfile
import threading

import needs as lacks
import process
from interpreters import SUITE, environment, stock
from task import Task

LIMIT = 120
TOTALS = re.compile(r"^(\d+) passed, (\d+) failed\s*$", re.M)


class Script:
    """A test script and what the comment lines at its top ask for.

    `-- needs: a, b`, `-- not on: a, b`, `-- environment: KEY=value`, `-- time limit: seconds`
    """

    def __init__(self, path):
        self.path = path
        self.name = os.path.basename(path)[:-len(".lua")]
        self.needs, self.not_on, self.environment, self.limit = [], [], {}, LIMIT
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file:
                if not line.startswith(("--", "#!")) and line.strip():
                    break
                self._header(line)

    def is_for(self, interpreter):
        """False where the script cannot run, or would test nothing new."""
        stock_only = interpreter.is_runner and "lua-sec" in self.needs
        return not stock_only and not any(map(interpreter.answers_to, self.not_on))

    def _header(self, line):
        match = re.match(r"--+\s*(needs|not on|environment|time limit):\s*(.*)$", line)
        if not match:
            return
        words = [word for word in re.split(r"[,\s]+", match.group(2)) if word]
        if match.group(1) == "needs":
            self.needs += words
        elif match.group(1) == "not on":
            self.not_on += words
        elif match.group(1) == "environment":
            self.environment.update(word.split("=", 1) for word in words if "=" in word)
        else:
            self.limit = int(words[0])


def reasons(name):
    """A table of the reasons to leave scripts out: `suite script: reason` in each line of a file."""
    with open(os.path.join(SUITE, name)) as file:
        rows = [line.split(": ", 1) for line in file if line.strip() and not line.startswith("#")]
    return {test: reason.strip() for test, reason in rows}


def all_scripts(folder):
    """The scripts of a suite, by their names."""
    return list(map(Script, sorted(glob.glob(os.path.join(SUITE, folder, "*.lua")))))


def _scripts(folder, wanted):
    return [script for script in all_scripts(folder) if wanted(folder + " " + script.name)]


def needs(wanted, suites):
    """All requirements of the selected scripts."""
    found = set()
    for folder in suites:
        for script in _scripts(folder, wanted):
            found.update(script.needs)
    return found


class Scripts:
    """Creates the tasks of both suites."""

    def __init__(self, report, services):
        self._report, self._services = report, services
        self._references, self._lock = {}, threading.Lock()
        self.left_out = 0       # pairs of a script and an interpreter for which it is not meant
        self._stock = {interpreter.name: interpreter for interpreter in stock()}

    def _unmet(self, script, interpreter):
        for word in script.needs:
            reason = self._services.missing(word, interpreter)
            if reason:
                return reason
        return None

    def _execute(self, script, interpreter, reference=False):
        scratch = tempfile.mkdtemp(prefix="luasocket-test-")
        os.chmod(scratch, 0o755)
        env = environment(interpreter, reference, "lua-sec" in script.needs)
        env.update(self._services.environment(script.needs))
        env.update(script.environment)
        command = [interpreter.path, script.path]
        if "network-namespace" in script.needs:
            command = self._services.world + ["sh", "-c", 'ip link set lo up && exec "$@"', "sh"] + command
        try:
            return process.run(command, script.limit, cwd=scratch, env=env)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def _reference(self, interpreter):
        """The stock interpreter whose LuaSocket is the reference for `interpreter`."""
        return self._stock.get(interpreter.lua if interpreter.lua != "lua5.5" else "lua5.4")

    def _expected(self, script, reference):
        """The reference's result, computed once per script and interpreter."""
        key = (script.name, reference.name)
        with self._lock:
            lock = self._references.setdefault(key, [threading.Lock(), None])
        with lock[0]:
            if lock[1] is None:
                lock[1] = self._execute(script, reference, reference=True)
        return lock[1]

    def _differential(self, script, interpreter):
        name = "differential %s [%s]" % (script.name, interpreter.name)
        unmet = self._unmet(script, interpreter)
        reference = self._reference(interpreter)
        if unmet or not reference:
            return self._report.skip(name, unmet or "no reference to compare with: " + lacks.install(interpreter.lua))
        expected = self._expected(script, reference)
        if expected.status != 0:
            return self._report.fail(name + ": the reference itself fails", expected.output, file=script.path,
                                     program=reference.path)
        got = self._execute(script, interpreter)
        if (got.status, got.output) == (expected.status, expected.output):
            return self._report.ok(name, got.seconds)
        lines = difflib.unified_diff(expected.output.splitlines(), got.output.splitlines(), "reference", "ours",
                                     n=0, lineterm="")
        text = "\n".join(lines) or "only the exit status differs: %s" % got.status
        return self._report.fail(name, text, file=script.path, program=interpreter.path)

    def _own(self, script, interpreter):
        name = "own %s [%s]" % (script.name, interpreter.name)
        unmet = self._unmet(script, interpreter)
        if unmet:
            return self._report.skip(name, unmet)
        result = self._execute(script, interpreter)
        totals = TOTALS.findall(result.output)
        passed, failed = (int(totals[-1][0]), int(totals[-1][1])) if totals else (0, 0)
        if result.status == 0 and passed and not failed:
            return self._report.ok(name, result.seconds, passed)
        if result.status == 0 and totals and not passed and not failed:
            return self._report.fail(name, result.output + "\n(it checked nothing)", file=script.path,
                                     program=interpreter.path)
        return self._report.fail(name, result.output, passed, max(failed, 1), file=script.path,
                                 program=interpreter.path)

    def tasks(self, suite, interpreters, wanted):
        """One task for each script of `suite` and each interpreter that it is meant for."""
        check = self._differential if suite == "differential" else self._own
        every = [(script, interpreter) for script in _scripts(suite, wanted) for interpreter in interpreters]
        meant = [(script, interpreter) for script, interpreter in every if script.is_for(interpreter)]
        self.left_out += len(every) - len(meant)
        return [Task("%s %s [%s]" % (suite, script.name, interpreter.name),
                     lambda script=script, interpreter=interpreter: check(script, interpreter), interpreter)
                for script, interpreter in meant]
