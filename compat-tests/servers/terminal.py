"""The far end of a pseudo-terminal: prints `READY n` for /dev/pts/n.

Sends "<first word>\\r\\n<second word>", returns each line in capitals, and hangs up after "bye".
"""

import os
import pty
import sys
import tty


def main() -> None:
    far, near = pty.openpty()
    tty.setraw(near)
    os.write(far, "\r\n".join(sys.argv[1:3]).encode())
    print("READY", os.ttyname(near).rsplit("/", 1)[1], flush=True)
    received = b""
    while b"bye\n" not in received:
        received += os.read(far, 1024)
        if received == b"question\n":
            os.write(far, received.upper())
    os.close(near)
    os.close(far)
    print("hung up", flush=True)


main()
