-- Hostile HTTP servers: how bodies are framed, servers that are slow.
local check = require("check")
require("hostile").check("hostile_bodies")
check.done()
