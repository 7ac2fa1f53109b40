-- Calls a JSON API: headers, methods, status codes:  luasocket examples/json-api.lua URL NAME
-- Use any JSON library; this example builds its only JSON string by hand.
local http = require("socket.http")
local ltn12 = require("ltn12")

-- Ends the program with one sentence; `error` would add a traceback.
local function stop(...)
    io.stderr:write(table.concat({ ... }), "\n")
    os.exit(1)
end

local address, name = ...
if not name then return stop("usage: json-api.lua URL NAME") end

-- One function for all calls. Returns the body, the code and the headers, or nil and a message.
local function call(method, path, json)
    local sink, chunks = ltn12.sink.table()
    local headers = { Accept = "application/json", Authorization = "Bearer " .. (os.getenv("API_TOKEN") or "none") }
    if json then
        headers["Content-Type"] = "application/json"
        headers["Content-Length"] = #json
    end
    local ok, code, fields, why = http.request({
        url = address .. path, method = method, headers = headers,
        source = json and ltn12.source.string(json), sink = sink,
    })
    if not ok then return nil, why and code .. ", " .. why or code end
    return table.concat(chunks), code, fields
end

local items, code = call("GET", "/items")
if not items then return stop("json-api: ", code) end
print(code, items)

local made
made, code = call("POST", "/items", ('{"name": "%s"}'):format(name:gsub('[%c"\\]', function(c)
    return ("\\u%04x"):format(c:byte())
end)))
if code ~= 201 then return stop("json-api: not made: ", code) end
print(code, made)
