"""Suite `docs`: the site built of the manual, and the definitions for editors."""
import os
import shutil

import process
from interpreters import REPOSITORY

LIMIT = 300
NO_THEME = "Unrecognised theme"


def _run(program):
    return process.run([os.path.join(REPOSITORY, "site", program)], LIMIT, cwd=REPOSITORY)


def _site(report):
    if not shutil.which("mkdocs"):
        return report.skip("docs site", "MkDocs is not installed")
    built = _run("build")
    if NO_THEME in built.output:
        return report.skip("docs site", "MkDocs has no theme Material")
    if built.status != 0:
        return report.fail("docs site", built.output)
    checked = _run("check")
    if checked.status != 0:
        return report.fail("docs site", checked.output)
    return report.ok("docs site: " + checked.output.strip(), built.seconds)


def tasks(wanted, report):
    """What is wanted of the suite."""
    return [lambda: _site(report)] if wanted("docs site") else []
