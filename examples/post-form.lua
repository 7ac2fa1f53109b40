-- Posts a form:  luasocket examples/post-form.lua URL NAME=VALUE...
local http = require("socket.http")
local url = require("socket.url")

-- Ends the program with one sentence; `error` would add a traceback.
local function stop(...)
    io.stderr:write(table.concat({ ... }), "\n")
    os.exit(1)
end

local address = ...
if not address then return stop("usage: post-form.lua URL NAME=VALUE...") end

-- Names and values are encoded separately: "&" and "=" inside them are data, but between them they are syntax.
local fields = {}
for _, argument in ipairs({ select(2, ...) }) do
    local name, value = argument:match("^(.-)=(.*)$")
    if not name then return stop("post-form: not NAME=VALUE: ", argument) end
    fields[#fields + 1] = url.escape(name) .. "=" .. url.escape(value)
end

local body, code, _, why = http.request(address, table.concat(fields, "&"))
if not body then return stop("post-form: ", code, why and ", " .. why or "") end
print(code)
io.write(body)
