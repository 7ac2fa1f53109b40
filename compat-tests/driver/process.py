"""Runs a command in a separate session, with a time limit."""
import os
import signal
import subprocess
import tempfile
import time
from typing import NamedTuple, Optional


class Result(NamedTuple):
    """How a command ended: `status` is None when its time limit expired."""
    status: Optional[int]
    output: str
    seconds: float


def end_session(child):
    """Kills a child that was started in a separate session, and everything that it started there."""
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass
    child.wait()


def run(command, limit, cwd=None, env=None, stdin=None):
    """Runs `command` for at most `limit` seconds and returns its Result.

    Output goes to a file: a remaining grandchild that keeps a pipe open would block the run.
    """
    started = time.monotonic()
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as given:
        given.write(stdin or b"")
        given.seek(0)
        try:
            child = subprocess.Popen(command, cwd=cwd, env=env, stdin=given, stdout=output,
                                     stderr=subprocess.STDOUT, start_new_session=True)
        except OSError as error:
            return Result(127, str(error), 0.0)
        try:
            status = child.wait(limit)
        except subprocess.TimeoutExpired:
            status = None
        finally:
            end_session(child)
        output.seek(0)
        text = output.read().decode("utf-8", "replace")
    if status is None:
        text += "\n(stopped: not done after %d s)" % limit
    return Result(status, text, time.monotonic() - started)
