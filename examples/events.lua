-- A chat in a browser, with Server-Sent Events:  luasocket examples/events.lua [PORT]
-- Open http://127.0.0.1:PORT/ twice. Each reader has a queue and a task. When a reader is gone, its next event or
-- comment fails, and its task ends.
local http = require("http")
local tasks = require("socket.tasks")

local PORT = tonumber((...)) or 0
-- Seconds without an event before a comment is sent.
local ALIVE = 15

local PAGE = [[<!doctype html>
<title>Chat</title>
<ul id="list"></ul>
<form id="form"><input id="text" autofocus autocomplete="off"> <button>Say</button></form>
<script>
new EventSource("/events").onmessage = function (event) {
    const item = document.createElement("li");
    item.textContent = event.data;
    document.getElementById("list").append(item);
};
document.getElementById("form").onsubmit = function (event) {
    event.preventDefault();
    fetch("/say", { method: "POST", body: document.getElementById("text").value });
    this.reset();
};
</script>
]]

local readers = {}
local count = 0

local function say(text)
    count = count + 1
    local event = { id = count, data = text }
    -- a copy: readers may come and go while `put` lets other tasks run
    local now = {}
    for queue in pairs(readers) do now[#now + 1] = queue end
    for _, queue in ipairs(now) do
        -- a reader whose queue is full is too slow: its task ends
        if not queue:put(event, 0) then queue:close() end
    end
end

local function events(writer)
    local queue = tasks.queue(100)
    readers[queue] = true
    writer:event({ data = "welcome", retry = 1000 })
    repeat
        local event, message = queue:get(ALIVE)
        if message == "closed" then break end
        local alive
        if event then alive = writer:event(event) else alive = writer:comment("alive") end
    until not alive
    readers[queue] = nil
end

local function handle(request, writer)
    if request.path == "/" then return { headers = { ["Content-Type"] = "text/html; charset=utf-8" }, body = PAGE } end
    if request.path == "/events" then return events(writer) end
    if request.path == "/say" and request.method == "POST" then
        say(request.body)
        return { status = 204 }
    end
    return { status = 404 }
end

tasks.run(function()
    local server, refusal = http.listen("127.0.0.1", PORT, handle, { maxbody = 1000 })
    if not server then
        io.stderr:write("events: ", refusal, "\n")
        return os.exit(1)
    end
    print("listening on port " .. select(2, server:getsockname()))
    io.stdout:flush()
    server:wait()
end)
