-- Posts a form:  luasocket examples/post-form.lua URL NAME=VALUE...
local http = require("socket.http")
local url = require("socket.url")

local address = assert(..., "usage: post-form.lua URL NAME=VALUE...")

-- Names and values are encoded one by one: "&" and "=" in them are data, between them syntax.
local fields = {}
for _, argument in ipairs({ select(2, ...) }) do
    local name, value = argument:match("^(.-)=(.*)$")
    assert(name, "not NAME=VALUE: " .. argument)
    fields[#fields + 1] = url.escape(name) .. "=" .. url.escape(value)
end

local body, code = http.request(address, table.concat(fields, "&"))
if not body then error(code, 0) end
print(code)
io.write(body)
