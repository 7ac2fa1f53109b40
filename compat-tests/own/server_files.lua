-- http.files (server.files; server.s.67 to 72).
local check = require("check")
local http = require("socket.http_server")
local raw = require("raw_http")
local serve = require("serve")
local socket = require("socket")
local tasks = require("socket.tasks")

local function run(command) assert(os.execute(command) == 0 or true, command) end

local function write(path, text)
    local file = assert(io.open(path, "wb"))
    file:write(text)
    file:close()
end

local base = os.tmpname()
os.remove(base)
run("mkdir -p " .. base .. "/root/sub/deep " .. base .. "/root/.hidden")
local root = base .. "/root"
write(root .. "/a.css", "body {}")
write(root .. "/index.html", "<p>first</p>")
write(root .. "/sub/index.html", "<p>sub</p>")
write(root .. "/sub/deep/x.bin", "0123456789")
write(root .. "/with space.txt", "space")
write(root .. "/.dot", "hidden")
write(root .. "/.hidden/a", "hidden")
write(root .. "/UPPER.JPG", "")
write(base .. "/secret.txt", "secret")
run("ln -s sub/deep/x.bin " .. root .. "/inside")
run("ln -s " .. root .. "/a.css " .. root .. "/absolute.css")
run("ln -s ../secret.txt " .. root .. "/outside")
run("ln -s " .. base .. "/secret.txt " .. root .. "/outside2")
run("ln -s .. " .. root .. "/up")
run("mkfifo " .. root .. "/pipe")

local server = serve.listen()

local function ask(handler, path, fields, method)
    local text = serve.bytes(server, (method or "GET") .. " " .. path .. " HTTP/1.1\r\nHost: a\r\n" .. (fields or "")
        .. "Connection: close\r\n\r\n", handler)
    local answer = serve.answers(text)[1]
    answer.text = text
    if method == "HEAD" then answer.body = text:match("\r\n\r\n(.*)$") end
    return answer
end

check.equal("a folder that is not there", { http.files(root .. "/none") }, { nil, "No such file or directory" })
check.equal("a folder that is a file", { http.files(root .. "/a.css") }, { nil, "Not a directory" })
check.raises("an unknown option", "invalid option 'x'", http.files, root, { x = 1 })
check.raises("an invalid value", "invalid value of option 'symlinks'", http.files, root, { symlinks = "x" })
check.raises("no folder", "string expected, got nil", http.files)

local files = assert(http.files(root))

-- server.s.67
local answer = ask(files, "/a.css")
check.equal("a file", { answer.status, answer.body, answer.headers["content-type"], answer.headers["content-length"] },
    { 200, "body {}", "text/css; charset=utf-8", "7" })
check.equal("its other headers", { answer.headers["accept-ranges"], answer.headers["x-content-type-options"],
    answer.headers["cache-control"] }, { "bytes", "nosniff", nil })
check.ok("ETag", answer.headers.etag:find('^"%x+%-%x+"$'), answer.headers.etag)
check.ok("Last-Modified", answer.headers["last-modified"]:find(" GMT$"))
check.equal("index", ask(files, "/").body, "<p>first</p>")
answer = ask(files, "/sub?x=y&z")
check.equal("a folder without its slash", { answer.status, answer.headers.location }, { 301, "/sub/?x=y&z" })
check.equal("with it", ask(files, "/sub/").body, "<p>sub</p>")
check.equal("slashes at the beginning", ask(files, "//sub").headers.location, "/sub/")
check.equal("a folder without index", ask(files, "/sub/deep/").status, 404)
check.equal("decoded once", ask(files, "/with%20space.txt").body, "space")
check.equal("not twice", ask(files, "/with%2520space.txt").status, 404)
check.equal("a query is no part of the name", ask(files, "/a.css?v=1").status, 200)
check.equal("other cases of extensions", ask(files, "/UPPER.JPG").headers["content-type"], "image/jpeg")
check.equal("an unknown extension", ask(files, "/sub/deep/x.bin").headers["content-type"], "application/octet-stream")

-- server.s.68
for _, path in ipairs({ "/../secret.txt", "/sub/../../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/sub%2findex.html",
    "/sub/./index.html", "/%2e/a.css", "/..\\secret.txt", "/%5ca.css", "/a.css%00", "/%00", "/.dot", "/%2edot", "/.hidden/a",
    "/%zz", "/%", "/a.css/", "/a.css/x", "/none", "/up/secret.txt", "/.." }) do
    answer = ask(files, path)
    check.equal("404: " .. path, { answer.status, answer.body }, { 404, "404 Not Found\n" })
