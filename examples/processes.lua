-- Several processes on one port, which can be restarted while they serve:  luasocket examples/processes.lua [COUNT [PORT]]
-- This process starts COUNT others, which share the port. It takes orders on a port of its own: GET / lists the
-- processes, POST /restart replaces one after another, and POST /stop ends all. A process that is to end serves the
-- requests that it has; new ones go to the others.
local http = require("http")
local socket = require("socket")
local tasks = require("socket.tasks")

local function handle(request)
    return { headers = { ["Content-Type"] = "text/plain" }, body = "you asked for " .. request.path .. "\n" }
end

-- The program of each process.
local function work(port)
    local server = assert(http.listen("127.0.0.1", port, handle, { reuseport = true }))
    local orders = assert(http.listen("127.0.0.1", 0, function(request)
        if request.path == "/stop" then server:stop() end
        return { body = server:stats().requests .. " requests\n" }
    end))
    print((select(2, orders:getsockname())))
    io.stdout:flush()
    server:wait()
    orders:stop()
end

local function quote(word) return "'" .. word:gsub("'", "'\\''") .. "'" end

-- Starts a process. It is ready when its first line is there.
local function start(port)
    local first = 0
    while arg[first - 1] do first = first - 1 end
    local output = io.popen(quote(arg[first]) .. " " .. quote(arg[0]) .. " worker " .. port)
    return { output = output, orders = assert(output:read("*l"), "a process did not start") }
end

local function order(process, path)
    local response, problem = http.post("http://127.0.0.1:" .. process.orders .. path)
    return response and response.body or problem .. "\n"
end

local function finish(process)
    order(process, "/stop")
    process.output:close()
end

local function supervise(count, wanted)
    -- a socket that does not listen keeps the port
    local keeper = assert(socket.tcp4())
    assert(keeper:setoption("reuseport", true))
    local ok, refusal = keeper:bind("127.0.0.1", wanted)
    if not ok then
        io.stderr:write("processes: ", refusal, "\n")
        return os.exit(1)
    end
    local _, port = keeper:getsockname()
    local processes = {}
    for i = 1, count do processes[i] = start(port) end

    local paths = {}
    paths["GET /"] = function()
        local lines = { "port " .. port .. "\n" }
        for i, process in ipairs(processes) do lines[i + 1] = "process " .. i .. ": " .. order(process, "/") end
        return { body = table.concat(lines) }
    end
    paths["POST /restart"] = function()
        for i, process in ipairs(processes) do
            processes[i] = start(port)
            finish(process)
        end
        return { body = "restarted\n" }
    end
    paths["POST /stop"] = function(request)
        request.server:stop()
        return { body = "stopping\n" }
    end
    local server = assert(http.listen("127.0.0.1", 0, function(request)
        local path = paths[request.method .. " " .. request.path]
        return path and path(request) or { status = 404 }
    end))
    print("serving on port " .. port .. ", orders on port " .. select(2, server:getsockname()))
    io.stdout:flush()
    server:wait()
    for _, process in ipairs(processes) do finish(process) end
    print("stopped")
end

local first, second = ...
tasks.run(function()
    if first == "worker" then return work(second) end
    supervise(tonumber(first) or 2, tonumber(second) or 0)
end)
