"""Suite `docs`: the site built from the manual, and the definitions for editors."""
import os
import shutil

import needs
import process
from interpreters import REPOSITORY
from task import Task

LIMIT = 300
NO_THEME = "Unrecognised theme"


def _run(program):
    return process.run([_path(program)], LIMIT, cwd=REPOSITORY)


def _path(program):
    return os.path.join(REPOSITORY, "site", program)


def _site(report):
    if not shutil.which("mkdocs"):
        return report.skip("docs site", needs.absent("mkdocs"))
    built = _run("build")
    if NO_THEME in built.output:
        return report.skip("docs site", "MkDocs has no theme Material: apt install mkdocs-material")
    if built.status != 0:
        return report.fail("docs site", built.output, file=_path("build"))
    checked = _run("check")
    if checked.status != 0:
        return report.fail("docs site", checked.output, file=_path("check"))
    return report.ok("docs site: " + checked.output.strip(), built.seconds)


def tasks(wanted, report):
    """The checks of the suite that the options select."""
    return [Task("docs site", lambda: _site(report))] if wanted("docs site") else []
