-- Requires the modules named on the command line in that order, uses the library, and prints the source of every part:
-- the Lua files and libraries, one per line.
for _, name in ipairs(arg) do require(name) end

local socket = require("socket")
local server = assert(socket.bind("127.0.0.1", 0))
local client = assert(socket.connect("127.0.0.1", (select(2, server:getsockname()))))
local accepted = assert(server:accept())
assert(client:send("one line\n"))
assert(accepted:receive("*l") == "one line")
local ltn12 = require("ltn12")
local sink, message = ltn12.sink.table()
assert(ltn12.pump.all(ltn12.source.string("\255"), ltn12.sink.chain(require("mime").encode("base64"), sink)))
assert(table.concat(message) == "/w==")
assert(require("socket.url").parse("http://localhost/").host == "localhost")
assert(require("socket.http").TIMEOUT)
assert(require("socket.smtp") and require("socket.ftp"))

local seen = {}
for name, module in pairs(package.loaded) do
    local first = name:match("^%w+")
    if first == "socket" or first == "mime" or first == "ltn12" or first == "mbox" or first == "ssl" then
        for _, value in pairs(type(module) == "table" and module or { module }) do
            local source = type(value) == "function" and debug.getinfo(value, "S").source or ""
            if source:sub(1, 1) == "@" then seen[source:sub(2)] = true end
        end
    end
end
for line in io.lines("/proc/self/maps") do
    local file = line:match("(/.*%.so[%d.]*)$") or ""
    if file:find("/[^/]*core[^/]*%.so$") or file:find("/liblua[^/]*%-%a+%.so") or file:find("/ssl%.so$") then seen[file] = true end
end
local files = {}
for file in pairs(seen) do files[#files + 1] = file end
table.sort(files)
print(table.concat(files, "\n"))
