"""Windows programs on this machine: cross compilers, Lua and LuaSocket for Windows, and wine to run them."""
import functools
import glob
import json
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
import zipfile

import fetch
import process
from build import MODULES, TLS_FILES, complaints
from interpreters import BUILD, REPOSITORY, SUPPORT

TARGET = "x86_64-pc-windows-gnu"
GCC = "x86_64-w64-mingw32-gcc"
WINE = "/usr/lib/wine/wine64"
SERVER = "/usr/lib/wine/wineserver64"
FOLDER = os.path.join(BUILD, "windows")
SOURCES = os.path.join(FOLDER, "sources")

# cargo of another release than the usual one, with its own artifacts
ARTIFACTS = os.environ.get("WINDOWS_TARGET_DIR", os.path.join(REPOSITORY, "target", "windows"))
# the folder with wine's Windows, once it is made. It has links to the root folder, which programs that walk through the
# repository would follow
_made = []
LIMIT = 900
# for what compiles the standard library
BUILD_LIMIT = 2400
# the same where CI is set: the whole of CI has an hour, and what was compiled remains for the next run
CI_BUILD_LIMIT = 480

# a file that a package installs, and the package
RUST = (("/usr/bin/rustc", "rustc-web"), ("/usr/bin/cargo", "cargo-web"),
        ("/usr/lib/rustlib/src/rust/library/std/Cargo.toml", "rust-web-src"))
PACKAGES = RUST + (("/usr/bin/" + GCC, "gcc-mingw-w64-x86-64"), (WINE, "wine64"))

# flavour -> (source package, name of the program, name of the library). Debian has no Lua 5.5: the sources are those of
# mlua, which have no lua.c, and the program is support/closing_host.c
LUAS = {"lua54": ("lua5.4", "lua.exe", "lua54"), "lua51": ("lua5.1", "lua.exe", "lua51"),
        "luajit": ("luajit", "luajit.exe", "lua51"), "lua55": (None, "closing_host.exe", "lua55")}

# wine 8 lacks this library, which Rust's standard library takes its random numbers from
RANDOM = """
#include <windows.h>
BOOLEAN NTAPI SystemFunction036(PVOID buffer, ULONG length);
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE buffer, SIZE_T length) {
    return SystemFunction036(buffer, (ULONG)length);
}
"""


class Missing(Exception):
    """Windows programs cannot be built or run here; the text says why."""


def environment():
    """The process environment for cargo and for wine."""
    env = {key: value for key, value in os.environ.items() if not key.startswith("LUA_")}
    for name in ("DISPLAY", "RUSTUP_TOOLCHAIN"):
        env.pop(name, None)
    if _made:
        env["WINEPREFIX"] = os.path.join(_made[0], "wine")
    env.update(WINEDEBUG="-all", WINEARCH="win64", RUSTC="/usr/bin/rustc", RUSTC_BOOTSTRAP="1",
               CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER=GCC, CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER=WINE,
               CARGO_TARGET_DIR=ARTIFACTS, CARGO_PROFILE_RELEASE_LTO="false", CARGO_PROFILE_RELEASE_CODEGEN_UNITS="16")
    return env


def _must(command, limit=LIMIT, cwd=None):
    result = process.run(command, limit, cwd=cwd, env=environment())
    if result.status != 0:
        raise Missing("%s failed: %s" % (" ".join(command)[:200], complaints(result.output).strip()[-600:]))
    return result


def install(report, packages=PACKAGES):
    """Installs the packages that are missing, or raises `Missing`."""
    absent = [package for path, package in packages if not os.path.exists(path)]
    if not absent:
        return
    command = ["apt-get", "install", "-y", "--no-install-recommends"] + absent
    if os.geteuid() == 0 and shutil.which("apt-get"):
        report.note("installing " + ", ".join(absent))
        env = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
        process.run(["apt-get", "-o", "DPkg::Lock::Timeout=300", "update"], 240, env=env)
        process.run(command[:1] + ["-o", "DPkg::Lock::Timeout=300"] + command[1:], LIMIT, env=env)
    absent = [package for path, package in packages if not os.path.exists(path)]
    if absent:
        raise Missing("not installed: apt install " + " ".join(absent))


