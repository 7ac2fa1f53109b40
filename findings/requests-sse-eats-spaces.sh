#!/usr/bin/env bash
# requests-sse takes all spaces from the front of a line of data, and sseclient cuts the text at a Russian letter.
#
# Guess:  one space after the colon is removed, not more (HTML Standard, "9.2.6 Interpreting an event stream"), so the
#         indentation of code and the space between two words stay. The stream is UTF-8, always. "retry: x" is ignored.
# Seen (requests-sse 0.5.3, sseclient 0.0.27): requests-sse gives "world" for "data:  world". Two empty data fields are ""
#         and not a newline. "data: хорошо" is one wrong letter in sseclient: without a charset in Content-Type it reads
#         Latin-1, where the second byte of "х" ends a line, so the rest is no field that it knows, and is lost. It raises
#         ValueError for "retry: x". httpx-sse 0.4.3 reads all of them.
# Who meets it: clients of language models that stream word by word. "hello" and " world" become "helloworld".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check requests-sse==0.5.3 sseclient==0.0.27 httpx-sse==0.4.3 \
    httpx==0.28.1
cat > run.py <<'PYTHON'
import http.server
import threading

import httpx
import httpx_sse
import requests_sse
import sseclient

STREAMS = [b"data: hello\n\ndata:  world\n\n", b"data: if a:\ndata:     b()\n\n", b"data\ndata\n\n",
           "data: хорошо\n\n".encode(), b"retry: x\ndata: a\n\n"]


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = STREAMS[int(self.path[1:])] + b"data: end\n\n"
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


def with_requests_sse(address):
    with requests_sse.EventSource(address) as events:
        yield from events


def with_httpx_sse(address):
    with httpx.Client() as client, httpx_sse.connect_sse(client, "GET", address) as events:
        yield from events.iter_sse()


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
for number, stream in enumerate(STREAMS):
    address = f"http://127.0.0.1:{server.server_port}/{number}"
    print(ascii(stream.decode()))
    for read in (with_httpx_sse, with_requests_sse, sseclient.SSEClient):
        seen = []
        try:
            for event in read(address):
                if event.data == "end":
                    break
                seen.append(event.data)
        except ValueError as problem:
            seen.append(type(problem).__name__)
        print("   ", read.__name__, ascii(seen))
PYTHON
timeout 60 environment/bin/python run.py | tee seen
cat > expected <<'EXPECTED'
'data: hello\n\ndata:  world\n\n'
    with_httpx_sse ['hello', ' world']
    with_requests_sse ['hello', 'world']
    SSEClient ['hello', ' world']
'data: if a:\ndata:     b()\n\n'
    with_httpx_sse ['if a:\n    b()']
    with_requests_sse ['if a:\nb()']
    SSEClient ['if a:\n    b()']
'data\ndata\n\n'
    with_httpx_sse ['\n']
    with_requests_sse ['']
    SSEClient ['']
'data: \u0445\u043e\u0440\u043e\u0448\u043e\n\n'
    with_httpx_sse ['\u0445\u043e\u0440\u043e\u0448\u043e']
    with_requests_sse ['\u0445\u043e\u0440\u043e\u0448\u043e']
    SSEClient ['\xd1']
'retry: x\ndata: a\n\n'
    with_httpx_sse ['a']
    with_requests_sse ['a']
    SSEClient ['ValueError']
EXPECTED
diff expected seen && echo "as described: requests-sse 0.5.3, sseclient 0.0.27"
