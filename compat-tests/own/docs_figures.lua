-- The README's figures of speed are those of docs/performance.md: one run has written both.
local check = require("check")
local manual = require("manual")

-- The cells of a table's row, without the stars of bold ones.
local function cells(line)
    local found = {}
    for cell in line:gmatch("|%s*([^|]-)%s*%f[|]") do found[#found + 1] = (cell:gsub("%*", "")) end
    return found
end

-- What the performance page says: "interpreter, case" to the row's cells.
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

check.done()