end
check.equal("dotfiles", ask(assert(http.files(root, { dotfiles = true })), "/.dot").body, "hidden")
check.equal("but no folder above", ask(assert(http.files(root, { dotfiles = true })), "/../secret.txt").status, 404)

-- server.s.69
check.equal("a link inside", ask(files, "/inside").body, "0123456789")
check.equal("one by its absolute path", ask(files, "/absolute.css").body, "body {}")
check.equal("a link outside", ask(files, "/outside").status, 404)
check.equal("one by its absolute path, outside", ask(files, "/outside2").status, 404)
check.equal("no links", ask(assert(http.files(root, { symlinks = false })), "/inside").status, 404)
check.equal("all links", ask(assert(http.files(root, { symlinks = true })), "/outside").body, "secret")

-- a link that keeps changing between a target inside and one outside
write(root .. "/swapped.new", "inside")
os.rename(root .. "/swapped.new", root .. "/real")
run("ln -s real " .. root .. "/swapped")
local swapper = assert(io.popen("cd " .. root .. " && i=0; while [ $i -lt 2000 ] && [ ! -e done ] && [ -d " .. root
    .. " ]; do ln -s real l1; mv l1 swapped; ln -s ../secret.txt l2; mv l2 swapped; i=$((i+1)); done", "r"))
local leaked, served, refused = 0, 0, 0
local started = socket.gettime()
-- at least two seconds, and until both targets were met
while socket.gettime() - started < (served > 0 and refused > 0 and 2 or 30) do
    local reply = files({ method = "GET", path = "/swapped", headers = {} })
    if reply.status == 200 then
        local content = reply.body:read(0, 100)
        served = served + 1
        if content ~= "inside" then leaked = leaked + 1 end
        reply.body:close()
    else
        refused = refused + 1
    end
end
write(root .. "/done", "")
swapper:close()
check.equal("never the outside content", leaked, 0)
check.ok("sometimes the inside one", served > 0 and refused > 0, served .. " and " .. refused)

-- server.s.70
answer = ask(files, "/a.css")
local etag, modified = answer.headers.etag, answer.headers["last-modified"]
answer = ask(files, "/a.css", "If-None-Match: " .. etag .. "\r\n")
check.equal("If-None-Match", { answer.status, answer.body, answer.headers.etag, answer.headers["content-type"] },
    { 304, "", etag, nil })
check.equal("in a list, weak", ask(files, "/a.css", 'If-None-Match: "x", W/' .. etag .. "\r\n").status, 304)
check.equal("any", ask(files, "/a.css", "If-None-Match: *\r\n").status, 304)
check.equal("another", ask(files, "/a.css", 'If-None-Match: "x"\r\nIf-Modified-Since: ' .. modified .. "\r\n").status, 200)
check.equal("If-Modified-Since", ask(files, "/a.css", "If-Modified-Since: " .. modified .. "\r\n").status, 304)
check.equal("an older date", ask(files, "/a.css", "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n").status, 200)
check.equal("If-Match", ask(files, "/a.css", "If-Match: " .. etag .. "\r\n").status, 200)
check.equal("another", ask(files, "/a.css", 'If-Match: "x"\r\n').status, 412)
check.equal("a weak one does not match strongly", ask(files, "/a.css", "If-Match: W/" .. etag .. "\r\n").status, 412)
check.equal("If-Unmodified-Since", ask(files, "/a.css", "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n").status, 412)
write(root .. "/a.css", "body { color: red }")
check.equal("a file that has changed", ask(files, "/a.css", "If-None-Match: " .. etag .. "\r\n").status, 200)

-- server.s.71
local function range(fields)
    local got = ask(files, "/sub/deep/x.bin", fields)
    return { got.status, got.status < 300 and got.body or nil, got.headers["content-range"] }
