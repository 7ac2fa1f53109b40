-- Hostile HTTP servers: body framing, slow servers.
local check = require("check")
require("hostile").check("hostile_bodies")
check.done()
