-- socket.headers: names that are missing from the table, and exact spellings (add.7).
local check = require("check")
local headers = require("socket.headers")
local canonic = headers.canonic

check.equal("add.7: an unknown name comes in Title-Case", canonic["x-request-id"], "X-Request-Id")
check.equal("add.56: it is not stored", rawget(canonic, "x-request-id"), nil)
check.equal("add.7: one word", canonic["dnt"], "Dnt")
check.equal("add.7: digits and doubled hyphens", canonic["x-2fa--b"], "X-2fa--B")
check.equal("add.7: known names keep their spelling", canonic["www-authenticate"], "WWW-Authenticate")
check.equal("add.7: only lower-case names are answered", canonic["X-CuStom"], nil)
check.equal("add.7: a number is no name", canonic[1], nil)

headers.setcanonic("X-REQUEST-id")
check.equal("add.7: setcanonic", canonic["x-request-id"], "X-REQUEST-id")
headers.setcanonic("etag")
check.equal("add.7: setcanonic replaces", canonic["etag"], "etag")
check.raises("add.7: setcanonic(nil)", "bad argument #1 to 'setcanonic' %(string expected, got nil%)", headers.setcanonic)
check.raises("add.7: setcanonic(number)", "bad argument #1 to 'setcanonic' %(string expected, got number%)",
    headers.setcanonic, 5)

-- add.56: reading missing names takes no memory
local function count()
    local entries = 0
    for _ in pairs(canonic) do entries = entries + 1 end
    return entries
end
local before = count()
for i = 1, 1000 do
    local _ = canonic["x-asked-" .. i]
end
check.equal("add.56: as many entries as before", count(), before)

local fields = {}
for name in pairs(headers) do fields[#fields + 1] = name end
table.sort(fields)
check.equal("headers.1: nothing else in the module", fields, { "canonic", "setcanonic" })
check.done()
