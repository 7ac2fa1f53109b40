"""Tests one upstream script inside a private network and mount namespace.

    namespace.py CASE SUITE INTERPRETER USERNS

runs as the first process of new namespaces (see upstream.py). Several scripts have fixed ports, paths and host names;
here they affect nothing else.
"""
import ctypes
import os
import shutil
import subprocess
import sys

import cases_samples  # noqa: F401  registers its cases
import cases_test  # noqa: F401  registers its cases
from interpreters import REPOSITORY
from cases import CASES
from stage import Failure, Stage

MS_BIND, MS_REC = 4096, 16384
HOSTS = "127.0.0.1 localhost www.tecgraf.puc-rio.br\n::1 localhost\n"
SCRATCH = "/tmp/scratch"

libc = ctypes.CDLL(None, use_errno=True)


def _mount(source, target, kind=None, flags=0):
    if libc.mount(source.encode(), target.encode(), kind and kind.encode(), flags, None) != 0:
        raise OSError(ctypes.get_errno(), "mount " + target)


def _private_tmp(keep):
    """Makes an empty /tmp, with those folders of the old one that the run still needs."""
    kept = {path: os.open(path, os.O_RDONLY) for path in keep if path.startswith("/tmp/")}
    _mount("tmpfs", "/tmp", "tmpfs")
    os.chmod("/tmp", 0o1777)
    for path, descriptor in kept.items():
        os.makedirs(path)
        _mount("/proc/self/fd/%d" % descriptor, path, flags=MS_BIND | MS_REC)
        os.close(descriptor)


def _network(as_user):
    for command in (["link", "set", "lo", "up", "multicast", "on"], ["route", "add", "224.0.0.0/4", "dev", "lo"]):
        subprocess.run(["ip"] + command, check=True)
    if as_user:
        with open("/proc/sys/net/ipv4/ip_unprivileged_port_start", "w") as file:
            file.write("0")


def _files(suite):
    os.makedirs(SCRATCH)
    os.makedirs("/tmp/mail")
    copy = "/tmp/suite"
    shutil.copytree(suite, copy)
    subprocess.run(["chmod", "-R", "a+rX", copy], check=True)
    # modules that upstream ships as samples
    names = {"dict": "socket/dict", "tftp": "socket/tftp", "lp": "socket/lp", "dispatch": "dispatch"}
    for source, target in names.items():
        path = os.path.join("/tmp/modules", target + ".lua")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        shutil.copy(os.path.join(copy, "etc", source + ".lua"), path)
    with open("/tmp/hosts", "w") as file:
        file.write(HOSTS)
    _mount("/tmp/hosts", "/etc/hosts", flags=MS_BIND)
    if os.path.isdir("/var/mail"):
        _mount("/tmp/mail", "/var/mail", flags=MS_BIND)
    return copy


def main(name, suite, interpreter, as_user):
    """Prints nothing and returns 0 when the script passes."""
    case = next(case for case in CASES if case.name == name)
    _private_tmp([REPOSITORY, os.path.dirname(sys.executable), os.environ.get("WINEPREFIX", "")])
    _network(as_user)
    env = dict(os.environ, LUA_PATH="/tmp/modules/?.lua;" + os.environ["LUA_PATH"])
    stage = Stage(_files(suite), SCRATCH, interpreter, env, as_user)
    try:
        case.check(stage)
    except Failure as failure:
        print(failure)
        return 1
    return 0


if __name__ == "__main__":
    status = main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4] == "user")
    sys.stdout.flush()
    # threads may still be reading from processes that end together with this one
    os._exit(status)
