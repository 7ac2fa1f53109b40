local unix = ...

-- The names that they had first.
unix.tcp, unix.udp = unix.stream, unix.dgram

-- Calling the module makes a stream object, as when there was nothing else in it. In Lua, so that a
-- `stream` replaced by a scheduler may yield.
function unix.__call(self, ...)
    return self.stream(...)
end

return setmetatable(unix, unix)
