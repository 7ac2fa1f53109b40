"""Sends one Unix datagram from a path that fills `sun_path` without a final zero: prints `READY 1` first.

Python's `bind` refuses such a path, so it calls the C library's.
"""

import ctypes
import os
import socket
import sys


def main() -> None:
    path, receiver = os.fsencode(sys.argv[1]), sys.argv[2]
    libc = ctypes.CDLL(None, use_errno=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        address = socket.AF_UNIX.to_bytes(2, sys.byteorder) + path
        if libc.bind(sender.fileno(), address, len(address)) != 0:
            raise OSError(ctypes.get_errno(), "bind")
        print("READY 1", flush=True)
        sender.sendto(b"from afar", receiver)


main()
