"""Entry point of the test run; see ../README.md."""
import argparse
import concurrent.futures
import fnmatch
import os
import shutil
import signal
import sys

sys.dont_write_bytecode = True

import build  # noqa: E402
import circles  # noqa: E402
import contract  # noqa: E402
import examples  # noqa: E402
import house  # noqa: E402
import interpreters  # noqa: E402
import manual  # noqa: E402
import native_tls  # noqa: E402
import needs  # noqa: E402
import other_linux  # noqa: E402
import process  # noqa: E402
import prompt  # noqa: E402
import rocks  # noqa: E402
import rust  # noqa: E402
import scripts  # noqa: E402
import services  # noqa: E402
import task  # noqa: E402
import tutorials  # noqa: E402
import upstream  # noqa: E402
import windows  # noqa: E402
from report import Report, shown  # noqa: E402

SUITES = ("upstream", "differential", "own", "native-tls", "rocks", "rust", "examples", "docs")
# run only when they are named; where CI is set, a selection of `windows` is part of the usual run
EXTRA = ("windows", "other-linux")


def _arguments():
    parser = argparse.ArgumentParser(prog="compat-tests/run", description="Runs the compatibility tests.")
    parser.add_argument("--only", metavar="PATTERN", action="append", default=[],
                        help="only tests whose name contains PATTERN (may hold * and ?), e.g. 'own url' or testclnt")
    parser.add_argument("--suite", metavar="NAMES", help="suites to run (default: %s); also: %s" % (",".join(SUITES), ",".join(EXTRA)))
    parser.add_argument("--interpreters", metavar="NAMES", help="e.g. lua5.4,luajit,runner (default: all present)")
    parser.add_argument("--profile", default="release",
                        help="cargo's profile: checked aborts where an integer overflows (default: %(default)s)")
    parser.add_argument("--no-build", action="store_true", help="use what an earlier run has built")
    parser.add_argument("--reference-only", action="store_true", help="run the upstream suite on the installed LuaSocket")
    parser.add_argument("--jobs", type=int, default=3, help="tests run at a time (default: 3; most of them wait)")
    return parser.parse_args()


