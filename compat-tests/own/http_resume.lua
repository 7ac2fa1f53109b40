-- not on: lua5.2, lua5.3, lua5.5
-- needs: nginx
-- http.request{ file = …, resume = true }: continues a download at the end of a file.
local check = require("check")
local http = require("socket.http")

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
check.raises("no file", "bad field 'file'", http.request, { url = url, resume = true })
os.remove(name)
check.done()
