"""Suite `docs`: contributor files that repeat facts from elsewhere must agree with them."""
import os
import re

import process
import pythons
from interpreters import REPOSITORY
from report import shown
from task import Task

WORKFLOWS = os.path.join(REPOSITORY, ".github")
# checks the keys that a workflow's YAML must have; prints one error per line
CHECK = """
import sys, yaml
for path in sys.argv[1:]:
    with open(path) as file:
        found = yaml.safe_load(file)
    if "/workflows/" not in path:
        continue
    if not {"name", True, "jobs"} <= set(found):        # YAML reads `on` as true
        print(path + ": lacks name, on or jobs")
    for name, job in found["jobs"].items():
        if not {"runs-on", "steps", "timeout-minutes"} <= set(job) and "needs" not in job:
            print("%s: job %s lacks runs-on, steps or timeout-minutes" % (path, name))
        for step in job["steps"]:
            if ("uses" in step) == ("run" in step):
                print("%s: a step of %s neither uses nor runs" % (path, name))
"""


def _read(name):
    with open(os.path.join(REPOSITORY, name), encoding="utf-8") as file:
        return file.read()


def _yaml_files():
    for directory, _, names in os.walk(WORKFLOWS):
        yield from (os.path.join(directory, name) for name in sorted(names) if name.endswith(".yml"))


def _statements():
    """Errors in the facts that the workflows repeat."""
    manifest = _read("Cargo.toml")
    features = set(re.findall(r"^(\w+) = \[", manifest.split("[features]")[1].split("\n[")[0], re.M))
    members = re.search(r"members = \[(.*?)\]", manifest, re.S).group(1)
    for path in _yaml_files():
        text = _read(shown(path))
        for words in re.findall(r"--features ([\w,]+)(?=[\s,]|$)", text, re.M):
            for feature in set(words.strip(",").split(",")) - features:
                yield "%s: there is no feature %s" % (shown(path), feature)
        for package in re.findall(r"-p luasocket-(\w+)", text):
            if '"modules/%s"' % package not in members:
                yield "%s: there is no package luasocket-%s" % (shown(path), package)
        for file in re.findall(r"(?<![\w/.])((?:\.ci|rockspec|compat-tests)/[\w./-]*\w)", text):
            if not os.path.exists(os.path.join(REPOSITORY, file)):
                yield "%s: there is no %s" % (shown(path), file)
    version = re.search(r'^rust-version = "([\d.]+)"', manifest, re.M).group(1)
    for name, pattern in (("README.md", r"Rust ([\d.]+\d)\s+or\s+later"), ("docs/rust.md", r"Rust ([\d.]+\d)\s+or\s+later"),
                          (".github/workflows/ci.yml", r"rust-toolchain@(1[\d.]*\d)")):
        for other in re.findall(pattern, _read(name)) or ["none"]:
            if other != version:
                yield "%s says Rust %s; Cargo.toml says %s" % (name, other, version)


def _workflows(report):
    complaints = list(_statements())
    python = pythons.having("yaml")
    if python:
        result = process.run([python, "-c", CHECK] + list(_yaml_files()), 60)
        complaints += result.output.splitlines()
    if complaints:
        return report.fail("docs workflows", "\n".join(complaints), file=WORKFLOWS)
    if not python:
        return report.skip("docs workflows", "their YAML could not be read: apt install python3-yaml")
    return report.ok("docs workflows")


def tasks(wanted, report):
    """The checks that the options select."""
    return [Task("docs workflows", lambda: _workflows(report))] if wanted("docs workflows") else []
