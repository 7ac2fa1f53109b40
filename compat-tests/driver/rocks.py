"""Suite `rocks`: installed trees, what makes them, and what they are like."""
import os

import fetch
import luarocks
import rocks_beside
import rocks_install
import rocks_library
import upstream
from installation import NEEDS, Installation
from interpreters import BUILD
from luarocks import Skip
from stage import Failure

UPSTREAM = {"upstream test/" + name for name in (
    "excepttest.lua", "ltn12test.lua", "mimetest.lua", "stufftest.lua", "urltest.lua", "test_getaddrinfo.lua",
    "test_socket_error.lua", "httptest.lua")}

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
        installation.report.fail(name, str(failure))
        return False
    else:
        installation.report.ok(name)
    return True


def _upstream(installation):
    """Upstream's quicker scripts; the tree is shown to them as the build lays one out."""
    view = os.path.join(installation.folder, "view")
    os.makedirs(view)
    os.symlink(installation.tree.share, os.path.join(view, "share"))
    os.symlink(installation.tree.lib, os.path.join(view, "lib"))
    name = "rock, " + installation.interpreter.name
    for task in upstream.tasks([installation.interpreter._replace(name=name, tree=view)], UPSTREAM.__contains__,
                               installation.world, False, installation.report):
        task()


def _task(installation, wanted):
    def task():
        # one after the other: cargo links the libraries again whenever the flavour changes
        with luarocks.BUILDING:
            if not _attempt(installation, "luarocks make", rocks_install.make):
                return
            if wanted("rocks make install"):
                _attempt(installation, "make install", rocks_install.without_luarocks)
        for title, check in CHECKS:
            if wanted("rocks " + title):
                _attempt(installation, title, check)
        if wanted("rocks upstream"):
            _upstream(installation)
        _attempt(installation, "luarocks remove", rocks_install.remove)
    return task


def tasks(interpreters, wanted, services, world, report):
    """One task an interpreter, and one for the released form."""
    stock = [interpreter for interpreter in interpreters if not interpreter.is_runner]
    titles = [title for title, _ in CHECKS] + ["luarocks make", "luarocks remove", "make install", "upstream", "release archive"]
    if not stock or not any(wanted("rocks " + title) for title in titles):
        return []
    try:
        luarocks.need("luarocks", "luarocks-admin", "zip", "unzip")
    except Skip as reason:
        report.skip("rocks", str(reason))
        return []
    fetch.upstream(report)

    def installation(name, interpreter):
        return Installation(interpreter, os.path.join(BUILD, "rocks", name), services, world, report)

    chosen = [_task(installation(interpreter.name, interpreter), wanted) for interpreter in stock]
    if wanted("rocks release archive"):
        release = installation("release", stock[-1])
        chosen.append(lambda: _attempt(release, "release archive", rocks_install.release_archive))
    return chosen
