-- Reads the manual in docs/: the functions and fields that it describes, its examples and its links.
local manual = {}

---The top of the source tree.
manual.repository = assert(os.getenv("COMPAT_SERVERS"), "COMPAT_SERVERS is not set") .. "/../../"

---The pages that describe a module, without ".md".
manual.pages = {
    "socket", "tcp", "udp", "unix", "serial", "dns", "select", "http", "client", "cookies", "tls", "ltn12", "mime", "url", "smtp", "ftp",
    "tp", "headers", "mbox", "server", "tasks",
}

---@param path string relative to the top of the source tree
---@return string|nil text nil when there is no such file
function manual.read(path)
    local file = io.open(manual.repository .. path, "rb")
    if not file then return nil end
    local text = file:read("*a")
    file:close()
    return text
end

---The text of a page of docs/.
function manual.page(name)
    return assert(manual.read("docs/" .. name .. ".md"), "no page docs/" .. name .. ".md")
end

-- The lines of a text with their numbers, and whether each line is inside a fenced block.
local function lines(text)
    local number, fenced = 0, false
    local nextline = (text .. "\n"):gmatch("(.-)\n")
    return function()
        local line = nextline()
        if not line then return nil end
        number = number + 1
        if line:find("^```") then
            fenced = not fenced
            return number, line, true
        end
        return number, line, fenced
    end
end

---The entries of a page: the name in a heading of the third level (`### tcp:send`), or in the first cell of a table row
---(| `http.TIMEOUT` | … |), mapped to its line.
---@return table<string, integer> entries
function manual.entries(text)
    local entries = {}
    for number, line, fenced in lines(text) do
        local name = not fenced and (line:match("^### ([%w_.:]+)$") or line:match("^| `([%w_]+%.[%w_.]+)`"))
        if name then entries[name] = number end
    end
    return entries
end

---The blocks of a page that contain Lua to run.
---@return { line: integer, code: string }[] blocks `line` is the line before the first line of code
function manual.examples(text)
    local blocks, block = {}, nil
    local number = 0
    for line in (text .. "\n"):gmatch("(.-)\n") do
        number = number + 1
        if block and line:find("^```") then
            block.code = table.concat(block, "\n") .. "\n"
            blocks[#blocks + 1], block = block, nil
        elseif block then
            block[#block + 1] = line
        elseif line == "```lua" then
            block = { line = number }
        end
    end
    return blocks
end

---The targets of a page's links and images.
---@return { line: integer, target: string }[] links
function manual.links(text)
    local links = {}
    for number, line, fenced in lines(text) do
        if not fenced then
            line = line:gsub("`[^`]*`", function(code) return ("x"):rep(#code) end)
            for target in line:gmatch("%]%(([^()%s]+)%)") do
                links[#links + 1] = { line = number, target = target }
            end
        end
    end
    return links
end

---The anchors that GitHub and MkDocs create for a page's headings.
---@return table<string, true> anchors
function manual.anchors(text)
    local anchors = {}
    for _, line, fenced in lines(text) do
        local heading = not fenced and line:match("^#+ (.+)$")
        if heading then
            anchors[heading:lower():gsub("[^%w%s_%-]", ""):gsub("%s", "-")] = true
        end
    end
    return anchors
end

return manual
