"""Suite `rocks`: making, packing, depending on and removing rocks; installing without LuaRocks."""
import os
import re
import tarfile

import luarocks
import process
from build import LIBRARIES, target_directory
from installation import NEEDS, ROCKSPECS, SCRIPTS, TLS_NAMES, rockspec, sources
from interpreters import REPOSITORY
from luarocks import BUILDING, Skip, contents
from stage import Failure, expect, refuse, same

RUST = ["cargo", "rustc", "rustup"]


def make(installation):
    """`luarocks make` builds the interpreter's flavour and installs all its files, and no others."""
    tree, named = installation.tree, installation.new_tree("luasocket")
    with BUILDING:
        output = tree.luarocks("make", rockspec("luasocket-rs-dev"))
        # as in docs/installing.md for a machine without Lua's headers
        named.luarocks("make", rockspec("luasocket-3"), "LUA_INCDIR=rockspec")
    expect(output, r"building for %s$" % os.path.basename(installation.interpreter.tree))
    same("files of luasocket-rs", sorted(tree.modules()), sorted(sources() | set(LIBRARIES)))
    same("files of luasocket", sorted(named.modules()), sorted(sources() - TLS_NAMES | set(LIBRARIES)))
    named.luarocks("make", rockspec("luasec"))
    same("files of luasocket and luasec", sorted(named.modules()), sorted(sources() | set(LIBRARIES)))
    folder = os.path.join(installation.folder, "rocks")
    installation.rocks["luasocket-rs"] = tree.pack("luasocket-rs", folder)
    for name in ("luasocket", "luasec"):
        installation.rocks[name] = named.pack(name, folder)


def remove(installation):
    """`luarocks remove` leaves no files."""
    installation.tree.luarocks("remove", "luasocket-rs")
    same("files left", installation.tree.leftovers(), set())


def requests(installation):
    """HTTP and HTTPS, with and without a module ssl.https, with nothing else installed."""
    for need in sorted(NEEDS):
        missing = installation.services.missing(need, installation.interpreter)
        if missing:
            raise Skip(missing)
    variables = installation.services.environment(NEEDS)
    bare = installation.new_tree("bare")
    bare.luarocks("install", installation.rocks["luasocket"])
    for tree, answered in ((installation.tree, 3), (bare, 2)):
        output = tree.lua(os.path.join(SCRIPTS, "request.lua"), system=False, **variables)
        expect(output, r"^%d requests answered$" % answered)


def binary_rock(installation):
    """A packed rock installs and works on a machine without Rust."""
    path = luarocks.path_without(RUST, os.path.join(installation.folder, "no-rust"))
    tree = installation.new_tree("packed")
    tree.luarocks("install", installation.rocks["luasocket-rs"], PATH=path)
    same("files", tree.modules(), installation.tree.modules())
    same("files of others", installation.origins(tree)[1], set())


def _pure_rock(installation, folder, name, version, module, dependencies=()):
    """Packs a rock of one Lua file, for a server's folder."""
    source = os.path.join(installation.folder, "source-" + name)
    os.makedirs(source, exist_ok=True)
    with open(os.path.join(source, module + ".lua"), "w") as file:
        file.write('return require("socket")._VERSION\n')
    path = os.path.join(source, "%s-%s.rockspec" % (name, version))
    with open(path, "w") as file:
        file.write('package = "%s"\nversion = "%s"\nsource = { url = "file://none" }\ndependencies = { %s }\n'
                   'build = { type = "builtin", modules = { ["%s"] = "%s.lua" } }\n'
                   % (name, version, ", ".join('"%s"' % word for word in dependencies), module, module))
    tree = installation.new_tree("made-" + name)
    tree.luarocks("make", "--deps-mode", "none", path, cwd=source)
    return tree.pack(name, folder)


def _server(installation, name, rocks=()):
    """A folder that LuaRocks uses as a server: `rocks`, stand-ins for LuaSocket and LuaSec, and a rock that needs both.
    """
    folder = os.path.join(installation.folder, name)
    _pure_rock(installation, folder, "wanting", "1.0-1", "wanting", ["luasocket >= 3.0", "luasec >= 1.0"])
    _pure_rock(installation, folder, "luasocket", "3.1.0-1", "standin_luasocket")
    _pure_rock(installation, folder, "luasec", "1.3.2-1", "standin_luasec")
    for rock in rocks:
        os.link(rock, os.path.join(folder, os.path.basename(rock)))
    installation.tree.luarocks("make_manifest", folder, program="luarocks-admin")
    return folder


def _wanting(installation, tree):
    """Installs the rock that depends on LuaSocket and LuaSec; it must get our rocks."""
    output = tree.luarocks("install", "wanting")
    script = os.path.join(installation.folder, "wanting.lua")
    with open(script, "w") as file:
        file.write('print(require("wanting"))\n')
    expect(tree.lua(script), r"^LuaSocket 3\.1")
    same("stand-ins", [name for name in tree.modules() if name.startswith("standin")], [])
    same("files of others", installation.origins(tree, "ssl.https")[1], set())
    return output


