-- A browser as a client of the server: fetch, a streamed answer, EventSource and its return, forms, and seeking in a
-- video element (issue 19: "a headless browser").
-- needs: chromium
-- not on: lua5.1, lua5.2, lua5.3, luajit, runner
-- time limit: 300
local check = require("check")
local http = require("http")
local socket = require("socket")
local tasks = require("socket.tasks")

local SECONDS = 2000
local RATE = 8000

local PAGE = [[<!doctype html>
<title>test</title>
<form id="form" method="post" action="/form" enctype="application/x-www-form-urlencoded" target="frame">
<input name="text" value="a+b &amp; c=ä"></form>
<iframe name="frame" id="frame"></iframe>
<script>
const results = {};
async function attempt(name, f) {
    try { results[name] = String(await f()); } catch (error) { results[name] = "failed: " + error; }
}
function event(target, name) {
    return new Promise((resolve, reject) => {
        target.addEventListener(name, resolve, { once: true });
        target.addEventListener("error", () => reject(target.error && target.error.message || "error"), { once: true });
    });
}
async function run() {
    await attempt("get", async () => (await fetch("/echo")).text());
    await attempt("post", async () => (await fetch("/echo", { method: "POST", body: "x".repeat(300000) + "ä" })).text());
    await attempt("head", async () => {
        const answer = await fetch("/echo", { method: "HEAD" });
        return answer.status + " " + (await answer.text()).length;
    });
    await attempt("many", async () => {
        const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => fetch("/number/" + i).then(a => a.text())));
        return answers.every((text, i) => text === "/number/" + i);
    });
    await attempt("stream", async () => {
        const reader = (await fetch("/stream")).body.getReader();
        // the server goes on when the first piece has been read
        let size = (await reader.read()).value.length;
        const first = size;
        await fetch("/go");
        for (;;) {
            const { done, value } = await reader.read();
            if (done) return first + " " + size;
            size += value.length;
        }
    });
    await attempt("cut", async () => (await fetch("/cut")).text().then(() => "whole", () => "not whole"));
    await attempt("upload", async () => {
        const data = new FormData();
        data.append("name", "value");
        data.append("file", new Blob([new Uint8Array(5000000).fill(97)]), "a.bin");
        return (await fetch("/upload", { method: "POST", body: data })).text();
    });
    await attempt("form", async () => {
        const frame = document.getElementById("frame");
        const loaded = event(frame, "load");
        document.getElementById("form").submit();
        await loaded;
        return frame.contentDocument.body.textContent;
    });
    await attempt("events", () => new Promise((resolve) => {
        const source = new EventSource("/events"), seen = [];
        source.onmessage = (message) => {
            seen.push(message.lastEventId + ":" + message.data.replace("\n", "/"));
            if (seen.length === 4) { source.close(); resolve(seen.join("|")); }
        };
    }));
    await attempt("video", async () => {
        const video = document.createElement("video");
        video.preload = "metadata";
        video.src = "/files/long.wav";
        document.body.append(video);
        await event(video, "loadedmetadata");
        const seeked = event(video, "seeked");
        video.currentTime = Math.floor(video.duration) - 100;
        await seeked;
        return Math.round(video.duration) + " " + Math.round(video.currentTime);
    });
    await fetch("/report", { method: "POST", body: Object.entries(results).map(([k, v]) => k + "=" + v).join("\n") });
}
run();
</script>
]]

local function little(number, bytes)
    local digits = {}
    for i = 1, bytes do
        digits[i] = string.char(number % 256)
        number = math.floor(number / 256)
    end
    return table.concat(digits)
end

-- A long sound, which a video element can play without a codec.
local size = SECONDS * RATE
local sound = assert(io.open("long.wav", "wb"))
sound:write("RIFF", little(36 + size, 4), "WAVEfmt ", little(16, 4), little(1, 2), little(1, 2), little(RATE, 4),
    little(RATE, 4), little(1, 2), little(8, 2), "data", little(size, 4))
