-- socket: the native core, and the functions built on it in Lua.
local socket = require("socket.core")

local error, ipairs, pcall, rawget, setmetatable, type = error, ipairs, pcall, rawget, setmetatable, type
local min = math.min

---Size in bytes of the pieces that sources read. It is read for each piece.
---@type integer
socket.BLOCKSIZE = 2048

---The try function without a finalizer (contract except.2).
socket.try = socket.newtry()

---Connects over IPv4 only, through the current `socket.connect` (contract connect4.1).
---@param host string
---@param port string|number
---@param local_host? string local address
---@param local_port? string|number
---@return userdata? client a `tcp{client}`; nil on failure
---@return string? message
function socket.connect4(host, port, local_host, local_port)
    return socket.connect(host, port, local_host, local_port, "inet")
end

---Connects over IPv6 only, through the current `socket.connect`.
---@param host string
---@param port string|number
---@param local_host? string local address
---@param local_port? string|number
---@return userdata? client a `tcp{client}`; nil on failure
---@return string? message
function socket.connect6(host, port, local_host, local_port)
    return socket.connect(host, port, local_host, local_port, "inet6")
end

---Makes a listening object on the first address of `host` that can be bound (contract bind).
---@param host string `*` for all IPv4 addresses
---@param port string|number 0 for any free port
---@param backlog? number connections that may wait to be accepted; 32
---@return userdata? server a `tcp{server}`; nil on failure
---@return string? message
function socket.bind(host, port, backlog)
    if host == "*" then host = "0.0.0.0" end
    local addresses, problem = socket.dns.getaddrinfo(host)
    if not addresses then return nil, problem end
    problem = "no info on address"
    for _, address in ipairs(addresses) do
        local server, bound
        if address.family == "inet" then
            server, problem = socket.tcp4()
        else
            server, problem = socket.tcp6()
        end
        if not server then return nil, problem end
        server:setoption("reuseaddr", true)
        bound, problem = server:bind(address.addr, port)
        if bound then
            ---@cast backlog integer
            bound, problem = server:listen(backlog)
            if bound then return server end
        end
        server:close()
    end
    return nil, problem
end

---Makes a function that selects a constructor by name (contract choose).
---@param constructors table<string, function> looked up at each call; `default` when no name is given
---@return fun(name?: string, option1?: any, option2?: any): ...
function socket.choose(constructors)
    return function(name, option1, option2)
        if type(name) ~= "string" then
            name, option1, option2 = "default", name, option1
        end
        local constructor = constructors[name]
        if not constructor then error("unknown key (" .. name .. ")", 3) end
        return constructor(option1, option2)
    end
end

---Source constructors by name: `(socket, option) -> source`.
---@type table<string, function>
socket.sourcet = {}
---Sink constructors by name: `(socket) -> sink`.
---@type table<string, function>
socket.sinkt = {}

---Makes an ltn12 source that reads a socket: `("until-closed", socket)` or `("by-length", socket, bytes)`.
socket.source = socket.choose(socket.sourcet)
---Makes an ltn12 sink that writes to a socket: `("close-when-done", socket)` or `("keep-open", socket)`.
socket.sink = socket.choose(socket.sinkt)

-- The functions that get the socket of a request, as they are before a program replaces them: by name in this module,
-- and in its tables.
local originals = { module = {}, sourcet = {}, sinkt = {} }
for _, name in ipairs({ "tcp", "try", "newtry", "source", "sink" }) do originals.module[name] = socket[name] end

-- A source or sink that socket.select accepts in place of the socket. A plain one has the original functions: it only
-- moves bytes, so socket.http may do that itself.
local function selectable(connection, step, plain)
    return setmetatable({
        getfd = function() return connection:getfd() end,
        dirty = function() return connection:dirty() end,
    }, { __call = step, plain = plain })
end

socket.sinkt["close-when-done"] = function(connection)
    return selectable(connection, function(_, chunk)
        if chunk then return connection:send(chunk) end
        connection:close()
        return 1
    end)
end

socket.sinkt["keep-open"] = function(connection)
    return selectable(connection, function(_, chunk)
        if chunk then return connection:send(chunk) end
        return 1
    end)
end

socket.sinkt["default"] = socket.sinkt["keep-open"]

socket.sourcet["by-length"] = function(connection, length)
    return selectable(connection, function()
        if length <= 0 then return nil end
        local chunk, problem = connection:receive(min(socket.BLOCKSIZE, length))
        if problem then return nil, problem end
        length = length - #chunk
        return chunk
    end, originals)
end
originals.sourcet["by-length"] = socket.sourcet["by-length"]
originals.sinkt["keep-open"] = socket.sinkt["keep-open"]

-- For each `receive` function: whether it takes a table as a pattern. The functions of userdata are tried once; one
-- that does not accept a table raises before it reads.
local takes_tables = setmetatable({}, { __mode = "k" })
local some = { most = 0 }

-- Receives the bytes that are available, where the object can do so (add.46); else a whole block, as LuaSocket does.
local function receive_some(connection)
    local object = connection
    if type(object) == "table" then object = rawget(object, "sock") or object end
    local receive = type(object) == "userdata" and object.receive
    if not receive or takes_tables[receive] == false then return connection:receive(socket.BLOCKSIZE) end
    some.most = socket.BLOCKSIZE
    if takes_tables[receive] then
        local chunk, problem = receive(object, some)
        return chunk, problem
    end
    local ok, chunk, problem = pcall(receive, object, some)
    takes_tables[receive] = ok
    if not ok then return connection:receive(socket.BLOCKSIZE) end
    return chunk, problem
end

socket.sourcet["until-closed"] = function(connection)
    local ended, begun
    return selectable(connection, function()
        if ended then return nil end
        local chunk, problem, partial = receive_some(connection)
        if not problem then
            begun = true
            return chunk
        end
        if problem == "closed" then
            local cut = require("socket.truncation")(connection)
            connection:close()
            ended = true
            if cut then return nil, problem end
            -- an empty body is one empty piece, as in LuaSocket
            return partial or not begun and "" or nil
        end
        return nil, problem
    end, originals)
end

socket.sourcet["default"] = socket.sourcet["until-closed"]

return socket
