-- Which `create` functions of request tables make HTTPS connections of this library, and with what. A module of its
-- own, so that socket.http can ask without loading TLS. Internal to HTTPS.

---What a maker of connections knows.
---@class socket.https.plan
---@field parameters table for `newcontext`
---@field timeout? fun(): number|nil seconds of each step, instead of what `settimeout` says
---@field proxy? table parsed proxy URL
---@field direct? boolean whether proxies are refused
---@field notes? table gets `detail`, why a certificate was refused

---@type table<function, socket.https.plan>
local plans = setmetatable({}, { __mode = "k" })

return plans
