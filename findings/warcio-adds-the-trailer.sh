#!/usr/bin/env bash
# warcio puts half of a trailer into the page that it reads from an archive, and dpkt knows neither PATCH nor trailers.
#
# Guess:  content_stream() gives the body without chunks, whatever a chunked answer may hold: extensions, a trailer field (RFC
#         9112 section 7.1), two gzip members (RFC 1952 section 2.2). PATCH is a method as POST is.
# Seen (warcio 1.8.1, dpkt 1.9.8, Python 3.11's http.client): with a trailer, warcio's body ends with "0", a line end and a
#         piece of the trailer. Of two gzip members it gives the first. Chunk extensions are fine. dpkt raises UnpackError
#         for an extension and for PATCH, and takes the line end behind a trailer for the next answer. http.client is right.
# Who meets it: readers of web archives, for servers that time or sign their answers in trailers.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check warcio==1.8.1 dpkt==1.9.8
cat > run.py <<'PYTHON'
import gzip
import http.client
import io

import dpkt
import warcio


class Connection:
    def __init__(self, text):
        self.text = text

    def makefile(self, mode):
        return io.BytesIO(self.text)


def with_warcio(answer):
    headers = {"WARC-Type": "response", "WARC-Target-URI": "http://host.test/", "WARC-Date": "2026-01-01T00:00:00Z",
               "WARC-Record-ID": "<urn:uuid:1>", "Content-Type": "application/http; msgtype=response"}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    archive = f"WARC/1.0\r\n{head}Content-Length: {len(answer)}\r\n\r\n".encode() + answer + b"\r\n\r\n"
    return next(iter(warcio.ArchiveIterator(io.BytesIO(archive)))).content_stream().read()


def with_dpkt(answer):
    try:
        read = dpkt.http.Response(answer)
        return read.body, "left:", read.data
    except dpkt.UnpackError as problem:
        return "raises", problem.args[0]


def with_client(answer):
    read = http.client.HTTPResponse(Connection(answer))
    read.begin()
    return read.read()


chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
answers = {"plain": chunked + b"4\r\ntext\r\n0\r\n\r\n", "extension": chunked + b"4;a=b\r\ntext\r\n0\r\n\r\n",
           "trailer": chunked + b"4\r\ntext\r\n0\r\nServer-Timing: db;dur=5\r\n\r\n"}
for name, answer in answers.items():
    print(name, "warcio:", with_warcio(answer), "dpkt:", *with_dpkt(answer), "http.client:", with_client(answer))
two = gzip.compress(b"first ") + gzip.compress(b"second")
print("gzip warcio:", with_warcio(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + two), "gzip:", gzip.decompress(two))
try:
    print(dpkt.http.Request(b"PATCH / HTTP/1.1\r\nHost: host.test\r\nContent-Length: 0\r\n\r\n").method)
except dpkt.UnpackError as problem:
    print("dpkt:", problem.args[0])
PYTHON
environment/bin/python run.py | tee seen
cat > expected <<'EXPECTED'
plain warcio: b'text' dpkt: b'text' left: b'' http.client: b'text'
extension warcio: b'text' dpkt: raises invalid chunk size http.client: b'text'
trailer warcio: b'text0\r\nrver-Timing: db;dur=5\r\n\r\n' dpkt: b'text' left: b'\r\n' http.client: b'text'
gzip warcio: b'first ' gzip: b'first second'
dpkt: invalid http method: 'PATCH'
EXPECTED
diff expected seen && echo "as described: warcio 1.8.1, dpkt 1.9.8"