end
check.equal("the first bytes", range("Range: bytes=0-4\r\n"), { 206, "01234", "bytes 0-4/10" })
check.equal("the last bytes", range("Range: bytes=-5\r\n"), { 206, "56789", "bytes 5-9/10" })
check.equal("more than all", range("Range: bytes=-50\r\n"), { 206, "0123456789", "bytes 0-9/10" })
check.equal("from a byte", range("Range: Bytes=5-\r\n"), { 206, "56789", "bytes 5-9/10" })
check.equal("beyond the end", range("Range: bytes=8-99\r\n"), { 206, "89", "bytes 8-9/10" })
check.equal("none", range("Range: bytes=9999999-\r\n"), { 416, nil, "bytes */10" })
check.equal("none at the end", range("Range: bytes=-0\r\n"), { 416, nil, "bytes */10" })
check.equal("two ranges", range("Range: bytes=0-1,3-4\r\n"), { 200, "0123456789", nil })
for _, bad in ipairs({ "bytes=4-3", "bytes=x", "lines=1-2", "bytes=-", "bytes 0-1" }) do
    check.equal("a bad range: " .. bad, range("Range: " .. bad .. "\r\n"), { 200, "0123456789", nil })
end
answer = ask(files, "/sub/deep/x.bin")
check.equal("If-Range", range("Range: bytes=0-4\r\nIf-Range: " .. answer.headers.etag .. "\r\n")[1], 206)
check.equal("If-Range, date", range("Range: bytes=0-4\r\nIf-Range: " .. answer.headers["last-modified"] .. "\r\n")[1], 206)
check.equal("If-Range, old", range('Range: bytes=0-4\r\nIf-Range: "x"\r\n'), { 200, "0123456789", nil })
check.equal("If-Range, weak", range("Range: bytes=0-4\r\nIf-Range: W/" .. answer.headers.etag .. "\r\n")[1], 200)

-- server.s.72
answer = ask(files, "/a.css", "Content-Length: 0\r\n", "POST")
check.equal("POST", { answer.status, answer.headers.allow }, { 405, "GET, HEAD" })
answer = ask(files, "/a.css", "", "HEAD")
check.equal("HEAD", { answer.status, answer.headers["content-length"], answer.body }, { 200, "19", "" })
check.equal("a pipe", ask(files, "/pipe").status, 404)

-- options
local own = assert(http.files(root, { prefix = "/static/", index = false, maxage = 3600, headers = { ["X-Own"] = "y" },
    types = { css = "text/x-own" } }))
answer = ask(own, "/static/a.css")
check.equal("options", { answer.status, answer.headers["cache-control"], answer.headers["x-own"],
    answer.headers["content-type"] }, { 200, "max-age=3600", "y", "text/x-own; charset=utf-8" })
check.equal("outside of the prefix", { ask(own, "/a.css").status, ask(own, "/statica.css").status }, { 404, 404 })
check.equal("no index", ask(own, "/static/sub/").status, 404)
check.equal("a redirect keeps the prefix", ask(own, "/static/sub").headers.location, "/static/sub/")

server:close()

-- files that change while they are sent (server.files.7). They are larger than the system's buffers for a connection
-- whose peer does not read. So the change comes before the end.
local SIZE = 30000000
tasks.run(function()
    for _, name in ipairs({ "replaced", "shrunk", "grown" }) do write(root .. "/" .. name, ("x"):rep(SIZE)) end
    local live, told = serve.start(files)
    local peers = {}
    for _, name in ipairs({ "replaced", "shrunk", "grown" }) do
        peers[name] = raw.connect(live)
        peers[name]:send(raw.get("/" .. name, "Connection: close\r\n"))
        check.equal(name .. " begins", peers[name]:receive("*l"), "HTTP/1.1 200 OK")
    end
    write(root .. "/new", "new")
    os.rename(root .. "/new", root .. "/replaced")
    run("truncate -s 1000 " .. root .. "/shrunk")
    local grown = assert(io.open(root .. "/grown", "ab"))
    grown:write(("y"):rep(1000))
    grown:close()
    local lengths, ends = {}, {}
    for name, peer in pairs(peers) do
        local text, _, partial = peer:receive("*a")
        local body = (text or partial):match("\r\n\r\n(.*)")
        lengths[name], ends[name] = #body, body:sub(-1)
        peer:close()
    end
    check.equal("a file that was replaced is sent whole, as it was", { lengths.replaced, ends.replaced }, { SIZE, "x" })
    check.equal("a file that grows is sent as far as was told", { lengths.grown, ends.grown }, { SIZE, "x" })
    check.ok("a file that shrinks: the peer sees that it is not whole", lengths.shrunk < SIZE, lengths.shrunk)
    check.equal("the owner is told", told, { "file became shorter while it was sent" })
    check.equal("the new file", raw.exchange(live, raw.get("/replaced", "Connection: close\r\n"))[1].body, "new")
    live:close()
end)
run("rm -r " .. base)
check.done()
