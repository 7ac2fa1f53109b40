"""The requirements that a test lacks, and how to install them."""
import os
import shutil

from interpreters import SUITE

NAMESPACES = "no private namespaces here: run as root, in a container started with `--privileged`"
MORE = ("Tests that need private namespaces are skipped. To have them run as root; in a container, start it with `--privileged` (or "
        "`--cap-add SYS_ADMIN --security-opt seccomp=unconfined --security-opt apparmor=unconfined`); as a user, allow them with "
        "`sysctl -w kernel.unprivileged_userns_clone=1` or `kernel.apparmor_restrict_unprivileged_userns=0`.")
ROOT = "needs root: run as root or with sudo"


def _packages():
    with open(os.path.join(SUITE, "needs.txt")) as file:
        rows = [line.split() for line in file if line.strip() and not line.startswith("#")]
    return {name: package for _, name, package in rows}


PACKAGES = _packages()


def install(name):
    """How to get a program, or a module by its name in needs.txt."""
    package = PACKAGES.get(name)
    return "apt install " + package if package else "install it and run again"


def absent(program):
    """The message about a missing program."""
    return "%s is not installed: %s" % (program, install(program))


def absent_module(modules):
    """The message about missing Python modules. `modules` is a text with commas between the names."""
    packages = [PACKAGES.get(word, word) for word in modules.split(", ")]
    return "Python's %s is not installed: apt install %s" % (modules, " ".join(packages))


def lacking(programs):
    """A message about the first program that is missing, or None."""
    for program in programs:
        if not shutil.which(program):
            return absent(program)
    return None
