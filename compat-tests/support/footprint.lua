-- The memory and descriptors of this process, as the system reports them.
local footprint = {}

---The number of open descriptors below `limit`.
---@param limit integer
---@return integer count
function footprint.descriptors(limit)
    local count = 0
    for number = 0, limit - 1 do
        local file = io.open("/proc/self/fdinfo/" .. number)
        if file then
            count = count + 1
            file:close()
        end
    end
    return count
end

---Counts the open descriptors below `limit`, then collects the garbage, which includes that of the count.
---@param limit integer
---@return integer count
function footprint.settle(limit)
    local count = footprint.descriptors(limit)
    collectgarbage()
    collectgarbage()
    return count
end

---The number that the next descriptor gets: the lowest free one. It grows when a descriptor is left open.
---@return integer number
function footprint.next_descriptor()
    local probe = assert(require("socket").tcp4())
    local number = probe:getfd()
    probe:close()
    return number
end

---Resident anonymous memory in KiB. File pages are excluded: they vary with the system's cache. The result is 0 where
---the system has no /proc/self/status; then a script sees no growth.
---@return integer kibibytes
function footprint.resident()
    local file = io.open("/proc/self/status")
    if not file then return 0 end
    local text = file:read("*a")
    file:close()
    return tonumber(text:match("RssAnon:%s*(%d+)"))
end

return footprint
