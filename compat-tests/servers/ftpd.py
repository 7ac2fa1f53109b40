#!/usr/bin/env python3
"""FTP server on pyftpdlib.

    ftpd.py ROOT [CERTIFICATES]

ROOT/ftp is the home of the anonymous user "ftp" (any password, read only). ROOT/luasocket is the home of user
"luasocket", password "password" (read and write). With CERTIFICATES (see tls/README.md) it serves only over TLS.
"""
import logging
import os
import sys

from pyftpdlib.authorizers import AuthenticationFailed, DummyAuthorizer
from pyftpdlib.handlers import FTPHandler
from pyftpdlib.servers import FTPServer

logging.basicConfig(level=logging.ERROR)
root, certificates = sys.argv[1], (sys.argv[2:] or [None])[0]


class Authorizer(DummyAuthorizer):
    def validate_authentication(self, username, password, handler):
        if username != "ftp" and (username, password) != ("luasocket", "password"):
            raise AuthenticationFailed("Authentication failed.")


authorizer = Authorizer()
for user, rights in (("ftp", "elr"), ("luasocket", "elradfmw")):
    os.makedirs(os.path.join(root, user), exist_ok=True)
    authorizer.add_user(user, "password", os.path.join(root, user), perm=rights)

if certificates:
    from pyftpdlib.handlers import TLS_FTPHandler as Handler
    Handler.certfile = os.path.join(certificates, "good-both.pem")
    Handler.tls_control_required = Handler.tls_data_required = True
else:
    Handler = FTPHandler
Handler.authorizer = authorizer
Handler.auth_failed_timeout = 0
Handler.banner = "ready"
server = FTPServer(("127.0.0.1", 0), Handler)
print("READY %d" % server.address[1], flush=True)
server.serve_forever()
