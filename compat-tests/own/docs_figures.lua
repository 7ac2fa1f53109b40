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

check.done()