def prefix():
    """Makes the folder that holds wine's Windows."""
    os.makedirs(FOLDER, exist_ok=True)
    _made.append(tempfile.mkdtemp(prefix="luasocket-wine-"))
    folder = os.path.join(_made[0], "wine")
    os.makedirs(folder)
    _must([WINE, "wineboot", "--init"], 300)
    _must([WINE, "winecfg", "-v", "win10"], 120)
    library = os.path.join(folder, "drive_c", "windows", "system32", "bcryptprimitives.dll")
    source = os.path.join(FOLDER, "random.c")
    with open(source, "w") as file:
        file.write(RANDOM)
    _must([GCC, "-O2", "-s", "-shared", "-o", library, source, "-ladvapi32"])


def second_prefix():
    """A copy of that folder, for a wine server that runs beside the usual one."""
    copy = os.path.join(_made[0], "second")
    shutil.rmtree(copy, ignore_errors=True)
    _must(["cp", "-al", os.path.join(_made[0], "wine"), copy])
    return copy


def stop():
    """Ends wine's server, which would remain for a few seconds, and removes wine's Windows."""
    if _made:
        process.run([SERVER, "-k"], 30, env=environment())
        shutil.rmtree(_made.pop(), ignore_errors=True)


def source(package):
    """The folder with the source of a Debian package."""
    os.makedirs(SOURCES, exist_ok=True)
    stem = {"lua-socket": "luasocket"}.get(package, package)
    for attempt in range(fetch.ATTEMPTS):
        archives = [name for name in glob.glob(os.path.join(SOURCES, stem + "_*.orig.tar.*")) if not name.endswith(".asc")]
        if archives:
            folder = os.path.join(SOURCES, package)
            if not os.path.isdir(folder):
                _unpack(archives[0], folder)
            return folder
        if attempt == 0 or not glob.glob(os.path.join(SOURCES, "lists", "*Sources*")):
            fetch.apt(SOURCES, ["update"], 240)
        fetch.apt(SOURCES, ["source", "--download-only", "--tar-only", package], 120)
    raise Missing("the source package of %s could not be fetched; run again when the package mirror can be reached" % package)


def _unpack(archive, folder):
    """Unpacks an archive so that its `src` folder lies in `folder`."""
    with tarfile.open(archive) as tar:
        tar.extractall(folder + ".new")
    inner = [os.path.join(folder + ".new", name) for name in os.listdir(folder + ".new")]
    if len(inner) == 1:
        os.replace(inner[0], folder)
        shutil.rmtree(folder + ".new", ignore_errors=True)
    else:
        os.replace(folder + ".new", folder)


def _code(flavour):
    """The folder with the sources of an interpreter."""
    package = LUAS[flavour][0]
    if package:
        return os.path.join(source(package), "src")
    told = subprocess.check_output(["/usr/bin/cargo", "metadata", "--locked", "--format-version", "1"], cwd=REPOSITORY,
                                   env=environment(), stderr=subprocess.DEVNULL)
    crate = next(one["manifest_path"] for one in json.loads(told)["packages"] if one["name"] == "lua-src")
    return glob.glob(os.path.join(os.path.dirname(crate), "lua-5.5*"))[0]


def program(flavour):
    """The path of an interpreter."""
    return os.path.join(FOLDER, "lua", flavour, LUAS[flavour][1])


def lua(flavour):
    """Builds a Lua interpreter for Windows, once."""
    _, name, library = LUAS[flavour]
    place = os.path.join(FOLDER, "lua", flavour)
    if os.path.exists(program(flavour)):
        return
    code = _code(flavour)
    shutil.rmtree(place, ignore_errors=True)
    os.makedirs(place)
    if flavour == "luajit":
        _must(["make", "-s", "-C", code, "HOST_CC=gcc -m64", "CROSS=x86_64-w64-mingw32-", "TARGET_SYS=Windows"])
        for made in (name, "lua51.dll"):
            shutil.copy(os.path.join(code, made), place)
        shutil.copy(os.path.join(code, "libluajit-5.1.dll.a"), os.path.join(place, "lib%s.a" % library))
        return
    files = [path for path in glob.glob(os.path.join(code, "*.c")) if os.path.basename(path) not in ("luac.c", "print.c")]
    objects = os.path.join(place, "objects")
    os.makedirs(objects)
    _must([GCC, "-O2", "-DLUA_BUILD_AS_DLL", "-DLUA_COMPAT_5_3", "-c"] + files, cwd=objects)
    parts = [path for path in glob.glob(os.path.join(objects, "*.o")) if os.path.basename(path) != "lua.o"]
    imports = os.path.join(place, "lib%s.a" % library)
    _must([GCC, "-s", "-shared", "-o", os.path.join(place, library + ".dll")] + parts + ["-Wl,--out-implib," + imports])
    if name == "lua.exe":
        _must([GCC, "-s", "-o", os.path.join(place, name), os.path.join(objects, "lua.o"), imports])
    else:
        host(flavour)


