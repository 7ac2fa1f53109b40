"""Suite `rocks`: the native library itself, and hosts that load it."""
import os
import re

import luarocks
import process
from installation import SCRIPTS
from luarocks import Skip
from stage import Failure, expect, refuse, same

# With tasks, gzip, the native parts of client and server, and 0.14 MB of Lua files (src/late), the core has 1.9 MB.
SIZE = 1920000
SYSTEM = {"libc.so.6", "libgcc_s.so.1"}
TLS = {"libssl.so.3", "libssl.so.1.1", "libcrypto.so.3", "libcrypto.so.1.1"}
LOADER = re.compile(r"^(ld-linux.*|ld-musl.*|ld64)\.so\.\d+$|^libc\.musl")
STATES = 100
PREPARE = ('ip link set lo up && mount --bind "$1" /etc/resolv.conf && mount --bind "$2" /etc/nsswitch.conf '
           '&& shift 2 && exec "$@"')


def _output(*command):
    result = process.run(list(command), 60)
    if result.status != 0:
        raise Failure(" ".join(command) + "\n" + result.output)
    return result.output


def symbols(installation):
    """The libraries export only their entry points, are stripped and small, and stay in memory. They need only the
    system's C library; the one for TLS also needs the system's TLS library.
    """
    luarocks.need("nm", "readelf")
    for name, entry, others in (("socket/core.so", "luaopen_socket_core", set()),
                                ("socket/tls_core.so", "luaopen_socket_tls_core", TLS)):
        library = installation.library(name)
        exported = [line.split()[-1] for line in _output("nm", "-D", "--defined-only", library).splitlines()]
        expect("\n".join(exported), "^%s$" % entry)
        same("other symbols of " + name, [symbol for symbol in exported if not symbol.startswith("luaopen_")], [])
        refuse(_output("readelf", "-SW", library), r"\.symtab|\.debug_")
        same("%s under %d bytes" % (name, SIZE), os.path.getsize(library) < SIZE, True)
        dynamic = _output("readelf", "-dW", library)
        expect(dynamic, r"\(FLAGS_1\).*NODELETE")
        needed = set(re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic))
        same("other libraries of " + name,
             [found for found in sorted(needed - SYSTEM - others) if not LOADER.search(found)], [])
        same("the TLS library under " + name, bool(needed & TLS), bool(others))


def _lua_library(installation):
    """The name by which a host finds this Lua."""
    if installation.interpreter.name == "luajit":
        return "libluajit-5.1.so.2"
    return "liblua%s.so.0" % installation.tree.version


def closing_states(installation):
    """A program opens and closes many Lua states. Each closes with name lookups still running."""
    luarocks.need("cc")
    if not installation.services.world:
        raise Skip("no private network namespaces here")
    folder = os.path.join(installation.folder, "host")
    os.makedirs(folder)
    host = os.path.join(folder, "host")
    _output("cc", "-Wall", "-Wextra", "-Werror", "-o", host, os.path.join(SCRIPTS, "host.c"), "-ldl")
    for name, text in (("resolv.conf", "nameserver 127.0.0.1\noptions timeout:2 attempts:1\n"),
                       ("nsswitch.conf", "hosts: files dns\n")):
        with open(os.path.join(folder, name), "w") as file:
            file.write(text)
    library = _lua_library(installation)
    command = installation.services.world + [
        "sh", "-c", PREPARE, "sh", os.path.join(folder, "resolv.conf"), os.path.join(folder, "nsswitch.conf"),
        host, library, os.path.join(SCRIPTS, "states.lua"), str(STATES)]
    env = {key: value for key, value in os.environ.items() if not key.startswith("LUA")}
    env.update(LUA_PATH=installation.tree.share + "/?.lua", LUA_CPATH=installation.tree.lib + "/?.so")
    result = process.run(command, 120, env=env)
    if library + ": cannot open" in result.output:
        raise Skip(library + " is not installed")
    same("exit status", (result.status, result.output), (0, "closed %d states, threads at work\n" % STATES))
