"""The tutorials of examples/, each with separate peers."""
import os
import pty
import re
import select
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

import process
from interpreters import REPOSITORY, SERVERS, environment
from task import Task

EXAMPLES = os.path.join(REPOSITORY, "examples")
NEEDS = {"certs"}
LIMIT = 60
CASES = []


class Failure(Exception):
    """A tutorial did not show the expected behaviour."""


class Lesson:
    """The means to run a tutorial: its interpreter, a scratch directory, peers."""

    def __init__(self, interpreter, certificates, scratch):
        self.scratch, self.certificates = scratch, certificates
        self._interpreter, self._peers = interpreter, []
        self._env = dict(environment(interpreter), **{"SERVER_NAME": "localhost"})

    def _start(self, command):
        child = subprocess.Popen(command, cwd=self.scratch, env=self._env, stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True, text=True)
        self._peers.append(child)
        match = re.search(r"(\d+)\s*$", child.stdout.readline())
        if not match:
            raise Failure("%s does not start" % command[-1])
        return int(match.group(1))

    def peer(self, program, *arguments):
        """Starts a program of servers/ and returns its port."""
        return self._start([sys.executable, os.path.join(SERVERS, program)] + [str(word) for word in arguments])

    def site(self):
        """Starts the web server and returns its URL."""
        return "http://127.0.0.1:%d" % self.peer("tutorial.py", "http")

    def secure_site(self):
        """Starts the web server with TLS and returns its URL."""
        pair = [os.path.join(self.certificates, "good." + kind) for kind in ("pem", "key")]
        return "https://localhost:%d" % self.peer("tutorial.py", "https", *pair)

    @property
    def authority(self):
        """The PEM file of the authority that signed the server's certificate."""
        return os.path.join(self.certificates, "ca.crt")

    def serve(self, script, *arguments):
        """Starts a tutorial that is a server and returns its port."""
        return self._start([self._interpreter.path, os.path.join(EXAMPLES, script)] + list(arguments))

    def one_line(self, script, arguments, pattern):
        """The tutorial must fail with one line that matches."""
        output = self.run(script, *arguments, status=1)
        if output.count("\n") != 1:
            raise Failure("%s %s: not one line:\n%s" % (script, " ".join(map(str, arguments)), output))
        self.expect(output, pattern)

    def run(self, script, *arguments, status=0, **variables):
        """Runs a tutorial to its end and returns its output."""
        command = [self._interpreter.path, os.path.join(EXAMPLES, script)] + [str(word) for word in arguments]
        result = process.run(command, LIMIT, cwd=self.scratch, env=dict(self._env, **variables))
        if result.status != status:
            raise Failure("%s: exit status %s:\n%s" % (script, result.status, result.output))
        return result.output

    def watch(self, script, *arguments):
        """Runs a tutorial with a terminal as its error output, and returns the output there."""
        ours, theirs = pty.openpty()
        command = [self._interpreter.path, os.path.join(EXAMPLES, script)] + [str(word) for word in arguments]
        child = subprocess.Popen(command, cwd=self.scratch, env=self._env, stdin=subprocess.DEVNULL,
                                 stdout=subprocess.DEVNULL, stderr=theirs, start_new_session=True)
        os.close(theirs)
        shown = b""
        try:
            while True:
                ready = select.select([ours], [], [], LIMIT)[0]
                shown += os.read(ours, 65536) if ready else b""
                if not ready:
                    raise Failure("shows nothing more after %r" % shown[-200:])
        except OSError:                     # a terminal ends like this when its programs have ended
            return shown.decode("utf-8", "replace")
        finally:
            process.end_session(child)
            os.close(ours)

    def expect(self, output, pattern):
        """Fails unless the output matches."""
        if not re.search(pattern, output, re.M):
            raise Failure("no /%s/ in:\n%s" % (pattern, output))

    def write(self, name, data):
        """Makes a file in the scratch directory."""
        path = os.path.join(self.scratch, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)
        return path

    def last_words(self):
        """The output of the last started server, which ends by itself."""
        return self._peers[-1].stdout.read()

    def close(self):
        """Ends every peer."""
        for child in self._peers:
            process.end_session(child)
            child.stdout.close()


def tutorial(script):
    """Registers the decorated function as the test of a tutorial."""
    def register(test):
        CASES.append((script, test))
        return test
    return register


