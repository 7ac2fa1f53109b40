-- needs: certs, python3
-- socket.ftp over TLS: with `tls`, with `starttls` (AUTH TLS), and with the caller's socket
local check = require("check")
local programs = require("ftp_programs")
local dialogue = require("dialogue")
local peer = require("peer")
local ltn12 = require("ltn12")
local ssl = require("ssl")
local tls = require("tls")
local ftp = require("socket.ftp")

local certs = os.getenv("COMPAT_CERTS")
local file = assert(io.open("server.py", "w"))
file:write([[
import os, socket, ssl, sys
certs, mode, name, connections = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
def context(name):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(certs + "/" + name + ".pem", certs + "/" + name + ".key")
    return made
good, shown = context("good"), context(name)
listener = socket.create_server(("127.0.0.1", 0))
listener.settimeout(20)
print("READY", listener.getsockname()[1], flush=True)
CONTENT = bytes(i * 7 % 256 for i in range(300000))
def transfer(data, upload):
    if mode != "clear data" and private:
        data = (shown if mode == "data" else good).wrap_socket(data, server_side=True)
    if upload:
        total = 0
        while True:
            chunk = data.recv(65536)
            if not chunk:
                break
            if mode == "talks" and total // 100000 < (total + len(chunk)) // 100000:
                data.sendall(b"heard")
            total += len(chunk)
        print("uploaded", total, flush=True)
    else:
        data.sendall(CONTENT)
        if mode == "cut":
            return os.close(data.detach())
    if isinstance(data, ssl.SSLSocket):
        try:
            data = data.unwrap()
        except (OSError, ValueError):
            pass
    data.close()
for _ in range(connections):
    client, _ = listener.accept()
    client.settimeout(10)
    print("connection", flush=True)
    secured, private, passive = mode == "tls", False, None
    try:
        if secured:
            client = shown.wrap_socket(client, server_side=True)
        client.sendall(b"220 hi\r\n")
        lines = client.makefile("rb")
        while True:
            line = lines.readline().decode().rstrip("\r\n")
            if not line:
                break
            print("secured" if secured else "clear", line, flush=True)
            word, _, argument = line.partition(" ")
            answer = {"USER": "331 password", "PASS": "230 in", "QUIT": "221 bye"}.get(word, "200 fine")
            if word == "AUTH":
                client.sendall((b"334 go\r\n" if mode == "odd" else b"234 go\r\n") + (b"230 forged\r\n" if mode == "forged" else b""))
                lines.close()
                client = (good if mode == "data" else shown).wrap_socket(client, server_side=True)
                lines, secured, answer = client.makefile("rb"), True, None
            elif word == "PBSZ" and mode == "odd":
                answer = "503 no need"
            elif word == "PROT":
                private = argument == "P"
            elif word == "EPSV":
                passive = socket.create_server(("127.0.0.1", 0))
                passive.settimeout(10)
                answer = "229 (|||%d|)" % passive.getsockname()[1]
            elif word in ("RETR", "STOR"):
                data, _ = passive.accept()
                data.settimeout(10)
                client.sendall(b"150 now\r\n")
                try:
                    transfer(data, word == "STOR")
                    answer = "226 done"
                except OSError as error:
                    print("data failed", flush=True)
                    answer = "425 no"
            if answer:
                client.sendall(answer.encode() + b"\r\n")
            if word == "QUIT":
                break
    except OSError as error:
        print("failed", flush=True)
    finally:
        client.close()
]])
file:close()

local function start(mode, certificate, connections)
    return peer.python("server.py", certs, mode, certificate or "good", connections or 1)
end
local trusting = { cafile = certs .. "/ca.crt" }
local function request(server, fields)
    local values = { host = "localhost", port = server.port, user = "joe", password = "pw", path = "/f" }
    for name, value in pairs(fields) do values[name] = value end
    return values
end
local function get(server, fields) return programs.get(request(server, fields)) end
local bytes = {}
for i = 0, 255 do bytes[i + 1] = string.char(i * 7 % 256) end
local CONTENT = (table.concat(bytes)):rep(1172):sub(1, 300000)

