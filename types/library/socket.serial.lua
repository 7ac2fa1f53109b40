---@meta socket.serial

---A serial line.
---@class socket.SerialPort
---@field class "serial{client}"
local serial = {}

---Closes, any number of times.
---@return number one
function serial:close() end

---Whether bytes have been read ahead. `socket.select` asks this.
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

---Receives a line ("*l"), everything until the end ("*a"), a number of bytes, or what there is ({ most = n }).
---@param pattern? "*l"|"*a"|integer|string|{ most: integer } default "*l"
---@param prefix? string put in front of the result, and counted
---@param maxsize? integer most bytes to collect, prefix included; more is "oversized"
---@return string? data nil on failure
---@return string? message "timeout", "closed", "oversized", or the system's
---@return string? partial on failure: what came before it, prefix included
function serial:receive(pattern, prefix, maxsize) end

---Sends the bytes `i` to `j` of `data`, as `string.sub` counts. After a "timeout" go on with `send(data, last + 1)`.
---@param data string|number
---@param i? integer first byte; 1
---@param j? integer last byte; -1
---@return integer? last index of the last byte sent; nil on failure
---@return string? message "timeout", "closed", or the system's
---@return integer? sent on failure: index of the last byte that was sent
function serial:send(data, i, j) end

---Sets the descriptor and does nothing else; -1 gives the present one away.
---@param descriptor integer
function serial:setfd(descriptor) end

---Sets the statistics; nil leaves a number as it is.
---@param received? number bytes
---@param sent? number bytes
---@param age? number seconds
---@return number one
function serial:setstats(received, sent, age) end

---Limits how long calls may take: "b" the waiting inside one, "t" one as a whole.
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
