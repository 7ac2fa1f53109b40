"""Services for test scripts: programs, certificates, web servers, a private network."""
import contextlib
import glob
import grp
import http.server
import os
import pwd
import random
import shutil
import socket
import subprocess
import tempfile
import threading
import time

import fetch
import needs
import process
import pythons
from interpreters import BUILD, SERVERS
from stage import write_template

CERTIFICATES = os.path.join(BUILD, "certificates")
PROGRAMS = {"nginx": "nginx", "apache": "apache2", "openssl": "openssl", "python3": "python3",
            "certs": "openssl", "curl": "curl", "valgrind": "valgrind", "vsftpd": "vsftpd",
            "redis-server": "redis-server", "microsocks": "microsocks", "tinyproxy": "tinyproxy",
            "chromium": "chromium", "prosody": "prosody"}
# servers written in Python, with the module that each needs
MODULES = {"aiosmtpd": "aiosmtpd", "pyftpdlib": "pyftpdlib", "pyftpdlib-tls": "OpenSSL, pyftpdlib"}
ATTEMPTS = 5
SEARCH = "/usr/local/sbin:/usr/sbin:/sbin"


def _free_ports(count):
    """Ports that were free a moment ago; a caller must be ready to try again.

    They are below those that the system gives to clients, and to servers that name none.
    """
    try:
        with open("/proc/sys/net/ipv4/ip_local_port_range") as file:
            end = max(int(file.read().split()[0]), 10000)
    except OSError:
        end = 32768
    listeners = []
    while len(listeners) < count:
        with contextlib.suppress(OSError):
            listeners.append(socket.create_server(("127.0.0.1", random.randrange(end - 8000, end))))
    ports = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports


def _answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


