-- Lua files are found before shared libraries, so that ours is used even where an older
-- LuaSocket's unix.so is on the path.
return require("socket.native")("socket_unix")
