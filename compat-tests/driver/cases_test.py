"""Upstream's test/ folder."""
import os
import re
import shutil

from cases import case
from stage import COMPAT, DEBUG, TCP4, UNBUFFERED, Failure, expect, preload, refuse, same


@case("test/hello.lua")
def hello(stage):
    expect(stage.run("hello.lua"), r"^Hello from .+ and .+!$")


@case("test/excepttest.lua")
def excepttest(stage):
    expect(stage.run("excepttest.lua"), r"^OK\s*\Z")


@case("test/ltn12test.lua")
def ltn12test(stage):
    expect(stage.run("ltn12test.lua"), r"\(and source\.chain, a bunch\): ok\s*\Z")


@case("test/mimetest.lua")
def mimetest(stage):
    lines = stage.run("mimetest.lua").strip().splitlines()
    expect(lines[-1], r"^done in .*s$")
    for line in lines[:-1]:
        expect(line, r"ok\s*$")


@case("test/urltest.lua")
def urltest(stage):
    expect(stage.run("urltest.lua"), r"^the library passed all tests\s*\Z")


@case("test/stufftest.lua")
def stufftest(stage):
    same("ok lines", stage.run("stufftest.lua").split().count("ok"), 7)


@case("test/test_bind.lua")
def test_bind(stage):
    expect(stage.run("test_bind.lua"), r"^done!")


@case("test/test_getaddrinfo.lua")
def test_getaddrinfo(stage):
    expect(stage.run("test_getaddrinfo.lua"), r"^done!")


@case("test/test_socket_error.lua")
def test_socket_error(stage):
    expect(stage.run("test_socket_error.lua"), r"Passed! Error is 'connection refused'\.")


@case("test/tcp-getoptions")
def tcp_getoptions(stage):
    blocks = stage.run("tcp-getoptions", before=[COMPAT]).split("options for")[1:]
    same("blocks", len(blocks), 5)
    for block in blocks[1:4]:
        expect(block, r"tcp-keepintvl\ttrue\t\d+")


@case("test/udp-zero-length-send")
def udp_zero_length_send(stage):
    expect(stage.run("udp-zero-length-send"), r"^OK")


@case("test/udp-zero-length-send-recv")
def udp_zero_length_send_recv(stage):
    expect(stage.run("udp-zero-length-send-recv"), r"^ok")


@case("test/testclnt.lua", limit=240)
def testclnt(stage):
    # fewer descriptors than _SETSIZE: the script then omits its check that select refuses more sockets than that. Our
    # select has no such limit
    server = stage.start("testsrvr.lua", files=1000)
    stage.listening(8383, server)
    output = stage.run("testclnt.lua", before=[DEBUG], files=1000, limit=220)
    refuse(output, r"ERROR:")
    expect(output, r"testing: done in .*s$")
    same("the server's exit status", server.wait(10), 0)


# The two scripts wait for each other in the section named below, because it uses receive's prefix as it was before 3.0.
# All checks before it must pass.
@case("test/utestclnt.lua (up to non-blocking transfer)", limit=120)
def utestclnt(stage):
    before = [COMPAT, TCP4, DEBUG]
    server = stage.start("utestsrvr.lua", before=before)
    stage.bound("luasocket", server)
    client = stage.start("utestclnt.lua", before=before)
    client.expect(r"testing: non-blocking transfer", 100)
    refuse(client.output, r"ERROR")


@case("test/udpconnectclnt.lua")
def udpconnect(stage):
    server = stage.start("udpconnectsrvr.lua", before=[UNBUFFERED])
    port = server.expect(r"^getsockname\t127\.0\.0\.1\t(\d+)").group(1)
    stage.run("udpconnectclnt.lua", port)
    # the disconnected socket has a new port, printed on the third such line
    port = server.expect(r"(?s)(?:^getsockname.*?){2}^getsockname\t\S+\t(\d+)").group(1)
    expect(server.output, r"^this is a test from sc")
    refuse(server.output, r"^this is a test from se")
    stage.run("udpconnectclnt.lua", port)
    same("the server's exit status", server.wait(10), 0)
    expect(server.output, r"^this is a test from se\t127\.0\.0\.1\t5062")


