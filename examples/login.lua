-- Posts a form and stores the cookies of the response in a file:
--   luasocket examples/login.lua COOKIES URL NAME=VALUE...
-- The next run sends them again.
local http = require("http")

local function stop(...)
    io.stderr:write(table.concat({ ... }), "\n")
    os.exit(1)
end

local file, url = ...
if not url then return stop("usage: login.lua COOKIES URL NAME=VALUE...") end

local form = {}
for i = 3, select("#", ...) do
    local name, value = (select(i, ...)):match("^(.-)=(.*)$")
    if not name then return stop("usage: login.lua COOKIES URL NAME=VALUE...") end
    form[name] = value
end

local session = http.session({ jar = true, timeout = "30s" })
session.jar:load(file)                  -- the file does not exist at the first run
local response, message, _, why = session:post(url, { form = form })
if not response then return stop("login: ", message, why and ", " .. why or "") end
print(response.status)
io.write(response.body)
for _, cookie in ipairs(session.jar:cookies(url)) do print("cookie", cookie.name, cookie.value) end
local saved, refusal = session.jar:save(file)
if not saved then return stop("login: ", refusal) end
