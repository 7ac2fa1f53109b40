"""A TLS server that follows a script, for the tests of socket.tls and HTTPS.

    tls_peer.py CERTS [name=value ...] step ... [/ [name=value ...] step ...] ...

prints `READY port` and runs the steps, in order, on each connection to 127.0.0.1. The n-th connection uses the n-th
part between slashes; after the last part the first follows again:

    plain:TEXT   send TEXT before TLS        hello        receive something, without TLS
    tls          the handshake               drip:N       the handshake, one byte at a time, N ms apart
    request      receive the head of an HTTP request, and its body by Content-Length
    line         receive a line              echo         send all data back until the peer ends
    read:N       receive N bytes             swallow      receive until the peer ends
    send:TEXT    send TEXT                   page         send a response: `hello tls`
    fill:N       send N bytes                slow:N:TEXT  send TEXT one byte each N ms
    notify       send close_notify           shut         end the sending side of TCP
    cut          close TCP                   reset        reset TCP
    hold         wait until the peer ends    report       print the facts of the handshake, as one line
    connect      be an HTTP proxy: accept CONNECT, print its head, forward bytes, print `tls only`
                 when every byte from the client belonged to a TLS record
    connect:PORT the same, but always to that local port
    flood:TEXT   send TEXT, without TLS, repeatedly until the peer ends
    told         print the head of the request, as one line

TEXT may contain Python's escapes. Named values: `cert=a,b,c` (the n-th connection uses the n-th), `min`, `max` (1.0
to 1.3), `alpn=a,b`, `client=ca.crt` (require a certificate), `level=N` (OpenSSL's security level), `ciphers`,
`ip=::1`. The server ends when its output is closed.
"""
import os
import select
import socket
import ssl
import struct
import sys
import threading
import time
import warnings

warnings.simplefilter("ignore")  # old versions are offered on purpose
CERTS = sys.argv[1]


class Program:
    """The steps for one connection."""

    def __init__(self, words):
        self.values = dict(word.split("=", 1) for word in words if "=" in word.split(":")[0])
        self.steps = [word for word in words if "=" not in word.split(":")[0]]


def programs(words):
    """The parts between slashes."""
    parts = [[]]
    for word in words:
        if word == "/":
            parts.append([])
        else:
            parts[-1].append(word)
    return [Program(part) for part in parts]


