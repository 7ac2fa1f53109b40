-- The first example on a page that can fail shows the error: it asserts, raises or prints the message.
-- not on: lua5.1, lua5.2, lua5.3, lua5.5, luajit, runner
local check = require("check")
local manual = require("manual")

-- Calls that can fail because of the network or a file: the text before the parenthesis.
local FALLIBLE = { "http.request", "https.request", "http.get", "http.post", "http.listen", "smtp.send", "tp.connect", "socket.connect",
    "socket.bind", ":connect", ":bind", ":listen", ":accept", ":setsockname", ":setpeername", "io.open", "serial" }
local PAGES = { "../README", "README", "tasks", "http-client", "http-server", "runner", "rust" }
for _, page in ipairs(manual.pages) do PAGES[#PAGES + 1] = page end

-- Whether the line, or one of the next two lines, shows the failure of its call.
local function shown(lines, number)
    local text = table.concat(lines, "\n", number, math.min(number + 2, #lines))
    return text:find("assert") or text:find("error") or text:find("print") or text:find("if not ")
end

local seen = 0
for _, page in ipairs(PAGES) do
    local text = manual.read("docs/" .. page .. ".md")
    local code = text and text:match("\n```lua[,%w]*\n(.-)\n```")
    local lines = {}
    for line in ((code or "") .. "\n"):gmatch("(.-)\n") do lines[#lines + 1] = line end
    for number, line in ipairs(lines) do
        for _, call in ipairs(FALLIBLE) do
            if line:find(call .. "[%({]") or line:find(call .. "(", 1, true) then
                -- a call that spans lines ends at its closing parenthesis
                local last = number
                local rest = table.concat(lines, "\n", number)
                local argument = rest:match("%b()", (rest:find("(", 1, true)))
                if argument then last = number + select(2, argument:gsub("\n", "")) end
                seen = seen + 1
                check.ok(("%s: line %d of the first example says why it fails: %s"):format(page, number, line),
                    shown(lines, number) or shown(lines, last))
                break
            end
        end
    end
end
check.ok("examples were found", seen > 10, seen)
check.done()
