-- The parts of luajit-libuv that its HTTP scripts use, built on this library.
local http = require("http")
local tasks = require("socket.tasks")
local url = require("socket.url")

local uv = { http = {}, loop = {}, util = {}, parallel = {}, url = {} }

uv.http.format_date, uv.http.parse_date = http.format_date, http.parse_date
function uv.http.listen(...) return assert(http.listen(...)) end
function uv.http.request(request)
    local response, message = http.request(request)
    if not response then error(message, 2) end
    return response
end

function uv.loop.run(f)
    if f then return tasks.run(f) end
    return tasks.run()
end
function uv.util.join(co)
    return tasks.start(function() assert(coroutine.resume(co)) end)
end
function uv.parallel.map(list, f) return tasks.map(list, #list, f) end

-- URLs: `split` returns the parts of one, `join` builds a URL from parts, `relative` resolves a reference.
local PARTS = { schema = "scheme", userinfo = "userinfo", host = "host", port = "port", path = "path", query = "query",
    fragment = "fragment" }
function uv.url.split(text)
    local parsed, parts = url.parse(text) or {}, {}
    for name, ours in pairs(PARTS) do parts[name] = parsed[ours] end
    return parts
end
function uv.url.join(parts)
    local whole = {}
    for name, ours in pairs(PARTS) do whole[ours] = parts[name] end
    return url.build(whole)
end
function uv.url.encode(value)
    if value == nil then return "" end
    if type(value) ~= "table" then
        return (tostring(value):gsub("%W", function(c) return ("%%%02X"):format(c:byte()) end))
    end
    local names, out = {}, {}
    for name in pairs(value) do names[#names + 1] = name end
    table.sort(names)
    for i, name in ipairs(names) do out[i] = uv.url.encode(name) .. "=" .. uv.url.encode(value[name]) end
    return table.concat(out, "&")
end
function uv.url.relative(base, text) return url.absolute(base, text) end

return uv
