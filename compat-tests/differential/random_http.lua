-- Random HTTP responses, cut off at random places, too: LuaSocket's answers are ours, but where it raises an error.
local random_http = require("random_http")
local show = require("show")

local server = random_http.serve()
for number = 1, 1200 do
    local _, raises = random_http.response(number)
    if not raises then show(tostring(number), random_http.ask(server, number)) end
end
random_http.stop(server)
