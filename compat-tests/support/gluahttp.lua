-- gluahttp's module `http`, built on ours, as a script for gluahttp sees it. Third results are dropped.
local http = require("http")

local SENTENCES = {
    { "^timeout$", "Get: context deadline exceeded" },
    { "^request must be a table$", "Request must be a table" },
    { "^invalid auth ", "auth table must contain no nil user and pass fields" },
}

-- Translates our messages into gluahttp's.
local function worded(method, message)
    if message == "unsupported scheme ''" then
        method = tostring(method or "get")
        return method:sub(1, 1):upper() .. method:sub(2):lower() .. ' : unsupported protocol scheme ""'
    end
    for _, pair in ipairs(SENTENCES) do
        if message:find(pair[1]) then return pair[2] end
    end
    return message
end

-- A module whose requests share one jar.
return function()
    local session = http.session({ jar = true })
    local shim = { session = session }
    local function result(method, response, message)
        if response then return response end
        return nil, worded(method, message)
    end
    function shim.request(method, url, options) return result(method, session:request(method, url, options)) end
    for _, name in ipairs({ "get", "post", "put", "delete", "head", "patch" }) do
        shim[name] = function(url, options) return result(name, session[name](session, url, options)) end
    end
    function shim.request_batch(list)
        local responses, messages = session:request_batch(list)
        for i, message in pairs(messages or {}) do
            local entry = list[i]
            messages[i] = worded(type(entry) == "table" and entry[1], message)
        end
        return responses, messages
    end
    return shim
end
