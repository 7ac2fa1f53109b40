-- Lua's patterns implemented in Lua, with a count of the bytes they read. `string.find`, `match`, `gmatch` and `gsub`
-- are replaced, and so are the methods of strings. Concatenation is counted in `table.concat` only. For tests that
-- compare amounts of work instead of seconds.
--
--   local counted = require("counted_patterns")   -- before the modules whose work is counted
--   local steps = counted.steps(f, ...)           -- bytes read while f(...) ran
local byte, sub = string.byte, string.sub

local counted = { count = 0 }

local ESCAPE = byte("%")
local CLASSES = {}
for letter, test in pairs({
    a = function(c) return c >= 65 and c <= 90 or c >= 97 and c <= 122 end,
    d = function(c) return c >= 48 and c <= 57 end,
    l = function(c) return c >= 97 and c <= 122 end,
    u = function(c) return c >= 65 and c <= 90 end,
    s = function(c) return c == 32 or c >= 9 and c <= 13 end,
    w = function(c) return c >= 48 and c <= 57 or c >= 65 and c <= 90 or c >= 97 and c <= 122 end,
    x = function(c) return c >= 48 and c <= 57 or c >= 65 and c <= 70 or c >= 97 and c <= 102 end,
    c = function(c) return c < 32 or c == 127 end,
    p = function(c) return c >= 33 and c <= 47 or c >= 58 and c <= 64 or c >= 91 and c <= 96 or c >= 123 and c <= 126 end,
    z = function(c) return c == 0 end,
}) do
    CLASSES[byte(letter)] = test
    CLASSES[byte(letter:upper())] = function(c) return not test(c) end
end

local function in_class(c, class)
    local test = CLASSES[class]
    if test then return test(c) end
    return c == class
end

-- The position after the single-character item of the pattern at `p`.
local function item_end(pattern, p)
    local c = byte(pattern, p)
    p = p + 1
    if c == ESCAPE then return p + 1 end
    if c ~= 91 then return p end
    if byte(pattern, p) == 94 then p = p + 1 end
    repeat
        c = byte(pattern, p)
        p = p + 1
        if c == ESCAPE then p = p + 1 end
    until byte(pattern, p) == 93
    return p + 1
end

local function in_set(c, pattern, p, last)
    local positive = true
    p = p + 1
    if byte(pattern, p) == 94 then positive, p = false, p + 1 end
    while p < last do
        local first = byte(pattern, p)
        if first == ESCAPE then
            if in_class(c, byte(pattern, p + 1)) then return positive end
            p = p + 2
        elseif byte(pattern, p + 1) == 45 and p + 2 < last then
            if first <= c and c <= byte(pattern, p + 2) then return positive end
            p = p + 3
        else
            if first == c then return positive end
            p = p + 1
        end
    end
    return not positive
end

local function single(state, s, p, ep)
    counted.count = counted.count + 1
    local c = byte(state.text, s)
    if not c then return false end
    local kind = byte(state.pattern, p)
    if kind == 46 then return true end
    if kind == ESCAPE then return in_class(c, byte(state.pattern, p + 1)) end
    if kind == 91 then return in_set(c, state.pattern, p, ep - 1) end
    return kind == c
end

local do_match

local function repeated(state, s, p, ep)
    local i = 0
    while single(state, s + i, p, ep) do i = i + 1 end
    while i >= 0 do
        local e = do_match(state, s + i, ep + 1)
        if e then return e end
        i = i - 1
    end
    return nil
end

local function lazy(state, s, p, ep)
    while true do
        local e = do_match(state, s, ep + 1)
        if e then return e end
        if not single(state, s, p, ep) then return nil end
        s = s + 1
    end
end

