"""Answers each line "now" with the seconds of the monotonic clock, ignores every other line, and ends on "end"."""
import os
import socketserver
import time


class Watch(socketserver.StreamRequestHandler):
    def handle(self):
        first = self.rfile.read(1)
        if first != b"n":
            time.sleep(3600)
        for line in self.rfile:
            if line == b"end\n":
                os._exit(0)
            self.wfile.write(b"%.6f\n" % time.monotonic())


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True


os.environ.pop("LD_PRELOAD", None)
server = Server(("127.0.0.1", 0), Watch)
print("READY %d" % server.server_address[1], flush=True)
server.serve_forever()
