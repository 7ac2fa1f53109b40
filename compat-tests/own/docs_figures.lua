-- The speed figures in the README and in docs/performance.md come from the same run.
local check = require("check")
local manual = require("manual")

-- The cells of a table row, without the asterisks of bold text.
local function cells(line)
    local found = {}
    for cell in line:gmatch("|%s*([^|]-)%s*%f[|]") do found[#found + 1] = (cell:gsub("%*", "")) end
    return found
end

-- The performance page: maps "interpreter, case" to the cells of the row.
local measured, interpreter = {}, nil
for line in (manual.page("performance") .. "\n"):gmatch("(.-)\n") do
    interpreter = line:match("^### (.*)$") or interpreter
    if interpreter and line:find("^| ") then
        local row = cells(line)
        measured[interpreter .. ", " .. row[1]] = row
    end
end

local text = manual.read("README.md")
local table_text = text:match("<!%-%- benches/run: begin %-%->\n(.-)<!%-%- benches/run: end %-%->")
check.ok("docs.figures: the README has a table", table_text)

local head, rows = nil, 0
for line in (table_text or ""):gmatch("[^\n]+") do
    local row = cells(line)
    if not head then
        head = row
    elseif not line:find("^| %-") then
        rows = rows + 1
        for column = 2, #head do
            local what, of = head[column]:match("^(%a+), (.*)$")
            local known = measured[of .. ", " .. row[1]]
            local place = ({ reference = 2, ours = 3, ratio = 4 })[what]
            check.equal(("docs.figures: %s, %s"):format(row[1], head[column]), row[column], known and known[place])
        end
    end
end
check.ok("docs.figures: rows", rows > 0)

-- The number of each reason in the README is the one of the table that it comes from.
local function figure(label, pattern, expected)
    check.equal("docs.figures: " .. label, text:match(pattern), expected)
end

local unchanged = 0
for _, folder in ipairs({ "test", "samples", "etc" }) do
    for _ in text:match("\n| `" .. folder .. "/` | ([^\n]*) |\n"):gmatch("`[^`]+`") do unchanged = unchanged + 1 end
end
figure("LuaSocket's scripts", "%[(%d+) of LuaSocket's own scripts%]", tostring(unchanged))

-- The last cell of the row of docs/reliability.md, or the first figure of the row of docs/performance.md.
local reliability, performance = manual.page("reliability"), manual.page("performance")
figure("certificates", "%[([%d,]+) checks%]%(docs/reliability%.md%) cover the",
    reliability:match("\n| A bad certificate is refused[^\n]*| ([%d,]+) |"))
figure("silent peers", "%[([%d,]+) checks%]%(docs/reliability%.md%) let a peer",
    reliability:match("\n| No wait outlives its limit[^\n]*| ([%d,]+) |"))
figure("copas", "take ([%d.]+) times the CPU time",
    performance:match("\n| CPU time, in times of copas on LuaSocket | ([%d.]+) |"))
-- The README and its translations say that a small https request takes less than half of the CPU time.
check.ok("docs.figures: the README's sentence about https", text:find("takes less than half of the CPU time", 1, true))
local https = measured["Traffic on Lua 5.4: CPU time and instructions, HTTPS 1 KB, further requests"][4]
check.ok("docs.figures: https in half of the CPU time", tonumber(https:match("[%d.]+")) >= 2, https)

-- The translated first pages have the same number of scripts.
for _, name in ipairs({ "fr", "uk", "zh" }) do
    check.ok("docs.figures: " .. name .. ".md has " .. unchanged, manual.page(name):find(tostring(unchanged), 1, true))
end

-- The measured figures of the comparison stand in a table of docs/performance.md.
local compared = 0
for row in manual.page("compared"):gmatch("\n| Measured: ([^\n]*)") do
    for number in row:gmatch("%f[%d]%d+%.%d+") do
        compared = compared + 1
        local row_with = "\n|[^\n]*%f[%d]" .. number:gsub("%.", "%%.") .. "%f[^%d]"
        check.ok("docs.figures: compared.md has " .. number, performance:find(row_with))
    end
end
check.ok("docs.figures: compared", compared > 10, compared)

check.done()
