-- LuaSec's modules `ssl` and `ssl.https` over luasocket-rs, for rocks that depend on LuaSec.
-- See docs/installing.md.
package = "luasec"
version = "1.3.2-100"
source = {
    url = "file://luasocket-rs-0.1.0.tar.gz",
    dir = "luasocket-rs-0.1.0",
}
description = {
    summary = "LuaSec's ssl and ssl.https over luasocket-rs",
    detailed = [[
This is the TLS front end of luasocket-rs 0.1.0, not LuaSec by its authors. It has the interface of LuaSec 1.3.2;
docs/installing.md of luasocket-rs says when to take LuaSec itself instead, which runs on luasocket-rs too.
]],
    license = "MIT",
}
dependencies = { "lua >= 5.1, < 5.6", "luasocket == 3.1.0-100" }
build = {
    type = "none",
    install = {
        lua = {
            ssl = "lua/ssl.lua",
            ["ssl.https"] = "lua/ssl/https.lua",
        },
    },
    copy_directories = {},
}
