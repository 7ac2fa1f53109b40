-- Hostile HTTP servers: cases in which LuaSocket's requests end, too.
local hostile = require("hostile")
hostile.compare("hostile_heads")
hostile.compare("hostile_bodies")
hostile.compare("hostile_redirects")
