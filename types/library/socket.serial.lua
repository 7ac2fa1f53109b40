---@meta socket.serial

---A serial line.
---@class socket.SerialPort
---@field class "serial{client}"
local serial = {}

---Closes the object. Further calls do nothing.
---@return number one
function serial:close() end

---Returns whether the read-ahead buffer has data. `socket.select` calls it.
---@return boolean
function serial:dirty() end

---The descriptor; -1 when there is none.
---@return integer descriptor
function serial:getfd() end

---Bytes received and sent, and the age in seconds.
---@return number received
---@return number sent
---@return number age
function serial:getstats() end

---Receives a line ("*l"), everything until the end ("*a"), a number of bytes, or the available bytes ({ most = n }).
---@param pattern? "*l"|"*a"|integer|string|{ most: integer } default "*l"
---@param prefix? string put before the result, and counted
---@param maxsize? integer most bytes to receive, prefix included; more fails with "oversized"
---@return string? data nil on failure
---@return string? message "timeout", "closed", "oversized", or the system's
---@return string? partial on failure: the data received before it, prefix included
function serial:receive(pattern, prefix, maxsize) end

---Sends the bytes `i` to `j` of `data`, counted as in `string.sub`. After a "timeout", continue with `send(data, sent + 1)`.
---@param data string|number
---@param i? integer first byte; default 1
---@param j? integer last byte; default -1
---@return integer? last index of the last byte sent; nil on failure
---@return string? message "timeout", "closed", or the system's
---@return integer? sent on failure: index of the last byte that was sent
function serial:send(data, i, j) end

---Sets the descriptor; checks and closes nothing. -1 removes it from the object.
---@param descriptor integer
function serial:setfd(descriptor) end

---Sets the statistics; nil leaves a number unchanged.
---@param received? number bytes
---@param sent? number bytes
---@param age? number seconds
---@return number one
function serial:setstats(received, sent, age) end

---Limits the time of calls: "b" limits each wait inside a call, "t" the whole call.
---@param seconds? number 0 never waits; nil or negative: no limit
---@param mode? "b"|"t"|string default "b"
---@return number one
function serial:settimeout(seconds, mode) end

---Opens a serial line for reading and writing.
---@param path string
---@return socket.SerialPort? object nil on failure
---@return string? message
---@return number? errno the system's error number
local function open(path) end

return open