@tutorial("fetch.lua")
def _fetch(lesson):
    site = lesson.site()
    lesson.expect(lesson.run("fetch.lua", site + "/redirect"), "^<h1>Hello</h1>$")
    lesson.expect(lesson.run("fetch.lua", site + "/missing"), "404 Not Found")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        dead = listener.getsockname()[1]
    lesson.expect(lesson.run("fetch.lua", "http://127.0.0.1:%d/" % dead, status=1), "^fetch: connection refused$")


@tutorial("get.lua")
def _get(lesson):
    site = lesson.site()
    shown = lesson.watch("get.lua", site + "/paced")
    lesson.expect(shown, r"\rpaced  +\d+%  \S+ \wiB  \S+ \wi?B/s")
    lesson.expect(shown, r"paced: 1\.0 MiB in \d+\.\d s \(.*/s\)")
    with open(os.path.join(lesson.scratch, "paced"), "rb") as file:
        if file.read() != bytes(i % 251 for i in range(1 << 20)):
            raise Failure("the file is not what the server sent")
    lesson.expect(lesson.run("get.lua", site + "/missing", "other", status=1), "^get: HTTP/1.1 404 Not Found$")
    if os.listdir(lesson.scratch) != ["paced"]:
        raise Failure("a failed download leaves %s" % os.listdir(lesson.scratch))


@tutorial("post-form.lua")
def _post_form(lesson):
    output = lesson.run("post-form.lua", lesson.site() + "/form", "name=Ada & Charles", "formula=1+1=2")
    lesson.expect(output, r"\A200\nformula=1\+1=2\nname=Ada & Charles\n\Z")


@tutorial("upload.lua")
def _upload(lesson):
    lesson.write("report.bin", bytes(range(256)) * 4096)
    output = lesson.run("upload.lua", lesson.site() + "/upload", "report.bin")
    lesson.expect(output, r"\A200\nfile: 1048576 bytes\n\Z")


@tutorial("json-api.lua")
def _json_api(lesson):
    output = lesson.run("json-api.lua", lesson.site(), 'a "second" one')
    lesson.expect(output, r'^200\t\[{"id": 1, "name": "first"}\]$')
    lesson.expect(output, r'^201\t{"id": 2, "name": "a \\"second\\" one"}$')


@tutorial("https.lua")
def _https(lesson):
    site = lesson.secure_site()
    output = lesson.run("https.lua", site + "/", lesson.authority)
    lesson.expect(output, "^200\t15 bytes$")
    lesson.expect(output, r"^TLSv1\.[23]\t")
    lesson.expect(output, "^valid until .* GMT$")
    lesson.expect(lesson.run("https.lua", site + "/", status=1), "^refused: certificate verify failed, .+")


@tutorial("proxy.lua")
def _proxy(lesson):
    proxy = "http://127.0.0.1:%d" % lesson.peer("tutorial.py", "proxy")
    output = lesson.run("proxy.lua", proxy, lesson.site() + "/")
    lesson.expect(output, r"\A200\t1\.1 tutorial\n<h1>Hello</h1>\n\Z")
    output = lesson.run("proxy.lua", proxy, lesson.secure_site() + "/", lesson.authority)
    lesson.expect(output, r"\A200\tno trace of a proxy\n<h1>Hello</h1>\n\Z")


@tutorial("echo-server.lua")
def _echo_server(lesson):
    port = lesson.serve("echo-server.lua")
    clients = [socket.create_connection(("127.0.0.1", port), LIMIT) for _ in range(20)]
    try:
        clients[0].sendall(b"half a li")          # waits for the rest while other clients are served
        for number, client in enumerate(clients[1:]):
            client.sendall(b"line %d\n" % number)
        for number, client in enumerate(clients[1:]):
            if client.makefile("rb").readline() != b"line %d\n" % number:
                raise Failure("a client got another's line")
        clients[0].sendall(b"ne\n")
        if clients[0].makefile("rb").readline() != b"half a line\n":
            raise Failure("the line in two pieces came back otherwise")
    finally:
        for client in clients:
            client.close()


def _ask(url, method="GET", body=None, context=None):
    """The status and body of an answer."""
    request = urllib.request.Request(url, data=body, method=method)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    try:
        with opener.open(request, timeout=LIMIT) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def _same(got, expected):
    if got != expected:
        raise Failure("got %r, expected %r" % (got, expected))


