-- Hostile HTTP servers whose requests LuaSocket brings to an end, too.
local hostile = require("hostile")
hostile.compare("hostile_heads")
hostile.compare("hostile_bodies")
hostile.compare("hostile_redirects")
