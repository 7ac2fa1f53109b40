-- Random responses over TCP, where heads and bodies are read natively: the results and the sink's calls.
local show = require("show")
local answers = require("random_answers")
local socket = require("socket")
local http = require("socket.http")

local pick, chance = answers.pick, answers.chance
answers.seed(20250404)
http.TIMEOUT = 20

local listener = assert(socket.bind("127.0.0.1", 0))
local _, port = listener:getsockname()
local probe = assert(socket.connect("127.0.0.1", port))
assert(listener:accept()):close()

-- Every connection goes to this peer, which answers at the first write of the request.
local master, client = getmetatable(socket.tcp()).__index, getmetatable(probe).__index
local connect, send = master.connect, client.send
probe:close()
local replies, peers, answered
function master.connect(sock) return connect(sock, "127.0.0.1", port) end
function client.send(sock, ...)
    if not answered[sock] then
        local peer = assert(listener:accept())
        peers[#peers + 1] = peer
        answered[sock], answered[peer] = true, true
        assert(send(peer, replies[#peers] or answers.final(true)))
        peer:shutdown("send")
    end
    return send(sock, ...)
end

for i = 1, 400 do
    peers, answered = {}, {}
    if chance(25) then
        replies = { answers.interim(true) .. answers.moved(true), chance(20) and answers.moved(true) or nil }
    else
        replies = { chance(10) and pick(answers.ODD) or answers.interim(true) .. answers.final(true) }
    end
    local seen = {}
    show("request " .. i .. " " .. show.text(replies[1]), http.request({
        url = pick({ "http://h.test/", "http://u:p@h.test/a;b?c", "//h.test:81/x" }),
        sink = function(chunk, err)
            seen[#seen + 1] = (chunk and #chunk or "nil") .. (err and " " .. tostring(err) or "")
            return 1
        end,
    }))
    show("request " .. i .. " sink", #peers, table.concat(seen, ", "))
    for _, peer in ipairs(peers) do peer:close() end
end
