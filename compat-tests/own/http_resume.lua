-- not on: lua5.2, lua5.3, lua5.5
-- needs: nginx
-- http.request{ file = …, resume = true }: continues a download at the end of a file.
local check = require("check")
local http = require("socket.http")
local peer = require("peer")
local unpack = table.unpack or unpack

http.TIMEOUT = 20
local url = "http://127.0.0.1:" .. os.getenv("COMPAT_HTTP_PORT") .. "/large.bin"
local whole, _, headers = http.request(url)
local name = "part.bin"

local function write(text)
    local file = assert(io.open(name, "wb"))
    file:write(text)
    file:close()
end
local function read()
    local file = assert(io.open(name, "rb"))
    local text = file:read("*a")
    file:close()
    return text
end
-- The result of a download over a file with this content.
local function download(text, resume)
    if text then write(text) else os.remove(name) end
    local ok, code = http.request({ url = url, file = name, resume = resume })
    return ok, code, read() == whole
end

check.equal("no file yet", { download(nil, true) }, { 1, 200, true })
check.equal("the first half is there", { download(whole:sub(1, 1000001), true) }, { 1, 206, true })
check.equal("all is there", { download(whole, true) }, { 1, 416, true })
check.equal("more than all", { download(whole .. "x", true) }, { nil, "range not satisfiable", false })
check.equal("with the right ETag", { download(whole:sub(1, 5), headers.etag) }, { 1, 206, true })
check.equal("with an old ETag", { download("old", '"other"') }, { 1, 200, true })

-- A server that sends the rest whatever the file has.
local careless = peer.lua([[
local socket = require("socket")
local listener = assert(socket.bind("127.0.0.1", 0))
print((select(2, listener:getsockname())))
for _ = 1, 4 do
    local client = listener:accept()
    repeat local line = client:receive() until not line or line == ""
    client:send("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 3-5/6\r\nContent-Length: 3\r\n"
        .. "ETag: \"new\"\r\nLast-Modified: Mon, 30 Nov 2026 10:00:00 GMT\r\nConnection: close\r\n\r\nDEF")
    client:close()
end
]])
for _, case in ipairs({
    { "the ETag of the part", '"new"', 1, 206, "abcDEF" },
    { "the ETag of older content", '"old"', nil, "content has changed", "abc" },
    { "the date of the part", "Mon, 30 Nov 2026 10:00:00 GMT", 1, 206, "abcDEF" },
    { "the date of older content", "Sun, 29 Nov 2026 10:00:00 GMT", nil, "content has changed", "abc" },
}) do
    local title, validator, result, code, content = unpack(case, 1, 5)
    write("abc")
    local address = "http://127.0.0.1:" .. careless.port .. "/"
    local ok, said = http.request({ url = address, file = name, resume = validator })
    check.equal("a server that ignores If-Range, " .. title, { ok, said, read() }, { result, code, content })
end
careless:close()

check.raises("no file", "bad field 'file'", http.request, { url = url, resume = true })
os.remove(name)
check.done()
