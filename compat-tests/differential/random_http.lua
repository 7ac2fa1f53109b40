-- Random HTTP responses, also truncated at random places: our results equal LuaSocket's, except where LuaSocket raises
-- an error.
local random_http = require("random_http")
local show = require("show")

local server = random_http.serve()
for number = 1, 1200 do
    local _, raises = random_http.response(number)
    if not raises then show(tostring(number), random_http.ask(server, number)) end
end
random_http.stop(server)
