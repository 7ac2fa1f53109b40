"""The Lua interpreters of a run, and the environment that selects a library."""
import os
import shlex
import shutil
from typing import List, NamedTuple, Optional

HERE = os.path.dirname(os.path.abspath(__file__))
SUITE = os.path.dirname(HERE)
REPOSITORY = os.path.dirname(SUITE)
BUILD = os.path.join(SUITE, ".build")
SUPPORT = os.path.join(SUITE, "support")
SERVERS = os.path.join(SUITE, "servers")

STOCK = {"lua5.1": "lua51", "lua5.2": "lua52", "lua5.3": "lua53", "lua5.4": "lua54", "lua5.5": "lua55",
         "luajit": "luajit"}
RUNNERS = {"runner": "lua5.4", "runner-lua5.5": "lua5.5"}
RUNNER_FEATURES = {"runner": [], "runner-lua5.5": ["--no-default-features", "--features", "runner,lua55"]}


class Interpreter(NamedTuple):
    """A stock interpreter that loads the module, or a runner with the library linked in."""
    name: str
    path: str
    lua: str                    # the language version, e.g. "lua5.3" or "luajit"
    tree: Optional[str]         # the folder of the flavour; None for a runner

    @property
    def is_runner(self):
        """True for the interpreters with the library linked in."""
        return self.tree is None

    def answers_to(self, word):
        """True when a header such as `not on: runner, lua5.1` includes this one."""
        return word in (self.name, self.lua, "runner" if self.is_runner else "stock")


def stock(names=None) -> List[Interpreter]:
    """The stock interpreters found on the path."""
    found = []
    for name, flavour in STOCK.items():
        path = shutil.which(name)
        if path and (not names or name in names):
            found.append(Interpreter(name, path, name, os.path.join(BUILD, flavour)))
    return found


def absent(names=None) -> List[str]:
    """The stock interpreters that are wanted but not on the path."""
    return [name for name in STOCK if (not names or name in names) and not shutil.which(name)]


def runners(names=None) -> List[Interpreter]:
    """The runners, built or not."""
    return [Interpreter(name, os.path.join(BUILD, name, "luasocket"), lua, None)
            for name, lua in RUNNERS.items() if not names or name in names]


def _clean():
    return {key: value for key, value in os.environ.items() if not key.startswith("LUA_")}


def environment(interpreter, reference=False, luasec=False, extra=()):
    """The process environment in which `interpreter` finds our library or the reference.

    System paths are left out when our library is tested, so that an installed LuaSocket is never loaded instead.
    `luasec` appends them for the LuaSec there.
    """
    env = _clean()
    path = [os.path.join(folder, "?.lua") for folder in extra] + [os.path.join(SUPPORT, "?.lua")]
    cpath = []
    if not reference and not interpreter.is_runner:
        tree = interpreter.tree
        folders = ["share"] if luasec else ["share", "share-tls"]
        path += [os.path.join(tree, folder, "?.lua") for folder in folders]
        cpath.append(os.path.join(tree, "lib", "?.so"))
    system = ";;" if reference or luasec else ""    # Lua replaces it with its default path
    env["LUA_PATH"] = ";".join(path) + system
    env["LUA_CPATH"] = ";".join(cpath) + system
    env["COMPAT_LUA"] = shlex.quote(interpreter.path)
    env["COMPAT_SERVERS"] = SERVERS
    return env
