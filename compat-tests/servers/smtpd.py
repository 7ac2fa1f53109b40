#!/usr/bin/env python3
"""Mail server on aiosmtpd.

    smtpd.py MAILDIR [CERTIFICATES]

Appends every message to the mbox file MAILDIR/<local part of the recipient>. User "luasocket", password "p\xe4ss w\xf6rd"
in Latin-1, may authenticate. With CERTIFICATES (see tls/README.md) it offers STARTTLS, and AUTH only after STARTTLS.
"""
import asyncio
import os
import re
import ssl
import sys
import time

from aiosmtpd.smtp import SMTP, AuthResult

maildir, certificates = sys.argv[1], (sys.argv[2:] or [None])[0]


class Mbox:
    # upstream's smtptest.lua expects the sender  " " (( _ *  to be refused
    async def handle_MAIL(self, server, session, envelope, address, options):
        if not re.match(r'^[^\s<>()"]*$', address):
            return "501 bad sender address"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 sender ok"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody"):
            return "550 no such user here"
        envelope.rcpt_tos.append(address)
        return "250 recipient ok"

    async def handle_DATA(self, server, session, envelope):
        data = envelope.content.replace(b"\r\n", b"\n")
        for recipient in envelope.rcpt_tos:
            with open(os.path.join(maildir, os.path.basename(recipient.split("@")[0])), "ab") as file:
                file.write(b"From %s %s\n" % (envelope.mail_from.encode("latin-1"), time.asctime().encode()))
                file.write(data + (b"" if data.endswith(b"\n") else b"\n") + b"\n")
        return "250 delivered"


class Server(SMTP):
    line_length_limit = 1 << 20


def authenticate(server, session, envelope, mechanism, data):
    right = (data.login, data.password) == (b"luasocket", "p\xe4ss w\xf6rd".encode("latin-1"))
    return AuthResult(success=right, handled=False)


def secured():
    if not certificates:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates + "/good.pem", certificates + "/good.key")
    return context


async def main():
    context = secured()

    def session():
        return Server(Mbox(), tls_context=context, authenticator=authenticate, auth_require_tls=context is not None,
                      hostname="localhost", data_size_limit=None)

    server = await asyncio.get_running_loop().create_server(session, "127.0.0.1", 0)
    print("READY %d" % server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