def _spread(few, many):
    """`many` with `few` at even distances: the few wait for each other's builds, and would hold up all jobs side by side."""
    parts = len(few) + 1
    bounds = [len(many) * i // parts for i in range(parts + 1)]
    spread = many[:bounds[1]]
    for i, one in enumerate(few, 1):
        spread += [one] + many[bounds[i]:bounds[i + 1]]
    return spread


class Run:
    """One run: its suites, interpreters and tests."""

    def __init__(self, options, report):
        self._options, self._report = options, report
        self._suites = ["upstream"] if options.reference_only else self._asked(options)
        # only suites that bring their own interpreters
        self._without_stock = set(self._suites) <= set(EXTRA)
        self._names = options.interpreters.split(",") if options.interpreters else None
        self._chosen = interpreters.stock(self._names) if not self._without_stock else []
        if not options.reference_only and not self._without_stock:
            self._chosen += interpreters.runners(self._names)
        self._windows = self._other_linux = self._native_tls = None
        self._written = [name for name in ("differential", "own") if name in self._suites]
        self._world = upstream.isolation()

    @staticmethod
    def _asked(options):
        if options.suite:
            return [name for name in SUITES + EXTRA if name in options.suite.split(",")]
        return SUITES + (("windows",) if os.environ.get("CI") and not options.only else ())

    def _wanted(self, name):
        return not self._options.only or any(fnmatch.fnmatch(name, "*" + word + "*") for word in self._options.only)

    def _needs(self):
        needed = scripts.needs(self._wanted, self._written)
        if "examples" in self._suites and self._wanted("examples get.lua"):
            needed |= examples.NEEDS
        if "examples" in self._suites:
            needed |= tutorials.NEEDS
        if "rocks" in self._suites:
            needed |= rocks.NEEDS
        for suite in filter(None, (self._other_linux, self._native_tls)):
            needed |= suite.needs()
        return needed

    def _parallel(self, started, for_windows):
        """The tests that may run in parallel."""
        chosen, wanted, report = self._chosen, self._wanted, self._report
        made = []
        if "upstream" in self._suites:
            made += upstream.tasks(chosen, wanted, self._world, self._options.reference_only, report)
        if "other-linux" in self._suites:
            self._other_linux = other_linux.Suite(wanted, started, report)
            made += self._other_linux.tasks()
        if "windows" in self._suites:
            self._windows = windows.Suite(self._names, wanted, for_windows, report, brief=not self._options.suite)
            made += self._windows.tasks()
        if "native-tls" in self._suites:
            self._native_tls = native_tls.Suite(chosen, wanted, started, report, brief=not self._options.suite)
            made += self._native_tls.every()
        maker = scripts.Scripts(report, started)
        for name in self._written:
            made += maker.tasks(name, chosen, wanted)
        if maker.left_out:
            report.note("%d pairs of a script and an interpreter are left out: see `not on` in the scripts" % maker.left_out)
        if "examples" in self._suites:
            made += examples.tasks(chosen, wanted, started, report)
            made += tutorials.tasks(chosen, wanted, started, report)
            made += prompt.tasks(chosen, wanted, report)
        if "docs" in self._suites:
            made += manual.tasks(wanted, report) + contract.tasks(wanted, report) + house.tasks(wanted, report)
            made += circles.tasks(wanted, report)
        if "rocks" in self._suites:
            made = _spread(rocks.tasks(chosen, wanted, started, self._world, report), made)
        return made

    def _alone(self):
        """The tests that run cargo, one at a time."""
        made = rust.tasks(self._wanted, self._report) if "rust" in self._suites else []
        return made + (examples.embedding(self._wanted, self._report) if "examples" in self._suites else [])

    def _announce(self, parallel, alone):
        builds = [] if self._options.no_build or self._options.reference_only else \
            ["build " + interpreter.name for interpreter in self._chosen]
        seconds = task.estimate(builds + [test.name for test in alone], [test.name for test in parallel],
                                max(1, self._options.jobs))
        absent = [] if self._options.reference_only or not self._chosen else interpreters.absent(self._names)
        count = sum(test.count for test in parallel + alone)
        self._report.expect(count + len(absent))
        self._report.note("%d tests on %s; with the builds about %s%s" % (
            count, ", ".join(interpreter.name for interpreter in self._chosen) or "no interpreter",
            task.duration(seconds), "" if task.earlier_times() else " on two cores, by other machines' times"))
        if not self._world and shutil.which("unshare"):
            self._report.note(needs.MORE)
        for name in absent:
            how = needs.install(name) if name in needs.PACKAGES else "put a %s on the path (Debian has no package)" % name
            self._report.skip("all tests of " + name, name + " is not installed: " + how)

    def _build(self):
        """Builds for each interpreter. Returns, by name, why an interpreter has no tests."""
        refused = {}
        for interpreter in self._chosen if not self._options.reference_only else []:
            if not self._options.no_build and not build.build(interpreter, self._report, self._options.profile):
                refused[interpreter.name] = "its build failed, as said above"
            elif not build.is_built(interpreter):
                refused[interpreter.name] = "not built: run without --no-build"
        return refused

    def _run(self, test):
        with self._report.running(test.name):
            try:
                test.run()
            except Exception as error:      # an error of the driver: the other tests still run
                self._report.fail(test.name, "in the driver: " + repr(error))

    def _run_all(self, tests):
        with concurrent.futures.ThreadPoolExecutor(max(1, self._options.jobs)) as pool:
            futures = [pool.submit(self._run, test) for test in tests]
            try:
                for future in futures:
                    future.result()
            except BaseException:       # interrupted: pending tests do not start
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def execute(self):
        """Runs everything."""
        started = services.Services(self._world)
        for_windows = services.Services(self._world, True) if "windows" in self._suites else None
        try:
            parallel, alone = self._parallel(started, for_windows), self._alone()
            self._announce(parallel, alone)
            refused = self._build()
            for name, reason in refused.items():
                lost = sum(test.count for test in parallel if test.interpreter and test.interpreter.name == name)
                if lost:
                    self._report.skip("all tests of " + name, reason, lost)
            with self._report.running("servers for the tests"):
                started.start(self._needs(), self._report)
            if self._other_linux:
                self._other_linux.prepare(self._options.no_build)
            if self._native_tls:
                self._native_tls.prepare(refused, self._options.profile, self._options.no_build)
            if self._windows:
                for_windows.start(self._windows.needs(), self._report)
                self._windows.prepare(self._options.no_build)
            self._run_all([test for test in parallel if not test.interpreter or test.interpreter.name not in refused])
        finally:
            started.close()
            if for_windows:
                for_windows.close()
            if self._windows:
                self._windows.close()
        for test in alone:
            self._run(test)

    def _runner(self):
        """The path of the runner that the README names, when this run has built it."""
        path = os.path.join(build.target_directory(), "release", "luasocket")
        return path if os.path.exists(path) else None

    def farewell(self):
        """Prints what the run leaves on the machine."""
        runner = self._runner()
        if runner and not self._options.only:
            version = process.run([runner, "-v"], 20).output.split("\n")[0]
            self._report.note("the runner: %s (%s)" % (shown(runner), version.split("  ")[0]))
        self._report.note("made: %s and %s; `rm -rf` them to remove everything that was built" % (
            shown(interpreters.BUILD), shown(build.target_directory())))
        record = os.path.join(interpreters.BUILD, "installed-packages")
        if os.path.exists(record):
            with open(record) as file:
                packages = sorted(set(file.read().split()))
            self._report.note("installed: `apt-get purge --auto-remove %s` removes it" % " ".join(packages))


def main():
    """Runs the tests that the options select, and returns the exit status."""
    options = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    report = Report()
    run = Run(options, report)
    run.execute()
    task.keep(report.seconds, report.checks)
    if shutil.which("cargo") and not options.reference_only:
        run.farewell()
    return report.close()


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
