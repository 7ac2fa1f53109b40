"""LuaRocks trees, each for one interpreter."""
import os
import re
import shutil
import threading

import needs
import process
from interpreters import REPOSITORY
from stage import Failure

CONFIG = """
lua_interpreter = "%(program)s"
variables = { LUA = "%(path)s", LUA_BINDIR = "%(folder)s"%(headers)s }
rocks_servers = { "%(server)s" }
local_cache = "%(cache)s"
"""
LIMIT = 900     # a first build compiles every crate
BUILDING = threading.RLock()    # held while a build runs in the source folder


class Skip(Exception):
    """Something that a check needs is missing on this machine."""


def need(*programs):
    """Skips the check unless every program is installed."""
    for program in programs:
        if not shutil.which(program):
            raise Skip(needs.absent(program))


def language(interpreter):
    """The version as LuaRocks writes it."""
    return "5.1" if interpreter.name == "luajit" else interpreter.name[len("lua"):]


def _headers(interpreter):
    """The setting for a machine without the headers of this Lua, see docs/installing.md."""
    names = ["luajit-2.1"] if interpreter.name == "luajit" else ["lua" + language(interpreter), "lua", ""]
    if any(os.path.exists(os.path.join("/usr/include", name, "lua.h")) for name in names):
        return ""
    return ', LUA_INCDIR = "%s"' % os.path.join(REPOSITORY, "rockspec")


def path_without(programs, folder):
    """A search path like this process's, in which none of `programs` exists."""
    folders = []
    for number, directory in enumerate(os.environ["PATH"].split(":")):
        if any(os.path.exists(os.path.join(directory, program)) for program in programs):
            rest = os.path.join(folder, "path-%d" % number)
            os.makedirs(rest)
            for name in set(os.listdir(directory)) - set(programs):
                os.symlink(os.path.join(directory, name), os.path.join(rest, name))
            directory = rest
        folders.append(directory)
    return ":".join(folders)


class Tree:
    """A rocks tree. `server` is a folder of rocks, the only source for fetching rocks."""

    def __init__(self, interpreter, folder, server=None):
        self.interpreter, self.folder = interpreter, folder
        self.version = language(interpreter)
        self.share = os.path.join(folder, "share", "lua", self.version)
        self.lib = os.path.join(folder, "lib", "lua", self.version)
        os.makedirs(folder, exist_ok=True)
        self._config = folder.rstrip("/") + "-config.lua"
        with open(self._config, "w") as file:
            file.write(CONFIG % {"program": os.path.basename(interpreter.path), "path": interpreter.path,
                                 "folder": os.path.dirname(interpreter.path), "headers": _headers(interpreter),
                                 "server": server or folder.rstrip("/") + "-server",
                                 "cache": folder.rstrip("/") + "-cache"})

    def luarocks(self, *arguments, cwd=REPOSITORY, fails=False, program="luarocks", **variables):
        """Runs a LuaRocks command on the tree and returns its output. With `fails` None the command may fail or
        succeed.
        """
        env = {key: value for key, value in os.environ.items() if not key.startswith("LUA")}
        env.update(variables, LUAROCKS_CONFIG=self._config)
        options = ["--lua-version", self.version] + (["--tree", self.folder] if program == "luarocks" else [])
        result = process.run([program] + options + list(arguments), LIMIT, cwd=cwd, env=env)
        if result.status is None or fails not in (None, result.status != 0):
            raise Failure("%s %s: exit status %s\n%s" % (program, " ".join(arguments), result.status, result.output))
        return result.output

    def pack(self, name, folder):
        """Packs an installed rock into `folder` and returns its path."""
        os.makedirs(folder, exist_ok=True)
        packed = re.search(r"^Packed: (.*)$", self.luarocks("pack", name, cwd=folder), re.M)
        return os.path.join(folder, os.path.basename(packed.group(1)))

    def lua(self, script, *arguments, behind=(), system=True, **variables):
        """Runs a Lua script and returns its output. Its path is the tree, then `behind`, then the system."""
        env = {key: value for key, value in os.environ.items() if not key.startswith("LUA")}
        trees = [self] + list(behind)
        end = ";;" if system else ""
        env.update(variables, LUA_PATH=";".join(tree.share + "/?.lua" for tree in trees) + end,
                   LUA_CPATH=";".join(tree.lib + "/?.so" for tree in trees) + end)
        result = process.run([self.interpreter.path, script] + list(arguments), 60, cwd=self.folder, env=env)
        if result.status != 0:
            raise Failure("%s: exit status %s\n%s" % (os.path.basename(script), result.status, result.output))
        return result.output

    def modules(self):
        """The files of the installed modules, as paths relative to the tree's Lua and library folders."""
        return contents(self.share) | contents(self.lib)

    def leftovers(self):
        """The files that remain in an emptied tree: LuaRocks keeps its list of rocks."""
        return {name for name in contents(self.folder) if os.path.basename(name) not in ("manifest", "index.html")
                and not os.path.basename(name).startswith("manifest-")}


def contents(folder):
    """Every file below `folder`, as a path relative to it."""
    found = set()
    for directory, _, names in os.walk(folder):
        found |= {os.path.relpath(os.path.join(directory, name), folder) for name in names}
    return found
