"""Upstream's samples/ and etc/ folders."""
import base64
import http.client
import os
import quopri
import socket
import threading

from cases import case
from stage import COMPAT, TCP4, UNBUFFERED, Failure, expect, same
from cases_test import ftp_root

MODULES = ("socket.url", "ltn12", "socket", "mime", "socket.tp", "socket.smtp", "socket.http", "socket.ftp")
TEXT = b"first line\nsecond = line with a long tail " + b"x" * 100 + b"\nlast \xe9 line\n"
BINARY = bytes(range(256)) * 5


@case("samples/echoclnt.lua")
def echo(stage):
    server = stage.start("../samples/echosrvr.lua", "127.0.0.1", 0, before=[UNBUFFERED])
    port = server.expect(r"^Waiting packets on 127\.0\.0\.1:(\d+)\.\.\.").group(1)
    output = stage.run("../samples/echoclnt.lua", "localhost", port, stdin=b"one\ntwo\n\n")
    expect(output, r"^one\ntwo\s*\Z")
    server.expect(r"^Echoing 'two' to 127\.0\.0\.1:\d+")
    server.expect(r"^timeout$")


@case("samples/daytimeclnt.lua")
def daytime(stage):
    port = stage.server("daytime")
    expect(stage.run("../samples/daytimeclnt.lua", "127.0.0.1", port), r"\d\d:\d\d:\d\d \d{4}")


@case("samples/listener.lua, talker.lua")
def listener(stage):
    server = stage.start("../samples/listener.lua", "*", 0, before=[UNBUFFERED])
    port = server.expect(r"^Waiting connection from talker on \S+:(\d+)\.\.\.").group(1)
    stage.run("../samples/talker.lua", "localhost", port, stdin=b"one\ntwo\n\n")
    same("the listener's exit status", server.wait(10), 0)
    expect(server.output, r"^one\ntwo\nclosed\s*\Z")


@case("samples/tinyirc.lua")
def tinyirc(stage):
    server = stage.start("../samples/tinyirc.lua", "*", 18080, 18181, before=[UNBUFFERED])
    server.expect(r"^Inserting servers in set")

    def join(port, count):
        client = socket.create_connection(("127.0.0.1", port), 20)
        server.expect(r"(?s)(?:Inserting client in set.*){%d}" % count)
        return client
    clients = [join(18080, 1), join(18181, 2), join(18080, 3)]
    for sender in (0, 1):
        clients[sender].sendall(b"line %d\r\n" % sender)
        for reader in range(sender + 1, 3):
            same("a broadcast line", clients[reader].makefile("rb").readline(), b"line %d\n" % sender)
        clients[sender].close()
        server.expect(r"(?s)(?:Removing client from set.*){%d}" % (sender + 1))


@case("samples/mclisten.lua, mcsend.lua")
def multicast(stage):
    # sets an option of a new socket.udp(), which has no descriptor yet on the reference
    reader = stage.start("../samples/mclisten.lua", before=[UNBUFFERED, "local s = require'socket' s.udp = s.udp4"])
    reader.expect(r"\A(?:1(?:\.0)?\n){3}")
    sender = stage.start("../samples/mcsend.lua", before=[UNBUFFERED])
    sender.expect(r"^sent hello all 0!")
    sender.expect(r"^nil\ttimeout")
    reader.expect(r"^hello all 0!")


@case("samples/lpr.lua")
def lpr(stage):
    out = stage.folder("spool")
    port = stage.server("lpd", 0, out)
    words = ["host=localhost", "port=%d" % port, "queue=loop"]
    output = stage.run("../samples/lpr.lua", "index.html", *words, before=[COMPAT])
    expect(output, r"^\d+\s*\Z")
    jobs = {name[:3]: os.path.join(out, name) for name in os.listdir(out)}
    same("the files of the job", sorted(jobs), ["cfA", "dfA"])
    with open(jobs["dfA"], "rb") as file:
        same("the printed file", file.read(), stage.read("test", "index.html"))
    with open(jobs["cfA"]) as file:
        expect(file.read(), r"^JLuaSocket")
    expect(stage.run("../samples/lpr.lua", "query", *words, before=[COMPAT]), r"queue loop is empty")


