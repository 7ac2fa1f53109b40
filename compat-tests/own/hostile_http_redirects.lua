-- Hostile HTTP servers: redirects.
local check = require("check")
require("hostile").check("hostile_redirects")
check.done()
