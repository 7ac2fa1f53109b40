"""The command line of the benchmark."""
import argparse
import os
import shutil
import subprocess
import sys
import time

import catalogue
import document
import report
import results
import world
from measure import measure


def _arguments():
    parser = argparse.ArgumentParser(prog="benches/run", description="Measures luasocket-rs against the installed "
                                     "LuaSocket and LuaSec, in turn, and prints medians and ratios.")
    parser.add_argument("--interpreters", default="lua5.4,luajit", metavar="NAME,...",
                        help="of " + ", ".join(world.FLAVOURS) + " (default: lua5.4,luajit)")
    parser.add_argument("--cases", default="", metavar="WORD,...",
                        help="only cases with one of these words in their name or script")
    parser.add_argument("--runs", type=int, metavar="N", help="samples of each case (default: 5, with --quick 3)")
    parser.add_argument("--quick", action="store_true", help="less work in each sample; nothing is written to docs/")
    parser.add_argument("--no-build", action="store_true", help="use what the last run built")
    parser.add_argument("--list", action="store_true", help="list the cases and stop")
    return parser.parse_args()


def _list(chosen):
    for entry in chosen.values():
        print("%-16s %s" % (entry.name, entry.title))


def _usable(names):
    interpreters = []
    for name in names.split(","):
        if name not in world.FLAVOURS:
            sys.exit("unknown interpreter: " + name)
        if not shutil.which(name):
            print(name + " is not installed: left out")
            continue
        reference = subprocess.run([name, "-e", "require('socket')"], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, env=world.environment(name, "reference", {}))
        if reference.returncode != 0:
            print(name + " has no LuaSocket (Debian: lua-socket, lua-sec): left out")
            continue
        interpreters.append(name)
    return interpreters


def _steps(chosen):
    """Every case to measure, including the cases of a series."""
    for entry in chosen.values():
        if isinstance(entry, catalogue.Case):
            yield entry
        else:
            for _, case in entry.points:
                yield case


def main():
    """Runs the benchmark; the exit status is 0 when every case of our library ran."""
    options = _arguments()
    chosen = catalogue.named([word for word in options.cases.split(",") if word])
    if options.list:
        _list(chosen)
        return 0
    interpreters = _usable(options.interpreters)
    if not chosen or not interpreters:
        sys.exit("nothing to measure")
    if not options.no_build:
        world.build(interpreters)
    world.raise_descriptor_limit()
    runs = options.runs or (3 if options.quick else 5)
    steps = list(_steps(chosen))
    stored = results.Results(os.path.join(world.BUILD, "results.json"))
    failed = 0
    start = time.monotonic()
    with world.Servers(set().union(*(case.needs for case in steps))) as servers:
        for interpreter in interpreters:
            report.heading(interpreter)
            for case in steps:
                outcome = measure(case, interpreter, servers, runs, options.quick)
                report.line(case, interpreter, outcome, time.monotonic() - start)
                failed += "ours" in outcome.failures
                stored.put(interpreter, case, outcome)
                if not options.quick:
                    stored.save()
    if not options.quick:
        document.write(stored)
    return 1 if failed else 0
