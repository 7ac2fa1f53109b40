"""The lines a run prints, and its totals."""
import threading

EXCERPT_LINES = 8   # from each end


class Report:
    """Prints one line a test and keeps the totals; safe to use from several threads."""

    def __init__(self):
        self._lock = threading.Lock()
        self._failures = []
        self.passed = self.failed = self.skipped = 0

    def _say(self, text):
        print(text, flush=True)

    def note(self, text):
        """Prints a line that is no test."""
        with self._lock:
            self._say(text)

    def ok(self, name, seconds=None, count=1):
        """Counts `count` passed checks of one test."""
        with self._lock:
            self.passed += count
            self._say("ok   " + name + _remark(count, seconds))

    def fail(self, name, output="", passed=0, failed=1):
        """Counts a failed test, and shows the end of what it said."""
        with self._lock:
            self.passed += passed
            self.failed += failed
            self._failures.append(name)
            self._say("FAIL " + name)
            for line in excerpt(output):
                self._say("     | " + line)

    def skip(self, name, reason):
        """Counts a test that did not run, and says why."""
        with self._lock:
            self.skipped += 1
            self._say("skip " + name + ": " + reason)

    def close(self):
        """Prints the totals and returns the exit status."""
        if self._failures:
            self._say("failed:")
            for name in self._failures:
                self._say("     " + name)
        self._say("%d passed, %d failed, %d skipped" % (self.passed, self.failed, self.skipped))
        return 1 if self.failed or not self.passed else 0


def _remark(count, seconds):
    parts = []
    if count != 1:
        parts.append("%d checks" % count)
    if seconds is not None and seconds >= 1:
        parts.append("%.0f s" % seconds)
    return " (" + ", ".join(parts) + ")" if parts else ""


def excerpt(output):
    """The lines of an output worth showing."""
    lines = [line[:300] for line in output.rstrip().splitlines()]
    if len(lines) > 2 * EXCERPT_LINES:
        lines = lines[:EXCERPT_LINES] + ["..."] + lines[-EXCERPT_LINES:]
    return lines
