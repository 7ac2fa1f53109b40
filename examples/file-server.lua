-- Shows a folder in a browser, and accepts uploads:  luasocket examples/file-server.lua FOLDER [PORT]
-- Supports ranges, so that a browser can seek in a video, and conditional requests. The form on the first page uploads
-- files of any size: they are written piece by piece.
local http = require("http")
local tasks = require("socket.tasks")

local FOLDER, PORT = ...
PORT = tonumber(PORT) or 0

if not FOLDER then
    io.stderr:write("usage: file-server.lua FOLDER [PORT]\n")
    return os.exit(1)
end
local files, problem = http.files(FOLDER, { prefix = "/files", index = false })
if not files then
    io.stderr:write("file-server: ", FOLDER, ": ", problem, "\n")
    return os.exit(1)
end

local PAGE = [[<!doctype html>
<title>Files</title>
<h1>Send a file</h1>
<input type="file" id="file"> <button id="send">Send</button> <span id="state"></span>
<script>
document.getElementById("send").onclick = async function () {
    const file = document.getElementById("file").files[0];
    if (!file) return;
    const answer = await fetch("/upload/" + encodeURIComponent(file.name), { method: "PUT", body: file });
    document.getElementById("state").innerHTML = answer.ok ? "<a href='/files/" + encodeURIComponent(file.name) + "'>sent</a>"
        : "failed: " + answer.status;
};
</script>
]]

-- A plain file name, or nil.
local function name_of(path)
    local name = path:match("^/upload/([^/]+)$")
    if not name then return nil end
    name = name:gsub("%%(%x%x)", function(digits) return string.char(tonumber(digits, 16) or 0) end)
    if name:find("[/\\%c]") or name:find("^%.") then return nil end
    return name
end

local function upload(request)
    local name = name_of(request.path)
    if not name then return { status = 400, body = "no such name\n" } end
    local path = FOLDER .. "/" .. name
    local file, refusal = io.open(path .. ".part", "wb")
    if not file then return { status = 500, body = refusal .. "\n" } end
    for piece in request:source() do file:write(piece) end
    file:close()
    -- nil at the end; a message when the body is incomplete
    local _, failure = request:read()
    if failure then
        os.remove(path .. ".part")
        return { status = 400, body = failure .. "\n" }
    end
    os.rename(path .. ".part", path)
    return { status = 201, headers = { Location = "/files/" .. name } }
end

local function handle(request, writer)
    if request.method == "PUT" then return upload(request) end
    if request.path == "/" then return { headers = { ["Content-Type"] = "text/html; charset=utf-8" }, body = PAGE } end
    return files(request, writer)
end

tasks.run(function()
    local server, refusal = http.listen("127.0.0.1", PORT, handle, { stream = true, maxbody = false, log = true })
    if not server then
        io.stderr:write("file-server: ", refusal, "\n")
        return os.exit(1)
    end
    print("listening on port " .. select(2, server:getsockname()))
    io.stdout:flush()
    server:wait()
end)
