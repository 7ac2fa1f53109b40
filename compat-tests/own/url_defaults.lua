-- url.parse.16: a default that is a number. While the parser splits the number's text, nothing else references this
-- text. A collector that is always running must not free it.
local check = require("check")
local url = require("socket.url")

for name, value in pairs({ setpause = 0, setstepmul = 100000 }) do pcall(collectgarbage, name, value) end
local garbled = 0
for i = 1, 400 do
    local authority, other = 1000000000000 + i, ("x"):rep(100) .. i
    local host = url.parse("/" .. other, { authority = authority }).host
    if host ~= tostring(authority) then garbled = garbled + 1 end
end
check.equal("hosts that are not the number", garbled, 0)
check.done()