PROGRAMS = programs(sys.argv[2:])
VERSIONS = {"1.0": ssl.TLSVersion.TLSv1, "1.1": ssl.TLSVersion.TLSv1_1,
            "1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
BODY = "hello tls"
PAGE = "HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(BODY), BODY)


def say(text):
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        os._exit(0)


def unescape(text):
    return text.encode("latin-1", "backslashreplace").decode("unicode_escape").encode("latin-1")


def context(values, number):
    names = values.get("cert", "good").split(",")
    name = names[number % len(names)]
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.set_ciphers(values.get("ciphers", "DEFAULT") + ":@SECLEVEL=" + values.get("level", "0"))
    made.minimum_version = VERSIONS[values.get("min", "1.2")]
    made.maximum_version = VERSIONS[values.get("max", "1.3")]
    made.load_cert_chain(os.path.join(CERTS, name + ".pem"), os.path.join(CERTS, name + ".key"))
    if "alpn" in values:
        made.set_alpn_protocols(values["alpn"].split(","))
    if "client" in values:
        made.verify_mode = ssl.CERT_REQUIRED
        made.load_verify_locations(os.path.join(CERTS, values["client"]))
    return made


class Connection:
    """One connection, with TLS kept separate from TCP."""

    def __init__(self, sock, number):
        self.program = PROGRAMS[number % len(PROGRAMS)]
        self.sock, self.number, self.name, self.inside, self.buffer = sock, number, "-", None, b""
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def run(self):
        try:
            for step in self.program.steps:
                word, _, rest = step.partition(":")
                getattr(self, word)(*([rest] if rest else []))
        except (OSError, ssl.SSLError, EOFError) as error:
            say("failed " + str(getattr(error, "reason", None) or error))
        finally:
            self.sock.close()

    # TCP

    def plain(self, text):
        self.sock.sendall(unescape(text))

    def flood(self, text):
        piece = unescape(text) * 10000
        while True:
            self.sock.sendall(piece)

    def hello(self):
        self.sock.recv(65536)

    def shut(self):
        self.sock.shutdown(socket.SHUT_WR)

    def cut(self):
        self.sock.close()

    def reset(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def hold(self):
        try:
            while self.sock.recv(65536):
                pass
        except ConnectionError:
            pass

    # TLS

    def tls(self, pause=None):
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        made = context(self.program.values, self.number)

        def asked(_object, name, _context):
            self.name = name or "-"
        made.sni_callback = asked
        self.inside = made.wrap_bio(self.incoming, self.outgoing, server_side=True)
        while not self.attempt(self.inside.do_handshake, pause):
            pass

    def drip(self, milliseconds):
        self.tls(int(milliseconds) / 1000)

    def flush(self, pause=None):
        data = self.outgoing.read()
        for piece in ([data[i:i + 1] for i in range(len(data))] if pause else [data]):
            self.sock.sendall(piece)
            if pause:
                time.sleep(pause)

    def attempt(self, action, pause=None):
        """Returns True and the action's result, or None when it needs more bytes. It then receives them."""
        try:
            return (action(),)
        except ssl.SSLWantReadError:
            self.flush(pause)
            data = self.sock.recv(65536)
            if data:
                self.incoming.write(data)
            else:
                self.incoming.write_eof()
            return None
        finally:
            self.flush(pause)

    def receive(self):
        while True:
            try:
                got = self.attempt(lambda: self.inside.read(65536))
            except ssl.SSLEOFError:
                return b""
            if got:
                return got[0]

    def until(self, complete):
        while not complete(self.buffer):
            data = self.receive()
            if not data:
                raise EOFError("ended")
            self.buffer += data

    def request(self):
        self.until(lambda data: b"\r\n\r\n" in data)
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                self.read(line.split(b":")[1])
        self.head = head

    def told(self):
        say(self.head.decode("latin-1").replace("\r\n", "|"))

    def line(self):
        self.until(lambda data: b"\n" in data)
        self.buffer = self.buffer.split(b"\n", 1)[1]

    def read(self, count):
        self.until(lambda data: len(data) >= int(count))
        self.buffer = self.buffer[int(count):]

    def swallow(self):
        count = len(self.buffer)
        data = self.receive()
        while data:
            count += len(data)
            data = self.receive()
        say("swallowed %d" % count)

    def echo(self):
        data = self.buffer or self.receive()
        while data:
            self.write(data)
            data = self.receive()

    def write(self, data):
        for start in range(0, len(data), 65536):
            self.inside.write(data[start:start + 65536])
            self.flush()

    def send(self, text):
        self.write(unescape(text))

    def page(self):
        self.write(PAGE.encode())

    def fill(self, count):
        self.write((b"0123456789abcdef" * (int(count) // 16 + 1))[:int(count)])

    def slow(self, rest):
        milliseconds, text = rest.split(":", 1)
        for byte in unescape(text):
            self.write(bytes([byte]))
            time.sleep(int(milliseconds) / 1000)

    def notify(self):
        try:
            self.inside.unwrap()
        except ssl.SSLWantReadError:
            pass
        self.flush()

    def report(self):
        say("name=%s version=%s alpn=%s" % (self.name, self.inside.version(), self.inside.selected_alpn_protocol()))

    # a proxy

    def connect(self, instead=None):
        head = b""
        while b"\r\n\r\n" not in head:
            head += self.sock.recv(1)
        say(head.decode("latin-1").replace("\r\n", "|"))
        host, port = head.split()[1].rsplit(b":", 1)
        address = ("127.0.0.1", int(instead)) if instead else (host.decode().strip("[]"), int(port))
        target = socket.create_connection(address)
        self.sock.sendall(b"HTTP/1.1 200 Established\r\n\r\n")
        sent, ends = b"", {self.sock: target, target: self.sock}
        while ends:
            for ready in select.select(list(ends), [], [])[0]:
                try:
                    data = ready.recv(65536)
                except ConnectionError:
                    data = b""
                sent += data if ready is self.sock else b""
                if data:
                    ends[ready].sendall(data)
                else:
                    try:
                        ends[ready].shutdown(socket.SHUT_WR)
                    except OSError:
                        pass
                    del ends[ready]
        target.close()
        while sent and sent[0] in (20, 21, 22, 23):
            sent = sent[5 + int.from_bytes(sent[3:5], "big"):]
        say("tls only" if not sent else "not tls: %r" % sent[:40])


def end_with_reader():
    """Ends the process when the parent has closed its end of the output, or has ended."""
    output = select.poll()
    output.register(sys.stdout, 0)
    output.poll()
    os._exit(0)


def main():
    address = PROGRAMS[0].values.get("ip", "127.0.0.1")
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.create_server((address, 0), family=family, backlog=128)
    threading.Thread(target=end_with_reader, daemon=True).start()
    say("READY %d" % listener.getsockname()[1])
    number = 0
    while True:
        sock, _ = listener.accept()
        threading.Thread(target=Connection(sock, number).run, daemon=True).start()
        number += 1


main()
