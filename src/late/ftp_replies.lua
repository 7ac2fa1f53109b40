-- Addresses and ports in the replies of FTP servers. Each byte of a reply is read a bounded number of times, for any
-- reply. Internal to socket.ftp.
local captured = ...
local find, gmatch, match, sub, tonumber = captured.find, captured.gmatch, captured.match, captured.sub, captured.tonumber

local replies = {}

local HIGHEST_PORT = 65535

local function port_number(text)
    local port = #text <= 5 and match(text, "^%d+$") and tonumber(text)
    if port and port >= 1 and port <= HIGHEST_PORT then return port end
    return nil
end

-- The position of the next delimiter of an EPSV reply after `position`, or nil.
local function next_delimiter(text, delimiter, position)
    return position and find(text, delimiter, position + 1, true)
end

---The port in a reply to EPSV, as in `(|||6446|)`; any byte may be the delimiter (RFC 2428, section 3).
---@param reply string
---@return number|nil port
---@return string|nil message
function replies.epsv(reply)
    for text in gmatch(reply, "%(([^()]*)%)") do
        local delimiter = sub(text, 1, 1)
        local third = next_delimiter(text, delimiter, next_delimiter(text, delimiter, delimiter ~= "" and 1 or nil))
        local last = next_delimiter(text, delimiter, third)
        if last == #text then
            local port = port_number(sub(text, third + 1, last - 1))
            if port then return port end
            break
        end
    end
    return nil, "invalid epsv response"
end

---Address and port in a reply to PASV: the first six numbers of at most 255 with one other byte between each two.
---@param reply string
---@return string|nil address
---@return number|nil port
function replies.pasv(reply)
    local numbers, count, expected = {}, 0, nil
    -- skips the reply code, which could be taken for the first of the six
    for start, digits, stop in gmatch(sub(reply, 4), "()(%d+)()") do
        if start ~= expected then count = 0 end
        local number = #digits <= 3 and tonumber(digits)
        if number and number <= 255 then
            count = count + 1
            numbers[count] = number
            expected = stop + 1
        else
            expected = nil
        end
        if count == 6 then
            local port = numbers[5] * 256 + numbers[6]
            if port == 0 then return nil end
            return numbers[1] .. "." .. numbers[2] .. "." .. numbers[3] .. "." .. numbers[4], port
        end
    end
    return nil
end

return replies