@tutorial("json-server.lua")
def _json_server(lesson):
    url = "http://127.0.0.1:%d" % lesson.serve("json-server.lua")
    _same(_ask(url + "/notes/1", "PUT", b'buy "milk"'), (201, b'"buy \\u0022milk\\u0022"\n'))
    _same(_ask(url + "/notes"), (200, b'{"1":"buy \\u0022milk\\u0022"}\n'))
    _same(_ask(url + "/notes/2"), (404, b'{"error":"no such note"}\n'))
    _same(_ask(url + "/notes/1", "POST", b""), (405, b""))
    _same(_ask(url + "/notes/1", "DELETE"), (204, b""))
    _same(_ask(url + "/stop", "POST", b""), (202, b""))
    _same(lesson.last_words(), "stopped\n")


@tutorial("file-server.lua")
def _file_server(lesson):
    folder = os.path.dirname(lesson.write("shown/a.txt", b"0123456789"))
    url = "http://127.0.0.1:%d" % lesson.serve("file-server.lua", folder)
    _same(_ask(url + "/")[0], 200)
    _same(_ask(url + "/files/a.txt"), (200, b"0123456789"))
    _same(_ask(url + "/files/../a.txt")[0], 404)
    large = b"x" * 3000000
    _same(_ask(url + "/upload/b%20c", "PUT", large), (201, b""))
    _same(_ask(url + "/files/b%20c"), (200, large))
    _same(_ask(url + "/upload/..%2fd", "PUT", b"d")[0], 400)
    lesson.one_line("file-server.lua", ["no-such-folder"], r"\Afile-server: no-such-folder: No such file or directory\n\Z")


@tutorial("events.lua")
def _events(lesson):
    port = lesson.serve("events.lua")
    with socket.create_connection(("127.0.0.1", port), LIMIT) as reader:
        reader.sendall(b"GET /events HTTP/1.1\r\nHost: a\r\n\r\n")
        stream = reader.makefile("rb")
        while stream.readline() != b"data: welcome\n":
            pass
        _same(_ask("http://127.0.0.1:%d/say" % port, "POST", b"hello"), (204, b""))
        while stream.readline() != b"data: hello\n":
            pass


@tutorial("processes.lua")
def _processes(lesson):
    orders = "http://127.0.0.1:%d" % lesson.serve("processes.lua", "2")
    status, shown = _ask(orders + "/")
    match = re.match(rb"port (\d+)\nprocess 1: \d+ requests\nprocess 2: \d+ requests\n$", shown)
    if status != 200 or not match:
        raise Failure("the processes: %d %r" % (status, shown))
    url = "http://127.0.0.1:%s" % match.group(1).decode()
    for number in range(20):
        _same(_ask("%s/%d" % (url, number)), (200, b"you asked for /%d\n" % number))
    failed, ended = [], threading.Event()

    def load():
        while not ended.is_set():
            try:
                _same(_ask(url + "/load"), (200, b"you asked for /load\n"))
            except (Failure, OSError) as error:
                failed.append(error)
    thread = threading.Thread(target=load)
    thread.start()
    try:
        _same(_ask(orders + "/restart", "POST", b""), (200, b"restarted\n"))
    finally:
        ended.set()
        thread.join()
    # a connection that arrives while its process closes its listener is reset by the system
    if len(failed) > 2:
        raise Failure("lost requests: %r" % failed)
    _same(_ask(url + "/"), (200, b"you asked for /\n"))
    _same(_ask(orders + "/stop", "POST", b""), (200, b"stopping\n"))
    _same(lesson.last_words(), "stopped\n")


@tutorial("https-server.lua")
def _https_server(lesson):
    certificate, key = (lesson.write("own." + kind, open(os.path.join(lesson.certificates, "good." + kind), "rb").read())
                        for kind in ("pem", "key"))
    url = "https://localhost:%d/" % lesson.serve("https-server.lua", certificate, key)
    context = ssl.create_default_context(cafile=lesson.authority)
    status, body = _ask(url, context=context)
    _same((status, body.startswith(b"https by TLSv1.")), (200, True))
    for kind in ("key", "pem"):
        lesson.write("own." + kind, open(os.path.join(lesson.certificates, "good-ec." + kind), "rb").read())
    until = time.monotonic() + 20
    while time.monotonic() < until:
        with socket.create_connection(("localhost", int(url.rsplit(":", 1)[1].rstrip("/"))), LIMIT) as raw:
            with context.wrap_socket(raw, server_hostname="localhost") as secure:
                if len(secure.getpeercert(True)) < 600:
                    return
        time.sleep(0.2)
    raise Failure("the new certificate was not taken")


