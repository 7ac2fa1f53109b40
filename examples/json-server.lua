-- A small API that stores notes:  luasocket examples/json-server.lua [PORT]
--   curl -X PUT -d 'buy milk' http://127.0.0.1:PORT/notes/1      curl http://127.0.0.1:PORT/notes
-- POST /stop ends the program. No request is lost: requests in progress are answered first.
local http = require("http")
local tasks = require("socket.tasks")

local PORT = tonumber((...)) or 0

local notes = {}

local function quote(text)
    return '"' .. text:gsub('[%c"\\]', function(char) return ("\\u%04x"):format(char:byte()) end) .. '"'
end

local function json(status, text)
    return { status = status, headers = { ["Content-Type"] = "application/json" }, body = text .. "\n" }
end

local function list()
    local ids, items = {}, {}
    for id in pairs(notes) do ids[#ids + 1] = id end
    table.sort(ids)
    for i, id in ipairs(ids) do items[i] = quote(id) .. ":" .. quote(notes[id]) end
    return json(200, "{" .. table.concat(items, ",") .. "}")
end

local methods = {}

function methods.GET(id)
    if not notes[id] then return json(404, '{"error":"no such note"}') end
    return json(200, quote(notes[id]))
end

function methods.PUT(id, request)
    local status = notes[id] and 200 or 201
    notes[id] = request.body
    return json(status, quote(notes[id]))
end

function methods.DELETE(id)
    notes[id] = nil
    return { status = 204 }
end

local function handle(request)
    if request.path == "/notes" and request.method == "GET" then return list() end
    if request.path == "/stop" and request.method == "POST" then
        request.server:stop()
        return { status = 202 }
    end
    local id = request.path:match("^/notes/(%w+)$")
    if not id then return json(404, '{"error":"not here"}') end
    local method = methods[request.method]
    if not method then return { status = 405, headers = { Allow = "GET, PUT, DELETE" } } end
    return method(id, request)
end

tasks.run(function()
    local server, refusal = http.listen("127.0.0.1", PORT, handle, { maxbody = 10000 })
    if not server then
        io.stderr:write("json-server: ", refusal, "\n")
        return os.exit(1)
    end
    print("listening on port " .. select(2, server:getsockname()))
    io.stdout:flush()
    server:wait()
end)
print("stopped")
