"""Suite `other-linux`: the libraries for Linux on ARM (under qemu) and for musl, with a smoke test of both.

It runs only when it is named. It builds the standard library from Debian's package rust-web-src, and is skipped where
a package is not to be had.
"""
import glob
import os
import re
import shutil

import process
import scripts
import wine
from build import PACKAGES, complaints, lay_out
from interpreters import BUILD, REPOSITORY, SERVERS, SUPPORT, Interpreter
from task import Task
from wine import Missing

FOLDER = os.path.join(BUILD, "other-linux")
ARTIFACTS = os.environ.get("OTHER_LINUX_TARGET_DIR", os.path.join(REPOSITORY, "target", "other-linux"))
FLAVOUR = "lua54"
# the parts of the repository that a build needs, beside the Lua files
SOURCES = ("Cargo.toml", "Cargo.lock", "README.md", "build.rs", "benches", "data", "examples", "modules", "src", "tests")


def _must(command, limit=900, cwd=None, env=None):
    result = process.run(command, limit, cwd=cwd, env=env)
    if result.status != 0:
        raise Missing("%s failed: %s" % (" ".join(command)[:200], complaints(result.output).strip()[-600:]))
    return result


class Arm:
    """aarch64 with glibc: Debian's packages for ARM, unpacked into a folder, and qemu-user to run them."""

    name, target = "aarch64", "aarch64-unknown-linux-gnu"
    packages = (("/usr/bin/aarch64-linux-gnu-gcc", "gcc-aarch64-linux-gnu"),
                ("/usr/aarch64-linux-gnu/lib/libc.so.6", "libc6-dev-arm64-cross"), ("/usr/bin/qemu-aarch64", "qemu-user"))
    foreign = ("libc6", "libgcc-s1", "libcrypt1", "lua5.4", "liblua5.4-0", "libssl3", "libssl-dev", "libreadline8", "libtinfo6",
               "zlib1g")
    root = os.path.join(FOLDER, "arm64")
    program = os.path.join(root, "usr/bin/lua5.4")
    command = ["/usr/bin/qemu-aarch64", "-L", root, program]
    sources = REPOSITORY
    locked = ["--locked"]

    def prepare(self):
        """Fetches the packages for ARM, once."""
        if os.path.exists(self.program):
            return
        lists = os.path.join(FOLDER, "arm64-packages")
        for name in ("lists/partial", "cache/archives/partial"):
            os.makedirs(os.path.join(lists, name), exist_ok=True)
        status = os.path.join(lists, "status")
        open(status, "w").close()
        options = {"APT::Architecture": "arm64", "APT::Architectures": "arm64", "Dir::State::status": status,
                   "Dir::State::lists": os.path.join(lists, "lists"), "Dir::Cache": os.path.join(lists, "cache"),
                   "APT::Sandbox::User": "", "Debug::NoLocking": "true", "Acquire::Retries": "5"}
        apt = ["apt-get"] + [word for key, value in options.items() for word in ("-o", "%s=%s" % (key, value))]
        _must(apt + ["update"], cwd=lists)
        _must(apt + ["download"] + list(self.foreign), cwd=lists)
        for package in sorted(glob.glob(os.path.join(lists, "*.deb"))):
            _must(["dpkg", "-x", package, self.root])

    def environment(self):
        """What cargo needs: the linker, and OpenSSL for ARM, whose headers lie in two folders."""
        headers = os.path.join(FOLDER, "arm64-headers")
        if not os.path.isdir(headers):
            shutil.copytree(os.path.join(self.root, "usr/include"), headers)
            shutil.copytree(os.path.join(headers, "aarch64-linux-gnu"), headers, dirs_exist_ok=True)
        return {"CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER": "aarch64-linux-gnu-gcc",
                "AARCH64_UNKNOWN_LINUX_GNU_OPENSSL_LIB_DIR": os.path.join(self.root, "usr/lib/aarch64-linux-gnu"),
                "AARCH64_UNKNOWN_LINUX_GNU_OPENSSL_INCLUDE_DIR": headers}


