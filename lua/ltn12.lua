--- Filters, sources, sinks and pumps: processing of data that comes in chunks.
--
--     ltn12.pump.all(ltn12.source.file(io.open("in")), ltn12.sink.file(io.open("out", "w")))
--
-- A source returns a chunk: a string, "" (nothing now, call again), nil (the end), or nil and an error.
-- A sink takes a chunk, and nil at the end. It returns a true value to go on, or nil and an error.
-- A filter takes a chunk, "" (asks for more output) or nil (the end, repeated until the filter returns nil). It returns
-- a chunk, "" (nothing yet) or nil (the end).
-- Each may be any callable value, and may yield.

---@alias ltn12.Filter fun(chunk: string|nil): string|nil
---@alias ltn12.Source fun(): string|nil, any
---@alias ltn12.Sink fun(chunk: string|nil, err: any): any, any
---@alias ltn12.Step fun(src: ltn12.Source, snk: ltn12.Sink): any, any

local assert, error, getmetatable, pcall, require, select, type =
    assert, error, getmetatable, pcall, require, select, type
local sub = string.sub
local remove = table.remove
---@diagnostic disable-next-line: access-invisible
local unpack = table.unpack or unpack -- luacheck: ignore 143

local filter, source, sink, pump = {}, {}, {}, {}

-- As in LuaSocket, nil in place of a function raises here.
---@diagnostic disable: unnecessary-assert

---@class ltn12
local ltn12 = {
    _VERSION = "LTN12 1.0.3",
    BLOCKSIZE = 2048,
    filter = filter,
    source = source,
    sink = sink,
    pump = pump,
}

local INAPPROPRIATE_NIL = "filter returned inappropriate nil"
local INAPPROPRIATE_EMPTY = 'filter returned ""'

-- Returns whether a value can be called.
local function callable(value)
    if type(value) == "function" then
        return true
    end
    local metatable = getmetatable(value)
    return type(metatable) == "table" and metatable.__call ~= nil
end

-- Filters --------------------------------------------------------------------------------------

--- A filter made from a function that takes its state as an argument and returns the next state.
---@param low fun(context: any, chunk: string|nil, extra: any): string|nil, any
---@param context any the first state
---@param extra any passed to every call
---@return ltn12.Filter # ltn12.filter.1
function filter.cycle(low, context, extra)
    assert(low)
    return function(chunk)
        local out
        out, context = low(context, chunk, extra)
        return out
    end
end

-- The filter second(first(chunk)). A filter may have more output than it returns at once. So we first poll the second
-- filter, then the first one, and only then take new input.
local function join(first, second)
    local ended = false -- first has nothing left
    local more = false -- second may have something left
    return function(chunk)
        if ended then
            return (second(chunk))
        end
        local again = chunk and ""
        local out
        if more then
            out = second(chunk or "")
            if out == "" then
                more = false
                out = first(again)
            elseif out then
                return out
            else
                error(INAPPROPRIATE_NIL)
            end
        else
            out = first(chunk)
        end
        while out do
            if out == "" then
                return out
            end
            out = second(out)
            if not out then
                error(INAPPROPRIATE_NIL)
            elseif out ~= "" then
                more = true
                return out
            end
            out = first(again)
        end
        ended = true
        return (second(nil))
    end
end

--- Combines several filters into one. The first filter gets the input.
---@param ... ltn12.Filter
---@return ltn12.Filter # ltn12.filter.2
function filter.chain(...)
    local filters = { ... }
    local chained = filters[1]
    for i = 2, select("#", ...) do
        chained = join(chained, filters[i])
    end
    return function(chunk)
        ---@cast chained -?
        return (chained(chunk))
    end
end

-- Sources --------------------------------------------------------------------------------------

local function end_of_source()
    return nil
end

--- A source that is already at its end.
---@return ltn12.Source # ltn12.source.1
function source.empty()
    return end_of_source
end

--- A source that always returns an error.
---@param err any
---@return ltn12.Source # ltn12.source.2
function source.error(err)
    return function()
        return nil, err
    end
end

