"""Entry of the test run; see ../README.md."""
import argparse
import concurrent.futures
import fnmatch
import os
import signal
import sys

sys.dont_write_bytecode = True

import build  # noqa: E402
import examples  # noqa: E402
import interpreters  # noqa: E402
import manual  # noqa: E402
import rocks  # noqa: E402
import rust  # noqa: E402
import scripts  # noqa: E402
import services  # noqa: E402
import tutorials  # noqa: E402
import upstream  # noqa: E402
from report import Report  # noqa: E402

SUITES = ("upstream", "differential", "own", "rocks", "rust", "examples", "docs")


def _arguments():
    parser = argparse.ArgumentParser(prog="compat-tests/run", description="Runs the compatibility tests.")
    parser.add_argument("--only", metavar="PATTERN", action="append", default=[],
                        help="only tests whose name contains PATTERN (may hold * and ?), e.g. 'own url' or testclnt")
    parser.add_argument("--suite", metavar="NAMES", default=",".join(SUITES), help="suites to run (default: %(default)s)")
    parser.add_argument("--interpreters", metavar="NAMES", help="e.g. lua5.4,luajit,runner (default: all present)")
    parser.add_argument("--profile", default="release",
                        help="what to build with: checked aborts where an integer overflows (default: %(default)s)")
    parser.add_argument("--no-build", action="store_true", help="use what an earlier run has built")
    parser.add_argument("--reference-only", action="store_true", help="run the upstream suite on the installed LuaSocket")
    parser.add_argument("--jobs", type=int, default=2, help="tests run at a time (default: 2)")
    return parser.parse_args()


def _prepare(chosen, options, report):
    """The interpreters that can be tested."""
    ready = []
    for interpreter in chosen:
        if not options.no_build and not build.build(interpreter, report, options.profile):
            report.skip("all tests of " + interpreter.name, "the build failed")
        elif not build.is_built(interpreter):
            report.skip("all tests of " + interpreter.name, "not built")
        else:
            ready.append(interpreter)
    return ready


def _run(tasks, jobs, report):
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        futures = [pool.submit(task) for task in tasks]
        try:
            for future in futures:
                try:
                    future.result()
                except Exception as error:
                    report.fail("driver", repr(error))
        except BaseException:       # interrupted: what has not begun does not begin
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def main():
    """Runs what the options name and returns the exit status."""
    options = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    report = Report()
    names = options.interpreters.split(",") if options.interpreters else None

    def wanted(name):
        return not options.only or any(fnmatch.fnmatch(name, "*" + word + "*") for word in options.only)

    suites = [name for name in SUITES if name in options.suite.split(",")]
    chosen = interpreters.stock(names)
    if options.reference_only:
        suites = ["upstream"]
    else:
        chosen = _prepare(chosen + interpreters.runners(names), options, report)
    written = [name for name in ("differential", "own") if name in suites]
    world = upstream.isolation()
    tasks = []
    if "upstream" in suites:
        tasks += upstream.tasks(chosen, wanted, world, options.reference_only, report)
    needed = scripts.needs(wanted, written)
    if "examples" in suites and wanted("examples get.lua"):
        needed |= examples.NEEDS
    if "examples" in suites:
        needed |= tutorials.NEEDS
    if "rocks" in suites:
        needed |= rocks.NEEDS
    started = services.Services(needed, world, report)
    try:
        maker = scripts.Scripts(report, started)
        for name in written:
            tasks += maker.tasks(name, chosen, wanted)
        if "examples" in suites:
            tasks += examples.tasks(chosen, wanted, started, report)
            tasks += tutorials.tasks(chosen, wanted, started, report)
        if "docs" in suites:
            tasks += manual.tasks(wanted, report)
        if "rocks" in suites:
            tasks += rocks.tasks(chosen, wanted, started, world, report)
        _run(tasks, max(1, options.jobs), report)
    finally:
        started.close()
    if "rust" in suites and wanted("rust cargo test"):
        rust.crate(report)
    if "examples" in suites and wanted("examples embed"):
        examples.embed(report)
    return report.close()


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
