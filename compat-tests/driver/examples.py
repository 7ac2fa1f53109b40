"""Suite `examples`: the programs for newcomers."""
import filecmp
import os
import tempfile

import process
from build import complaints
from interpreters import REPOSITORY, environment
from task import Task

EXAMPLES = os.path.join(REPOSITORY, "examples")
NEEDS = {"nginx"}
LIMIT = 1200


def _get(interpreter, services, report):
    name = "examples get.lua, a large file [%s]" % interpreter.name
    missing = services.missing("nginx", interpreter)
    if missing:
        return report.skip(name, missing)
    variables = services.environment(NEEDS)
    where = {"file": os.path.join(EXAMPLES, "get.lua"), "program": interpreter.path}
    with tempfile.TemporaryDirectory(prefix="luasocket-test-") as scratch:
        url = "http://127.0.0.1:%s/large.bin" % variables["COMPAT_HTTP_PORT"]
        got = os.path.join(scratch, "large.bin")
        result = process.run([interpreter.path, os.path.join(EXAMPLES, "get.lua"), url], 60, cwd=scratch,
                             env=environment(interpreter))
        if result.status != 0 or not os.path.exists(got):
            return report.fail(name, result.output, **where)
        if not filecmp.cmp(got, os.path.join(variables["COMPAT_WWW"], "large.bin"), shallow=False):
            return report.fail(name, "the file is not what the server sent\n" + result.output, **where)
        url = "http://127.0.0.1:%s/small.txt" % variables["COMPAT_HTTP_PORT"]
        printed = process.run([interpreter.path, os.path.join(EXAMPLES, "get.lua"), url, "-"], 60, cwd=scratch,
                              env=environment(interpreter))
        with open(os.path.join(variables["COMPAT_WWW"], "small.txt")) as file:
            if printed.status != 0 or file.read() not in printed.output or os.listdir(scratch) != ["large.bin"]:
                return report.fail(name, "the printed text differs from the text that the server sent\n" + printed.output, **where)
    return report.ok(name, result.seconds)


def tasks(interpreters, wanted, services, report):
    """Downloads a file with examples/get.lua on each interpreter, and prints a second one."""
    if not wanted("examples get.lua"):
        return []
    return [Task("examples get.lua, a large file [%s]" % interpreter.name,
                 lambda interpreter=interpreter: _get(interpreter, services, report), interpreter)
            for interpreter in interpreters]


def _embed(report):
    """Runs the Rust program that owns a Lua state and preloads the library."""
    result = process.run(["cargo", "run", "--release", "--example", "embed"], LIMIT, cwd=REPOSITORY)
    if result.status == 0 and "status: 200" in result.output:
        return report.ok("examples embed", result.seconds)
    return report.fail("examples embed", complaints(result.output), file=os.path.join(EXAMPLES, "embed.rs"),
                       program="cargo run --release --example embed")


def embedding(wanted, report):
    """The task that runs embed.rs."""
    return [Task("examples embed", lambda: _embed(report))] if wanted("examples embed") else []
