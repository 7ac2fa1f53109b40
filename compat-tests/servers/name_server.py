"""A name server that is slow or gives wrong answers; the first label of the name selects the behaviour.

Prints READY and its port, then `PTR name` for each reverse query and `TCP` for each connection. It listens on port 53
of 127.0.0.1, in a separate network namespace, and sends nothing over TCP. Names:
    slow            the right answer, after half a second
    silent…         nothing
    servfail, none  an error; a reply without any answer
    garbage, short  bytes that are not a message; a message that ends in its header
    wrongid, wrongname  the wrong address 127.0.0.9 first, then the right answer
    loop            a name that points to itself
    alias           an endless chain of CNAMEs, one for each query
    truncated       a truncated answer, so that the client must ask again over TCP
    many            60 addresses; only the last has a listener
    dual6, hole6, first4    an IPv6 address without a route, one whose packets are dropped, each besides 127.0.0.1
    both            ::1 and 127.0.0.1
    turn            10.9.0.7 and 10.9.0.1
    holes6          two IPv6 addresses whose packets are dropped
    evil            (reverse) a host name with a line end in it
No other name exists.
"""
import os
import socket
import struct
import threading
import time

A, PTR, AAAA, CNAME = 1, 12, 28, 5
POINTER = b"\xc0\x0c"       # the question's name


def question(message):
    labels, at = [], 12
    while message[at]:
        labels.append(message[at + 1:at + 1 + message[at]])
        at += message[at] + 1
    return labels, message[12:at + 5], struct.unpack(">H", message[at + 1:at + 3])[0]


def record(kind, data, name=POINTER):
    return name + struct.pack(">HHIH", kind, 1, 0, len(data)) + data


def reply(message, asked, answers=(), code=0):
    return message[:2] + struct.pack(">HHHHH", 0x8180 | code, 1, len(answers), 0, 0) + asked + b"".join(answers)


def v4(text):
    return record(A, socket.inet_aton(text))


def v6(text):
    return record(AAAA, socket.inet_pton(socket.AF_INET6, text))


def addresses(name, kind):
    """A name's records of one type, or None for a name that does not exist."""
    if name in (b"slow", b"wrongid", b"wrongname", b"dual6", b"hole6", b"first4", b"none", b"servfail"):
        sixes = {b"dual6": "2001:db8:9::1", b"hole6": "2001:db8:1::1", b"first4": "2001:db8:2::1"}
        if kind == A:
            return [v4("127.0.0.1")]
        return [v6(sixes[name])] if kind == AAAA and name in sixes else []
    if name == b"both":
        return [v4("127.0.0.1") if kind == A else v6("::1")]
    if name == b"turn":
        return [v4("10.9.0.7"), v4("10.9.0.1")] if kind == A else []
    if name == b"holes6":
        return [v6("2001:db8:1::1"), v6("2001:db8:1::2")] if kind == AAAA else []
    if name == b"many":
        return [v4("127.0.0.%d" % last) for last in range(2, 61)] + [v4("127.0.0.1")] if kind == A else []
    if name == b"loop":
        return [record(CNAME, POINTER)]
    if name == b"alias":
        return [record(CNAME, b"\x05alias\x03%03d\x04test\x00" % (time.monotonic_ns() % 1000))]
    return None


def answer(server, message, client):
    labels, asked, kind = question(message)
    name = labels[0].lower()
    send = lambda data: server.sendto(data, client)     # noqa: E731
    if name.startswith(b"silent"):
        return None
    if name == b"slow":
        time.sleep(0.5)
    if name == b"garbage":
        return send(os.urandom(300))
    if name == b"short":
        return send(message[:7])
    if name == b"servfail":
        return send(reply(message, asked, code=2))
    if name == b"none":
        return send(reply(message, asked))
    if name == b"truncated":
        cut = bytearray(reply(message, asked))
        cut[2] |= 0x02
        return send(bytes(cut))
    if kind == PTR:
        print("PTR " + b".".join(labels).decode("latin-1"), flush=True)
        evil = b"\x09evil\r\nX:y\x04test\x00"
        return send(reply(message, asked, [record(PTR, evil)]))
    if name == b"wrongid":
        send(bytes(byte ^ 255 for byte in message[:2]) + reply(message, asked, [v4("127.0.0.9")])[2:])
    if name == b"wrongname":
        other = b"\x05other\x04test\x00" + asked[-4:]
        send(reply(message, other, [v4("127.0.0.9")]))
    found = addresses(name, kind)
    return send(reply(message, asked, found or (), 0 if found is not None else 3))


def fall_silent(listener):
    connections = []
    while True:
        connections.append(listener.accept())
        print("TCP", flush=True)


server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 53))
threading.Thread(target=fall_silent, args=(socket.create_server(("127.0.0.1", 53)),), daemon=True).start()
print("READY 53", flush=True)
while True:
    data, peer = server.recvfrom(4096)
    if data == b"end":
        break
    threading.Thread(target=answer, args=(server, data, peer), daemon=True).start()
os._exit(0)
