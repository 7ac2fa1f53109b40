"""Suite `rocks`: our library together with LuaSocket and LuaSec, later on the path and in the same tree."""
import os
import re
import shutil
import subprocess

import luarocks
from installation import NEEDS, SCRIPTS
from luarocks import Skip
from stage import same

# modules that a program may require first
ORDERS = [["socket"], ["mime"], ["ltn12"], ["mbox"], ["socket.core"], ["mime.core"], ["socket.url"], ["socket.http"],
          ["socket.unix"], ["socket.serial", "socket"], ["socket.smtp", "mime"], ["socket.ftp"], ["socket.tls", "mime"],
          ["ssl"], ["ssl.https", "socket"], ["socket", "ssl"], ["mime", "socket.core", "ssl.https"]]
# LuaSec's Lua files and libraries, and LuaSocket's C library, to which Debian's LuaSec links
LUASEC = re.compile(r"/lua/[\d.]+/ssl(/\w+)?\.(lua|so)$|/liblua[\d.]+-(sec|socket)\.so[\d.]*$")


def _package_files(package, version):
    """The files of a Debian package by module name, for one version of Lua: (lua, native)."""
    luarocks.need("dpkg")
    listed = subprocess.run(["dpkg", "-L", package], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                            check=False).stdout
    found = {"lua": {}, "so": {}}
    for path in listed.splitlines():
        match = re.match(r"/usr/(?:share|lib/[^/]+)/lua/%s/(.*)\.(lua|so)$" % re.escape(version), path)
        if match:
            found[match.group(2)][match.group(1).replace("/", ".")] = path
    if not found["lua"]:
        raise Skip("Debian's %s for Lua %s is not installed" % (package, version))
    return found["lua"], found["so"]


def _debian_rock(installation, name, version):
    """Debian's installed LuaSocket or LuaSec, packed as the rock that its authors publish."""
    lua, native = _package_files(name.replace("lua", "lua-"), installation.tree.version)
    source = os.path.join(installation.folder, "source-of-debian-" + name)
    shutil.rmtree(source, ignore_errors=True)
    tables = {}
    for kind, files in (("lua", lua), ("lib", native)):
        lines = []
        for module, path in sorted(files.items()):
            inside = os.path.join(kind, module.replace(".", "/") + os.path.splitext(path)[1])
            os.makedirs(os.path.dirname(os.path.join(source, inside)), exist_ok=True)
            shutil.copy(path, os.path.join(source, inside))
            lines.append('["%s"] = "%s"' % (module, inside))
        tables[kind] = ", ".join(lines)
    tables.update(name=name, version=version)
    with open(os.path.join(source, "%s-%s.rockspec" % (name, version)), "w") as file:
        file.write('package = "%(name)s"\nversion = "%(version)s"\nsource = { url = "file://none" }\n'
                   'build = { type = "none", install = { lua = { %(lua)s }, lib = { %(lib)s } } }\n' % tables)
    tree = installation.new_tree("debian-" + name)
    tree.luarocks("make", "%s-%s.rockspec" % (name, version), cwd=source)
    return tree.pack(name, os.path.join(installation.folder, "rocks-of-debian"))


def _theirs(installation):
    """LuaSocket and LuaSec as rocks."""
    return [_debian_rock(installation, "luasocket", "3.1.0-1"), _debian_rock(installation, "luasec", "1.2.0-1")]


def _only_ours(installation, tree, *modules, behind=()):
    same("files of others after " + " ".join(modules), installation.origins(tree, *modules, behind=behind)[1], set())


def _only_theirs(installation, tree, *modules, behind=()):
    same("files of this library after " + " ".join(modules), installation.origins(tree, *modules, behind=behind)[0], set())


def ahead(installation):
    """Our library, first on the path, is used instead of LuaSocket and LuaSec, in any order of require or installation.
    Without it they work again.
    """
    for package in ("lua-socket", "lua-sec"):
        _package_files(package, installation.tree.version)
    for modules in ORDERS:
        _only_ours(installation, installation.tree, *modules)
    theirs = _theirs(installation)
    for first in ("ours", "theirs"):
        front, back = installation.new_tree("front"), installation.new_tree("back")
        steps = [(front, installation.rocks["luasocket-rs"])] + [(back, rock) for rock in theirs]
        for tree, rock in steps if first == "ours" else steps[1:] + steps[:1]:
            tree.luarocks("install", rock)
        for module in ("socket", "mime.core", "ssl", "ssl.https"):
            _only_ours(installation, front, module, behind=[back])
        front.luarocks("remove", "luasocket-rs")
        _only_theirs(installation, front, behind=[back])
        _only_theirs(installation, front, "ssl.https", behind=[back])
        _only_theirs(installation, front, "ssl.https")


def under_luasec(installation):
    """The system's LuaSec runs on the rock luasocket, which does not install LuaSec's names."""
    _package_files("lua-sec", installation.tree.version)
    for need in sorted(NEEDS):
        missing = installation.services.missing(need, installation.interpreter)
        if missing:
            raise Skip(missing)
    tree = installation.new_tree("under-luasec")
    tree.luarocks("install", installation.rocks["luasocket"])
    for modules in (["ssl"], ["ssl.https"], ["socket", "ssl"], ["socket.http", "ssl.https"], ["socket.tls", "ssl"]):
        tree.lua(os.path.join(SCRIPTS, "request.lua"), *modules, **installation.services.environment(NEEDS))
        ours, others = installation.origins(tree, *modules)
        same("files of others but LuaSec's", [file for file in sorted(others) if not LUASEC.search(file)], [])
        same("our own ssl", [file for file in sorted(ours) if LUASEC.search(file)], [])


def same_tree(installation):
    """In a tree with LuaSocket and LuaSec, our rocks of these names replace them. luasocket-rs waits until LuaSocket is
    removed.
    """
    both = _theirs(installation)
    tree = installation.new_tree("replacing")
    for rocks, check in ((both, _only_theirs), ([installation.rocks["luasocket"], installation.rocks["luasec"]], _only_ours),
                         (None, None), (both, _only_theirs), (None, None)):
        if rocks:
            for rock in rocks:
                tree.luarocks("install", rock)
            check(installation, tree, "ssl.https")
        else:
            tree.luarocks("remove", "luasec")
            tree.luarocks("remove", "luasocket")
            same("files left", tree.leftovers(), set())
    theirs = both[0]
    for first, second in ((theirs, installation.rocks["luasocket-rs"]), (installation.rocks["luasocket-rs"], theirs)):
        tree = installation.new_tree("sharing")
        # some LuaRocks versions report the waiting files of luasocket-rs, others install them silently
        tree.luarocks("install", first)
        tree.luarocks("install", second, fails=None)
        _only_theirs(installation, tree)
        tree.luarocks("remove", "luasocket")
        _only_ours(installation, tree)
        tree.luarocks("remove", "luasocket-rs")
        same("files left", tree.leftovers(), set())
