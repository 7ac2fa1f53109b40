#!/usr/bin/env bash
# Three Python libraries write another address than the one that they read: url-normalize, furl and rfc3986.
#
# Guess:  url-normalize keeps what RFC 3986 section 6 keeps, so two slashes in a row stay two: the segment between them is
#         empty, but there. furl(address).url is the address. rfc3986 joins what it has split.
# Seen (url-normalize 3.1.0, furl 2.1.4, rfc3986 2.0.0): url-normalize makes http:/example.test of the second address in an
#         archive's path, and /a//../b becomes /b, not /a/b. furl turns each percent-encoded byte that is no UTF-8 into
#         %EF%BF%BD, in path, query and fragment, and does so when another part is changed. rfc3986 drops the empty host of
#         file:////server/share and writes file://server/share, where "server" has become the host.
# Who meets it: crawlers that normalize before they fetch, and readers of archives. The Latin-1 forms of old sites break.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check url-normalize==3.1.0 furl==2.1.4 rfc3986==2.0.0
cat > run.py <<'PYTHON'
import furl
import rfc3986
import url_normalize

for address in ("http://archive.test/save/http://example.test/a", "http://host.test/a//../b"):
    print(address, "url-normalize:", url_normalize.url_normalize(address))
for address in ("http://host.test/caf%E9?q=%E9#%E9", "http://host.test/a%2Fb?c=%26"):
    print(address, "furl:", furl.furl(address).url)
changed = furl.furl("http://host.test/?q=%E9")
changed.args["page"] = "2"
print("with a page:", changed.url)
for address in ("file:////server/share", "file:///etc/hosts"):
    print(address, "rfc3986:", rfc3986.uri_reference(address).unsplit())
PYTHON
environment/bin/python run.py | tee seen
cat > expected <<'EXPECTED'
http://archive.test/save/http://example.test/a url-normalize: http://archive.test/save/http:/example.test/a
http://host.test/a//../b url-normalize: http://host.test/b
http://host.test/caf%E9?q=%E9#%E9 furl: http://host.test/caf%EF%BF%BD?q=%EF%BF%BD#%EF%BF%BD
http://host.test/a%2Fb?c=%26 furl: http://host.test/a%2Fb?c=%26
with a page: http://host.test/?q=%EF%BF%BD&page=2
file:////server/share rfc3986: file://server/share
file:///etc/hosts rfc3986: file:/etc/hosts
EXPECTED
diff expected seen && echo "as described: url-normalize 3.1.0, furl 2.1.4, rfc3986 2.0.0"
