"""The runner's prompt on a terminal: editing, completion, history, interrupts."""
import os
import pty
import re
import select
import shutil
import subprocess
import tempfile
import time

import process
from interpreters import REPOSITORY, environment
from stage import Failure
from task import Task

LIMIT = 20
UP, LEFT, TAB, INTERRUPT, END = "\x1b[A", "\x1b[D", "\t", "\x03", "\x04"
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\r")


class Conversation:
    """A runner on a terminal, and its output there."""

    def __init__(self, interpreter, folder):
        self._terminal, theirs = pty.openpty()
        env = dict(environment(interpreter), HOME=folder, TERM="xterm", LUASOCKET_HISTORY=os.path.join(folder, "history"))
        self._child = subprocess.Popen([interpreter.path], cwd=folder, env=env, stdin=theirs, stdout=theirs, stderr=theirs,
                                       start_new_session=True, preexec_fn=self._own_terminal)
        os.close(theirs)
        self._shown = ""

    @staticmethod
    def _own_terminal():
        import fcntl
        import termios
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    def type(self, keys, pattern):
        """Types `keys`, and waits until the output after them matches."""
        self._shown = ""
        os.write(self._terminal, keys.encode())
        self.see(pattern)

    def see(self, pattern):
        """Waits until the output since the last keys matches."""
        deadline = time.monotonic() + LIMIT
        while not re.search(pattern, self._shown, re.M):
            left = deadline - time.monotonic()
            try:
                if left <= 0 or not select.select([self._terminal], [], [], left)[0]:
                    raise Failure("no /%s/ in:\n%s" % (pattern, self._shown))
                self._shown += ESCAPES.sub("", os.read(self._terminal, 65536).decode("utf-8", "replace"))
            except OSError:
                raise Failure("it ended; no /%s/ in:\n%s" % (pattern, self._shown)) from None

    def ended(self):
        """Waits until it ends, and returns the exit status."""
        os.write(self._terminal, END.encode())
        return self._child.wait(LIMIT)

    def close(self):
        """Ends it in every case."""
        process.end_session(self._child)
        os.close(self._terminal)


def _talk(interpreter, folder):
    shell = Conversation(interpreter, folder)
    try:
        shell.see(r"^luasocket-rs .*\n(.*\n)?> $")
        shell.type("20 + 1" + LEFT + "2\r", r"^41$")                       # "20 + 21"
        shell.type('print(string.for' + TAB + '("%d", 7))\r', r"^7$")
        shell.type('s = require "socket.ht' + TAB + '" print("loaded")\r', r"^loaded$")
        shell.type("print(type(s.reque" + TAB + "))\r", r"^function$")
        shell.type("for i = 1, 2 do\r", r"^>> $")
        shell.type("print(i * 100) end\r", r"^100\n200\n> $")
        shell.type("not wanted" + INTERRUPT, r"> $")
        shell.type(UP * 6 + "\r", r"^41$")
        shell.type('socket = require "socket" socket.sl\x15print("x")\r', r"^x$")   # ^U empties the line
        for wait in ("socket.sleep(600)", 'assert(socket.bind("127.0.0.1", 0)):accept()',
                     'local u = socket.udp() u:setsockname("127.0.0.1", 0) u:receive()',
                     'socket.select({ socket.udp() }, nil, 600)', "while true do end",
                     'require("socket.tasks").run(function() socket.sleep(600) end)',
                     'local s = assert(socket.bind("127.0.0.1", 0)) require("socket.tasks").run(function() s:accept() end)'):
            shell.type('io.write("wai", "ting\\n") io.flush() local socket = require("socket") %s\r' % wait, r"^waiting$")
            shell.type(INTERRUPT, r"interrupted!\nstack traceback:\n(.*\n)+> $")
        if shell.ended() != 0:
            raise Failure("the end of the input is no success")
    finally:
        shell.close()
    again = Conversation(interpreter, folder)
    try:
        again.see(r"> $")
        again.type(UP, r"s:accept\(\) end\)$")
    finally:
        again.close()


def _judge(interpreter, report):
    name = "examples the prompt [%s]" % interpreter.name
    folder = tempfile.mkdtemp(prefix="luasocket-test-")
    try:
        _talk(interpreter, folder)
    except Failure as failure:
        return report.fail(name, str(failure), file=os.path.join(REPOSITORY, "src/bin/luasocket"), program=interpreter.path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return report.ok(name)


def tasks(interpreters, wanted, report):
    """The prompt test for each runner."""
    return [Task("examples the prompt [%s]" % interpreter.name, lambda interpreter=interpreter: _judge(interpreter, report),
                 interpreter)
            for interpreter in interpreters if interpreter.is_runner and wanted("examples the prompt")]
