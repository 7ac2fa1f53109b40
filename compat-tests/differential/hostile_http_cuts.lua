-- HTTP responses cut off at each byte, by a close and by a reset. A 103 response is not included: LuaSocket treats it
-- as the final response (add.27).
local cuts = require("http_cuts")
local http = require("socket.http")
local show = require("show")

http.TIMEOUT = 20
local server = cuts.serve()
for _, name in ipairs(cuts.NAMES) do
    for _, ending in ipairs(name ~= "interim" and { "close", "reset" } or {}) do
        -- add.48: trailers, which LuaSocket drops
        for count = 0, #cuts.RESPONSES[name] - (name == "chunked" and 1 or 0) do
            local url = cuts.url(server.port, name, count, ending)
            show.raise(("%s, %d bytes, %s"):format(name, count, ending), http.request, url)
            -- data before the cut reaches a sink
            local pieces, last = {}, "not ended"
            local function sink(chunk, err)
                if chunk then pieces[#pieces + 1] = chunk else last = "ended with " .. tostring(err) end
                return 1
            end
            show.raise("  into a sink", http.request, { url = url, sink = sink })
            show("  it saw", table.concat(pieces), last)
        end
    end
end
cuts.stop(server)
