-- needs: certs, python3
-- smtp.send with `tls` and `starttls`
local check = require("check")
local dialogue = require("dialogue")
local peer = require("peer")
local ltn12 = require("ltn12")
local smtp = require("socket.smtp")
local tls = require("tls")

local certs = os.getenv("COMPAT_CERTS")
local file = assert(io.open("server.py", "w"))
file:write([[
import socket, ssl, sys
certs, mode, connections = sys.argv[1], sys.argv[2], int(sys.argv[3])
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certs + "/good.pem", certs + "/good.key")
listener = socket.create_server(("127.0.0.1", 0))
listener.settimeout(20)
print("READY", listener.getsockname()[1], flush=True)
for _ in range(connections):
    client, _ = listener.accept()
    client.settimeout(10)
    print("connection", flush=True)
    try:
        secured = mode == "tls"
        if secured:
            client = context.wrap_socket(client, server_side=True)
        client.sendall(b"220 hi\r\n")
        lines = client.makefile("rb")
        in_message = False
        while True:
            line = lines.readline().decode().rstrip("\r\n")
            if not line and not in_message:
                break
            print("secured" if secured else "clear", line, flush=True)
            if in_message:
                in_message = line != "."
                answer = None if in_message else "250 done"
            elif line.startswith("EHLO"):
                answer = "250-me\r\n250 AUTH PLAIN" if secured else "250-me\r\n250 STARTTLS"
            elif line == "STARTTLS":
                client.sendall(b"220 go\r\n" + (b"250 forged\r\n" if mode == "forged" else b""))
                lines.close()
                client = context.wrap_socket(client, server_side=True)
                lines = client.makefile("rb")
                secured, answer = True, None
            elif line == "DATA":
                in_message, answer = True, "354 go"
            else:
                answer = "235 in" if line.startswith("AUTH") else "250 fine"
            if answer:
                client.sendall(answer.encode() + b"\r\n")
            if line == "QUIT":
                break
    except OSError as error:
        print("failed:", type(error).__name__, flush=True)
    finally:
        client.close()
]])
file:close()

local function send(port, fields)
    local mailt = { from = "<a>", rcpt = "<b>", server = "localhost", port = port, domain = "me", source = ltn12.source.string("text") }
    for name, value in pairs(fields) do mailt[name] = value end
    return { smtp.send(mailt) }
end
local trusting = { cafile = certs .. "/ca.crt" }
local function start(mode, connections) return peer.python("server.py", certs, mode, connections) end

local server = start("starttls", 1)
check.equal("starttls", send(server.port, { starttls = trusting, user = "u", password = "p" }), { 1 })
check.equal("starttls: dialogue", server:seen(), "connection; clear EHLO me; clear STARTTLS; secured EHLO me; "
    .. "secured AUTH PLAIN AHUAcA==; secured MAIL FROM:<a>; secured RCPT TO:<b>; secured DATA; secured text; secured .; secured QUIT")
check.equal("add.31: parameters unchanged", trusting, { cafile = certs .. "/ca.crt" })

server = start("tls", 1)
check.equal("tls", send(server.port, { tls = trusting }), { 1 })
check.equal("tls: dialogue", server:seen(), "connection; secured EHLO me; "
    .. "secured MAIL FROM:<a>; secured RCPT TO:<b>; secured DATA; secured text; secured .; secured QUIT")

-- how LuaSec's users do it
server = start("tls", 1)
check.equal("32: create makes TLS objects", send(server.port, { create = tls.creator(require("ssl")), user = "u", password = "p" }), { 1 })
check.equal("32: create makes TLS objects, dialogue", server:seen(), "connection; secured EHLO me; secured AUTH PLAIN AHUAcA==; "
    .. "secured MAIL FROM:<a>; secured RCPT TO:<b>; secured DATA; secured text; secured .; secured QUIT")

-- an untrusted certificate is refused by default
for _, mode in ipairs({ "starttls", "tls" }) do
    server = start(mode, 1)
    local result = send(server.port, { [mode] = true })
    check.ok(mode .. ": unknown authority refused", result[1] == nil and tostring(result[2]):find("certificate verify failed"), result[2])
    check.ok(mode .. ": why", result[3] == nil and type(result[4]) == "string" and result[4] ~= "", result[4])
    check.ok(mode .. ": nothing sent", not server:seen():find("MAIL"))
end

-- never in the clear
local scripted = dialogue.serve({ { "220 hi", "250-me\r\n250 STARTTLSX" } })
check.equal("not offered", send(scripted.port, { starttls = true }), { [2] = "STARTTLS not supported" })
scripted:close()
scripted = dialogue.serve({ { "220 hi", "250 STARTTLS", "454 not now" } })
check.equal("refused", send(scripted.port, { starttls = true }), { [2] = "454 not now" })
scripted:close()
server = start("forged", 1)
check.equal("data before the handshake", send(server.port, { starttls = trusting }), { [2] = "unexpected data before the TLS handshake" })
check.ok("data before the handshake: nothing sent", not server:seen():find("MAIL"))
smtp.TIMEOUT = 0.2
scripted = dialogue.serve({ { "220 hi", "250 STARTTLS", "220 go" } })
check.equal("no handshake", send(scripted.port, { starttls = true }), { [2] = "timeout" })
scripted:close()

check.done()
