"""A test to run, and its estimated time."""
import json
import os
from typing import Any, Callable, NamedTuple

from interpreters import BUILD

TIMES = os.path.join(BUILD, "times.json")
CHECKS = os.path.join(BUILD, "checks.json")
# seconds on two cores, when no earlier run has measured the test
USUAL = {"build": 75, "upstream": 3, "differential": 1, "own": 2.5, "rocks": 130, "examples": 1.5, "docs": 15, "rust": 240,
         "windows": 5, "other-linux": 10, "native-tls": 2}


class Task(NamedTuple):
    """A test; `count` is how many results it reports."""
    name: str                       # starts with the name of its suite
    run: Callable
    interpreter: Any = None         # the interpreter that must be built for it
    count: int = 1


def _earlier(path):
    try:
        with open(path) as file:
            return json.load(file)
    except (OSError, ValueError):
        return {}


def earlier_times():
    """The time of each test in its last run here."""
    return _earlier(TIMES)


def keep(seconds, checks):
    """Stores the times of this run for the next run's estimate, and the counts of checks for site/figures."""
    os.makedirs(BUILD, exist_ok=True)
    for path, found in ((TIMES, seconds), (CHECKS, checks)):
        known = dict(_earlier(path), **found)
        with open(path, "w") as file:
            json.dump(known, file, indent=0, sort_keys=True)


def estimate(names, parallel, jobs):
    """Seconds for `names` one at a time, and for `parallel` with `jobs` at a time."""
    measured = earlier_times()

    def of(group):
        return sum(measured.get(name, USUAL[name.split()[0]]) for name in group)
    return of(names) + of(parallel) / jobs


def duration(seconds):
    """A time in words."""
    if seconds < 90:
        return "%d seconds" % max(1, round(seconds))
    return "%d minutes" % round(seconds / 60)
