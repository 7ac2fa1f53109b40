"""A TLS peer that sends what carries no data, without end. It uses OpenSSL's library, because Python's module cannot.

    tls_flood.py CERTS serve KIND [COUNT]     a server that prints `READY port`
    tls_flood.py CERTS connect KIND PORT N    a client: N messages, then a line; prints how many it could send

KIND: `tickets`, `updates` and `requests` (KeyUpdates, which request one back) are TLS 1.3; `renegotiations` is TLS 1.2.
After COUNT messages (0 for no end) the server sends "done\n". The programs end when their output is closed.
"""
import ctypes
import ctypes.util
import os
import select
import socket
import sys
import threading

CERTS, ROLE, KIND = sys.argv[1:4]
CLEAR_MODE, MODE_AUTO_RETRY, SET_MAX_VERSION, TLS1_2 = 78, 4, 124, 0x0303

ssl = ctypes.CDLL(ctypes.util.find_library("ssl") or "libssl.so.3")
for name in ("TLS_server_method", "TLS_client_method", "SSL_CTX_new", "SSL_new"):
    getattr(ssl, name).restype = ctypes.c_void_p


def call(name, *arguments):
    """Calls a function of OpenSSL. Numbers are passed as wide as pointers."""
    return getattr(ssl, name)(*(ctypes.c_void_p(word) if isinstance(word, int) else word for word in arguments))


def context(method):
    made = call("SSL_CTX_new", call(method))
    # SSL_read returns after a message without data
    call("SSL_CTX_ctrl", made, CLEAR_MODE, MODE_AUTO_RETRY, None)
    if KIND == "renegotiations":
        call("SSL_CTX_ctrl", made, SET_MAX_VERSION, TLS1_2, None)
    return made


def write(connection, text):
    return call("SSL_write", connection, text, len(text)) > 0


def message(connection):
    """Sends one message without data. Returns whether it could be sent."""
    space = ctypes.create_string_buffer(100)
    if KIND == "tickets":
        return call("SSL_new_session_ticket", connection) == 1 and call("SSL_do_handshake", connection) == 1
    if KIND in ("updates", "requests"):
        asked = call("SSL_key_update", connection, 1 if KIND == "requests" else 0)
        return asked == 1 and call("SSL_do_handshake", connection) == 1
    if call("SSL_renegotiate", connection) != 1 or call("SSL_do_handshake", connection) != 1:
        return False
    if ROLE == "serve":
        # the client's part of the handshake
        return call("SSL_get_error", connection, call("SSL_read", connection, space, len(space))) == 2
    return True


def drain(connection):
    """Reads until the peer ends: unread data would reset the connection."""
    space = ctypes.create_string_buffer(1000)
    while call("SSL_get_error", connection, call("SSL_read", connection, space, len(space))) in (0, 2):
        pass


def serve(made, sock, count):
    connection = call("SSL_new", made)
    call("SSL_set_fd", connection, sock.fileno())
    sent = 0
    if call("SSL_accept", connection) == 1:
        watch = select.poll()
        watch.register(sock, 0)
        while not count or sent < count:
            # OpenSSL ignores that a ticket could not be sent
            if watch.poll(0) or not message(connection):
                break
            sent += 1
        else:
            write(connection, b"done\n")
            drain(connection)
    sock.close()


def main():
    if ROLE == "connect":
        port, count = int(sys.argv[4]), int(sys.argv[5])
        sock = socket.create_connection(("127.0.0.1", port))
        connection = call("SSL_new", context("TLS_client_method"))
        call("SSL_set_fd", connection, sock.fileno())
        sent = 0
        if call("SSL_connect", connection) == 1:
            while sent < count and message(connection):
                sent += 1
            write(connection, b"line\n")
            drain(connection)
        print(sent, flush=True)
        return
    made = context("TLS_server_method")
    for name, path in (("SSL_CTX_use_certificate_file", "good.crt"), ("SSL_CTX_use_PrivateKey_file", "good.key")):
        if call(name, made, os.path.join(CERTS, path).encode(), 1) != 1:
            raise SystemExit(name)
    count = int(sys.argv[4]) if len(sys.argv) > 4 else 0
    listener = socket.create_server(("127.0.0.1", 0))
    print("READY", listener.getsockname()[1], flush=True)
    while True:
        sock, _ = listener.accept()
        threading.Thread(target=serve, args=(made, sock, count), daemon=True).start()


main()
