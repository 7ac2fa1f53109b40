"""Fetches LuaSocket's source package and LuaSec's samples, which run unchanged."""
import glob
import os
import re
import shutil
import tarfile
import threading

import process
from interpreters import BUILD

CACHE = os.path.join(BUILD, "upstream")
ATTEMPTS = 4
_LOCK, _FOUND = threading.Lock(), []


def _source_list():
    """The machine's package lists with deb-src instead of deb, as (suffix, text).

    Lists of third parties are omitted: they often have no sources.
    """
    stanzas, lines = [], []
    for path in sorted(glob.glob("/etc/apt/sources.list.d/*.sources")):
        with open(path) as file:
            for stanza in re.split(r"\n\s*\n", file.read()):
                if re.search(r"^URIs:.*(debian|ubuntu)", stanza, re.M):
                    stanzas.append(re.sub(r"^Types:.*$", "Types: deb-src", stanza, flags=re.M))
    for path in ["/etc/apt/sources.list"] + sorted(glob.glob("/etc/apt/sources.list.d/*.list")):
        if os.path.exists(path):
            with open(path) as file:
                lines += [re.sub(r"^deb\s", "deb-src ", line) for line in file
                          if re.match(r"deb\s.*(debian|ubuntu)", line)]
    if stanzas:
        return "sources", "\n\n".join(stanzas) + "\n"
    return "list", "".join(lines)


def apt(folder, arguments, limit):
    """Runs apt-get in `folder`, with separate package lists."""
    suffix, text = _source_list()
    listing = os.path.join(folder, "source." + suffix)
    with open(listing, "w") as file:
        file.write(text)
    for name in ("lists/partial", "cache/archives/partial"):
        os.makedirs(os.path.join(folder, name), exist_ok=True)
    options = {"Dir::Etc::sourcelist": listing, "Dir::Etc::sourceparts": "/dev/null",
               "Dir::State::lists": os.path.join(folder, "lists"), "Dir::Cache": os.path.join(folder, "cache"),
               "Acquire::Retries": "5", "APT::Sandbox::User": "", "Debug::NoLocking": "true"}
    words = [word for key, value in options.items() for word in ("-o", key + "=" + value)]
    return process.run(["apt-get"] + words + arguments, limit, cwd=folder)


def _unpack(archive):
    with tarfile.open(archive) as tar:
        top = tar.getnames()[0].split("/")[0]
        tar.extractall(CACHE)
    return os.path.join(CACHE, top)


def upstream(report):
    """The folder of the unpacked release, or None and the reason. The first call fetches it."""
    with _LOCK:
        if not _FOUND:
            _FOUND.append(_fetch_upstream(report))
        return _FOUND[0]


def _fetch_upstream(report):
    for attempt in range(ATTEMPTS):
        archives = glob.glob(os.path.join(CACHE, "luasocket_*.orig.tar.*"))
        archives = [name for name in archives if not name.endswith(".asc")]
        if archives:
            return _unpack(archives[0]), None
        if not shutil.which("apt-get"):
            return None, "LuaSocket's source package is fetched with apt-get, which is not installed: run on Debian or Ubuntu"
        os.makedirs(CACHE, exist_ok=True)
        report.note("fetching LuaSocket's source package (attempt %d)" % (attempt + 1))
        result = apt(CACHE, ["update"], 240)
        result = apt(CACHE, ["source", "--download-only", "--tar-only", "lua-socket"], 120)
    return None, "LuaSocket's source package could not be fetched; run again when the package mirror can be reached: " + result.output.strip()[-200:]


def _unpacked(report, what, packages, wanted):
    """The path `wanted` in Debian's packages, or None and the reason.

    They are unpacked, not installed: many installations omit documentation, and ProFTPD cannot be installed beside
    vsftpd.
    """
    folder = os.path.join(CACHE, packages[0])
    path = os.path.join(folder, wanted)
    output = ""
    for attempt in range(ATTEMPTS):
        if os.path.exists(path):
            return path, None
        if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
            return None, what + " is fetched with apt-get, which is not installed"
        os.makedirs(CACHE, exist_ok=True)
        report.note("fetching %s (attempt %d)" % (what, attempt + 1))
        # the first package comes last: once its file exists, all packages are unpacked
        for name in reversed(packages):
            command = ["apt-get", "-q", "-o", "APT::Sandbox::User=", "download", name]
            output = process.run(command, 120, cwd=CACHE).output
            for package in glob.glob(os.path.join(CACHE, name + "_*.deb")):
                process.run(["dpkg-deb", "-x", package, folder], 60)
    return None, what + " could not be fetched; run again when the package mirror can be reached: " + output.strip()[-200:]


def luasec_samples(report):
    """The folder of LuaSec's samples, or None and the reason."""
    return _unpacked(report, "LuaSec's package of samples", ("lua-sec-dev",), "usr/share/doc/lua-sec-dev/samples")


def proftpd(report):
    """ProFTPD's program, or None and the reason. The last packages hold libraries that the system may lack."""
    packages = ("proftpd-core", "proftpd-mod-crypto", "libhashkit2", "libhiredis0.14", "libmemcached11",
                "libmemcachedutil2", "libpcre2-posix3")
    return _unpacked(report, "ProFTPD", packages, "usr/sbin/proftpd")
