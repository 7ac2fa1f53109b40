"""Tools for the test of an upstream script, inside its private namespace."""
import os
import re
import resource
import subprocess
import sys
import threading
import time

import pythons
from interpreters import SERVERS

UNBUFFERED = "io.stdout:setvbuf('no')"
TCP4 = "local s = require'socket' s.tcp = s.tcp4 s.udp = s.udp4"


class Failure(Exception):
    """An upstream script did not behave as required."""


def preload(name):
    """Lua code that loads one of the preload files."""
    return "dofile(%r)" % os.path.join(SERVERS, name)


COMPAT = preload("lua51_compat.lua")
DEBUG = preload("debug_shim.lua")


class Process:
    """A running command; its merged output can be read while it runs."""

    def __init__(self, command, cwd, env, stdin=b"", files=None):
        def limits():
            if files:
                resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
        self.name = os.path.basename(command[-1])
        self._child = subprocess.Popen(command, cwd=cwd, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                       stderr=subprocess.STDOUT, preexec_fn=limits, start_new_session=True)
        self._changed = threading.Condition()
        self._output, self._ended = b"", False
        threading.Thread(target=self._read, daemon=True).start()
        try:
            self._child.stdin.write(stdin)
            self._child.stdin.close()
        except BrokenPipeError:
            pass

    def _read(self):
        while True:
            chunk = os.read(self._child.stdout.fileno(), 65536)
            with self._changed:
                self._output += chunk
                self._ended = not chunk
                self._changed.notify_all()
            if not chunk:
                return

    @property
    def ended(self):
        """True when it has closed its output."""
        return self._ended

    @property
    def raw(self):
        """The bytes printed so far."""
        return self._output

    @property
    def output(self):
        """The text printed so far."""
        return self._output.decode("utf-8", "replace").replace("\r\n", "\n")

    def expect(self, pattern, limit=30):
        """Waits until the output matches `pattern` and returns the match."""
        deadline = time.monotonic() + limit
        with self._changed:
            while True:
                match = re.search(pattern, self.output, re.M)
                if match:
                    return match
                left = deadline - time.monotonic()
                if left <= 0 or self._ended:
                    raise Failure("%s: no /%s/ in:\n%s" % (self.name, pattern, self.output))
                self._changed.wait(left)

    def wait(self, limit=60):
        """Waits until it ends, and returns the exit status."""
        try:
            status = self._child.wait(limit)
        except subprocess.TimeoutExpired:
            raise Failure("%s: still running after %d s:\n%s" % (self.name, limit, self.output)) from None
        with self._changed:
            self._changed.wait_for(lambda: self._ended, 5)
        return status


class Stage:
    """The suite's scratch copy, the interpreter under test, and the servers."""

    def __init__(self, suite, scratch, command, env, apache_as_user):
        self.suite, self.scratch = suite, scratch
        self.test = os.path.join(suite, "test")
        self._command, self._env, self._apache_as_user = command, env, apache_as_user

    def folder(self, *names):
        """A new folder in the scratch directory."""
        path = os.path.join(self.scratch, *names)
        os.makedirs(path, exist_ok=True)
        return path

    def read(self, *names):
        """The bytes of a file of the suite."""
        with open(os.path.join(self.suite, *names), "rb") as file:
            return file.read()

    def start(self, script, *arguments, before=(), cwd=None, stdin=b"", files=None, **variables):
        """Starts an upstream script; `before` is Lua code run first."""
        code = "\n".join(before)
        command = [self._command] + (["-e", code] if code else []) + [script] + [str(word) for word in arguments]
        return Process(command, cwd or self.test, dict(self._env, **variables), stdin, files)

    def run(self, script, *arguments, status=0, limit=60, **options):
        """Runs an upstream script to its end and returns its output."""
        process = self.start(script, *arguments, **options)
        got = process.wait(limit)
        if got != status:
            raise Failure("%s: exit status %s:\n%s" % (script, got, process.output))
        return process.output

    def server(self, kind, port=0, *arguments):
        """Starts one of loopback.py's servers and returns its port."""
        command = [sys.executable, os.path.join(SERVERS, "loopback.py"), kind, str(port)] + list(arguments)
        return int(Process(command, self.scratch, self._env).expect(r"^READY (\d+)").group(1))

    def python_server(self, module, program, *arguments):
        """Starts a server written in Python that needs `module`, and returns its port."""
        command = [pythons.having(module), os.path.join(SERVERS, program)] + list(arguments)
        return int(Process(command, self.scratch, self._env).expect(r"^READY (\d+)").group(1))

    def apache(self):
        """Starts Apache on port 80 with the suite's folders."""
        run = self.folder("apache")
        self.folder("apache", "docroot")
        user = "" if self._apache_as_user else "User www-data\nGroup www-data"
        words = {"SUITE": self.suite, "RUN": run, "PORT": "80", "PROXYPORT": "3128",
                 "MODULES": "/usr/lib/apache2/modules", "USER": user}
        write_template("apache.conf.in", os.path.join(run, "apache.conf"), words)
        command = ["apache2", "-d", run, "-f", os.path.join(run, "apache.conf"), "-D", "FOREGROUND"]
        if self._apache_as_user:
            command = ["unshare", "--user", "--map-user=1000"] + command
        process = Process(command, run, self._env)
        self.listening(80, process)

    def listening(self, port, process):
        """Waits until something listens on a TCP port, without connecting to it."""
        pattern = re.compile(r"^\s*\d+: \w+:%04X \w+:0000 0A" % port, re.M)
        self._poll(lambda: any(pattern.search(_contents("/proc/net/" + name)) for name in ("tcp", "tcp6")),
                   "nothing listens on port %d" % port, process)

    def bound(self, path, process):
        """Waits until a Unix socket is bound to `path`, and listens if it is a stream."""
        def ready():
            for line in _contents("/proc/net/unix").splitlines():
                words = line.split()
                if words[-1] == path and (words[4] != "0001" or words[3] == "00010000"):
                    return True
            return False
        self._poll(ready, "nothing is bound to " + path, process)

    @staticmethod
    def _poll(ready, complaint, process):
        deadline = time.monotonic() + 20
        while not ready():
            if process.ended or time.monotonic() > deadline:
                raise Failure(complaint + ":\n" + process.output)
            time.sleep(0.01)


def write_template(name, path, words):
    """Writes a server configuration with every @WORD@ replaced."""
    with open(os.path.join(SERVERS, name)) as file:
        text = file.read()
    for word, value in words.items():
        text = text.replace("@" + word + "@", value)
    with open(path, "w") as file:
        file.write(text)


def _contents(path):
    try:
        with open(path) as file:
            return file.read()
    except FileNotFoundError:
        return ""


def expect(text, pattern):
    """Fails unless `text` matches `pattern`."""
    match = re.search(pattern, text, re.M)
    if not match:
        raise Failure("no /%s/ in:\n%s" % (pattern, text))
    return match


def refuse(text, pattern):
    """Fails when `text` matches `pattern`."""
    if re.search(pattern, text, re.M):
        raise Failure("/%s/ in:\n%s" % (pattern, text))


def same(what, got, wanted):
    """Fails unless two values are equal."""
    if got != wanted:
        raise Failure("%s: got %.300r, expected %.300r" % (what, got, wanted))
