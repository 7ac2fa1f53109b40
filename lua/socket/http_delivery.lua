-- Delivers the body of a response to the user of module `http`: as a string, into a sink, or as a stream. Internal to
-- HTTP.
local decoding = require("socket.http_decoding")
local download = require("socket.http_download")
local exchange = require("socket.http_exchange")
local response = require("socket.http_response")

-- this pcall allows a yield on every Lua version
local pcall = require("socket.session").protected.call
local concat, error = table.concat, error

local LARGEST = 10 * 1024 * 1024
-- Seconds between two progress reports.
local BETWEEN = 0.1

local delivery = {}

---A source that reports its progress.
---@param source function
---@param progress fun(direction: string, done: integer, total: integer|nil): any
---@param direction string
---@param total integer|nil
---@return function
function delivery.watched(source, progress, direction, total)
    local done, reported, last, stopped = 0, -1, nil, false
    local function report()
        reported = done
        if progress(direction, done, total) == false then stopped = true end
        return not stopped
    end
    return function()
        if stopped then return nil, "stopped" end
        local piece, err = source()
        if piece then
            done = done + #piece
            local now = exchange.now()
            if not last or now - last >= BETWEEN or done == total then
                last = now
                if not report() then return nil, "stopped" end
            end
            return piece
        end
        if not err and reported ~= done and not report() then return nil, "stopped" end
        return nil, err
    end
end

-- Adds decoding, limits and progress reports to a body. Returns a source, or nil when the body stays unchanged; or nil
-- and a message.
local function source_of(call, answer, most)
    local source
    local total = answer.length
    if call.asked and answer.status ~= 206 and answer.headers["Content-Encoding"] then
        local value = concat(answer:values("content-encoding"), ",")
        local plan, err = decoding.plan(value, call.options.decode)
        if err then return nil, err end
        if plan then
            answer.headers["Content-Encoding"], answer.headers["Content-Length"] = nil, nil
            source, total = decoding.source(answer:source(), plan), nil
        end
    end
    if call.progress then
        source = delivery.watched(source or answer:source(), call.progress, "receive", total)
    end
    if source and most then source = decoding.limit(source, most) end
    return source
end

local function collect(source)
    local pieces, n = {}, 0
    while true do
        local piece, err = source()
        if not piece then
            if err then return nil, err end
            if n == 1 then return pieces[1] end
            return concat(pieces)
        end
        n = n + 1
        pieces[n] = piece
    end
end

-- Pumps a source into a sink. Returns the bytes delivered; nil, message, and true when the sink failed.
local function pump(source, sink)
    local size = 0
    while true do
        local piece, err = source()
        local taken, refused = sink(piece, err)
        if not piece then
            if err then return nil, err end
            if not taken and refused then return nil, refused, true end
            return size
        end
        size = size + #piece
        if not taken then return nil, refused or "refused by the sink", true end
    end
end

-- An error raised by a sink, a decoder's source or a progress function closes the connection and is raised again.
local function guard(answer, ok, ...)
    if ok then return ... end
    answer:close()
    error((...), 0)
end

local function into_sink(answer, made, source, sink)
    local size, err, by_sink = guard(answer, pcall(pump, source, sink))
    if not size then
        if by_sink then answer:finish() else answer:close() end
        return nil, err, "body"
    end
    made.body_size = size
    return made
end

---Makes the response and receives its body as the options require.
---@param call socket.http.call
---@param answer table
---@return http.response|nil response
---@return string|nil message
---@return string|nil phase
function delivery.deliver(call, answer)
    local given = call.options
    local sink = given.sink
    -- fast path: a body returned unchanged; reads the headers while they are still a plain table
    if not (sink or given.stream or given.file or call.progress or answer.bodiless)
        and not (call.asked and answer.headers["Content-Encoding"]) then
        local most = given.maxbody
        if most == nil then most = LARGEST end
        local body, err = answer:body(most or nil)
        if not body then return nil, err, "body" end
        local made = response.new(answer, call.to.url)
        made.body, made.body_size, made.history = body, #body, call.history
        return made
    end
    local made = response.new(answer, call.to.url)
    made.history = call.history
    if given.file and (answer.status < 300 or answer.status == 416 and call.file_size) then
        local err
        sink, err = download.sink(call, answer)
        if sink == nil then
            answer:close()
            return nil, err, "body"
        elseif not sink then
            answer:finish()
            -- a file that is complete is what the program asked for
            if answer.status == 416 then made.ok = true end
            return made
        end
    end
    if answer.bodiless then
        if given.stream then
            made._source = answer:source()
        elseif sink then
            return into_sink(answer, made, answer:source(), sink)
        else
            made.body = ""
            answer:finish()
        end
        return made
    end
    local most = given.maxbody
    if most == nil and not sink and not given.stream then most = LARGEST end
    local source, err = source_of(call, answer, most)
    if err then
        answer:close()
        return nil, err, "body"
    end
    if not sink and not given.stream then
        local body
        if source then
            body, err = guard(answer, pcall(collect, source))
            if not body then answer:close() end
        else
            -- an unknown coding is not decoded
            body, err = answer:body(most or nil)
        end
        if not body then return nil, err, "body" end
        made.body, made.body_size = body, #body
        return made
    end
    if not source then
        source = answer:source()
        if most then source = decoding.limit(source, most) end
    end
    if sink then return into_sink(answer, made, source, sink) end
    made._source, made._streams = source, true
    return made
end

return delivery
