local unix = ...

-- The original names of these functions.
unix.tcp, unix.udp = unix.stream, unix.dgram

-- Calling the module creates a stream object, as in the first version of the module. This is in Lua so that a
-- scheduler can replace `stream` by a function that yields.
function unix.__call(self, ...)
    return self.stream(...)
end

return setmetatable(unix, unix)
