-- Every file must run on all of these.
std = "lua51+lua52+lua53+lua54+luajit"
max_line_length = 140
include_files = { "**/*.lua" }
exclude_files = { "compat-tests/.build", "compat-tests/servers/*_compat.lua", "compat-tests/servers/*_shim.lua",
    "compat-tests/servers/*_stub.lua", "benches/.build", "target" }
-- `protect.lua` is given the module table; scripts are given their arguments.
files["types"] = { ignore = { ".*" } }
