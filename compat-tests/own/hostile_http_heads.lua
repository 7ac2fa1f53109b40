-- Hostile HTTP servers: status lines, headers, interim responses, responses without a body.
local check = require("check")
require("hostile").check("hostile_heads")
check.done()