def _pipe(stage, script, stdin, *arguments):
    process = stage.start(script, *arguments, stdin=stdin)
    same("exit status of " + script, process.wait(20), 0)
    return process.raw


@case("etc/b64.lua")
def b64(stage):
    encoded = _pipe(stage, "../etc/b64.lua", BINARY)
    same("base64", encoded.rstrip(b"\r\n"), base64.encodebytes(BINARY).replace(b"\n", b"\r\n").rstrip())
    same("round trip", _pipe(stage, "../etc/b64.lua", encoded, "-d"), BINARY)


@case("etc/qp.lua")
def qp(stage):
    encoded = _pipe(stage, "../etc/qp.lua", TEXT, "-et")
    same("text", quopri.decodestring(encoded), TEXT.replace(b"\n", b"\r\n"))
    same("text round trip", _pipe(stage, "../etc/qp.lua", encoded, "-d"), TEXT.replace(b"\n", b"\r\n"))
    encoded = _pipe(stage, "../etc/qp.lua", BINARY, "-eb")
    same("binary round trip", _pipe(stage, "../etc/qp.lua", encoded, "-d"), BINARY)


@case("etc/eol.lua")
def eol(stage):
    same("LF", _pipe(stage, "../etc/eol.lua", b"a\r\nb\n"), b"a\nb\n")
    same("CRLF", _pipe(stage, "../etc/eol.lua", b"a\r\nb\n", "-d"), b"a\r\nb\r\n")


@case("etc/get.lua", commands=["apache2"])
def get(stage):
    stage.apache()
    port = stage.server("ftp", 0, ftp_root(stage))
    for index, url in enumerate(("http://localhost/luasocket-test/index.html",
                                 "ftp://localhost:%d/pub/index.html" % port)):
        path = os.path.join(stage.scratch, "got-%d" % index)
        stage.run("../etc/get.lua", url, path)
        with open(path, "rb") as file:
            same(url, file.read(), stage.read("test", "index.html"))


def _check_links(stage, *options, before=(COMPAT,)):
    stage.apache()
    page = os.path.join(stage.scratch, "page.html")
    with open(page, "w") as file:
        file.write('<a href="http://localhost/luasocket-test/index.html">good</a>\n'
                   '<a href="http://localhost/wrongdocument.html">bad</a>\n')
    output = stage.run("../etc/check-links.lua", *options, page, before=before)
    expect(output, r"^\thttp://localhost/luasocket-test/index\.html$")
    expect(output, r"^\thttp://localhost/wrongdocument\.html: 404$")


@case("etc/check-links.lua", commands=["apache2"])
def check_links(stage):
    _check_links(stage)


@case("etc/check-links.lua -n", commands=["apache2"])
def check_links_in_coroutines(stage):
    # dispatch.lua's connect tries one address per name; Apache does not listen on IPv6
    _check_links(stage, "-n", before=[COMPAT, TCP4])


@case("etc/forward.lua", commands=["apache2"])
def forward(stage):
    stage.apache()
    server = stage.start("../etc/forward.lua", "18090:localhost:80", before=[COMPAT, TCP4])
    stage.listening(18090, server)
    wanted = b"0123456789abcdef" * 20000
    with open(os.path.join(stage.test, "large.bin"), "wb") as file:
        file.write(wanted)
    got = [None] * 4

    def download(index):
        connection = http.client.HTTPConnection("127.0.0.1", 18090, timeout=30)
        connection.request("GET", "/luasocket-test/large.bin")
        got[index] = connection.getresponse().read()
        connection.close()
    threads = [threading.Thread(target=download, args=(index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for body in got:
        if body != wanted:
            raise Failure("a download through the forwarder is not intact:\n" + server.output)


@case("etc/check-memory.lua")
def check_memory(stage):
    output = stage.run("../etc/check-memory.lua", before=[COMPAT])
    for name in MODULES:
        expect(output, r"^%s:\t [\d.-]+k$" % name.replace(".", r"\."))


@case("etc/cookie.lua")
def cookie(stage):
    same("output", stage.run("../etc/cookie.lua"), "")
