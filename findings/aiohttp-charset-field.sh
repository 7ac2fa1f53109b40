#!/usr/bin/env bash
# aiohttp answers 500 to a form that has the field _charset_.
#
# Guess:  the field that the HTML Standard and RFC 7578 section 4.6 have for the encoding of a form is read like any other,
#         or it sets the encoding.
# Seen (aiohttp 3.14.5): request.post() raises InvalidHeader for the boundary after the field, so the server answers 500,
#         wherever the field is. The reader takes its value for the default encoding, as it should, and then misses that a
#         boundary comes before the next part. With the name "charset", the same form is read. Werkzeug 3.1.9 and Bottle
#         0.13.4 read both.
# Who meets it: servers behind a page with <input type="hidden" name="_charset_">, which the browser fills in.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check aiohttp==3.14.5 werkzeug==3.1.9 bottle==0.13.4
cat > run.py <<'PYTHON'
import asyncio
import io

import aiohttp
import bottle
from aiohttp import web
from werkzeug.wrappers import Request


def body(*names):
    parts = [f'--B\r\nContent-Disposition: form-data; name="{name}"\r\n\r\nUTF-8\r\n' for name in names]
    return ("".join(parts) + "--B--\r\n").encode()


def environment(form):
    return {"REQUEST_METHOD": "POST", "CONTENT_TYPE": "multipart/form-data; boundary=B", "CONTENT_LENGTH": str(len(form)),
            "wsgi.input": io.BytesIO(form), "SERVER_NAME": "host.test", "SERVER_PORT": "80", "wsgi.url_scheme": "http"}


async def handle(request):
    return web.Response(text=" ".join(await request.post()))


async def main():
    application = web.Application()
    application.router.add_post("/", handle)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    async with aiohttp.ClientSession() as client:
        for names in (("charset", "a"), ("_charset_", "a"), ("a", "_charset_")):
            form = body(*names)
            async with client.post(f"http://127.0.0.1:{runner.addresses[0][1]}/", data=form,
                                   headers={"Content-Type": "multipart/form-data; boundary=B"}) as answer:
                print(names, "aiohttp:", answer.status, await answer.text() if answer.status == 200 else "")
            print("  Werkzeug:", *Request(environment(form)).form, "Bottle:", *bottle.BaseRequest(environment(form)).forms)
    await runner.cleanup()


asyncio.run(main())
PYTHON
environment/bin/python run.py 2>log | tee seen
cat > expected <<'EXPECTED'
('charset', 'a') aiohttp: 200 charset a
  Werkzeug: charset a Bottle: charset a
('_charset_', 'a') aiohttp: 500 
  Werkzeug: _charset_ a Bottle: _charset_ a
('a', '_charset_') aiohttp: 500 
  Werkzeug: a _charset_ Bottle: a _charset_
EXPECTED
diff expected seen
grep -q "InvalidHeader: 400" log && echo "as described: aiohttp 3.14.5"