@tutorial("udp-time.lua")
def _udp_time(lesson):
    port = lesson.serve("udp-time.lua", "serve")
    lesson.expect(lesson.run("udp-time.lua", "ask", "127.0.0.1", port), r"\A\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\n\Z")


@tutorial("mail.lua")
def _mail(lesson):
    folder = os.path.join(lesson.scratch, "mail")
    os.mkdir(folder)
    lesson.write("notes.txt", b"attached, and long enough for a line that has to be broken somewhere: " * 3)
    port = lesson.peer("loopback.py", "smtp", 0, folder)
    output = lesson.run("mail.lua", "127.0.0.1", port, "ada@example.org", "charles@example.org", "notes.txt")
    lesson.expect(output, r"\Asent\n\Z")
    with open(os.path.join(folder, "charles"), encoding="utf-8") as file:
        delivered = file.read()
    lesson.expect(delivered, "^Subject: a file: notes.txt$")
    lesson.expect(delivered, '^Content-Disposition: attachment; filename="notes.txt"$')
    lesson.expect(delivered, "^YXR0YWNoZWQsIGFuZCBsb25n")


@tutorial("ftp.lua")
def _ftp(lesson):
    os.makedirs(os.path.join(lesson.scratch, "root", "luasocket"))
    lesson.write("data.bin", bytes(range(256)) * 100)
    port = lesson.peer("loopback.py", "ftp", 0, os.path.join(lesson.scratch, "root"))
    output = lesson.run("ftp.lua", "127.0.0.1", port, "luasocket", "password", "data.bin")
    lesson.expect(output, r"\Asent 25600 bytes\nthere now: data.bin \s*\d*\s*got 25600 bytes\nremoved\n\Z")


@tutorial("filter-chain.lua")
def _filter_chain(lesson):
    data = bytes(range(256)) * 40
    lesson.write("plain", data)
    lesson.expect(lesson.run("filter-chain.lua", "encode", "plain", "encoded"), "^10240 bytes in, 14016 bytes out$")
    lesson.run("filter-chain.lua", "decode", "encoded", "decoded")
    with open(os.path.join(lesson.scratch, "decoded"), "rb") as file:
        if file.read() != data:
            raise Failure("the returned text differs from the text that was sent")


@tutorial("parallel.lua")
def _parallel(lesson):
    site = lesson.site()
    # none of the ten gets an answer before all ten requests have arrived
    output = lesson.run("parallel.lua", *([site + "/meet/10"] * 10 + [site + "/large", site + "/redirect"]))
    if output.count("/meet/10\t200\t9\n") != 10:
        raise Failure(output)
    lesson.expect(output, r"/large\t200\t1048576$")
    lesson.expect(output, r"/redirect\t200\t15$")
    secure = lesson.secure_site()
    output = lesson.run("parallel.lua", secure + "/large", secure + "/", SSL_CERT_FILE=lesson.authority)
    lesson.expect(output, r"/large\t200\t1048576$")
    lesson.expect(output, r"/\t200\t15$")
    lesson.expect(lesson.run("parallel.lua", secure + "/"), r"/\tfailed: certificate verify failed, .+")


@tutorial("client.lua")
def _client(lesson):
    site = lesson.site()
    lesson.expect(lesson.run("client.lua", site + "/redirect"),
                  r"\A200\tOK\ttext/html\nredirected from\t.*/redirect\n.*/\t15 bytes\n<h1>Hello</h1>\n\Z")
    lesson.expect(lesson.run("client.lua", lesson.secure_site() + "/", status=1), "^client: certificate verify failed, .+ \\(tls\\)$")


@tutorial("login.lua")
def _login(lesson):
    site = "http://127.0.0.1:%d" % lesson.peer("client_peer.py")
    output = lesson.run("login.lua", "cookies", site + "/set_cookie", "name=Ada")
    lesson.expect(output, r"\A200\nCookie set!cookie\tsession_id\t12345\n\Z")
    lesson.expect(lesson.run("login.lua", "cookies", site + "/get_cookie", "name=Ada"), "^session_id=12345")


@tutorial("upload-form.lua")
def _upload_form(lesson):
    lesson.write("one", bytes(range(256)) * 4096)
    lesson.write("two", b"second")
    output = lesson.run("upload-form.lua", lesson.site() + "/upload", "one", "two")
    lesson.expect(output, r"^200\nfile1: 1048576 bytes\nfile2: 6 bytes\n\Z")
    lesson.expect(lesson.run("upload-form.lua", lesson.site() + "/upload", "missing", status=1),
                  "^upload-form: cannot open 'missing': No such file or directory$")


