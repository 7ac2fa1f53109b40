"""The lines a run prints, and its totals."""
import contextlib
import os
import threading
import time

from interpreters import REPOSITORY

EXCERPT_LINES = 8   # from each end
SILENCE = 10        # seconds without a line, after which the run reports what it is doing


class Report:
    """Prints one line per test and keeps the totals; safe to use from several threads."""

    def __init__(self):
        self._lock = threading.Lock()
        self._failures, self._running = [], {}
        self._started = self._spoke = time.monotonic()
        self._done, self._expected = 0, None
        self._closed = threading.Event()
        self.passed = self.failed = self.skipped = 0
        self.seconds = {}           # how long each test ran
        self.checks = {}            # how many checks of each test passed
        threading.Thread(target=self._show_life, daemon=True).start()

    def _say(self, text):
        print(text, flush=True)
        self._spoke = time.monotonic()

    def _count(self, mark, name, lines=1):
        """The beginning of a result's line, with the progress of the run."""
        self._done += lines
        return "%s %s%s" % (mark, "%d of %d  " % (self._done, self._expected) if self._expected else "", name)

    def expect(self, count):
        """Sets the expected number of results."""
        with self._lock:
            self._expected = count

    @contextlib.contextmanager
    def running(self, name):
        """Names the work inside the block. When it takes long, the run reports that it is still running."""
        started = time.monotonic()
        with self._lock:
            self._running[name] = started
        try:
            yield
        finally:
            with self._lock:
                self._running.pop(name, None)
                self.seconds[name] = time.monotonic() - started

    def _show_life(self):
        while not self._closed.wait(1):
            now = time.monotonic()
            with self._lock:
                if now - self._spoke >= SILENCE:
                    under_way = ", ".join("%s (%.0f s)" % (name, now - since) for name, since in self._running.items())
                    self._say("...  %.0f s; at work on: %s" % (now - self._started, under_way or "its servers"))

    def note(self, text):
        """Prints a line that is not a test result."""
        with self._lock:
            self._say(text)

    def ok(self, name, seconds=None, count=1):
        """Counts `count` passed checks of one test."""
        with self._lock:
            self.passed += count
            self.checks[name] = count
            self._say(self._count("ok  ", name) + _remark(count, seconds))

    def fail(self, name, output="", passed=0, failed=1, file=None, program=None):
        """Counts a failed test, and prints its file, the program that ran it, and the end of its output."""
        where = ", ".join(filter(None, [file and "file " + shown(file), program and "program " + program]))
        with self._lock:
            self.passed += passed
            self.failed += failed
            self._failures.append(name + (" (%s)" % where if where else ""))
            self._say(self._count("FAIL", name))
            for line in ([where] if where else []) + excerpt(output):
                self._say("     | " + line)

    def skip(self, name, reason, count=1):
        """Counts `count` skipped tests. The reason says how to make them run."""
        with self._lock:
            self.skipped += count
            self._say(self._count("skip", name, count) + ": " + reason)

    def close(self):
        """Prints the totals and returns the exit status."""
        self._closed.set()
        if self._failures:
            self._say("failed:")
            for name in self._failures:
                self._say("     " + name)
        self._say("%d passed, %d failed, %d skipped" % (self.passed, self.failed, self.skipped))
        return 1 if self.failed or not self.passed else 0


def shown(path):
    """A file's path relative to the top of the repository."""
    inside = os.path.relpath(path, REPOSITORY)
    return path if inside.startswith("..") else inside


def _remark(count, seconds):
    parts = []
    if count != 1:
        parts.append("%d checks" % count)
    if seconds is not None and seconds >= 1:
        parts.append("%.0f s" % seconds)
    return " (" + ", ".join(parts) + ")" if parts else ""


def excerpt(output):
    """The relevant lines of an output."""
    lines = [line[:300] for line in output.rstrip().splitlines()]
    if len(lines) > 2 * EXCERPT_LINES:
        lines = lines[:EXCERPT_LINES] + ["..."] + lines[-EXCERPT_LINES:]
    return lines
