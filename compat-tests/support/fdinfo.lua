-- The system's information about a descriptor's flags.
local fdinfo = {}

-- In octal, as the system prints them.
local FLAGS = { ["close-on-exec"] = "2000000", ["non-blocking"] = "4000" }

local function flags(number)
    local file = io.open(("/proc/self/fdinfo/%d"):format(number))
    if not file then return nil end
    local found = tonumber(file:read("*a"):match("flags:%s+(%d+)"), 8)
    file:close()
    return found
end

local function is_set(found, flag) return math.floor(found / tonumber(FLAGS[flag], 8)) % 2 == 1 end

---False on a system without this information.
fdinfo.available = flags(0) ~= nil

---Whether an object's descriptor has a flag.
function fdinfo.has(object, flag)
    return is_set(assert(flags(object:getfd()), "no such descriptor"), flag)
end

---The descriptors below `limit` that a child process inherits, as text.
function fdinfo.inherited(limit)
    local numbers = {}
    for number = 0, limit - 1 do
        local found = flags(number)
        if found and not is_set(found, "close-on-exec") then numbers[#numbers + 1] = number end
    end
    return table.concat(numbers, " ")
end

return fdinfo
