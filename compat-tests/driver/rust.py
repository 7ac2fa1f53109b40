"""Suite `rust`: the crate's tests."""
import re

import process
from build import complaints
from interpreters import REPOSITORY
from task import Task

PROGRAM = re.compile(r"^     Running (?:unittests )?(\S+) \(|^   (Doc-tests) ", re.M)
RESULT = re.compile(r"^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored", re.M)
OUTCOME = re.compile(r"^test (.+) \.\.\. (FAILED|ignored)(?:, (.*))?$", re.M)
SHOWN = re.compile(r"^---- (.+) stdout ----$((?:\n(?!----|$).*)*)", re.M)
SKIPPED = re.compile(r"^skipped: (.*)$", re.M)
LIMIT = 1200
COMMAND = ["cargo", "test", "--profile", "checked", "--no-fail-fast"]


def _programs(output):
    """The output of each test program, by its source file."""
    pieces = PROGRAM.split(output)
    return [(pieces[i] or pieces[i + 1] or "", pieces[i + 2]) for i in range(1, len(pieces), 3)]


def _crate(report):
    """Runs `cargo test`, where an integer overflow panics, and adds its counts."""
    result = process.run(COMMAND + ["--", "--show-output"], LIMIT, cwd=REPOSITORY)
    counts = [tuple(map(int, found)) for found in RESULT.findall(result.output)]
    passed = sum(count[0] for count in counts)
    failures = []
    for file, printed in _programs(result.output):
        said = {name: text.strip("\n") for name, text in SHOWN.findall(printed)}
        for name, outcome, reason in OUTCOME.findall(printed):
            if outcome == "FAILED":
                failures.append((file, name, said.get(name, "")))
            else:
                report.skip("rust %s %s" % (file, name), "marked #[ignore]%s; run `cargo test -- --ignored '%s'`"
                            % (", " + reason if reason else "", name))
        for name, text in said.items():
            for reason in SKIPPED.findall(text):
                report.skip("rust %s %s" % (file, name), reason)
    if result.status == 0 and passed:
        return report.ok("rust cargo test", result.seconds, passed)
    for file, name, text in failures:
        report.fail("rust %s %s" % (file, name), text, file=file, program=" ".join(COMMAND))
    if not failures:
        report.fail("rust cargo test", complaints(result.output), program=" ".join(COMMAND))
    return report.ok("rust cargo test, the others", result.seconds, passed) if passed else None


def tasks(wanted, report):
    """The one task of the suite."""
    return [Task("rust cargo test", lambda: _crate(report))] if wanted("rust cargo test") else []