def reference(flavour):
    """Builds LuaSocket's libraries for an interpreter, once. Its Lua files are those of the installed package."""
    place = os.path.join(FOLDER, "reference", flavour)
    if os.path.exists(os.path.join(place, "mime", "core.dll")):
        return place
    code = os.path.join(source("lua-socket"), "src")
    headers = _code(flavour)
    flags = ["-O2", "-s", "-shared", "-I" + headers, "-DLUASOCKET_API=__declspec(dllexport)", "-DWINVER=0x0601",
             "-D_WIN32_WINNT=0x0601", "-Wno-incompatible-pointer-types", "-w"]
    names = "luasocket timeout buffer io auxiliar options inet except select tcp udp compat wsocket".split()
    for output, parts in (("socket", names), ("mime", ["mime", "compat"])):
        os.makedirs(os.path.join(place, output), exist_ok=True)
        _must([GCC] + flags + ["-o", os.path.join(place, output, "core.dll")] +
              [os.path.join(code, part + ".c") for part in parts] +
              [os.path.join(FOLDER, "lua", flavour, "lib%s.a" % LUAS[flavour][2]), "-lws2_32"])
    return place


def host(flavour):
    """Builds a program with an interpreter in it, which closes its states."""
    place = os.path.join(FOLDER, "lua", flavour)
    made = os.path.join(place, "closing_host.exe")
    if not os.path.exists(made):
        _must([GCC, "-O2", "-s", "-I" + _code(flavour), "-DLUA_BUILD_AS_DLL", "-o", made, os.path.join(SUPPORT, "closing_host.c"),
               os.path.join(place, "lib%s.a" % LUAS[flavour][2])])
    return made


def archive(flavour):
    """Makes the archive for an interpreter and unpacks it beside a copy of the interpreter, whose path is returned."""
    made = _must([os.path.join(REPOSITORY, "windows", "zip"), flavour], BUILD_LIMIT).output.split("\n")
    paths = [line for line in made if line.endswith(".zip")]
    if not paths:
        raise Missing("windows/zip made nothing")
    folder = os.path.join(FOLDER, "unpacked", flavour)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(os.path.dirname(program(flavour)), folder, ignore=shutil.ignore_patterns("objects", "*.a"))
    with zipfile.ZipFile(paths[0]) as packed:
        packed.extractall(folder)
    return os.path.join(folder, LUAS[flavour][1])


def cargo(command, arguments, limit=BUILD_LIMIT):
    """Runs cargo for the target."""
    return process.run(["/usr/bin/cargo", command] + arguments +
                       ["--target", TARGET, "-Z", "build-std=std,panic_unwind" + (",test" if command == "test" else "")],
                       limit, cwd=REPOSITORY, env=environment())


def library(flavour, report, limit=BUILD_LIMIT):
    """Builds this project's libraries for an interpreter."""
    packages = [word for name in MODULES for word in ("-p", "luasocket-" + name)]
    with report.running("build windows " + flavour):
        result = cargo("build", ["--release"] + packages + ["--features", flavour], limit)
    if result.status is None:
        raise Missing("the build for Windows was not done after %d s" % limit)
    if result.status != 0:
        raise Missing("the build for Windows failed: " + complaints(result.output).strip()[-1500:])
    lay_out(flavour)
    report.note("built windows %s (%.0f s)" % (flavour, result.seconds))


