-- Calls that do almost nothing: the cost of a call itself.
local measure = require("measure")
local socket = require("socket")

local function on_socket(method, ...)
    local first, second = ...
    return function(count)
        local object = assert(socket.tcp4())
        local call = object[method]
        return function()
            for _ = 1, count do
                call(object, first, second)
            end
        end, count
    end
end

local cases = {
    settimeout = on_socket("settimeout", 5),
    getfd = on_socket("getfd"),
    dirty = on_socket("dirty"),
    gettimeout = on_socket("gettimeout"),
    setoption = on_socket("setoption", "tcp-nodelay", true),
}

function cases.gettime(count)
    local gettime = socket.gettime
    return function()
        for _ = 1, count do
            gettime()
        end
    end, count
end

function cases.getstats(count)
    local connection = assert(socket.connect("127.0.0.1", measure.setting("PORT")))
    return function()
        for _ = 1, count do
            connection:getstats()
        end
    end, count
end

function cases.tcp(count)
    local tcp = socket.tcp
    return function()
        for _ = 1, count do
            tcp():close()
        end
    end, count
end

function cases.protect(count)
    local try = socket.try
    local call = socket.protect(function(value) return try(value) end)
    return function()
        for _ = 1, count do
            call(true)
        end
    end, count
end

measure.run(cases)
