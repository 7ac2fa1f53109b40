"""The environment of the measured programs: both libraries, the peer, a web server."""
import os
import random
import resource
import shutil
import socket
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
BENCHES = os.path.dirname(HERE)
REPOSITORY = os.path.dirname(BENCHES)
BUILD = os.path.join(BENCHES, ".build")
CERTIFICATES = os.path.join(BUILD, "certificates")
WWW = os.path.join(BUILD, "www")
PEER = os.path.join(BUILD, "peer", "release", "bench-peer")
FLAVOURS = {"lua5.1": "lua51", "lua5.2": "lua52", "lua5.3": "lua53", "lua5.4": "lua54", "lua5.5": "lua55",
            "luajit": "luajit"}
SEARCH = os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin"
LARGE = 100 * 1000 * 1000
DESCRIPTORS = 16384


def _cargo(*arguments):
    subprocess.run(("cargo", "build", "--release", "--quiet") + arguments, cwd=REPOSITORY, check=True)


def build(interpreters):
    """Builds the peer, and the library for each interpreter, into .build/."""
    _cargo("--manifest-path", os.path.join(BENCHES, "peer", "Cargo.toml"), "--target-dir", os.path.join(BUILD, "peer"))
    if shutil.which("cc"):
        floor = os.path.join(BENCHES, "floor.c")
        subprocess.run(("cc", "-O2", "-shared", "-fPIC", "-o", os.path.join(BUILD, "floor.so"), floor), check=True)
    target = os.path.join(BUILD, "target")
    for name in interpreters:
        flavour = FLAVOURS[name]
        _cargo("-p", "luasocket-core", "-p", "luasocket-http", "-p", "luasocket-tls", "--features", flavour, "--target-dir", target)
        folder = os.path.join(BUILD, flavour, "socket")
        os.makedirs(folder, exist_ok=True)
        for library, installed in (("core", "core"), ("http", "http_core"), ("tls", "tls_core")):
            shutil.copy(os.path.join(target, "release", "libluasocket_%s.so" % library),
                        os.path.join(folder, installed + ".so"))


def environment(interpreter, library, settings):
    """The environment in which `interpreter` finds "ours", or the "reference" and the bare C function."""
    env = {key: value for key, value in os.environ.items() if not key.startswith("LUA_")}
    path = [os.path.join(BENCHES, "support", "?.lua")]
    if library == "ours":
        path.append(os.path.join(REPOSITORY, "lua", "?.lua"))
        env["LUA_CPATH"] = os.path.join(BUILD, FLAVOURS[interpreter], "?.so")
    else:
        path.append(";")        # the interpreter's default
        env["LUA_CPATH"] = os.path.join(BUILD, "?.so") + ";;"
    env["LUA_PATH"] = ";".join(path)
    env.update(settings)
    return env


def raise_descriptor_limit():
    """Lets the measured programs open thousands of sockets."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(DESCRIPTORS, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class Servers:
    """Runs the peer, and nginx where a case needs it; `settings` gives scripts their addresses."""

    def __init__(self, needs, peer=True):
        self.settings = {}
        self.missing = {}
        self._children = []
        self._folder = tempfile.mkdtemp(prefix="luasocket-benches-")
        try:
            if peer:
                self._start_peer()
            if "nginx" in needs:
                self._start_nginx()
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Stops the started programs."""
        for child in self._children:
            child.terminate()
            child.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def pin(self, cores):
        """Lets the servers run on these cores only, their workers included."""
        for child in self._children:
            listed = subprocess.run(["pgrep", "-P", str(child.pid)], stdout=subprocess.PIPE, text=True).stdout
            for process in [child.pid] + [int(word) for word in listed.split()]:
                os.sched_setaffinity(process, cores)

    def _start_peer(self):
        peer = subprocess.Popen([PEER, "serve"], stdout=subprocess.PIPE, text=True)
        self._children.append(peer)
        _, commands, closing, datagrams = peer.stdout.readline().split()
        self.settings.update(BENCH_PORT=commands, BENCH_CLOSING_PORT=closing, BENCH_DATAGRAM_PORT=datagrams)

    def _start_nginx(self):
        if not shutil.which("nginx", path=SEARCH) or not shutil.which("openssl"):
            self.missing["nginx"] = "nginx or openssl is not installed"
            return
        maker = os.path.join(REPOSITORY, "compat-tests", "servers", "tls", "make-certs.sh")
        subprocess.run(["sh", maker, CERTIFICATES], check=True, stdout=subprocess.DEVNULL)
        _make_site()
        for _ in range(5):
            http, https = _free_ports(2)
            command = ["nginx", "-p", self._folder, "-c", self._configuration(http, https)]
            child = subprocess.Popen(command, env=dict(os.environ, PATH=SEARCH), stderr=subprocess.DEVNULL)
            if _listens(child, (http, https)):
                self._children.append(child)
                self.settings.update(BENCH_HTTP_PORT=str(http), BENCH_HTTPS_PORT=str(https),
                                     BENCH_CA=os.path.join(CERTIFICATES, "ca.crt"))
                return
            child.kill()
            child.wait()
        self.missing["nginx"] = "nginx does not start"

    def _configuration(self, http, https):
        with open(os.path.join(BENCHES, "nginx.conf.in")) as file:
            text = file.read()
        words = {"RUN": self._folder, "WWW": WWW, "CERTS": CERTIFICATES, "HTTP": str(http), "HTTPS": str(https),
                 "USER": "user root;" if os.geteuid() == 0 else ""}
        for word, value in words.items():
            text = text.replace("@" + word + "@", value)
        path = os.path.join(self._folder, "nginx.conf")
        with open(path, "w") as file:
            file.write(text)
        return path


def _make_site():
    os.makedirs(WWW, exist_ok=True)
    for name, size in (("1k", 1024), ("100m", LARGE)):
        path = os.path.join(WWW, name)
        if not os.path.exists(path) or os.path.getsize(path) != size:
            with open(path, "wb") as file:
                file.write(random.Random(size).randbytes(size))


def _free_ports(count):
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports


def _listens(child, ports):
    deadline = time.monotonic() + 20
    while child.poll() is None and time.monotonic() < deadline:
        try:
            for port in ports:
                socket.create_connection(("127.0.0.1", port), 1).close()
            return True
        except OSError:
            time.sleep(0.02)
    return False
