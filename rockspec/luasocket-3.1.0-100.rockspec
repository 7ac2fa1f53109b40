-- luasocket-rs 0.1.0 for rocks that depend on LuaSocket: it stands in for LuaSocket 3.1.0, and its
-- revision is above any of LuaSocket's own. LuaSec's names are left to the rock luasec. See docs/installing.md.
package = "luasocket"
version = "3.1.0-100"
source = {
    url = "file://luasocket-rs-0.1.0.tar.gz",
    dir = "luasocket-rs-0.1.0",
}
description = {
    summary = "luasocket-rs in LuaSocket's place: a drop-in replacement written in Rust",
    detailed = [[
This is luasocket-rs 0.1.0, not LuaSocket by its authors. It has every module of LuaSocket 3.1.0, so that rocks
that depend on luasocket run on it.
Building takes Rust and, on Linux and the BSDs, OpenSSL's development files.
]],
    license = "MIT",
}
dependencies = { "lua >= 5.1, < 5.6" }
build = {
    type = "command",
    build_command = [["$(LUA)" rockspec/build.lua]],
    -- every file of lua/, and every library that was built
    install_command = [["$(LUA)" rockspec/install.lua "$(LUADIR)" "$(LIBDIR)" without-ssl]],
    copy_directories = {},
}
