-- needs: certs, python3
-- B6: every named alert, sent in answer to the ClientHello.
local show = require("show")
local tls = require("tls")
local ssl = require("ssl")

local ALERTS = {
    10, 20, 21, 22, 30, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 60, 70, 71, 80, 86, 90, 100, 109, 110, 111, 112, 113, 114, 115,
    116, 120,
}
local words = {}
for i, alert in ipairs(ALERTS) do
    if i > 1 then words[#words + 1] = "/" end
    words[#words + 1] = "hello"
    words[#words + 1] = ("plain:\\x15\\x03\\x03\\x00\\x02\\x02\\x%02x"):format(alert)
    words[#words + 1] = "hold"
end
local peer = tls.peer((unpack or table.unpack)(words))
for _, alert in ipairs(ALERTS) do
    local c = tls.wrap(ssl, peer.port, { verify = "none" })
    c:settimeout(10)
    show("B6 alert " .. alert, c:dohandshake())
    c:close()
end
