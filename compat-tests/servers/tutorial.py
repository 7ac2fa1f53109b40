#!/usr/bin/env python3
"""The web server and the proxy for the manual's examples and the tutorials.

    tutorial.py http             HTTP
    tutorial.py https CERT KEY   the same over TLS
    tutorial.py proxy            an HTTP proxy, CONNECT included

Each binds a free port of 127.0.0.1, prints "READY <port>" and runs until it is killed. The server's answers:

    GET  /              a small page               GET  /items   JSON, if the request accepts it
    GET  /large         a megabyte                 POST /items   the sent JSON, with a new id
    GET  /redirect      302 to /                   POST /form    the fields of the form, sorted
    GET  /headers       the request's head         POST /upload  the names and sizes of multipart parts
    GET  /meet/N        a page, after N requests   PUT  /files/… 201 and the size of the body
    GET  /missing       404                        GET  /files/… the uploaded file
    GET  /paced         a megabyte whose second half is 0.3 s late
"""
import email.parser
import http.client
import http.server
import json
import select
import socket
import ssl
import sys
import threading
import time
import urllib.parse

FILES, BARRIERS, LOCK = {}, {}, threading.Lock()


class Site(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, code, body, kind="text/plain", **headers):
        body = body if isinstance(body, bytes) else body.encode()
        self.send_response(code)
        for name, value in dict(headers, Content_Type=kind, Content_Length=len(body)).items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        if self.command == "HEAD":
            return
        half = len(body) // 2
        self.wfile.write(body[:half])
        if self.path == "/paced":
            time.sleep(0.3)
        self.wfile.write(body[half:])

    def body(self):
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        whole = b""
        while True:
            size = int(self.rfile.readline().split(b";")[0], 16)
            whole += self.rfile.read(size)
            self.rfile.readline()
            if not size:
                return whole

    def do_GET(self):
        path = self.path.partition("?")[0]
        if path == "/":
            self.answer(200, "<h1>Hello</h1>\n", "text/html")
        elif path in ("/large", "/paced"):
            self.answer(200, bytes(i % 251 for i in range(1 << 20)), "application/octet-stream")
        elif path == "/redirect":
            self.answer(302, "", Location="/")
        elif path == "/headers":
            self.answer(200, "%s %s\n%s" % (self.command, self.path, "".join(
                "%s: %s\n" % pair for pair in sorted(self.headers.items()))))
        elif path.startswith("/meet/"):
            self.meet(int(path[len("/meet/"):]))
        elif path == "/items":
            if "application/json" not in self.headers.get("Accept", ""):
                self.answer(406, "")
            else:
                self.answer(200, json.dumps([{"id": 1, "name": "first"}]), "application/json")
        elif path in FILES:
            self.answer(200, FILES[path], "application/octet-stream")
        else:
            self.answer(404, "no such page\n")

    def meet(self, number):
        with LOCK:
            barrier = BARRIERS.setdefault(number, threading.Barrier(number))
        try:
            barrier.wait(30)
            self.answer(200, "all here\n")
        except threading.BrokenBarrierError:
            self.answer(504, "")

    do_HEAD = do_GET

    def do_POST(self):
        body = self.body()
        if self.path == "/form":
            fields = urllib.parse.parse_qsl(body.decode(), keep_blank_values=True)
            self.answer(200, "".join("%s=%s\n" % pair for pair in sorted(fields)))
        elif self.path == "/items":
            if self.headers.get("Content-Type") != "application/json":
                return self.answer(415, "")
            self.answer(201, json.dumps(dict(json.loads(body), id=2), sort_keys=True), "application/json")
        elif self.path == "/upload":
            head = "Content-Type: %s\r\n\r\n" % self.headers["Content-Type"]
            parts = email.parser.BytesParser().parsebytes(head.encode() + body).get_payload()
            self.answer(200, "".join("%s: %d bytes\n" % (
                part.get_param("name", header="content-disposition"), len(part.get_payload(decode=True)))
                for part in parts))
        else:
            self.answer(404, "no such page\n")

    def do_PUT(self):
        FILES[self.path] = self.body()
        self.answer(201, "%d bytes\n" % len(FILES[self.path]))


class Proxy(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"

    def log_message(self, *_):
        pass

    def do_CONNECT(self):
        host, _, port = self.path.rpartition(":")
        there = socket.create_connection((host.strip("[]"), int(port)), 20)
        self.wfile.write(b"HTTP/1.1 200 connected\r\n\r\n")
        pairs = {self.connection: there, there: self.connection}
        while True:
            for side in select.select(list(pairs), [], [])[0]:
                data = side.recv(65536)
                if not data:
                    there.close()
                    return
                pairs[side].sendall(data)

    def do_GET(self):
        there = urllib.parse.urlsplit(self.path)
        link = http.client.HTTPConnection(there.hostname, there.port, timeout=20)
        link.request(self.command, there.path or "/", headers={"Via": "1.1 tutorial"})
        reply = link.getresponse()
        body = reply.read()
        self.send_response(reply.status)
        self.send_header("Via", "1.1 tutorial")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_):
        pass    # some lessons have clients that refuse a certificate or hang up


class TlsServer(Server):
    context = None

    def finish_request(self, request, client_address):
        request.settimeout(20)
        super().finish_request(self.context.wrap_socket(request, server_side=True), client_address)


def main(kind, *files):
    if kind == "https":
        TlsServer.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        TlsServer.context.load_cert_chain(*files)
        server = TlsServer(("127.0.0.1", 0), Site)
    else:
        server = Server(("127.0.0.1", 0), Proxy if kind == "proxy" else Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print("READY %d" % server.server_address[1], flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