def rock(flavour):
    """Builds and installs a rock with rockspec/'s scripts, as LuaRocks calls them on Windows. cargo is a stand-in that
    names the libraries that were built. Returns the folders with the Lua files and with the libraries.
    """
    folder = os.path.join(FOLDER, "rock", flavour)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(os.path.join(folder, "bin"))
    for name in ("rockspec", "lua"):
        shutil.copytree(os.path.join(REPOSITORY, name), os.path.join(folder, name))
    shutil.copy(os.path.join(REPOSITORY, "Cargo.toml"), folder)
    libraries = os.path.join(FOLDER, "ours", flavour, "lib", "socket")
    messages = []
    for name in MODULES:
        built = os.path.join(folder, "built", "luasocket_%s.dll" % name)
        os.makedirs(os.path.dirname(built), exist_ok=True)
        shutil.copy(os.path.join(libraries, "%s.dll" % (name if name == "core" else name + "_core")), built)
        messages.append(json.dumps({"reason": "compiler-artifact", "filenames": [windows_path(built), windows_path(built) + ".a"]},
                                   separators=(",", ":")))
    cargo_program = os.path.join(folder, "cargo")
    with open(cargo_program, "w") as file:
        file.write("#!/bin/sh\nif [ \"$1\" = --version ]; then echo cargo 1.96.0; exit; fi\n")
        file.write("cat <<'END'\n%s\nEND\n" % "\n".join(messages))
    os.chmod(cargo_program, 0o755)
    shutil.copy(linux_program(cargo_program), os.path.join(folder, "bin", "cargo.exe"))
    env = dict(environment(), WINEPATH=windows_path(os.path.join(folder, "bin")))
    for arguments in (["rockspec/build.lua"], ["rockspec/install.lua", "installed/share", "installed/lib"]):
        result = process.run([WINE, program(flavour)] + arguments, 120, cwd=folder, env=env)
        if result.status != 0:
            raise Missing("%s: %s" % (arguments[0], result.output.strip()[-600:]))
    return os.path.join(folder, "installed", "share"), os.path.join(folder, "installed", "lib")


@functools.lru_cache(maxsize=None)
def runner():
    """Builds the runner, `luasocket.exe`, and returns its path."""
    result = cargo("build", ["--release", "--bin", "luasocket"])
    if result.status != 0:
        raise Missing("the runner could not be built: " + complaints(result.output).strip()[-1500:])
    return os.path.join(ARTIFACTS, TARGET, "release", "luasocket.exe")


def upstream():
    """The folder of LuaSocket's test scripts, in its source package."""
    return os.path.join(source("lua-socket"), "test")


def lay_out(flavour):
    """Lays the libraries out as they are installed."""
    tree = os.path.join(FOLDER, "ours", flavour)
    shutil.rmtree(tree, ignore_errors=True)
    made = os.path.join(ARTIFACTS, TARGET, "release")
    sources = os.path.join(REPOSITORY, "lua")
    for name in sorted(os.listdir(sources)):
        share = "share-tls" if name in TLS_FILES else "share"
        source, to = os.path.join(sources, name), os.path.join(tree, share, name)
        os.makedirs(os.path.dirname(to), exist_ok=True)
        shutil.copytree(source, to) if os.path.isdir(source) else shutil.copy(source, to)
    os.makedirs(os.path.join(tree, "lib", "socket"))
    for name in MODULES:
        to = os.path.join(tree, "lib", "socket", "%s.dll" % (name if name == "core" else name + "_core"))
        shutil.copy(os.path.join(made, "luasocket_%s.dll" % name), to)


def linux_program(path):
    """A Windows program that starts a program of this machine."""
    made = os.path.join(FOLDER, "linux", path.strip("/").replace("/", "-") + ".exe")
    if not os.path.exists(made):
        os.makedirs(os.path.dirname(made), exist_ok=True)
        _must([GCC, "-O2", "-s", "-w", "-nostartfiles", "-Wl,-e,start", '-DPROGRAM="%s"' % path, "-o", made,
               os.path.join(SUPPORT, "linux_program.c")])
    return made


def cache_lists(url, folder):
    """Fetches the revocation lists of a folder into Windows' cache, where alone SChannel's clients look for them."""
    made = os.path.join(FOLDER, "cached_lists.exe")
    if not os.path.exists(made):
        _must([GCC, "-O2", "-s", "-o", made, os.path.join(SUPPORT, "cached_lists.c"), "-lcryptnet"])
    _must([WINE, made] + [url + "/" + name for name in sorted(os.listdir(folder))], 120)


def windows_path(path):
    """A path of this machine as a Windows program names it."""
    return "Z:" + path.replace("/", "\\")


def plain(output):
    """Output with the line ends of this machine."""
    return re.sub("\r\n", "\n", output)