--- The content of a file in chunks of BLOCKSIZE bytes. The file is closed at its end. It is also closed when reading
--- fails, and the source then returns nil and the message.
---@param handle any open file, or any object with `read` and `close`; nil gives an error source
---@param io_err? string the error when there is no handle: the message of `io.open`
---@return ltn12.Source # ltn12.source.5
function source.file(handle, io_err)
    if not handle then
        return source.error(io_err or "unable to open file")
    end
    return function()
        local chunk, err = handle:read(ltn12.BLOCKSIZE)
        if chunk then
            return chunk
        end
        handle:close()
        if err then
            return nil, err
        end
        return nil
    end
end

--- Makes an ordinary source from one that may name its successor. When the second result of `src` can be called, it
--- is the source from then on. Any other second result beside nil is an error, and every later call returns it.
---@param src ltn12.Source
---@return ltn12.Source # ltn12.source.8
function source.simplify(src)
    assert(src)
    local err
    return function()
        if err then
            return nil, err
        end
        local chunk, extra = src()
        if callable(extra) then
            src = extra
        elseif not chunk then
            err = extra
        end
        if chunk then
            return chunk
        end
        return nil, extra
    end
end

--- A string in chunks of BLOCKSIZE bytes.
---@param s? string|number nil gives an empty source
---@return ltn12.Source # ltn12.source.3
function source.string(s)
    if not s then
        return end_of_source
    end
    local position = 1
    return function()
        local size = ltn12.BLOCKSIZE
        local chunk = sub(s, position, position + size - 1)
        position = position + size
        if chunk ~= "" then
            return chunk
        end
        return nil
    end
end

--- The elements of an array, one per call. Each is read when its turn comes.
---@param t string[]
---@return ltn12.Source # ltn12.source.4
function source.table(t)
    assert(type(t) == "table")
    local i = 0
    return function()
        i = i + 1
        return t[i]
    end
end

