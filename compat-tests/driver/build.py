"""Builds every flavour of the library, and lays each out as it would be installed."""
import contextlib
import json
import os
import re
import shutil
import subprocess

import process
from interpreters import BUILD, REPOSITORY, RUNNER_FEATURES, STOCK

LIMIT = 1200
TLS_FILES = ("ssl.lua", "ssl")      # kept separate: LuaSec's files must be found first where LuaSec is tested
# the native libraries' install paths, and their names in cargo: each is a folder of modules/
MODULES = sorted(name for name in os.listdir(os.path.join(REPOSITORY, "modules")) if "." not in name)
LIBRARIES = {"socket/%s.so" % (name if name == "core" else name + "_core"): "libluasocket_%s.so" % name for name in MODULES}
PLACES = {"dev": "debug"}           # profiles whose artifacts are in a folder with another name
PROMISED = "runner"                 # the runner that stays where the README says it is
PACKAGES = [word for name in MODULES for word in ("-p", "luasocket-" + name)]


def complaints(output):
    """The part of cargo's output that explains the failure."""
    start = re.search(r"^(error|failures:)", output, re.M)
    return output[start.start():] if start else output


def _cargo(arguments, report, name):
    with report.running("build " + name):
        result = process.run(["cargo"] + arguments, LIMIT, cwd=REPOSITORY)
    if result.status != 0:
        report.fail("build " + name, complaints(result.output), program="cargo " + " ".join(arguments))
        return False
    report.note("built " + name + " (%.0f s)" % result.seconds)
    return True


def target_directory():
    """The folder where cargo leaves its artifacts."""
    output = subprocess.check_output(["cargo", "metadata", "--no-deps", "--format-version", "1"], cwd=REPOSITORY)
    return json.loads(output)["target_directory"]


def _copy(source, destination):
    os.makedirs(os.path.dirname(destination), exist_ok=True)
    if os.path.isdir(source):
        shutil.copytree(source, destination)
    else:
        shutil.copy(source, destination)


def lay_out(tree, artifacts):
    """Copies the Lua files into `tree` and the native libraries into its lib/."""
    shutil.rmtree(tree, ignore_errors=True)
    sources = os.path.join(REPOSITORY, "lua")
    for name in sorted(os.listdir(sources)):
        share = "share-tls" if name in TLS_FILES else "share"
        _copy(os.path.join(sources, name), os.path.join(tree, share, name))
    for name, library in LIBRARIES.items():
        _copy(os.path.join(artifacts, library), os.path.join(tree, "lib", name))


@contextlib.contextmanager
def _kept(program, keep):
    """Restores the result of the README's `cargo build`: cargo has one path for the runner of every Lua version."""
    aside = program + ".aside"
    if keep and os.path.exists(program):
        os.replace(program, aside)
    try:
        yield
    finally:
        if keep:
            if os.path.exists(program):
                os.remove(program)
            if os.path.exists(aside):
                os.replace(aside, program)


def build(interpreter, report, profile):
    """Builds what `interpreter` needs with one of cargo's profiles; returns false on failure.

    All flavours share one target directory, so each artifact is copied away before the next build replaces it.
    """
    command = ["build", "--profile", profile]
    if interpreter.is_runner:
        program = os.path.join(target_directory(), PLACES.get(profile, profile), "luasocket")
        with _kept(program, interpreter.name != PROMISED):
            if not _cargo(command + RUNNER_FEATURES[interpreter.name], report, interpreter.name):
                return False
            _copy(program, interpreter.path)
        return True
    flavour = STOCK[interpreter.name]
    if not _cargo(command + PACKAGES + ["--features", flavour], report, flavour):
        return False
    lay_out(os.path.join(BUILD, flavour), os.path.join(target_directory(), PLACES.get(profile, profile)))
    return True


def native_tls(flavour, tree, report, profile):
    """Lays out a variant of a built flavour, whose TLS is native-tls alone; returns false on failure."""
    features = flavour + ",luasocket/native-tls-only"
    command = ["build", "--profile", profile, "-p", "luasocket-tls", "--features", features]
    if not _cargo(command, report, os.path.basename(tree)):
        return False
    shutil.rmtree(tree, ignore_errors=True)
    shutil.copytree(os.path.join(BUILD, flavour), tree)
    name = "socket/tls_core.so"
    artifacts = os.path.join(target_directory(), PLACES.get(profile, profile))
    _copy(os.path.join(artifacts, LIBRARIES[name]), os.path.join(tree, "lib", name))
    return True


def is_built(interpreter):
    """True when an earlier run left everything that `interpreter` needs."""
    if interpreter.is_runner:
        return os.path.exists(interpreter.path)
    return all(os.path.exists(os.path.join(interpreter.tree, "lib", name)) for name in LIBRARIES)