class _FileServer:
    """Serves a folder by HTTP, in a thread."""

    def __init__(self, folder):
        class Handler(http.server.SimpleHTTPRequestHandler):
            def __init__(self, *arguments):
                super().__init__(*arguments, directory=folder)

            def log_message(self, *arguments):
                pass
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d" % self._server.server_port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        """Ends it."""
        self._server.shutdown()
        self._server.server_close()


class Services:
    """Starts the services that the selected scripts need, once per run, and knows which are missing."""

    def __init__(self, world, revocable=False):
        self._running, self._broken, self._variables, self._programs = [], {}, {}, {}
        # with `revocable`, certificates whose revocation lists are served: wine refuses all others
        self._certs = os.path.join(BUILD, "windows", "certificates") if revocable else CERTIFICATES
        self._lists = _FileServer(self._certs) if revocable else None
        self._folder = tempfile.mkdtemp(prefix="luasocket-services-")
        os.chmod(self._folder, 0o755)
        self.world = world and world[0]

    def start(self, needed, report):
        """Starts everything that is needed and installed."""
        if needed & {"certs", "nginx", "vsftpd", "proftpd"} and shutil.which("openssl"):
            self._certificates()
        if "lua-sec-samples" in needed:
            self._luasec_samples(report)
        if "proftpd" in needed:
            self._programs["proftpd"], reason = fetch.proftpd(report)
            if reason:
                self._broken["proftpd"] = reason
        for name, start in (("nginx", self._nginx), ("apache", self._apache), ("vsftpd", self._vsftpd),
                            ("proftpd", self._proftpd)):
            if name in needed and name not in self._broken and not self._uninstalled(name):
                self._attempt(name, start, report)

    @property
    def certificates(self):
        """The certificates' folder."""
        return self._certs

    @property
    def url(self):
        """Where the certificates' folder is served, if it is."""
        return self._lists and self._lists.url

    @staticmethod
    def _uninstalled(name):
        program = PROGRAMS.get(name)
        return program and not shutil.which(program, path=os.environ.get("PATH", "") + ":" + SEARCH)

    def missing(self, need, interpreter):
        """Why `interpreter` cannot have `need`, or None."""
        if self._uninstalled(need):
            return needs.absent(PROGRAMS[need])
        if need in MODULES:
            return None if pythons.having(MODULES[need]) else needs.absent_module(MODULES[need])
        if need in self._broken:
            return self._broken[need]
        if need == "root" and os.geteuid() != 0:
            return needs.ROOT
        if need == "network-namespace" and not self.world:
            return needs.NAMESPACES
        if need == "lua-sec":
            return self._without_luasec(interpreter)
        if need not in PROGRAMS and need not in ("root", "network-namespace", "lua-sec-samples", "proftpd"):
            return "unknown need: " + need
        return None

    @staticmethod
    def _without_luasec(interpreter):
        probe = process.run([interpreter.path, "-e", "require('ssl')"], 20)
        return "LuaSec is not installed: apt install lua-sec" if probe.status != 0 else None

    def environment(self, needs):
        """The variables that give a script the addresses of its services."""
        shown = {key: value for key, (need, value) in self._variables.items() if need in needs}
        for need in MODULES.keys() & set(needs):
            shown["COMPAT_PYTHON"] = pythons.having(MODULES[need])
        return dict(shown, COMPAT_WWW=os.path.join(self._folder, "www"))

    def close(self):
        """Stops every server."""
        for child in self._running:
            process.end_session(child)
        if self._lists:
            self._lists.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _export(self, need, **values):
        self._variables.update({key: (need, str(value)) for key, value in values.items()})

    def _certificates(self):
        command, env = ["sh", os.path.join(SERVERS, "tls", "make-certs.sh"), self._certs], dict(os.environ)
        if self._lists:
            command.append("--force")
            env["CRL_URL"] = self._lists.url + "/crl"
        result = process.run(command, 120, env=env)
        if result.status != 0:
            reason = "no certificates: " + result.output.strip()[-200:]
            self._broken.update(dict.fromkeys(("certs", "nginx", "vsftpd", "proftpd"), reason))
        self._export("certs", COMPAT_CERTS=self._certs)

    def _luasec_samples(self, report):
        samples, reason = fetch.luasec_samples(report)
        if samples:
            self._export("lua-sec-samples", COMPAT_LUASEC_SAMPLES=samples)
        else:
            self._broken["lua-sec-samples"] = reason

    def _attempt(self, name, start, report):
        self._site()
        for _ in range(ATTEMPTS):
            command, ports, log = start()
            child = subprocess.Popen(command, cwd=self._folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                     stderr=subprocess.DEVNULL, start_new_session=True,
                                     env=dict(os.environ, PATH=os.environ.get("PATH", "") + ":" + SEARCH))
            deadline = time.monotonic() + 20
            while child.poll() is None and time.monotonic() < deadline:
                if all(map(_answers, ports)):
                    self._running.append(child)
                    return
                time.sleep(0.02)
            process.end_session(child)
        with open(log, errors="replace") as file:
            self._broken[name] = name + " does not start: " + file.read().strip()[-300:]
        report.note(self._broken[name])

    def _site(self):
        """The files that both web servers serve."""
        www = os.path.join(self._folder, "www")
        if os.path.exists(www):
            return
        shutil.copytree(os.path.join(SERVERS, "www"), www)
        with open(os.path.join(www, "large.bin"), "wb") as file:
            file.write(bytes((i * 7 + (i >> 8)) % 256 for i in range(65536)) * 64)
        for path in glob.glob(os.path.join(www, "cgi", "*")):
            os.chmod(path, 0o755)
        shutil.copytree(www, os.path.join(self._folder, "site", "test"))
        if shutil.which("openssl"):
            digest = subprocess.check_output(["openssl", "passwd", "-apr1", "password"], text=True)
            with open(os.path.join(self._folder, "site", "test", "auth", ".htpasswd"), "w") as file:
                file.write("luasocket:" + digest)
        subprocess.run(["chmod", "-R", "a+rX", self._folder], check=True)

    def _nginx(self):
        run = os.path.join(self._folder, "nginx")
        os.makedirs(run, exist_ok=True)
        http, https = _free_ports(2)
        user = "user root;" if os.geteuid() == 0 else ""
        words = {"RUN": run, "WWW": os.path.join(self._folder, "www"), "HTTP": str(http), "HTTPS": str(https),
                 "CERTS": self._certs, "USER": user}
        path = os.path.join(run, "nginx.conf")
        write_template("nginx.conf.in", path, words)
        self._export("nginx", COMPAT_HTTP_PORT=http, COMPAT_HTTPS_PORT=https)
        log = os.path.join(run, "error.log")
        return ["nginx", "-p", run, "-c", path], (http, https), log

    def _apache(self):
        run = os.path.join(self._folder, "apache")
        os.makedirs(os.path.join(run, "docroot"), exist_ok=True)
        port, proxy = _free_ports(2)
        user = "User www-data\nGroup www-data" if os.geteuid() == 0 else ""
        words = {"RUN": run, "SUITE": os.path.join(self._folder, "site"), "PORT": str(port), "PROXYPORT": str(proxy),
                 "MODULES": "/usr/lib/apache2/modules", "USER": user}
        path = os.path.join(run, "apache.conf")
        write_template("apache.conf.in", path, words)
        self._export("apache", COMPAT_APACHE_PORT=port, COMPAT_PROXY_PORT=proxy)
        return (["apache2", "-d", run, "-f", path, "-D", "FOREGROUND"], (port, proxy),
                os.path.join(run, "apache.error"))

    def _vsftpd(self):
        run = os.path.join(self._folder, "vsftpd")
        for name in ("root", "empty"):
            os.makedirs(os.path.join(run, name), exist_ok=True)
        port, = _free_ports(1)
        path = os.path.join(run, "vsftpd.conf")
        write_template("vsftpd.conf.in", path, {"RUN": run, "PORT": str(port), "CERTS": self._certs})
        self._export("vsftpd", COMPAT_VSFTPD_PORT=port, COMPAT_VSFTPD_ROOT=os.path.join(run, "root"))
        # it reports only on its standard output why it does not start
        return ["vsftpd", path], (port,), path

    def _proftpd(self):
        run = os.path.join(self._folder, "proftpd")
        root = os.path.join(run, "root")
        os.makedirs(root, exist_ok=True)
        # it refuses to work as root
        number = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else os.geteuid()
        user = pwd.getpwuid(number)
        users = os.path.join(run, "users")
        digest = subprocess.check_output(["openssl", "passwd", "-5", "password"], text=True).strip()
        with open(users, "w") as file:
            file.write("luasocket:%s:%d:%d::%s:/bin/false\n" % (digest, user.pw_uid, user.pw_gid, root))
        os.chmod(users, 0o600)
        for path in (run, root, users):
            os.chown(path, user.pw_uid, user.pw_gid)
        port, = _free_ports(1)
        path = os.path.join(run, "proftpd.conf")
        program = self._programs["proftpd"]
        tree = os.path.dirname(os.path.dirname(program))
        write_template("proftpd.conf.in", path, {
            "RUN": run, "PORT": str(port), "CERTS": self._certs, "USER": user.pw_name,
            "GROUP": grp.getgrgid(user.pw_gid).gr_name, "MODULES": os.path.join(tree, "lib", "proftpd"),
        })
        self._export("proftpd", COMPAT_PROFTPD_PORT=port, COMPAT_PROFTPD_ROOT=root)
        libraries = os.pathsep.join(glob.glob(os.path.join(tree, "lib", "*-linux-gnu*")))
        log = os.path.join(run, "proftpd.log")
        open(log, "w").close()
        return ["env", "LD_LIBRARY_PATH=" + libraries, program, "-n", "-c", path], (port,), log
