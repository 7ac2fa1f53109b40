-- Talks to a JSON API: headers, methods, codes:  luasocket examples/json-api.lua URL NAME
-- Bring a JSON library of your choice; this one string is made by hand.
local http = require("socket.http")
local ltn12 = require("ltn12")

local address, name = ...
assert(name, "usage: json-api.lua URL NAME")

-- One function for all calls. Returns the body, the code and the headers, or nil and a message.
local function call(method, path, json)
    local sink, chunks = ltn12.sink.table()
    local headers = { Accept = "application/json", Authorization = "Bearer " .. (os.getenv("API_TOKEN") or "none") }
    if json then
        headers["Content-Type"] = "application/json"
        headers["Content-Length"] = #json
    end
    local ok, code, fields = http.request({
        url = address .. path, method = method, headers = headers,
        source = json and ltn12.source.string(json), sink = sink,
    })
    if not ok then return nil, code end
    return table.concat(chunks), code, fields
end

local items, code = call("GET", "/items")
if not items then error(code, 0) end
print(code, items)

local made
made, code = call("POST", "/items", ('{"name": "%s"}'):format(name:gsub('[%c"\\]', function(c)
    return ("\\u%04x"):format(c:byte())
end)))
if code ~= 201 then error("not made: " .. tostring(code), 0) end
print(code, made)
