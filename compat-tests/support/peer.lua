-- Peers that run in a separate process. Each prints the port it listens on as its first line ("12345" or "READY
-- 12345"). It ends when its work is done or its standard input is closed.
local peer = {}

-- The peers that are not closed. A peer that is collected would be waited for.
peer.running = {}

local function interpreter()
    local i = 0
    while arg and arg[i - 1] do i = i - 1 end
    return os.getenv("COMPAT_LUA") or (arg and arg[i]) or "lua"
end

-- Windows has other quotes, no exec, and temporary names in a folder that need not be writable.
local is_windows = package.config:sub(1, 1) == "\\"
local count = 0

local function quote(word)
    if is_windows then return '"' .. tostring(word) .. '"' end
    return "'" .. tostring(word):gsub("'", "'\\''") .. "'"
end

local function temporary_name()
    if not is_windows then return os.tmpname() end
    count = count + 1
    return "peer" .. count .. ".lua"
end

local function open(command, before)
    if is_windows then return assert(io.popen('"' .. command .. '"', "r")) end
    return assert(io.popen((before and before .. "; " or "") .. "exec " .. command, "r"))
end

local function start(command, before)
    local output = open(command, before)
    local first = output:read("*l") or ""
    local port = tonumber(first:match("(%d+)%s*$"))
    if not port then error("peer did not start: " .. command .. ": " .. first) end
    local started = { port = port, output = output }
    function started:close()
        peer.running[self] = nil
        return self.output:close()
    end
    -- All further lines of its output, when it has ended.
    function started:seen()
        local lines = {}
        for line in self.output:lines() do lines[#lines + 1] = line end
        self:close()
        return table.concat(lines, "; ")
    end
    peer.running[started] = true
    return started
end

-- Starts the same interpreter with Lua code. `before` is a command that the shell runs first, not on Windows.
function peer.lua(code, before)
    local path = temporary_name()
    local file = assert(io.open(path, "w"))
    file:write("io.stdout:setvbuf('no')\nos.remove(", ("%q"):format(path), ")\n", code)
    file:close()
    return start(interpreter() .. " " .. quote(path), before)
end

local function python(script, ...)
    local words = { quote(os.getenv("COMPAT_PYTHON") or "python3"), quote(script) }
    for i = 1, select("#", ...) do words[#words + 1] = quote((select(i, ...))) end
    return table.concat(words, " ")
end

-- Starts a Python script with arguments; it prints `READY port`.
function peer.python(script, ...) return start(python(script, ...)) end

-- Starts a Python script that is no server. Returns its output.
function peer.read_python(script, ...) return open(python(script, ...)) end

return peer