@case("test/unixstreamclnt.lua")
def unixstream(stage):
    server = stage.start("unixstreamsrvr.lua")
    stage.bound("/tmp/foo", server)
    stage.run("unixstreamclnt.lua", stdin=b"one\ntwo\n", status=1)
    same("the server's exit status", server.wait(10), 1)
    expect(server.output, r"^one\b")
    expect(server.output, r"^two\b")
    expect(server.output, r"closed")


@case("test/unixdgramclnt.lua")
def unixdgram(stage):
    server = stage.start("unixdgramsrvr.lua", before=[UNBUFFERED])
    stage.bound("/tmp/foo", server)
    output = stage.run("unixdgramclnt.lua", stdin=b"one\ntwo\n", status=1)
    expect(output, r"^>one\t/tmp/foo")
    expect(output, r"^>two\t/tmp/foo")
    server.expect(r"^two\t/tmp/bar")


@case("test/find-connect-limit")
def find_connect_limit(stage):
    stage.server("hold", 80)
    output = stage.run("find-connect-limit", "localhost", files=64, status=1)
    expect(output, r"^resolved\tlocalhost\tto\t")
    expect(output, r"Too many open files")
    connections = len(re.findall(r"^connection #", output, re.M))
    if connections < 50:
        raise Failure("only %d connections:\n%s" % (connections, output))


@case("test/httptest.lua", commands=["apache2"])
def httptest(stage):
    stage.apache()
    output = stage.run("httptest.lua", before=[preload("http_compat.lua")])
    expect(output, r"^passed all tests")
    expect(output, r"^done in .*s\s*\Z")


def ftp_root(stage):
    """The two home folders that ftptest.lua expects."""
    root = stage.folder("ftp-server")
    for name in ("ftp/index.html", "ftp/pub/index.html", "luasocket/index.html", "luasocket/#?"):
        path = os.path.join(root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        shutil.copy(os.path.join(stage.test, "index.html"), path)
    return root


def run_ftptest(stage, port):
    expect(stage.run("ftptest.lua", before=["host = 'localhost:%d'" % port]), r"^passed all tests")


@case("test/ftptest.lua")
def ftptest(stage):
    run_ftptest(stage, stage.server("ftp", 0, ftp_root(stage)))


@case("test/ftptest.lua (pyftpdlib)", modules=["pyftpdlib"])
def ftptest_pyftpdlib(stage):
    run_ftptest(stage, stage.python_server("pyftpdlib", "ftpd.py", ftp_root(stage)))


def run_smtptest(stage, start):
    shutil.copy(os.path.join(os.path.dirname(__file__), "..", "servers", "mbox_stub.lua"),
                os.path.join(stage.test, "mbox.lua"))
    for name in ("luasocket", "luasock1", "luasock2", "luasock3"):
        with open(os.path.join("/var/mail", name), "w"):
            pass
    output = stage.run("smtptest.lua", before=[preload("smtp_compat.lua")], SMTP_PORT=str(start()))
    expect(output, r"^passed all tests")


@case("test/smtptest.lua")
def smtptest(stage):
    run_smtptest(stage, lambda: stage.server("smtp", 0, "/var/mail"))


@case("test/smtptest.lua (aiosmtpd)", modules=["aiosmtpd"])
def smtptest_aiosmtpd(stage):
    run_smtptest(stage, lambda: stage.python_server("aiosmtpd", "smtpd.py", "/var/mail"))


@case("test/testmesg.lua")
def testmesg(stage):
    stage.server("smtp", 2525, stage.folder("mail"))
    output = stage.run("testmesg.lua")
    same("accepted messages", output.splitlines().count("1\tnil"), 2)


@case("test/dicttest.lua")
def dicttest(stage):
    stage.server("dict", 2628)
    expect(stage.run("dicttest.lua", before=[COMPAT]), r"a word for tests")


@case("test/tftptest.lua")
def tftptest(stage):
    port = stage.server("tftp", 0, stage.test)
    output = stage.run("test/tftptest.lua", before=[COMPAT, "host = '127.0.0.1:%d'" % port], cwd=stage.suite)
    expect(output, r"^passed")