class Musl:
    """x86-64 with Debian's musl. Its Lua and its OpenSSL are compiled here."""

    name, target = "musl", "x86_64-unknown-linux-musl"
    packages = (("/usr/bin/musl-gcc", "musl-tools"), ("/usr/lib/x86_64-linux-musl/libc.a", "musl-dev"))
    program = os.path.join(FOLDER, "musl", "lua")
    command = [program]
    sources = os.path.join(FOLDER, "musl-sources")
    # cargo adds the crate with OpenSSL's sources to the lock file
    locked = []

    def prepare(self):
        """Compiles Lua, and copies the sources with OpenSSL compiled in."""
        folder = os.path.dirname(self.program)
        if not os.path.exists(self.program):
            shutil.rmtree(folder, ignore_errors=True)
            os.makedirs(folder)
            code = os.path.join(wine.source("lua5.4"), "src")
            files = [path for path in glob.glob(os.path.join(code, "*.c")) if os.path.basename(path) != "luac.c"]
            self._libgcc(folder)
            _must(["musl-gcc", "-O2", "-fPIC", "-DLUA_USE_LINUX", "-DLUA_COMPAT_5_3", "-Wl,-E", "-o", self.program] +
                  files + ["-lm"])
        os.makedirs(self.sources, exist_ok=True)
        for name in SOURCES:
            _must(["cp", "-a", "--update", os.path.join(REPOSITORY, name), self.sources])
        manifest = os.path.join(self.sources, "Cargo.toml")
        with open(manifest) as file:
            text = file.read()
        with open(manifest, "w") as file:
            file.write(text.replace('openssl = "0.10"', 'openssl = { version = "0.10", features = ["vendored"] }'))

    @staticmethod
    def _libgcc(folder):
        """Debian's libgcc is glibc's: a static one takes its place, and a function of glibc that it asks for."""
        with open(os.path.join(folder, "libgcc_s.so"), "w") as file:
            file.write("INPUT(-lgcc_eh -ldlfind -lgcc)\n")
        source = os.path.join(folder, "dlfind.c")
        with open(source, "w") as file:
            file.write('__attribute__((visibility("hidden"))) int _dl_find_object(void *a, void *b) { return -1; }\n')
        _must(["musl-gcc", "-fPIC", "-c", "-o", os.path.join(folder, "dlfind.o"), source])
        _must(["ar", "rcs", os.path.join(folder, "libdlfind.a"), os.path.join(folder, "dlfind.o")])

    def environment(self):
        """What cargo needs: the linker, and libraries that are not glibc's."""
        flags = "-C target-feature=-crt-static -C link-self-contained=no -L " + os.path.dirname(self.program)
        return {"CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_LINKER": "musl-gcc", "CC_x86_64_unknown_linux_musl": "musl-gcc",
                "CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_RUSTFLAGS": flags}


SYSTEMS = (Arm(), Musl())


def _tree(system):
    return os.path.join(FOLDER, "ours", system.name)


def _build(system, report):
    """Builds and lays out the libraries for a system."""
    env = {key: value for key, value in os.environ.items() if not key.startswith("LUA_") and key != "RUSTUP_TOOLCHAIN"}
    env.update(RUSTC="/usr/bin/rustc", RUSTC_BOOTSTRAP="1", CARGO_TARGET_DIR=ARTIFACTS, CARGO_PROFILE_RELEASE_LTO="false",
               CARGO_PROFILE_RELEASE_CODEGEN_UNITS="16")
    env.update(system.environment())
    command = ["/usr/bin/cargo", "build", "--release"] + system.locked + PACKAGES + [
        "--features", FLAVOUR, "--target", system.target, "-Z", "build-std=std,panic_unwind"]
    with report.running("build " + system.name):
        result = _must(command, wine.BUILD_LIMIT, system.sources, env)
    lay_out(_tree(system), os.path.join(ARTIFACTS, system.target, "release"))
    report.note("built %s (%.0f s)" % (system.name, result.seconds))


class Scripts(scripts.Scripts):
    """The scripts on another system's Lua."""

    def __init__(self, report, services):
        super().__init__(report, services)
        self.problems = {}

    def _unmet(self, script, interpreter):
        return self.problems.get(interpreter.name) or super()._unmet(script, interpreter)

    def _execute(self, script, interpreter, reference=False):
        system = next(system for system in SYSTEMS if system.name == interpreter.name)
        tree = _tree(system)
        env = {key: value for key, value in os.environ.items() if not key.startswith("LUA_")}
        paths = [SUPPORT] + [os.path.join(tree, share) for share in ("share", "share-tls")]
        env.update(LUA_PATH=";".join(os.path.join(path, "?.lua") for path in paths), LUA_CPATH=os.path.join(tree, "lib", "?.so"),
                   COMPAT_LUA=" ".join(system.command), COMPAT_SERVERS=SERVERS, EXPECTED_SYSTEM=system.name)
        env.update(self._services.environment(script.needs))
        folder = os.path.join(FOLDER, "scratch", system.name + "-" + script.name)
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        return process.run(system.command + [script.path], script.limit, cwd=folder, env=env)


class Suite:
    """Builds for each system, and runs the scripts there."""

    def __init__(self, wanted, services, report):
        self._report, self._wanted = report, wanted
        self._scripts = Scripts(report, services)

    def needs(self):
        """The services that the scripts need."""
        return scripts.needs(self._wanted, ("other-linux",))

    def prepare(self, built):
        """Builds, unless an earlier run has. A system that cannot be built for has its tests skipped with the reason."""
        for system in SYSTEMS:
            if not self._wanted("other-linux smoke [%s]" % system.name):
                continue
            try:
                wine.install(self._report, wine.RUST + system.packages)
                os.makedirs(FOLDER, exist_ok=True)
                system.prepare()
                if not built:
                    _build(system, self._report)
            except Missing as problem:
                self._scripts.problems[system.name] = str(problem)
                self._report.note("*** SKIPPED: %s: %s" % (system.name, re.sub(r"\s+", " ", str(problem))))

    def tasks(self):
        """One task for each script and system."""
        made = []
        for system in SYSTEMS:
            interpreter = Interpreter(system.name, system.program, "lua5.4", _tree(system))
            made += [Task(task.name, task.run, None) for task in
                     self._scripts.tasks("other-linux", [interpreter], lambda name: True) if self._wanted(task.name)]
        return made
