-- Registry of the `create` functions that make HTTPS connections of this library, with their plans. It is a separate
-- module, so that socket.http can check a function without loading TLS. Internal to HTTPS.

---The plan of a `create` function.
---@class socket.https.plan
---@field parameters table for `newcontext`
---@field timeout? fun(): number|nil seconds of each step, instead of the value of `settimeout`
---@field proxy? table parsed proxy URL
---@field direct? boolean whether proxies are refused
---@field notes? table receives `detail`, the reason of a refused certificate

---@type table<function, socket.https.plan>
local plans = setmetatable({}, { __mode = "k" })

return plans