@tutorial("batch.lua")
def _batch(lesson):
    site = lesson.site()
    output = lesson.run("batch.lua", 5, *[site + "/", site + "/missing", "gopher://example.com/", site + "/large"])
    lesson.expect(output, r"\A.*/\t200\t15\n.*/missing\t404\t\d+\n.*failed: unsupported scheme 'gopher'\n.*/large\t200\t1048576\n\Z")


@tutorial("stream.lua")
def _stream(lesson):
    site = "http://127.0.0.1:%d" % lesson.peer("client_peer.py")
    lesson.expect(lesson.run("stream.lua", site + "/lines", 3), r"\Aline\nline\nline\n\Z")


@tutorial("cached.lua")
def _cached(lesson):
    site = "http://127.0.0.1:%d" % lesson.peer("client_peer.py")
    lesson.expect(lesson.run("cached.lua", site + "/dated", "page"), r"\Afetched 5 bytes\n\Z")
    lesson.expect(lesson.run("cached.lua", site + "/dated", "page"), r"\Anot changed since Sun, 06 Nov 1994 08:49:37 GMT\n\Z")


# missing arguments, files that cannot be opened, servers that do not answer: (script, arguments)
BRIEF = [(script, ()) for script in ("fetch.lua", "get.lua", "post-form.lua", "upload.lua", "json-api.lua", "https.lua",
                                     "proxy.lua", "mail.lua", "ftp.lua", "filter-chain.lua", "udp-time.lua", "parallel.lua",
                                     "client.lua", "login.lua", "upload-form.lua", "batch.lua", "stream.lua", "cached.lua")]
MISSING = [("upload.lua", ("http://127.0.0.1:1/", "missing")), ("filter-chain.lua", ("encode", "missing", "out")),
           ("mail.lua", ("127.0.0.1", "1", "a@b", "c@d", "missing")), ("ftp.lua", ("127.0.0.1", "1", "u", "p", "missing"))]


@tutorial("all, failing")
def _failing(lesson):
    for script, arguments in BRIEF:
        lesson.one_line(script, arguments, r"^usage: (luasocket )?%s .+" % re.escape(script))
    for script, arguments in MISSING:
        lesson.one_line(script, arguments, r": missing: No such file or directory$")
    lesson.write("there", b"data")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    url = "http://127.0.0.1:%d" % port
    for script, arguments in (("fetch.lua", (url,)), ("get.lua", (url, "-")), ("post-form.lua", (url, "a=b")),
                              ("upload.lua", (url, "there")), ("json-api.lua", (url, "x")),
                              ("https.lua", (url.replace("http", "https"),)), ("proxy.lua", (url, "http://localhost/")),
                              ("mail.lua", ("127.0.0.1", port, "a@b", "c@d", "there")),
                              ("ftp.lua", ("127.0.0.1", port, "u", "p", "there"))):
        lesson.one_line(script, arguments, r"connection refused$")
    # the fourth result for a refused certificate
    site = lesson.secure_site()
    for script, arguments in (("fetch.lua", (site,)), ("get.lua", (site, "-")), ("post-form.lua", (site, "a=b")),
                              ("upload.lua", (site, "there")), ("json-api.lua", (site, "x")), ("https.lua", (site,))):
        lesson.one_line(script, arguments, r"certificate verify failed, .+$")


def _judge(script, test, interpreter, services, report):
    name = "examples %s [%s]" % (script, interpreter.name)
    missing = services.missing("certs", interpreter)
    if missing:
        return report.skip(name, missing)
    scratch = tempfile.mkdtemp(prefix="luasocket-test-")
    lesson = Lesson(interpreter, services.environment(NEEDS)["COMPAT_CERTS"], scratch)
    try:
        test(lesson)
    except (Failure, OSError) as failure:
        return report.fail(name, str(failure), file=os.path.join(EXAMPLES, script), program=interpreter.path)
    finally:
        lesson.close()
        shutil.rmtree(scratch, ignore_errors=True)
    return report.ok(name)


def tasks(interpreters, wanted, services, report):
    """Runs each tutorial on each interpreter."""
    return [Task("examples %s [%s]" % (script, interpreter.name),
                 lambda interpreter=interpreter, script=script, test=test: _judge(script, test, interpreter, services, report),
                 interpreter)
            for script, test in CASES if wanted("examples " + script) for interpreter in interpreters]
