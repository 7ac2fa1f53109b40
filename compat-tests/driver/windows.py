"""Suite `windows`: this project's libraries for Windows, under wine, beside LuaSocket's built for it.

It runs when it is asked for by name. Where `CI` is set, a selection of it is part of the usual run. It builds what it
needs, and is skipped where the packages are not to be had.
"""
import os
import re
import shutil
import sys

import process
import scripts
import upstream
import wine
from interpreters import HERE, REPOSITORY, SERVERS, SUPPORT, Interpreter
from task import Task

# flavour -> (the interpreter's name in test names, the version whose Lua files Debian's LuaSocket has)
FLAVOURS = {"lua54": ("lua5.4", "5.4"), "lua51": ("lua5.1", "5.1"), "luajit": ("luajit", "5.1")}
FIRST = "lua54"
# only its archive is tested
NEWEST = Interpreter("windows lua5.5", wine.program("lua55"), "lua5.5", "lua55")
# the scripts that run where `CI` is set: short, and steady on a busy machine
IN_CI = ("traps", "tls", "closing_host", "upstream urltest", "upstream mimetest", "upstream excepttest")
# the scripts for every flavour; the first flavour runs all scripts
SELECTION = ("socket_select", "socket_receive", "http_loopback", "url_rows", "mime_rows", "ltn12_pumps", "options_linger")


class Scripts(scripts.Scripts):
    """The scripts under wine."""

    def __init__(self, report, services):
        super().__init__(report, services)
        self._unfit = scripts.reasons("windows.txt")
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
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        result = process.run([wine.WINE, interpreter.path, script.path], 2 * script.limit, cwd=folder, env=env)
        output = wine.plain(result.output)
        if reference:
            # wine has no text for the codes of failed lookups: LuaSocket's message is empty there, and never ours
            output = re.sub(r': nil, ""$', ': nil, "Unknown error"', output, flags=re.M)
        return result._replace(output=output)


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


# LuaSocket's scripts, with what each prints at its end
UPSTREAM = {"excepttest": r"^OK\s*\Z", "ltn12test": r"\(and source\.chain, a bunch\): ok\s*\Z", "mimetest": r"done in .*s\s*\Z",
            "urltest": r"the library passed all tests\s*\Z"}

# testclnt.lua checks that `select` refuses more than _SETSIZE sockets, which is 64 on Windows. Ours takes any number.
SET_SIZE = """
local socket = require([[socket]])
local select, most = socket.select, socket._SETSIZE
function socket.select(readable, writable, limit)
    if readable and #readable > most or writable and #writable > most then error([[too many sockets]]) end
    return select(readable, writable, limit)
end
"""

# name -> (arguments, standard input, exit status, what it prints)
RUNNER = {
    "version": (["--version"], None, 0, r"\ALua 5\.4.*\nluasocket-rs \d"),
    "statement": (["-e", "print(require('socket').gettime() > 0, require('ssl')._VERSION)"], None, 0, r"\Atrue\t\d"),
    "script": (["script.lua", "one two"], None, 3, r"\A1\tone two\tLuaSocket 3"),
    "error": (["-e", "error('bad')"], None, 1, r"\(command line\):1: bad"),
    "unknown option": (["-x"], None, 1, r"unrecognized option '-x'"),
    "prompt": (["-i"], b"1 + 1\nfor i = 1, 2 do\nprint(i)\nend\n=('x'):rep(3)\n", 0, r"(?s)2\n.*1\n2\n.*xxx"),
    "standard input": (["-"], b"print('from', 'stdin')\n", 0, r"\Afrom\tstdin\n\Z"),
    "http": (["-e", "print(select(2, require('socket.http').request('http://127.0.0.1:1/')))"], None, 0,
             r"\Aconnection refused\s*\Z"),
}


def _scratch(name):
    folder = os.path.join(wine.FOLDER, "scratch", name)
    os.makedirs(folder, exist_ok=True)
    return folder


def _upstream_folder(name, interpreter):
    """A copy of LuaSocket's test scripts, for one test."""
    folder = os.path.join(wine.FOLDER, "scratch", "upstream-%s-%s" % (name, interpreter.tree))
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(wine.upstream(), folder)
    return folder


