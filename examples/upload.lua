-- Uploads a file like a web form's file field:  luasocket examples/upload.lua URL FILE
-- The file is read while it is sent, and is never completely in memory.
local http = require("socket.http")
local ltn12 = require("ltn12")

-- Ends the program with one sentence; `error` would add a traceback.
local function stop(...)
    io.stderr:write(table.concat({ ... }), "\n")
    os.exit(1)
end

local address, path = ...
if not path then return stop("usage: upload.lua URL FILE") end

local file, refusal = io.open(path, "rb")
if not file then return stop("upload: ", refusal) end
local size = assert(file:seek("end", 0))
file:seek("set", 0)

local boundary = ("----%d%d"):format(os.time(), math.random(1, 1000000000))
local head = "--" .. boundary .. "\r\n"
    .. ('Content-Disposition: form-data; name="file"; filename="%s"\r\n'):format(path:match("[^/\\]*$"):gsub('"', "%%22"))
    .. "Content-Type: application/octet-stream\r\n\r\n"
local tail = "\r\n--" .. boundary .. "--\r\n"

local sink, answer = ltn12.sink.table()
local ok, code, _, why = http.request({
    url = address,
    method = "POST",
    headers = {
        ["Content-Type"] = "multipart/form-data; boundary=" .. boundary,
        -- without a length the body would be chunked, which some servers reject
        ["Content-Length"] = #head + size + #tail,
    },
    source = ltn12.source.cat(ltn12.source.string(head), ltn12.source.file(file), ltn12.source.string(tail)),
    sink = sink,
})
if not ok then return stop("upload: ", code, why and ", " .. why or "") end
print(code)
io.write(table.concat(answer))
