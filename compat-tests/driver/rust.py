"""Suite `rust`: the crate's own tests."""
import re

import process
from interpreters import REPOSITORY

RESULT = re.compile(r"^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored", re.M)
LIMIT = 1200


def crate(report):
    """Runs `cargo test` and adds its counts."""
    result = process.run(["cargo", "test", "--release", "--no-fail-fast"], LIMIT, cwd=REPOSITORY)
    counts = [tuple(map(int, found)) for found in RESULT.findall(result.output)]
    passed, failed, ignored = (sum(column) for column in zip(*counts)) if counts else (0, 0, 0)
    for _ in range(ignored):
        report.skip("rust", "marked #[ignore]")
    if result.status == 0 and passed:
        report.ok("rust: cargo test", result.seconds, passed)
    else:
        report.fail("rust: cargo test", _failures(result.output), passed, max(failed, 1))


def _failures(output):
    """The part of cargo's output that says what went wrong."""
    start = re.search(r"^(error|failures:)", output, re.M)
    return output[start.start():] if start else output
