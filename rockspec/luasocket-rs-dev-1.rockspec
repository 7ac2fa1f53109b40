-- The checkout it is in; `luarocks make` builds the working tree. See docs/installing.md.
package = "luasocket-rs"
version = "dev-1"
source = {
    url = "git+file://.",
}
description = {
    summary = "A drop-in replacement for LuaSocket, with HTTPS in LuaSec's manner, written in Rust",
    detailed = [[
The modules of LuaSocket 3.1.0 (socket, socket.http, socket.url, socket.smtp, socket.ftp, ltn12, mime and
the others) and LuaSec's ssl and ssl.https, under the same names: existing scripts run unchanged.
Building takes Rust and, on Linux and the BSDs, OpenSSL's development files.
]],
    license = "MIT",
}
dependencies = { "lua >= 5.1, < 5.6" }
build = {
    type = "command",
    build_command = [["$(LUA)" rockspec/build.lua]],
    -- every file of lua/, and every library that was built
    install_command = [["$(LUA)" rockspec/install.lua "$(LUADIR)" "$(LIBDIR)"]],
    copy_directories = {},
}
