"""Runs each case several times, alternating the reference and our library."""
import os
import re
import shutil
import statistics
import subprocess
import time
from typing import Dict, List, NamedTuple

import world
from catalogue import MEMORY

TIME_LIMIT = 300
ENOUGH_TIME = 3                 # seconds for one case: a faster case gets more samples
MOST_RUNS = 9
LINE = re.compile(r"^wall=(\S+) cpu=(\S+) amount=(\S+) peak=(\S+)$", re.M)
INSTRUCTIONS = re.compile(r"Collected *: *(\d+)")


class Failed(Exception):
    """A case did not run; the message says why."""


class Outcome(NamedTuple):
    """The samples of one case by library, as figures in its unit, or why a library has none."""
    samples: Dict[str, List[float]]
    failures: Dict[str, str]
    cpu: Dict[str, List[float]] = {}        # for traffic: the same in CPU time of the measured process
    instructions: Dict[str, float] = {}     # for traffic: of that process outside the kernel, for one call or byte

    def median(self, library):
        """The median figure, or None."""
        values = self.samples.get(library)
        return statistics.median(values) if values else None

    def cpu_median(self, library):
        """The median figure in CPU time, or None."""
        values = self.cpu.get(library)
        return statistics.median(values) if values else None

    def ratio(self, case):
        """How many times better our library is."""
        return _ratio(case, self.median("reference"), self.median("ours"))

    def cpu_ratio(self, case):
        """The same in CPU time."""
        return _ratio(case, self.cpu_median("reference"), self.cpu_median("ours"))


def _ratio(case, reference, ours):
    if not reference or not ours:
        return None
    return ours / reference if case.unit.is_rate else reference / ours


def _figures(case, output):
    """The figure of a sample, and the figure in CPU time."""
    found = LINE.search(output)
    if not found:
        raise Failed(output.strip().splitlines()[0] if output.strip() else "no output")
    wall, cpu, amount, peak = map(float, found.groups())
    if case.unit in MEMORY:
        return peak / case.unit.scale, None
    in_cpu = case.unit.figure(cpu, amount) if cpu else None
    return (in_cpu if case.clock == "cpu" else case.unit.figure(wall, amount)), in_cpu


def _run(command, env):
    try:
        done = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=TIME_LIMIT)
    except subprocess.TimeoutExpired:
        raise Failed("not done after %d s" % TIME_LIMIT) from None
    output = done.stdout.decode("utf-8", "replace")
    if done.returncode != 0:
        raise Failed(output.strip().splitlines()[0] if output.strip() else "exit status %d" % done.returncode)
    return output


def _command(case, interpreter, library, numbers, settings):
    words = [str(number) for number in numbers]
    script = os.path.join(world.BENCHES, "cases", case.script + ".lua")
    if library == "limit" and case.has_floor:
        command = [interpreter, script, case.limit] + words
        env = world.environment(interpreter, "reference", settings)
    elif library == "limit":
        command = [world.PEER, "limit", case.limit] + words
        env = dict(os.environ, **settings)
    else:
        command = [interpreter, script, case.action] + words
        env = world.environment(interpreter, library, settings)
    return command, env


def _sample(case, interpreter, library, numbers, settings):
    command, env = _command(case, interpreter, library, numbers, settings)
    pairs = [_figures(case, _run(command, env)) for _ in range(case.repeat)]
    in_cpu = [cpu for _, cpu in pairs if cpu]
    return statistics.median(figure for figure, _ in pairs), statistics.median(in_cpu) if in_cpu else None


def _instructions(case, interpreter, library, settings):
    """Counts the instructions outside the kernel, which no other program disturbs. None where valgrind is missing."""
    if case.counted is None or not shutil.which("valgrind"):
        return None
    command, env = _command(case, interpreter, library, case.counted, settings)
    valgrind = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    output = _run(valgrind + command, env)
    counted, line = INSTRUCTIONS.search(output), LINE.search(output)
    return float(counted.group(1)) / float(line.group(3)) if counted and line else None


def measure(case, interpreter, servers, runs, quick) -> Outcome:
    """Measures one case on one interpreter."""
    outcome = Outcome({}, {}, {}, {})
    for need in case.needs & set(servers.missing):
        outcome.failures["ours"] = servers.missing[need]
        return outcome
    numbers = case.quick if quick else case.full
    libraries = ["reference", "ours"] + (["limit"] if case.limit else [])
    least = runs if case.runs is None else min(runs, case.runs)
    most = least if quick or case.runs is not None else max(MOST_RUNS, least)
    start = time.monotonic()
    for run in range(most):
        if run >= least and time.monotonic() - start > ENOUGH_TIME:
            break
        # Every second round is reversed, so that a growing or fading disturbance affects both libraries equally.
        for library in libraries[::-1] if run % 2 else libraries:
            if library in outcome.failures:
                continue
            # The size of a piece is the last argument of a bare loop; the default is 256 KiB.
            is_loop = library == "limit" and not case.has_floor
            given = numbers + (1 << 18,) if is_loop and len(numbers) == 1 else numbers
            try:
                figure, in_cpu = _sample(case, interpreter, library, given, servers.settings)
                outcome.samples.setdefault(library, []).append(figure)
                if in_cpu and case.clock == "wall":
                    outcome.cpu.setdefault(library, []).append(in_cpu)
            except Failed as failure:
                outcome.failures[library] = str(failure)
    for library in ("reference", "ours"):
        if library not in outcome.failures:
            count = _instructions(case, interpreter, library, servers.settings)
            if count:
                outcome.instructions[library] = count
    return outcome
