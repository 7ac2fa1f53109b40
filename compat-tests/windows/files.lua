-- http.files on Windows: names that have a meaning there are none of a file's (docs/server.md).
local check = require("check")
local folders = require("folders")
local http = require("socket.http_server")
local serve = require("serve")

local function write(path, text)
    local file = assert(io.open(path, "wb"))
    file:write(text)
    file:close()
end

folders.make("root/sub", "root/.hidden")
write("root/a.css", "body {}")
write("root/with space.txt", "space")
write("root/index.html", "<p>first</p>")
write("root/sub/index.html", "<p>sub</p>")
write("root/sub/x.bin", "0123456789")
write("root/longer than eight.txt", "long")
write("root/.hidden/a", "hidden")
write("root/console.txt", "console")
write("secret.txt", "secret")

local server = serve.listen()
local files = assert(http.files("root"))

local function ask(path, fields, method)
    local text = serve.bytes(server, (method or "GET") .. " " .. path .. " HTTP/1.1\r\nHost: a\r\n" .. (fields or "")
        .. "Connection: close\r\n\r\n", files)
    return serve.answers(text)[1]
end

local function is_missing(path)
    local answer = ask(path)
    check.equal("404: " .. path, { answer.status, answer.body }, { 404, "404 Not Found\n" })
end

local answer = ask("/a.css")
check.equal("a file", { answer.status, answer.body, answer.headers["content-type"], answer.headers["content-length"] },
    { 200, "body {}", "text/css; charset=utf-8", "7" })
check.equal("index", ask("/").body, "<p>first</p>")
check.equal("a folder without its slash", { ask("/sub").status, ask("/sub").headers.location }, { 301, "/sub/" })
check.equal("with it", ask("/sub/").body, "<p>sub</p>")
check.equal("a name with a space", ask("/with%20space.txt").body, "space")
check.equal("a name that begins like a device", ask("/console.txt").body, "console")
check.equal("unchanged", ask("/a.css", "If-None-Match: " .. answer.headers.etag .. "\r\n").status, 304)
answer = ask("/sub/x.bin", "Range: bytes=2-4\r\n")
check.equal("a range", { answer.status, answer.body, answer.headers["content-range"] }, { 206, "234", "bytes 2-4/10" })

-- Unix's ways out of the folder, and the same with Windows' separator
for _, path in ipairs({ "/../secret.txt", "/sub/../../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/..\\secret.txt",
    "/..%5csecret.txt", "/sub%5cx.bin", "/%5ca.css", "/.hidden/a", "/a.css%00", "/a.css/", "/a.css/x", "/none", "/.." }) do
    is_missing(path)
end
-- drives, other machines, streams of a file, devices, and spellings that Windows shortens
for _, path in ipairs({ "/C:/windows/win.ini", "/C:", "/C:a.css", "/%5c%5clocalhost/c$/windows/win.ini", "/a.css::$DATA",
    "/a.css:x", "/sub::$INDEX_ALLOCATION/x.bin", "/con", "/NUL", "/nul.txt", "/aux.css", "/com1", "/LPT1.txt", "/a.css.",
    "/a.css%20", "/sub./x.bin", "/LONGER~1.TXT", "/a%3f.css", "/a*.css", "/%3f%3f/C:/windows/win.ini" }) do
    is_missing(path)
end
check.equal("a folder that is not there", (http.files("root/none")), nil)
check.equal("a folder that is a file", (http.files("root/a.css")), nil)

server:close()
check.done()
