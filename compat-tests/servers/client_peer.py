"""A web server for the client's own tests: routes that echo, redirect, stall, count and misbehave.

Prints `READY port` and ends with the process that started it. With certificate and key as arguments it uses TLS.
"""
import base64
import hashlib
import http.server
import json
import os
import socketserver
import ssl
import sys
import threading
import time
import urllib.parse
import urllib.request
import zlib

LOCK = threading.Lock()
COUNTS = {}         # how often each key was used
RUNNING = [0, 0]    # requests at once: now, at most
CONNECTIONS = [0]


def gzipped(data):
    packer = zlib.compressobj(1, wbits=31)
    return packer.compress(data) + packer.flush()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        super().setup()
        with LOCK:
            CONNECTIONS[0] += 1
            self.connection_number = CONNECTIONS[0]

    def log_message(self, *_):
        pass

    def handle_expect_100(self):
        if self.path.startswith("/expect/"):
            return True
        return super().handle_expect_100()

    def body(self):
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            pieces = []
            while True:
                size = int(self.rfile.readline().split(b";")[0], 16)
                if size:
                    pieces.append(self.rfile.read(size))
                self.rfile.readline()
                if not size:
                    return b"".join(pieces)
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def answer(self, status=200, body=b"", headers=(), length=True):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if length and not any(name.lower() == "content-length" for name, _ in headers) and status not in (204, 304):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def counted(self, key):
        with LOCK:
            COUNTS[key] = COUNTS.get(key, 0) + 1
            return COUNTS[key]

    def handle_any(self):
        parts = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(parts.query, keep_blank_values=True))
        words = parts.path.strip("/").split("/")
        route = getattr(self, "route_" + (words[0].replace("-", "_") or "root"), None)
        if route is None:
            self.body()
            return self.answer(404, b"no such route")
        return route(words[1:], query)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = do_OPTIONS = handle_any

    # the request as received
    def route_echo(self, _words, query):
        body = self.body()
        lines = ["%s %s" % (self.command, self.path)]
        lines += ["%s: %s" % (name, value.encode("latin-1").decode("latin-1")) for name, value in self.headers.items()]
        text = ("\n".join(lines) + "\n\n").encode("latin-1") + body
        self.answer(int(query.get("status", 200)), text, [("Content-Type", "text/plain")])

    def route_digest(self, _words, _query):
        """The checksum of a body, which is read in pieces."""
        total, digest = 0, hashlib.sha256()
        if self.headers.get("Transfer-Encoding"):
            data = self.body()
            total, digest = len(data), hashlib.sha256(data)
        else:
            left = int(self.headers.get("Content-Length", 0))
            while left:
                piece = self.rfile.read(min(left, 65536))
                left -= len(piece)
                total += len(piece)
                digest.update(piece)
        self.answer(200, ("%d %s" % (total, digest.hexdigest())).encode())

    def route_upload(self, _words, query):
        """Compares the file in the single part of a multipart body with a file that this process can read."""
        left = int(self.headers["Content-Length"]) - len("\r\n--%s--\r\n" % self.headers.get_boundary())
        line = None
        while line != b"\r\n":
            line = self.rfile.readline()
            left -= len(line)
        equal, size = True, left
        with open(query["file"], "rb") as file:
            while left:
                piece = self.rfile.read(min(left, 65536))
                equal = equal and piece == file.read(len(piece)) and piece != b""
                left -= len(piece)
            equal = equal and not file.read(1)
        self.rfile.readline()
        self.rfile.readline()
        self.answer(200, b"%s, %d bytes" % (b"equal" if equal else b"not equal", size))

    def route_bytes(self, words, _query):
        self.body()
        self.answer(200, b"x" * int(words[0]))

    def route_status(self, words, query):
        self.body()
        headers = [(name, query[name]) for name in ("Retry-After", "Content-Encoding") if name in query]
        self.answer(int(words[0]), b"" if words[0] in ("204", "304") else b"status", headers)

    def route_headers(self, _words, _query):
        self.answer(200, b"ok", [("Set-Cookie", "a=1; Path=/"), ("set-cookie", "b=2"), ("X-One", "1"), ("ETag", '"x"')])

    def route_redirect(self, words, query):
        self.body()
        headers = [("Location", query["to"])] if "to" in query else []
        if "cookie" in query:
            headers.append(("Set-Cookie", query["cookie"]))
        self.answer(int(words[0]), b"go", headers)

    def route_chain(self, words, _query):
        left = int(words[0])
        if left:
            self.answer(302, b"on", [("Location", "/chain/%d" % (left - 1))])
        else:
            self.answer(200, b"end")

    def route_set(self, _words, query):
        self.body()
        self.answer(200, b"set", [("Set-Cookie", value) for value in query.values()])

    def route_zip(self, words, query):
        """A body of zeros, or the text of the query, in any coding."""
        data = bytes(int(query["zeros"])) if "zeros" in query else query.get("text", "").encode()
        if "raw" in query:
            data = base64.b64decode(query["raw"])
        elif words[0] == "gzip":
            data = gzipped(data)
        if "cut" in query:
            data = data[:int(query["cut"])]
        accepted = self.headers.get("Accept-Encoding", "none")
        self.answer(200, data, [("Content-Encoding", words[0]), ("X-Accepted", accepted)])

    def route_delay(self, words, _query):
        time.sleep(float(words[0]))
        self.answer(200, b"late")

    def route_retry(self, words, query):
        """Fails the number of times that the first word gives."""
        self.body()
        count = self.counted("retry " + words[1])
        if count <= int(words[0]):
            headers = [("Retry-After", query["after"])] if "after" in query else []
            return self.answer(int(query.get("status", 503)), b"busy", headers)
        return self.answer(200, ("after %d" % count).encode())

    def route_count(self, words, _query):
        self.answer(200, str(COUNTS.get(" ".join(words), 0)).encode())

    def route_cut(self, words, _query):
        """Closes without an answer, the number of times that the word gives."""
        self.body()
        if self.counted("cut " + words[1]) <= int(words[0]):
            self.close_connection = True
            return
        self.answer(200, b"at last")

    def route_connection(self, _words, _query):
        self.body()
        self.answer(200, str(self.connection_number).encode())

    def route_busy(self, _words, _query):
        """The number of requests that run at once."""
        with LOCK:
            RUNNING[0] += 1
            RUNNING[1] = max(RUNNING)
        time.sleep(0.02)
        with LOCK:
            RUNNING[0] -= 1
        self.answer(200, self.path.encode())

    def route_most(self, _words, _query):
        self.answer(200, str(RUNNING[1]).encode())

    def route_lines(self, _words, _query):
        """An endless response of lines."""
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        try:
            while True:
                self.wfile.write(b"line\n")
                self.wfile.flush()
                time.sleep(0.02)
        except OSError:
            self.counted("lines closed")
        self.close_connection = True

    def route_expect(self, words, _query):
        """A final response to the head, and the data after it."""
        self.answer(int(words[0]), b"no", [("Connection", "close")])
        self.connection.settimeout(2)
        try:
            rest = self.connection.recv(100000)
        except OSError:
            rest = b""
        with LOCK:
            COUNTS["body after " + words[0]] = len(rest)
        self.close_connection = True

    def route_drip(self, words, _query):
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        try:
            for _ in range(1000):
                self.wfile.write(b"x")
                self.wfile.flush()
                time.sleep(float(words[0]))
        except OSError:
            pass
        self.close_connection = True

    def route_json(self, _words, _query):
        self.answer(200, json.dumps(json.loads(self.body() or b"null")).encode(), [("Content-Type", "application/json")])

    def route_ranged(self, words, _query):
        """Ten bytes, with support for ranges; the word says how the response is wrong."""
        data, start = b"0123456789", 0
        given = self.headers.get("Range", "")
        changed = self.headers.get("If-Range", '"v1"') != '"v1"'
        if not given or changed or words[0] == "whole":
            return self.answer(200, data, [("ETag", '"v1"')])
        start = int(given[6:-1])
        if start >= len(data):
            return self.answer(416, b"no", [("Content-Range", "bytes */%d" % (len(data) + (words[0] == "shrunk")))])
        shift = 1 if words[0] == "shifted" else 0
        return self.answer(206, data[start:], [("Content-Range", "bytes %d-9/10" % (start + shift))])

    def route_guarded(self, words, _query):
        """Protected by Digest (RFC 7616): user `Mufasa`, password `Circle of Life`; the word is the algorithm."""
        self.body()
        algorithm = {"md5": "MD5", "sha256": "SHA-256"}[words[0]]
        digest = lambda text: hashlib.new(words[0], text.encode()).hexdigest()
        given = self.headers.get("Authorization", "")
        fields = dict(urllib.request.parse_keqv_list(urllib.request.parse_http_list(given.partition(" ")[2])))
        if given.startswith("Digest "):
            first = digest("Mufasa:guarded:Circle of Life")
            second = digest("%s:%s" % (self.command, fields["uri"]))
            expected = digest(":".join((first, fields["nonce"], fields["nc"], fields["cnonce"], fields["qop"], second)))
            count = self.counted("nonce " + fields["nonce"])
            if fields["response"] == expected and fields["uri"] == self.path and int(fields["nc"], 16) == count:
                return self.answer(200, ("welcome %d" % count).encode())
        challenge = 'Digest realm="guarded", nonce="%s", qop="auth", algorithm=%s' % (os.urandom(8).hex(), algorithm)
        return self.answer(401, b"who is it?", [("WWW-Authenticate", "Basic realm=x"), ("WWW-Authenticate", challenge)])

    def route_dated(self, _words, _query):
        date = "Sun, 06 Nov 1994 08:49:37 GMT"
        if self.headers.get("If-Modified-Since") == date:
            self.answer(304)
        else:
            self.answer(200, b"dated", [("Last-Modified", date)])

    # the routes of gluahttp's test server
    def route_root(self, _words, _query):
        body = self.body()
        text = 'Requested %s / with query "%s"' % (self.command, urllib.parse.urlsplit(self.path).query)
        if self.command in ("POST", "PATCH", "PUT"):
            text += "Content-Type: %sContent-Length: %sBody: %s" % (
                self.headers.get("Content-Type", ""), self.headers.get("Content-Length", ""), body.decode())
        self.answer(200, text.encode(), [("Content-Type", "text/plain; charset=utf-8")])

    def route_head(self, _words, _query):
        self.body()
        self.answer(200, b"", [("X-Request-Uri", self.path)])

    def route_set_cookie(self, _words, _query):
        self.body()
        self.answer(200, b"Cookie set!", [("Set-Cookie", "session_id=12345")])

    def route_get_cookie(self, _words, _query):
        cookie = self.headers.get("Cookie", "")
        self.answer(200, cookie.encode())


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def server_bind(self):
        socketserver.TCPServer.server_bind(self)    # without a lookup of the host's name

    def handle_error(self, *_):
        pass


def main():
    server = Server(("127.0.0.1", 0), Handler)
    if len(sys.argv) > 2:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1], sys.argv[2])
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print("READY", server.server_address[1], flush=True)
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(0.2)
    os._exit(0)


main()
