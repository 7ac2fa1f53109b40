"""Suite `rust`: the crate's own tests."""
import re

import process
from build import complaints
from interpreters import REPOSITORY

RESULT = re.compile(r"^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored", re.M)
LIMIT = 1200


def crate(report):
    """Runs `cargo test`, with a panic where an integer overflows, and adds its counts."""
    result = process.run(["cargo", "test", "--profile", "checked", "--no-fail-fast"], LIMIT, cwd=REPOSITORY)
    counts = [tuple(map(int, found)) for found in RESULT.findall(result.output)]
    passed, failed, ignored = (sum(column) for column in zip(*counts)) if counts else (0, 0, 0)
    for _ in range(ignored):
        report.skip("rust", "marked #[ignore]")
    if result.status == 0 and passed:
        report.ok("rust: cargo test", result.seconds, passed)
    else:
        report.fail("rust: cargo test", complaints(result.output), passed, max(failed, 1))