def dependent(installation):
    """A rock that depends on LuaSocket and LuaSec runs on our rocks, installed before it or fetched with it."""
    tree = installation.new_tree("depended-on", _server(installation, "server-of-others"))
    tree.luarocks("install", installation.rocks["luasocket"])
    tree.luarocks("install", installation.rocks["luasec"])
    refuse(_wanting(installation, tree), r"^Installing .*/(luasocket|luasec)-[^/\n]*$")
    ours = [installation.rocks[name] for name in ("luasocket", "luasec")]
    tree = installation.new_tree("fetched", _server(installation, "server-with-ours", ours))
    output = _wanting(installation, tree)
    for rock in ours:
        expect(output, r"^Installing .*/" + re.escape(os.path.basename(rock)))


def _program(folder, name, text):
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, name)
    with open(path, "w") as file:
        file.write("#!/bin/sh\n" + text + "\n")
    os.chmod(path, 0o755)
    return folder


def missing_tools(installation):
    """Without cargo, with an old cargo, or without OpenSSL's files, the error says what to install."""
    folder = os.path.join(installation.folder, "stubs")
    old = _program(os.path.join(folder, "old"), "cargo", "echo 'cargo 1.63.0 (fd9c4297c 2022-07-01)'")
    bare = _program(os.path.join(folder, "bare"), "pkg-config", '[ "$1" = --version ]')
    here = os.environ["PATH"]
    cases = {
        r"cargo is not on the PATH; install Rust [\d.]+ or later":
            luarocks.path_without(["cargo"], os.path.join(folder, "no-cargo")),
        r"this cargo is 1\.63\.0, too old; install Rust [\d.]+ or later": old + ":" + here,
        r"pkg-config is missing; install it and .* libssl-dev":
            luarocks.path_without(["pkg-config"], os.path.join(folder, "no-pkg-config")),
        r"development files of OpenSSL are missing; install the package libssl-dev": bare + ":" + here,
    }
    for sentence, path in cases.items():
        tree = installation.new_tree("refused")
        expect(tree.luarocks("make", rockspec("luasocket-rs-dev"), fails=True, PATH=path), sentence)
        same("files installed", tree.leftovers(), set())


def _make(installation, *words):
    tree = installation.tree
    command = ["make", "LUA_VERSION=" + tree.version, "LUA=" + installation.interpreter.path] + list(words)
    result = process.run(command, luarocks.LIMIT, cwd=REPOSITORY)
    if result.status != 0:
        raise Failure("%s: exit status %s\n%s" % (" ".join(command), result.status, result.output))


def without_luarocks(installation):
    """`make install` and `make uninstall`, with and without LuaSec's names."""
    luarocks.need("make")
    tree = installation.new_tree("destination/usr")
    place = ["DESTDIR=" + os.path.dirname(tree.folder), "PREFIX=/usr"]
    with BUILDING:
        _make(installation, "install", "SSL=no", *place)
        same("files without LuaSec's names", sorted(tree.modules()), sorted(sources() - TLS_NAMES | set(LIBRARIES)))
        _make(installation, "install", *place)
    same("files", sorted(tree.modules()), sorted(sources() | set(LIBRARIES)))
    same("files of others", installation.origins(tree)[1], set())
    _make(installation, "uninstall", *place)
    same("files left", contents(tree.folder), set())
    same("folders left", [name for name in (tree.share, tree.lib) if os.listdir(name)], [])
    # the folder of Debian's libraries
    libraries = "/usr/lib/x86_64-linux-gnu/lua/" + tree.version
    place.append("LIBDIR=" + libraries)
    with BUILDING:
        _make(installation, "install", *place)
    same("Lua files", sorted(contents(tree.share)), sorted(sources()))
    same("libraries", sorted(contents(os.path.dirname(tree.folder) + libraries)), sorted(LIBRARIES))
    _make(installation, "uninstall", *place)
    same("files left", contents(tree.folder), set())


def _released(member):
    """Removes from an archive of the repository the files that .gitignore names."""
    with open(os.path.join(REPOSITORY, ".gitignore")) as file:
        ignored = [line.strip() for line in file if line.strip()]
    inside = member.name.partition("/")[2]
    return None if inside == ".git" or "/" + inside in ignored else member


def release_archive(installation):
    """The release's rockspecs build from the release archive; all rockspecs are well-formed."""
    for name in sorted(os.listdir(ROCKSPECS)):
        if name.endswith(".rockspec"):
            installation.tree.luarocks("lint", os.path.join(ROCKSPECS, name))
    folder = os.path.join(installation.folder, "release")
    os.makedirs(folder, exist_ok=True)
    with tarfile.open(os.path.join(folder, "luasocket-rs-0.1.0.tar.gz"), "w:gz") as archive:
        archive.add(REPOSITORY, "luasocket-rs-0.1.0", filter=_released)
    tree = installation.new_tree("released")
    with BUILDING:
        # the dependencies are already built
        tree.luarocks("build", rockspec("luasocket-rs-0"), cwd=folder, CARGO_TARGET_DIR=target_directory())
    same("files", sorted(tree.modules()), sorted(sources() | set(LIBRARIES)))
