-- Lua files are found before shared libraries. So this module is used even when an older LuaSocket's unix.so is on
-- the path.
return require("socket.native")("socket_unix")
