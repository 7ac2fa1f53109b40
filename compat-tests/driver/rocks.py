"""Suite `rocks`: installed trees, how they are made, and their contents."""
import os

import fetch
import luarocks
import needs
import rocks_beside
import rocks_install
import rocks_library
import upstream
from installation import NEEDS, Installation
from interpreters import BUILD
from luarocks import Skip
from cases import CASES
from stage import Failure
from task import Task

UPSTREAM = {"upstream test/" + name for name in (
    "excepttest.lua", "ltn12test.lua", "mimetest.lua", "stufftest.lua", "urltest.lua", "test_getaddrinfo.lua",
    "test_socket_error.lua", "httptest.lua")}

PROGRAMS = ("luarocks", "luarocks-admin", "zip", "unzip")

CHECKS = (
    ("http and https", rocks_install.requests),
    ("a packed rock without cargo", rocks_install.binary_rock),
    ("a rock that depends on luasocket", rocks_install.dependent),
    ("missing tools", rocks_install.missing_tools),
    ("exports, size and libraries", rocks_library.symbols),
    ("a host that closes its states", rocks_library.closing_states),
    ("ahead of another copy", rocks_beside.ahead),
    ("under LuaSec", rocks_beside.under_luasec),
    ("in one tree with LuaSocket", rocks_beside.same_tree),
)


def _attempt(installation, title, check):
    name = "rocks %s [%s]" % (title, installation.interpreter.name)
    try:
        check(installation)
    except Skip as reason:
        installation.report.skip(name, str(reason))
    except Failure as failure:
        installation.report.fail(name, str(failure), file=check.__code__.co_filename,
                                 program=installation.interpreter.path)
        return False
    else:
        installation.report.ok(name)
    return True


def _upstream(installation):
    """Runs upstream's faster scripts on the tree, through a folder with the layout of a build."""
    view = os.path.join(installation.folder, "view")
    os.makedirs(view)
    os.symlink(installation.tree.share, os.path.join(view, "share"))
    os.symlink(installation.tree.lib, os.path.join(view, "lib"))
    name = "rock, " + installation.interpreter.name
    for task in upstream.tasks([installation.interpreter._replace(name=name, tree=view)], UPSTREAM.__contains__,
                               installation.world, False, installation.report):
        task.run()


def _count_upstream():
    return sum(1 for case in CASES if "upstream " + case.name in UPSTREAM)


def _chosen(wanted):
    """The selected checks between making and removing, as (title, check)."""
    return [(title, check) for title, check in CHECKS if wanted("rocks " + title)]


def _task(interpreter, services, world, report, wanted):
    several = 2 + wanted("rocks make install") + len(_chosen(wanted)) + (_count_upstream() if wanted("rocks upstream") else 0)
    name = "rocks [%s]" % interpreter.name

    def task():
        missing = needs.lacking(PROGRAMS)
        if missing:
            return report.skip(name, missing, several)
        fetch.upstream(report)
        installation = Installation(interpreter, os.path.join(BUILD, "rocks", interpreter.name), services, world, report)
        # one at a time: cargo links the libraries again whenever the flavour changes
        with luarocks.BUILDING:
            if not _attempt(installation, "luarocks make", rocks_install.make):
                return report.skip(name, "nothing was installed to test, as said above", several - 1)
            if wanted("rocks make install"):
                _attempt(installation, "make install", rocks_install.without_luarocks)
        for title, check in _chosen(wanted):
            _attempt(installation, title, check)
        if wanted("rocks upstream"):
            _upstream(installation)
        return _attempt(installation, "luarocks remove", rocks_install.remove)
    return Task(name, task, interpreter, several)


def _release(interpreter, services, world, report):
    def task():
        missing = needs.lacking(PROGRAMS)
        if missing:
            return report.skip("rocks release archive", missing)
        installation = Installation(interpreter, os.path.join(BUILD, "rocks", "release"), services, world, report)
        return _attempt(installation, "release archive", rocks_install.release_archive)
    return Task("rocks release archive [%s]" % interpreter.name, task, interpreter)


def tasks(interpreters, wanted, services, world, report):
    """One task per interpreter, and one for the release form."""
    stock = [interpreter for interpreter in interpreters if not interpreter.is_runner]
    titles = [title for title, _ in CHECKS] + ["luarocks make", "luarocks remove", "make install", "upstream", "release archive"]
    if not stock or not any(wanted("rocks " + title) for title in titles):
        return []
    chosen = [_task(interpreter, services, world, report, wanted) for interpreter in stock
              if any(wanted("rocks " + title) for title in titles[:-1])]
    if wanted("rocks release archive"):
        chosen.append(_release(stock[-1], services, world, report))
    return chosen