for _ = 1, SECONDS do sound:write(("\128"):rep(RATE)) end
sound:close()

local files = assert(http.files(".", { prefix = "/files" }))
local told, ranges, returned, report = {}, {}, nil, nil

local handlers = {}

handlers["/"] = function() return { headers = { ["Content-Type"] = "text/html; charset=utf-8" }, body = PAGE } end

handlers["/echo"] = function(request) return { body = request.method .. " " .. #request.body } end

local go = tasks.queue()

handlers["/go"] = function()
    go:put(true)
    return { status = 204 }
end

handlers["/stream"] = function(_, writer)
    for i = 1, 20 do
        writer:write("twenty bytes a piece")
        writer:flush()
        if i == 1 then go:get(60) end
    end
end

handlers["/cut"] = function(_, writer)
    writer:write("a part")
    writer:flush()
    error("cut", 0)
end

handlers["/upload"] = function(request)
    local boundary = request.headers["content-type"]:match("boundary=(.*)$")
    return { body = tostring(request.body:find("--" .. boundary, 1, true)) .. " "
        .. #request.body:match('filename="a.bin"\r\n[^\n]+\r\n\r\n(a+)\r\n') }
end

handlers["/form"] = function(request)
    return { headers = { ["Content-Type"] = "text/plain; charset=utf-8" }, body = request.body }
end

-- Each connection brings two events; the browser returns with the number of the last one.
handlers["/events"] = function(request, writer)
    local last = tonumber(request.headers["last-event-id"] or 0)
    if last > 0 then returned = last end
    for i = 1, 2 do writer:event({ id = last + i, data = "event\n" .. last + i, retry = 10 }) end
end

handlers["/report"] = function(request)
    report = request.body
    return { status = 204 }
end

local function handle(request, writer)
    if request.path:find("^/files/") then
        ranges[#ranges + 1] = request.headers.range or "none"
        return files(request)
    end
    if request.path:find("^/number/") then return { body = request.path } end
    local handler = handlers[request.path]
    return handler and handler(request, writer) or not handler and { status = 404 } or nil
end

tasks.run(function()
    local server = assert(http.listen("127.0.0.1", 0, handle, {
        maxbody = 10000000, on_error = function(message) told[#told + 1] = tostring(message) end,
    }))
    local _, port = server:getsockname()
    local browser = assert(io.popen(("exec chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage "
        .. "--no-first-run --no-proxy-server --user-data-dir=profile 'http://127.0.0.1:%d/' > browser.log 2>&1 & echo $!")
        :format(port)))
    local pid = browser:read("*l")
    local stop = socket.gettime() + 200
    while not report and socket.gettime() < stop do socket.sleep(0.05) end
    os.execute("kill " .. pid)
    browser:close()
    -- until it has written its profile
    repeat
        socket.sleep(0.05)
        local alive = os.execute("kill -0 " .. pid .. " 2> ignored")
    until not alive or socket.gettime() > stop + 20
    server:stop(2)
end)

local log = assert(io.open("browser.log"))
check.ok("the browser reports", report, not report and log:read("*a"))
log:close()
local results = {}
for name, value in (report or ""):gmatch("([^=\n]+)=([^\n]*)") do results[name] = value end
for name, expected in pairs({
    get = "GET 0", post = "POST 300002", head = "200 0", many = "true", stream = "20 400", cut = "not whole",
    upload = "1 5000000", form = "text=a%2Bb+%26+c%3D%C3%A4", events = "1:event/1|2:event/2|3:event/3|4:event/4",
    video = SECONDS .. " " .. SECONDS - 100,
}) do
    check.equal(name, results[name], expected)
end
check.ok("the event source returns with the last number", returned and returned >= 2, returned)
local far = false
for _, range in ipairs(ranges) do
    local first = tonumber(range:match("^bytes=(%d+)%-"))
    if first and first > size / 2 then far = true end
end
check.ok("seeking asks for a range", far, table.concat(ranges, " "))
check.equal("errors", told, { "cut" })
check.done()
