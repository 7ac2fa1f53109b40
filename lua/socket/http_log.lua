-- The access log of a server. Internal to socket.http_server.
local native = require("socket.http_server_leaves")
local mime = require("mime")
local socket = require("socket")

local pcall, type = pcall, type
local byte, format, gsub, match = string.byte, string.format, string.gsub, string.match
local date, time = os.date, os.time
local io = io

local log = {}

local function escape(char) return format("\\x%02x", byte(char)) end

-- Escapes quotes, backslashes and all characters except printable ASCII.
local function quote(text)
    if text == nil then return "-" end
    return (gsub(text, '[%z\1-\31"\\\127-\255]', escape))
end

local MONTHS = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" }

---One line of the Combined Log Format, without a line end.
---@param entry http.logentry
---@return string
function log.combined(entry)
    local t = date("!*t", entry.time)
    local request = "-"
    if entry.method then request = format("%s %s HTTP/%s", entry.method, entry.url, entry.version) end
    return format('%s - %s [%02d/%s/%04d:%02d:%02d:%02d +0000] "%s" %s %s "%s" "%s"', quote(entry.ip),
        gsub(quote(entry.user), " ", "\\x20"), t.day, MONTHS[t.month], t.year, t.hour, t.min, t.sec, quote(request),
        entry.status or "-", entry.bytes and format("%d", entry.bytes) or "-", quote(entry.referer), quote(entry.agent))
end

-- The user name in the client's Authorization header.
local function user_of(request)
    local coded = match(request.headers.authorization or "", "^[Bb][Aa][Ss][Ii][Cc] +([%w+/=]+)$")
    local text = coded and mime.unb64(coded)
    return text and match(text, "^([^:]+):")
end

---Makes a function that takes log entries, from the option `log`. `tasks` is nil without the task scheduler.
function log.sink(option, tasks)
    if not option or type(option) == "function" then return option or nil end
    local file = option == true and io.stderr or option
    local pending = false
    local function flush()
        -- flushes once a second: a busy server does not write each line separately
        socket.sleep(1)
        pending = false
        if io.type(file) == "file" then file:flush() end
    end
    return function(entry)
        file:write(log.combined(entry), "\n")
        if option == true or pending then return end
        pending = tasks and pcall(tasks.start, flush) or false
        if not pending then file:flush() end
    end
end

---Makes a log entry. Without a request, `line` may have method, URL and version of a refused one.
---@return http.logentry
function log.entry(connection, request, reason, line)
    local entry = {
        ip = connection.ip,
        status = connection.status,
        bytes = connection.bytes,
        time = time(),
        duration = connection.started and native.now() - connection.started or 0,
        reason = reason,
        aborted = connection.broken and true or nil,
    }
    line = request or line
    if line then entry.method, entry.url, entry.version = line.method, line.url, line.version end
    if request then
        local headers = request.headers
        entry.referer, entry.agent, entry.user = headers.referer, headers["user-agent"], user_of(request)
    end
    return entry
end

return log
