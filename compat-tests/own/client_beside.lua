-- socket.http and url are unchanged when module http is loaded too: runs their scripts again (client.s.1).
-- not on: lua5.2, lua5.3, lua5.5, runner
-- time limit: 240
local check = require("check")
local rerun = require("rerun")

local beside = rerun.interpreter() .. [[ -e 'require("http") require("http").get("")']]
for _, name in ipairs({
    "http_chunk_sizes", "http_connections", "http_heads", "http_redirects", "http_requests", "http_responses", "http_yield", "url_defaults",
    "url_fixes",
}) do
    local passed, output = rerun.run(beside, name)
    check.ok(name .. ", with the module http loaded", passed, output)
end
check.done()