class Suite:
    """Builds everything at its first test, and runs the scripts."""

    def __init__(self, names, wanted, services, report, brief=False):
        self._report, self._services, self._brief = report, services, brief
        self._wanted = lambda name: wanted("windows " + name)
        self._chosen = [one for one in interpreters(names) if not brief or one.tree == FIRST]
        self._archives = self._chosen + ([NEWEST] if not names or NEWEST.lua in names else [])
        self._scripts = Scripts(report, services)

    def needs(self):
        """The services that the scripts need."""
        return {"certs"} if self._brief else scripts.needs(self._wanted, ("differential", "own", "windows")) | {"certs"}

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
                    wine.library(interpreter.tree, self._report, wine.CI_BUILD_LIMIT if self._brief else wine.BUILD_LIMIT)
        except wine.Missing as problem:
            self._scripts.problem = str(problem)
            self._report.note("*** SKIPPED: windows: %s" % problem)

    def tasks(self):
        """One task for each script and program."""
        made, last = [], []
        for interpreter in self._chosen:
            first = interpreter.tree == FIRST
            for suite in ("differential", "own", "windows"):
                made += [Task("windows " + task.name, task.run, None) for task in
                         self._scripts.tasks(suite, [interpreter], self._wanted)
                         if first or suite == "windows" or any(" %s [" % name in task.name for name in SELECTION)]
            made += self._whole("closing_host", interpreter, self._closing)
            for name in sorted(UPSTREAM):
                made += self._whole("upstream " + name, interpreter, self._upstream(name))
            if self._services.world:
                made += self._whole("upstream testclnt", interpreter, self._clients)
            if first:
                last += self._whole("rock", interpreter, self._rock)
                last += self._whole("unit tests", interpreter, self._unit)
                last += [task for name in RUNNER for task in self._whole("runner " + name, interpreter, self._runner(name))]
        made += last + [task for one in self._archives for task in self._whole("archive", one, self._archive)]
        if self._brief:
            names = ["windows %s [windows %s]" % (name, FLAVOURS[FIRST][0]) for name in IN_CI]
            made = [task for task in made if any(name in task.name for name in names)]
        return made

    def _whole(self, name, interpreter, run):
        """A task that is one program with its output."""
        if not self._wanted(name):
            return []
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
            return self._report.fail(name, "exit status %s\n%s" % (result.status, result.output), program=interpreter.path)
        return [Task(name, judged)]

    @staticmethod
    def _closing(interpreter):
        script = os.path.join(SUPPORT, "closing_host.lua")
        command = [wine.WINE, wine.host(interpreter.tree), script]
        return process.run(command, 60, cwd=wine.FOLDER, env=environment(interpreter)), r"^alive\s*$"

    def _archive(self, interpreter):
        """README's first request, with the files of the archive beside the interpreter."""
        wine.lua(interpreter.tree)
        with open(os.path.join(REPOSITORY, "README.md")) as file:
            program = re.search(r"## The first request\s+```lua\n(.*?)```", file.read(), re.S).group(1)
        folder = _scratch("archive-" + interpreter.tree)
        with open(os.path.join(folder, "first.lua"), "w") as file:
            file.write(program.replace("http://example.com/", self._services.url + "/DONE"))
        env = {key: value for key, value in wine.environment().items() if not key.startswith("LUA_")}
        command = [wine.WINE, wine.archive(interpreter.tree), "first.lua"]
        return process.run(command, 60, cwd=folder, env=env), r"200 OK.*\s+OpenSSL "

    @staticmethod
    def _rock(interpreter):
        """What LuaRocks runs: rockspec/build.lua and rockspec/install.lua, then a program that loads what they left."""
        share, lib = wine.rock(interpreter.tree)
        env = dict(wine.environment(), LUA_PATH=os.path.join(share, "?.lua"), LUA_CPATH=os.path.join(lib, "?.dll"))
        code = "print(require('socket')._VERSION, require('ssl')._VERSION, (require('socket.http')).TIMEOUT)"
        return process.run([wine.WINE, interpreter.path, "-e", code], 60, cwd=wine.FOLDER, env=env), r"^LuaSocket 3\S*\t1\S*\t60"

    @staticmethod
    def _upstream(name):
        """One of LuaSocket's own test scripts, unchanged."""
        def run(interpreter):
            folder = _upstream_folder(name, interpreter)
            result = process.run([wine.WINE, interpreter.path, name + ".lua"], 120, cwd=folder, env=environment(interpreter))
            return result._replace(output=wine.plain(result.output)), UPSTREAM[name]
        return run

    def _clients(self, interpreter):
        """LuaSocket's client and server, which test each other. They have a fixed port, and connect to addresses outside. So
        they run in a private network namespace, as on Linux, with a separate wine server.
        """
        made = os.path.join(wine.FOLDER, "in-namespace-" + interpreter.tree)
        with open(made, "w") as file:
            file.write("#!/bin/sh\nexec %s %s -e '%s' \"$@\"\n" % (wine.WINE, interpreter.path, SET_SIZE))
        os.chmod(made, 0o755)
        command = self._services.world + upstream.PROCESSES + [
            sys.executable, os.path.join(HERE, "namespace.py"), "test/testclnt.lua", wine.source("lua-socket"), made,
            "root" if os.geteuid() == 0 else "user"]
        env = dict(environment(interpreter), WINEPREFIX=wine.second_prefix(), PYTHONDONTWRITEBYTECODE="1")
        return process.run(command, 300, env=env), r"\A\s*\Z"

    @staticmethod
    def _unit(_interpreter):
        """The crate's own tests."""
        result = wine.cargo("test", ["--release", "--lib"])
        return result._replace(output=wine.plain(result.output)), r"test result: ok\. [1-9]\d* passed; 0 failed"

    @staticmethod
    def _runner(name):
        """The runner with some arguments or input."""
        def run(_interpreter):
            folder = _scratch("runner")
            arguments, given, status, pattern = RUNNER[name]
            with open(os.path.join(folder, "script.lua"), "w") as file:
                file.write("print(#arg, arg[1], require('socket')._VERSION)\nos.exit(3)\n")
            result = process.run([wine.WINE, wine.runner()] + arguments, 60, cwd=folder, env=wine.environment(), stdin=given)
            # only the way it ends counts
            return result._replace(status=0 if result.status == status else result.status or -1,
                                   output=wine.plain(result.output)), pattern
        return run

    @staticmethod
    def close():
        """Ends wine's processes."""
        wine.stop()
