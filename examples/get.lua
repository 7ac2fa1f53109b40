-- Downloads a URL to a file:  luasocket examples/get.lua URL [FILE]
-- http, https and ftp. Without FILE, the last part of the URL is the file name. With `-` it writes to the standard
-- output.
local socket = require("socket")
local http = require("socket.http")
local ftp = require("socket.ftp")
local ltn12 = require("ltn12")
local url = require("socket.url")

local stderr = io.stderr

local function fail(message)
    stderr:write("get: ", tostring(message), "\n")
    return os.exit(1)
end

-- 1536 -> "1.5 KiB"
local function size(bytes)
    if bytes < 1024 then return ("%.0f B"):format(bytes) end
    for _, unit in ipairs({ "KiB", "MiB", "GiB" }) do
        bytes = bytes / 1024
        if bytes < 1024 then return ("%.1f %s"):format(bytes, unit) end
    end
    return ("%.1f TiB"):format(bytes / 1024)
end

local function rate(bytes, seconds)
    return size(bytes / math.max(seconds, 0.001)) .. "/s"
end

-- Lua cannot check whether a file is a terminal; a shell can.
local function on_terminal()
    if package.config:sub(1, 1) ~= "/" then return false end
    local result = os.execute("test -t 2")
    return result == true or result == 0
end

-- The last part of the URL's path, as a plain file name.
local function file_name(path)
    local segments = url.parse_path(path)
    local last = segments[#segments]
    if not last or segments.is_directory or last == "." or last == ".." then return "index.html" end
    return (tostring(last):gsub("[/\\%c]", "_"))
end

-- Counts the bytes that pass through. When `show` is set, it prints them at most ten times per second, with the
-- percentage of the field `total`, if that is known.
local function progress(name, show)
    local start, shown = socket.gettime(), 0.0
    local count = { bytes = 0 }

    function count.seconds()
        return socket.gettime() - start
    end

    function count.filter(chunk)
        if not chunk then return chunk end
        count.bytes = count.bytes + #chunk
        local seconds = count.seconds()
        if show and seconds - shown >= 0.1 then
            shown = seconds
            local total = count.total
            local share = total and ("%3d%%  "):format(math.min(100, math.floor(100 * count.bytes / total))) or ""
            -- Carriage return and "erase to the end of the line".
            stderr:write("\r", name, "  ", share, size(count.bytes), "  ", rate(count.bytes, seconds), "\27[K")
            stderr:flush()
        end
        return chunk
    end

    function count.clear()
        if shown > 0 then stderr:write("\r\27[K") end
    end

    return count
end

local fetch = {}

function fetch.http(address, _, sink)
    local ok, code, _, status = http.request({ url = address, sink = sink })
    -- the fourth result of a failure says what is wrong with a certificate
    if not ok then return nil, status and code .. ", " .. status or code end
    if code ~= 200 then return nil, status or code end
    return true
end

fetch.https = fetch.http

function fetch.ftp(_, parts, sink)
    return ftp.get({
        host = parts.host, port = parts.port, user = parts.user, password = parts.password,
        path = parts.path, type = "i", sink = sink,
    })
end

-- The expected number of bytes, if the server announces it.
local function announced(address, scheme)
    if scheme == "ftp" then return nil end
    local _, code, headers = http.request({ url = address, method = "HEAD" })
    local length = code == 200 and headers and tonumber(headers["content-length"])
    return length and length > 0 and length or nil
end

local address, target = ...
if not address or select("#", ...) > 2 then
    stderr:write("usage: luasocket get.lua URL [FILE]\n")
    return os.exit(1)
end
if not address:find("^%a[%w+.-]*://") then address = "http://" .. address end

local parts = assert(url.parse(address))
local scheme = (parts.scheme or ""):lower()
local download = fetch[scheme]
if not download then return fail("cannot download " .. scheme .. " URLs, only http, https and ftp") end
if not parts.host then return fail("no host in " .. address) end
target = target or file_name(parts.path or "")

-- A failed download leaves no file, and changes no existing file.
local printed = target == "-"
local partial = target .. ".part"
local file, refusal
if printed then file = io.stdout else file, refusal = io.open(partial, "wb") end
if not file then return fail(refusal) end

local terminal = on_terminal()
local count = progress(target, terminal)
-- An interrupt raises an error. It must not leave a partial file either.
local returned, ok, message = pcall(function()
    if terminal then count.total = announced(address, scheme) end
    return download(address, parts, ltn12.sink.chain(count.filter, ltn12.sink.file(file)))
end)
if not returned then ok, message = nil, ok end
count.clear()
if ok and not printed then
    local renamed, problem = os.rename(partial, target)
    if not renamed then ok, message = nil, problem end
end
if not ok then
    if not printed then
        if io.type(file) == "file" then file:close() end
        os.remove(partial)
    end
    fail(message)
end
stderr:write(("%s: %s in %.1f s (%s)\n"):format(
    target, size(count.bytes), count.seconds(), rate(count.bytes, count.seconds())))
