-- The parts of luajit-libuv that its HTTP scripts use, over ours.
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

-- URLs: `split` gives the parts of one, `join` the text of parts, `relative` the URL that another means.
local PARTS = { "scheme", "host", "port", "path", "query", "fragment", "user", "password" }
function uv.url.split(text)
    local parsed, parts = url.parse(text) or {}, {}
    for _, name in ipairs(PARTS) do parts[name] = parsed[name] end
    return parts
end
function uv.url.join(parts) return url.build(parts) end
function uv.url.encode(value)
    if type(value) ~= "table" then return (url.escape(tostring(value)):gsub("%%(%x%x)", function(hex)
        local byte = string.char(tonumber(hex, 16))
        return byte:find("[%w%-._~]") and byte or "%" .. hex:upper()
    end)) end
    local names, out = {}, {}
    for name in pairs(value) do names[#names + 1] = name end
    table.sort(names)
    for i, name in ipairs(names) do out[i] = uv.url.encode(name) .. "=" .. uv.url.encode(value[name]) end
    return table.concat(out, "&")
end
function uv.url.relative(base, text) return url.absolute(base, text) end

return uv