local function open_capture(state, s, p, position)
    local captures = state.captures
    captures[#captures + 1] = { s, position and "position" or "open" }
    local e = do_match(state, s, p)
    if not e then captures[#captures] = nil end
    return e
end

local function close_capture(state, s, p)
    local captures = state.captures
    local at = #captures
    while captures[at][2] ~= "open" do at = at - 1 end
    local capture = captures[at]
    capture[2], capture[3] = "closed", s
    local e = do_match(state, s, p)
    if not e then capture[2], capture[3] = "open", nil end
    return e
end

local function back_reference(state, s, p)
    local capture = state.captures[byte(state.pattern, p) - 48]
    local text = sub(state.text, capture[1], capture[3] - 1)
    counted.count = counted.count + #text + 1
    if sub(state.text, s, s + #text - 1) ~= text then return nil end
    return do_match(state, s + #text, p + 1)
end

local function frontier(state, s, p)
    local ep = item_end(state.pattern, p)
    counted.count = counted.count + 2
    local before, here = s > 1 and byte(state.text, s - 1) or 0, byte(state.text, s) or 0
    if in_set(before, state.pattern, p, ep - 1) or not in_set(here, state.pattern, p, ep - 1) then return nil end
    return do_match(state, s, ep)
end

function do_match(state, s, p)
    local pattern = state.pattern
    while p <= #pattern do
        local c = byte(pattern, p)
        if c == 40 then
            if byte(pattern, p + 1) == 41 then return open_capture(state, s, p + 2, true) end
            return open_capture(state, s, p + 1)
        elseif c == 41 then
            return close_capture(state, s, p + 1)
        elseif c == 36 and p == #pattern then
            counted.count = counted.count + 1
            return s == #state.text + 1 and s or nil
        elseif c == ESCAPE and byte(pattern, p + 1) == 102 then
            return frontier(state, s, p + 2)
        elseif c == ESCAPE and (byte(pattern, p + 1) or 0) >= 48 and byte(pattern, p + 1) <= 57 then
            return back_reference(state, s, p + 1)
        end
        assert(not (c == ESCAPE and byte(pattern, p + 1) == 98), "%b is not counted")
        local ep = item_end(pattern, p)
        local suffix = byte(pattern, ep)
        if suffix == 63 then
            if single(state, s, p, ep) then
                local e = do_match(state, s + 1, ep + 1)
                if e then return e end
            end
            p = ep + 1
        elseif suffix == 43 then
            return single(state, s, p, ep) and repeated(state, s + 1, p, ep) or nil
        elseif suffix == 42 then
            return repeated(state, s, p, ep)
        elseif suffix == 45 then
            return lazy(state, s, p, ep)
        else
            if not single(state, s, p, ep) then return nil end
            s, p = s + 1, ep
        end
    end
    return s
end

-- The first match from `init` on: state, start and the position after it.
local function search(text, pattern, init)
    local anchored = byte(pattern) == 94
    local state = { text = text, pattern = pattern }
    for s = init, #text + 1 do
        state.captures = {}
        local e = do_match(state, s, anchored and 2 or 1)
        if e then return state, s, e end
        if anchored then return nil end
    end
    return nil
end

local function captured(state, s, e, whole)
    local values = {}
    for i, capture in ipairs(state.captures) do
        values[i] = capture[2] == "position" and capture[1] or sub(state.text, capture[1], capture[3] - 1)
    end
    if whole and #values == 0 then values[1] = sub(state.text, s, e - 1) end
    return values
end

local unpack = table.unpack or unpack -- luacheck: ignore 143

local function start_of(text, init)
    init = init or 1
    if init < 0 then init = math.max(#text + init + 1, 1) end
    return math.max(init, 1)
end

local find = string.find

function counted.find(text, pattern, init, plain)
    text, init = tostring(text), start_of(tostring(text), init)
    if plain or not find(pattern, "[%^$*+?.%[%%()-]") then
        local s, e = find(text, pattern, init, true)
        counted.count = counted.count + (e or #text) - init + 2
        if not s then return nil end
        return s, e
    end
    local state, s, e = search(text, pattern, init)
    if not state then return nil end
    return s, e - 1, unpack(captured(state, s, e, false))
end

function counted.match(text, pattern, init)
    text = tostring(text)
    local state, s, e = search(text, pattern, start_of(text, init))
    if not state then return nil end
    return unpack(captured(state, s, e, true))
end

function counted.gmatch(text, pattern)
    text = tostring(text)
    local init = 1
    return function()
        if init > #text + 1 then return nil end
        local state, s, e = search(text, pattern, init)
        if not state then
            init = #text + 2
            return nil
        end
        init = e > s and e or e + 1
        return unpack(captured(state, s, e, true))
    end
end

local function replacement(by, values, whole)
    local kind = type(by)
    local value
    if kind == "function" then
        value = by(unpack(values))
    elseif kind == "table" then
        value = by[values[1]]
    else
        local pieces, i, text = {}, 1, tostring(by)
        while i <= #text do
            local c = sub(text, i, i)
            if c == "%" then
                i = i + 1
                local d = tonumber(sub(text, i, i))
                c = not d and sub(text, i, i) or d == 0 and whole or values[d]
            end
            pieces[#pieces + 1] = c
            i = i + 1
        end
        value = table.concat(pieces)
    end
    if not value then return whole end
    return tostring(value)
end

function counted.gsub(text, pattern, by, most)
    text = tostring(text)
    local pieces, init, n, anchored = {}, 1, 0, byte(pattern) == 94
    local state = { text = text, pattern = pattern }
    while n < (most or math.huge) do
        state.captures = {}
        local e = do_match(state, init, anchored and 2 or 1)
        if e then
            n = n + 1
            pieces[#pieces + 1] = replacement(by, captured(state, init, e, true), sub(text, init, e - 1))
        end
        if e and e > init then
            init = e
        elseif init <= #text then
            pieces[#pieces + 1] = sub(text, init, init)
            init = init + 1
        else
            break
        end
        if anchored then break end
    end
    pieces[#pieces + 1] = sub(text, init)
    return table.concat(pieces), n
end

-- Compiled code of LuaJIT keeps the original functions that a module has already used.
for _, name in ipairs({ "find", "match", "gmatch", "gsub" }) do
    counted["original_" .. name] = string[name]
    string[name] = counted[name] -- luacheck: ignore 122
end

-- Copies are counted as work too.
local concat = table.concat
function table.concat(list, separator, first, last) -- luacheck: ignore 122
    local text = concat(list, separator, first, last)
    counted.count = counted.count + #text
    return text
end

---Bytes read, and instructions run, while `f(...)` runs.
---@param f function
---@param ... any
---@return number steps
---@return number instructions in hundreds
function counted.steps(f, ...)
    local before, hundreds = counted.count, 0
    debug.sethook(function() hundreds = hundreds + 1 end, "", 100)
    f(...)
    debug.sethook()
    return counted.count - before, hundreds
end

return counted
