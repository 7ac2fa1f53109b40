"""Suite `windows`: this project's libraries for Windows, under wine, beside LuaSocket's built for it.

It runs when it is asked for by name, or where `CI` is set. It builds what it needs, and is skipped where the packages
are not to be had.
"""
import os
import re

import process
import scripts
import wine
from interpreters import REPOSITORY, SERVERS, SUITE, SUPPORT, Interpreter
from task import Task

# flavour -> (the interpreter's name in test names, the version whose Lua files Debian's LuaSocket has)
FLAVOURS = {"lua54": ("lua5.4", "5.4"), "lua51": ("lua5.1", "5.1"), "luajit": ("luajit", "5.1")}
FIRST = "lua54"
# the scripts for every flavour; the first flavour runs all scripts
SELECTION = ("socket_select", "socket_receive", "http_loopback", "url_rows", "mime_rows", "ltn12_pumps", "options_linger")


def _rows(name):
    """A table of reasons: `suite script: reason` in each line."""
    with open(os.path.join(SUITE, name)) as file:
        rows = [line.split(": ", 1) for line in file if line.strip() and not line.startswith("#")]
    return {test: reason.strip() for test, reason in rows}


class Scripts(scripts.Scripts):
    """The scripts under wine."""

    def __init__(self, report, services):
        super().__init__(report, services)
        self._unfit = _rows("windows.txt")
        self.problem = None

    def _reference(self, interpreter):
        return interpreter

    def _unmet(self, script, interpreter):
        folder = os.path.basename(os.path.dirname(script.path))
        for test in ("%s %s" % (folder, script.name), "%s %s [%s]" % (folder, script.name, interpreter.lua)):
            if test in self._unfit:
                return "on Windows: " + self._unfit[test]
        absent = {"root", "network-namespace", "lua-sec", "lua-sec-samples", "valgrind"} & set(script.needs)
        if absent:
            return "on Windows: it needs %s, which only Linux has" % ", ".join(sorted(absent))
        return self.problem or super()._unmet(script, interpreter)

    def _execute(self, script, interpreter, reference=False):
        env = environment(interpreter, reference)
        env.update(self._services.environment(script.needs))
        env["COMPAT_PYTHON"] = wine.windows_path(wine.linux_program(env.get("COMPAT_PYTHON", "/usr/bin/python3")))
        env.update(script.environment)
        folder = os.path.join(wine.FOLDER, "scratch", script.name + "-" + interpreter.lua + ("-reference" if reference else ""))
        os.makedirs(folder, exist_ok=True)
        result = process.run([wine.WINE, interpreter.path, script.path], 2 * script.limit, cwd=folder, env=env)
        return result._replace(output=wine.plain(result.output))


def environment(interpreter, reference=False):
    """The process environment in which an interpreter under wine finds our library or the reference."""
    env = wine.environment()
    flavour = interpreter.tree
    path = [os.path.join(SUPPORT, "?.lua")]
    if reference:
        path.append("/usr/share/lua/%s/?.lua" % FLAVOURS[flavour][1])
        libraries = os.path.join(wine.FOLDER, "reference", flavour)
    else:
        tree = os.path.join(wine.FOLDER, "ours", flavour)
        path += [os.path.join(tree, folder, "?.lua") for folder in ("share", "share-tls")]
        libraries = os.path.join(tree, "lib")
    env["LUA_PATH"] = ";".join(path)
    env["LUA_CPATH"] = os.path.join(libraries, "?.dll")
    env["COMPAT_LUA"] = '"%s"' % wine.windows_path(interpreter.path)
    env["COMPAT_SERVERS"] = SERVERS
    return env


def interpreters(names):
    """The interpreters to test."""
    return [Interpreter("windows " + name, wine.program(flavour), name, flavour)
            for flavour, (name, _) in FLAVOURS.items() if not names or name in names]


class Suite:
    """Builds everything at its first test, and runs the scripts."""

    def __init__(self, names, wanted, services, report):
        self._report, self._wanted, self._services = report, wanted, services
        self._chosen = interpreters(names)
        self._scripts = Scripts(report, services)

    def needs(self):
        """The services that the scripts need."""
        return scripts.needs(self._wanted, ("differential", "own", "windows")) | {"certs"}

    def prepare(self, built):
        """Builds, unless an earlier run has. When that is not possible, every test is skipped with the reason."""
        try:
            wine.install(self._report)
            wine.prefix()
            wine.cache_lists(self._services.url + "/crl", os.path.join(self._services.certificates, "crl"))
            for interpreter in self._chosen:
                wine.lua(interpreter.tree)
                wine.reference(interpreter.tree)
                if not built:
                    wine.library(interpreter.tree, self._report)
        except wine.Missing as problem:
            self._scripts.problem = str(problem)
            self._report.note("*** SKIPPED: windows: %s" % problem)

    def tasks(self):
        """One task for each script."""
        made = []
        for interpreter in self._chosen:
            for suite in ("differential", "own", "windows"):
                made += [Task("windows " + task.name, task.run, None) for task in
                         self._scripts.tasks(suite, [interpreter], self._wanted)
                         if interpreter.tree == FIRST or suite == "windows" or any(" %s [" % name in task.name for name in SELECTION)]
            if self._wanted("windows closing_host"):
                made.append(self._whole("closing_host", interpreter, self._closing))
            if self._wanted("windows archive") and interpreter.tree == FIRST:
                made.append(self._whole("archive", interpreter, self._archive))
        return made

    def _whole(self, name, interpreter, run):
        """A task that is one program with its output."""
        name = "windows %s [%s]" % (name, interpreter.name)

        def judged():
            if self._scripts.problem:
                return self._report.skip(name, self._scripts.problem)
            try:
                result, pattern = run(interpreter)
            except wine.Missing as problem:
                return self._report.fail(name, str(problem))
            if result.status == 0 and re.search(pattern, result.output):
                return self._report.ok(name, result.seconds)
            return self._report.fail(name, result.output, program=interpreter.path)
        return Task(name, judged)

    @staticmethod
    def _closing(interpreter):
        script = os.path.join(SUPPORT, "closing_host.lua")
        command = [wine.WINE, wine.host(interpreter.tree), script]
        return process.run(command, 60, cwd=wine.FOLDER, env=environment(interpreter)), r"^alive\s*$"

    def _archive(self, interpreter):
        """README's first request, with the files of the archive beside the interpreter."""
        with open(os.path.join(REPOSITORY, "README.md")) as file:
            program = re.search(r"## The first request\s+```lua\n(.*?)```", file.read(), re.S).group(1)
        folder = os.path.join(wine.FOLDER, "scratch", "archive-" + interpreter.tree)
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "first.lua"), "w") as file:
            file.write(program.replace("http://example.com/", self._services.url + "/DONE"))
        env = {key: value for key, value in wine.environment().items() if not key.startswith("LUA_")}
        command = [wine.WINE, wine.archive(interpreter.tree), "first.lua"]
        return process.run(command, 60, cwd=folder, env=env), r"200 OK.*\s+OpenSSL "

    @staticmethod
    def close():
        """Ends wine's processes."""
        wine.stop()