--- A source that takes chunks back. Called with a chunk, it returns that chunk next; the last one returned first.
---@param src ltn12.Source
---@return fun(chunk?: string): string|nil, any # ltn12.source.6
function source.rewind(src)
    assert(src)
    local returned = {}
    return function(chunk)
        if chunk then
            returned[#returned + 1] = chunk
        elseif returned[1] then
            return remove(returned)
        else
            return src()
        end
    end
end

-- Passes the chunks of a source through one filter.
local function filtered(src, through)
    local polled = "" -- the argument that polls the filter for more: nil once src has ended
    local more = false -- the filter may have more output
    local out = ""
    return function()
        if not out then
            error("source is empty!", 2)
        end
        while true do
            local chunk
            if more then
                chunk = polled
            else
                local err
                chunk, err = src()
                if err then
                    return nil, err
                end
            end
            out = through(chunk)
            if not out then
                if chunk then
                    error(INAPPROPRIATE_NIL)
                end
                return nil
            elseif out ~= "" then
                more = true
                polled = chunk and ""
                return out
            elseif not chunk then
                error(INAPPROPRIATE_EMPTY)
            end
            more = false
        end
    end
end

--- A source with its chunks passed through filters. It never returns "". A call after its end raises
--- `source is empty!`.
---@param src ltn12.Source
---@param first ltn12.Filter
---@param ... ltn12.Filter
---@return ltn12.Source # ltn12.source.9
function source.chain(src, first, ...)
    if select("#", ...) > 0 then
        first = filter.chain(first, ...)
    end
    assert(src and first)
    return filtered(src, first)
end

--- Sources one after the other. After an error the next call reads the same source again.
---@param ... ltn12.Source
---@return ltn12.Source # ltn12.source.7
function source.cat(...)
    local sources = { ... }
    local i = 1
    local src = sources[1]
    return function()
        while src do
            local chunk, err = src()
            if chunk then
                return chunk
            elseif err then
                return nil, err
            end
            i = i + 1
            src = sources[i]
        end
    end
end

-- Sinks ----------------------------------------------------------------------------------------

--- A sink that collects the chunks in an array.
---@param t? string[] default a new table
---@return ltn12.Sink, string[] # the sink and the array: ltn12.sink.1
function sink.table(t)
    t = t or {}
    return function(chunk)
        if chunk then
            t[#t + 1] = chunk
        end
        return 1
    end, t
end

--- Makes an ordinary sink from one that may name its successor. A second result of `snk` beside a true one becomes
--- the sink from then on.
---@param snk ltn12.Sink
---@return ltn12.Sink # ltn12.sink.5
function sink.simplify(snk)
    assert(snk)
    return function(chunk, err)
        local ok, extra = snk(chunk, err)
        if not ok then
            return nil, extra
        end
        snk = extra or snk
        return 1
    end
end

local function discard()
    return 1
end

--- A sink that discards everything.
---@return ltn12.Sink # ltn12.sink.2
function sink.null()
    return discard
end

--- A sink that always returns an error.
---@param err any
---@return ltn12.Sink # ltn12.sink.3
function sink.error(err)
    return function()
        return nil, err
    end
end

--- A sink that writes to a file and closes it at the end. It returns the results of writing and closing: a full disk
--- may show only when a buffer is flushed (add.49).
---@param handle any open file, or any object with `write` and `close`; nil gives an error sink
---@param io_err? string the error when there is no handle: the message of `io.open`
---@return ltn12.Sink # ltn12.sink.4
function sink.file(handle, io_err)
    if not handle then
        return sink.error(io_err or "unable to open file")
    end
    return function(chunk)
        if chunk then
            return handle:write(chunk)
        end
        local ok, err = handle:close()
        -- "exit" and "signal" say how a program started by `io.popen` ended; all data was written to it
        if ok or not err or err == "exit" or err == "signal" then
            return 1
        end
        -- the standard output stays open; flushing its buffer shows whether it is full
        if err == "cannot close standard file" then
            ok, err = handle:flush()
            if ok then return 1 end
        end
        return nil, err
    end
end

-- A sink that passes its chunks through one filter.
local function filtering(through, snk)
    return function(chunk, err)
        if chunk == "" then
            return 1
        end
        local last = chunk and ""
        local out = through(chunk)
        while true do
            local ok, failure = snk(out, err)
            if not ok then
                return nil, failure
            elseif out == last then
                return 1
            end
            local before = out
            out = through(last)
            -- a filter may return "" once at the end, but not for ever (ltn12.bugs.1)
            if out == "" and before == "" then
                error(INAPPROPRIATE_EMPTY)
            end
        end
    end
end

--- A sink that passes its chunks through filters. The last argument is the sink; those before it are filters.
---@param ... ltn12.Filter|ltn12.Sink
---@return ltn12.Sink # ltn12.sink.6
function sink.chain(...)
    local arguments = { ... }
    local snk = remove(arguments)
    local through = arguments[1]
    if arguments[2] then
        ---@diagnostic disable-next-line: param-type-mismatch
        through = filter.chain(unpack(arguments))
    end
    assert(through and snk)
    return filtering(through, snk)
end

-- Pumps ----------------------------------------------------------------------------------------

--- Moves one chunk from a source to a sink.
---@param src ltn12.Source
---@param snk ltn12.Sink
---@return 1|nil, any # 1, or nil at the end, or nil and an error: ltn12.pump.1
function pump.step(src, snk)
    local chunk, src_err = src()
    local ok, snk_err = snk(chunk, src_err)
    if chunk and ok then
        return 1
    end
    return nil, src_err or snk_err
end

local step_once = pump.step

-- Steps until one fails, without a function call for each step.
local function move_all(src, snk)
    while true do
        local chunk, src_err = src()
        local ok, snk_err = snk(chunk, src_err)
        if not (chunk and ok) then
            local err = src_err or snk_err
            if err then
                return nil, err
            end
            return 1
        end
    end
end

--- Moves all chunks from a source to a sink.
---@param src ltn12.Source
---@param snk ltn12.Sink
---@param step? ltn12.Step default `pump.step`
---@return 1|nil, any # 1, or nil and an error: ltn12.pump.2
function pump.all(src, snk, step)
    assert(src and snk)
    step = step or pump.step
    if step == step_once then
        return move_all(src, snk)
    end
    while true do
        local ok, err = step(src, snk)
        if not ok then
            if err then
                return nil, err
            end
            return 1
        end
    end
end

-- Lets socket.http detect functions that a program has replaced. This file also works alone, without that module.
local found, originals = pcall(require, "socket.ltn12_originals")
if found then
    originals.add("all", pump.all)
    originals.add("step", pump.step)
    originals.add("table", sink.table)
    originals.add("discard", discard)
end

-- In Lua versions with `module`, programs for LuaSocket expect ltn12 as a global variable, too.
if rawget(_G, "module") then
    _G.ltn12 = ltn12
end

return ltn12