-- AUTH TLS: only AUTH is sent in the clear, data uses TLS too
local server = start("starttls", "good", 3)
local results, content = get(server, { starttls = trusting, type = "i" })
check.equal("starttls: get", results, { 1 })
check.ok("starttls: get, every byte", content == CONTENT, #content)
check.equal("starttls: put", ftp.put(request(server, { starttls = trusting, source = ltn12.source.string(CONTENT) })), 300000)
check.equal("starttls: command", ftp.command(request(server, { starttls = trusting, command = "noop", check = 200 })), 1)
local LOGIN = "connection; clear AUTH TLS; secured USER joe; secured PASS pw; "
local PRIVATE = "secured PBSZ 0; secured PROT P; "
check.equal("starttls: dialogue", server:seen(), LOGIN .. PRIVATE .. "secured TYPE i; secured EPSV; secured RETR f; secured QUIT; "
    .. LOGIN .. PRIVATE .. "secured EPSV; secured STOR f; uploaded 300000; secured QUIT; " .. LOGIN .. "secured NOOP; secured QUIT")
check.equal("add.31: parameters unchanged", trusting, { cafile = certs .. "/ca.crt" })

-- 334 to AUTH, and PBSZ refused, as on some servers
server = start("odd", "good", 1)
results, content = get(server, { starttls = trusting, type = "i" })
check.equal("add.52: other replies to AUTH and PBSZ", results, { 1 })
check.ok("add.52: the data is secured", content == CONTENT and server:seen():find("secured PBSZ 0; secured PROT P;", 1, true), #content)

-- the server sends data on the upload's connection, for example session tickets: no byte of the upload is lost
server = start("talks")
check.equal("put: the server talks", ftp.put(request(server, {
    starttls = trusting, source = ltn12.source.string(CONTENT:rep(10)),
})), 3000000)
check.ok("put: every byte arrives", server:seen():find("uploaded 3000000; secured QUIT", 1, true))

server = start("tls")
results, content = get(server, { tls = trusting })
check.ok("tls: get", results[1] == 1 and content == CONTENT, results[2])
check.equal("tls: dialogue", server:seen(), "connection; secured USER joe; secured PASS pw; " .. PRIVATE
    .. "secured EPSV; secured RETR f; secured QUIT")

-- the certificate must come from a trusted authority and match the host name
for _, mode in ipairs({ "starttls", "tls", "data" }) do
    local field = mode == "data" and "starttls" or mode
    server = start(mode, "untrusted")
    results = get(server, { [field] = trusting })
    check.ok(mode .. ": unknown authority refused", results[1] == nil and tostring(results[2]):find("certificate verify failed"),
        results[2])
    check.ok(mode .. ": why", results[3] == nil and type(results[4]) == "string" and results[4] ~= "", results[4])
    check.ok(mode .. ": says no more", not server:seen():find(mode == "data" and "QUIT" or "USER"))
    server = start(mode, "wrong-host")
    results = get(server, { [field] = trusting })
    check.ok(mode .. ": another host's certificate refused", results[1] == nil and tostring(results[2]):find("certificate verify failed"),
        results[2])
    check.ok(mode .. ": says no more to another host", not server:seen():find(mode == "data" and "QUIT" or "USER"))
end

-- never in the clear
local scripted = dialogue.serve({ { "220 hi", "502 what" } })
check.equal("starttls: not known", get(scripted, { starttls = true }), { [2] = "502 what" })
scripted:close()
server = start("forged")
check.equal("starttls: data before the handshake", get(server, { starttls = trusting }),
    { [2] = "unexpected data before the TLS handshake" })
check.ok("starttls: nothing said after it", not server:seen():find("USER"))
server = start("clear data")
results, content = get(server, { starttls = trusting })
check.ok("data in the clear is an error", results[1] == nil and content == "", results[2])
server:seen()

-- truncated: TCP ends without close_notify
server = start("cut")
results = get(server, { starttls = trusting })
check.ok("a download that is cut is an error", results[1] == nil and type(results[2]) == "string", results[2])
server:seen()

ftp.TIMEOUT = 0.2
scripted = dialogue.serve({ { "220 hi", "234 go" } })
check.equal("starttls: no handshake", get(scripted, { starttls = true }), { [2] = "timeout" })
scripted:close()
ftp.TIMEOUT = 60

-- how LuaSec's users do it: `create` makes the control connection, data goes in the clear
server = start("tls")
results, content = get(server, { create = tls.creator(ssl) })
check.ok("F17: create makes the control connection only", results[1] == 1 and content == CONTENT, results[2])
check.equal("F17: dialogue", server:seen(), "connection; secured USER joe; secured PASS pw; secured EPSV; secured RETR f; secured QUIT")

check.done()
