"""Shared by the checks of suite `rocks`: the trees and rocks of one interpreter."""
import filecmp
import os
import shutil

from build import LIBRARIES
from interpreters import REPOSITORY, SUITE
from luarocks import Tree, contents
from stage import same

NEEDS = {"nginx", "certs"}
SCRIPTS = os.path.join(SUITE, "rocks")
ROCKSPECS = os.path.join(REPOSITORY, "rockspec")
TLS_NAMES = {"ssl.lua", os.path.join("ssl", "https.lua")}


def sources():
    """The Lua files of the library, by their paths under lua/."""
    return contents(os.path.join(REPOSITORY, "lua"))


def rockspec(beginning):
    """The only rockspec whose name starts with `beginning`."""
    found = [name for name in os.listdir(ROCKSPECS) if name.startswith(beginning) and name.endswith(".rockspec")]
    same("rockspecs called %s..." % beginning, len(found), 1)
    return os.path.join(ROCKSPECS, found[0])


class Installation:
    """The trees of one interpreter, and the rocks packed from them."""

    def __init__(self, interpreter, folder, services, world, report):
        self.interpreter, self.folder = interpreter, folder
        self.services, self.world, self.report = services, world, report
        shutil.rmtree(folder, ignore_errors=True)
        self.tree = self.new_tree("luasocket-rs")
        self.rocks = {}             # the packed rocks, by name

    def library(self, name):
        """An installed native library."""
        return os.path.join(self.tree.lib, name)

    def new_tree(self, name, server=None):
        """Creates an empty tree."""
        folder = os.path.join(self.folder, name)
        shutil.rmtree(folder, ignore_errors=True)
        return Tree(self.interpreter, folder, server)

    def is_ours(self, file):
        """True when a loaded file is a copy of one of our files."""
        if not file.endswith(".lua"):
            name = "/".join(file.split("/")[-2:])
            return name in LIBRARIES and filecmp.cmp(file, self.library(name), shallow=False)
        source = os.path.join(REPOSITORY, "lua", file.split("/lua/%s/" % self.tree.version)[-1])
        return os.path.exists(source) and filecmp.cmp(file, source, shallow=False)

    def origins(self, tree, *modules, behind=()):
        """Uses the library that `tree` provides, and requires `modules` first.

        Returns the loaded files that are ours, and those that are not.
        """
        files = tree.lua(os.path.join(SCRIPTS, "exchange.lua"), *modules, behind=behind).splitlines()
        ours = {file for file in files if self.is_ours(file)}
        same("several files were loaded", len(files) > 5, True)
        return ours, set(files) - ours
