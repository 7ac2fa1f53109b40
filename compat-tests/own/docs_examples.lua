-- Runs the examples of the manual: every block marked ```lua, each in a separate environment that rejects new globals.
-- The output of a line is compared with the text after its `-->`.
-- needs: python3, certs
-- time limit: 120
local check = require("check")
local folders = require("folders")
local manual = require("manual")
local peer = require("peer")

local servers, certs = os.getenv("COMPAT_SERVERS"), os.getenv("COMPAT_CERTS")

-- Arguments: the pages to run; without arguments, all pages.
local PAGES = { ... }
if #PAGES == 0 then
    PAGES = { "../README", "README", "migrating", "fr", "uk", "zh" }
    for _, page in ipairs(manual.pages) do PAGES[#PAGES + 1] = page end
    for page in manual.page("tutorials/README"):gmatch("%(([%w-]+)%.md%)") do PAGES[#PAGES + 1] = "tutorials/" .. page end
end
-- Read all pages before a peer starts: a script that ends with an error waits for its peers.
local texts = {}
for _, page in ipairs(PAGES) do texts[page] = manual.page(page) end

-- The FTP server's files: the examples download these and upload here.
local function ftp_root()
    folders.make("ftp/pub", "luasocket")
    local file = assert(io.open("ftp/pub/notes.txt", "wb"))
    file:write("a note\n")
    file:close()
    return "."
end

local certificate, key = certs .. "/good.pem", certs .. "/good.key"
folders.make("mail")
local http = peer.python(servers .. "/tutorial.py", "http")
local https = peer.python(servers .. "/tutorial.py", "https", certificate, key)
local proxy = peer.python(servers .. "/tutorial.py", "proxy")
local smtp = peer.python(servers .. "/loopback.py", "smtp", 0, "mail")
local ftp = peer.python(servers .. "/loopback.py", "ftp", 0, ftp_root())

-- Replaces the manual's example names with local ones. The order matters: a name may be part of a later one.
local STAND_INS = {
    { "http://proxy.example.com:3128", "http://127.0.0.1:" .. proxy.port },
    { "http://example.com", "http://127.0.0.1:" .. http.port },
    { '"example.com", 80', '"127.0.0.1", ' .. http.port },
    { "https://example.com", "https://localhost:" .. https.port },
    { '"example.com", 443', '"localhost", ' .. https.port },
    { '"example.com"', '"localhost"' },
    { "ftp://ftp.example.com", "ftp://127.0.0.1:" .. ftp.port },
    { "ftp://luasocket:password@ftp.example.com", "ftp://luasocket:password@127.0.0.1:" .. ftp.port },
    { '= "ftp.example.com"', '= "127.0.0.1", port = ' .. ftp.port },
    { '("ftp.example.com"', '("127.0.0.1", ' .. ftp.port },
    { '= "mail.example.com"', '= "127.0.0.1", port = ' .. smtp.port },
    { '"mail.example.com", 25', '"127.0.0.1", ' .. smtp.port },
    { '("mail.example.com"', '("127.0.0.1", ' .. smtp.port },
    { '"ca.pem"', ("%q"):format(certs .. "/ca.crt") },
    { '"server.pem"', ("%q"):format(certificate) },
    { '"server.key"', ("%q"):format(key) },
}

local function with_stand_ins(code)
    for _, pair in ipairs(STAND_INS) do
        code = code:gsub(pair[1]:gsub("%p", "%%%0"), (pair[2]:gsub("%%", "%%%%")))
    end
    return code
end

-- Normalizes blanks, and how each Lua version prints whole floats.
local function normal(text)
    return (text:gsub("(%d)%.0%f[^%d]", "%1"):gsub("%s+", " "):gsub("^ ", ""):gsub(" $", ""))
end

local function expectations(code)
    local expected, number = {}, 0
    for line in code:gmatch("(.-)\n") do
        number = number + 1
        expected[number] = line:match("%-%->%s*(.*)$")
    end
    return expected
end

local function compile(code, name, environment)
    if setfenv then
        local chunk, message = loadstring(code, name)
        return chunk and setfenv(chunk, environment), message
    end
    return load(code, name, "t", environment)
end

-- Modules of other projects that examples use. An example is skipped where its module is not installed. The driver
-- leaves the system's folders out of the path, so that no other LuaSocket is loaded.
local FOREIGN = { "copas", "luv" }
local version = _VERSION:match("%d%.%d")
local folder = io.popen("ls -d /usr/lib/*/lua/" .. version .. " 2>/dev/null")
local foreign_path = (";/usr/share/lua/%s/?.lua"):format(version)
local foreign_cpath = ";" .. (folder:read("*l") or "") .. "/?.so"
folder:close()

local function can_run(code)
    for _, name in ipairs(FOREIGN) do
        if code:find('require("' .. name .. '")', 1, true) then
            local path, cpath = package.path, package.cpath
            package.path, package.cpath = path .. foreign_path, cpath .. foreign_cpath
            local found = pcall(require, name)
            package.path, package.cpath = path, cpath
            return found
        end
    end
    return true
end

local function run(page, block)
    if not can_run(block.code) then return end
    local place = ("docs.examples: %s.md:%d"):format(page, block.line)
    local expected, printed = expectations(block.code), {}
    local environment = setmetatable({}, {
        __index = _G,
        __newindex = function(_, name) error("global " .. tostring(name), 2) end,
    })
    rawset(environment, "print", function(...)
        local line, words = debug.getinfo(2, "l").currentline, {}
        for i = 1, select("#", ...) do words[i] = tostring((select(i, ...))) end
        printed[line] = true
        if expected[line] then
            check.equal(place .. " line " .. line, normal(table.concat(words, " ")), normal(expected[line]))
        end
    end)
    local chunk, message = compile(with_stand_ins(block.code), "=" .. page, environment)
    if not chunk then return check.ok(place, false, message) end
    local ok, failure = pcall(chunk)
    check.ok(place, ok, failure)
    for line in pairs(expected) do
        check.ok(place .. " line " .. line, printed[line], "printed nothing")
    end
end

for _, page in ipairs(PAGES) do
    for _, block in ipairs(manual.examples(texts[page])) do run(page, block) end
end

-- Each function that has an entry is used in an example on its page.
for _, page in ipairs(PAGES) do
    local text, code = texts[page], {}
    for _, block in ipairs(manual.examples(text)) do code[#code + 1] = block.code end
    code = table.concat(code)
    for entry in pairs(manual.entries(text)) do
        local heading = text:find("\n### " .. entry:gsub("%p", "%%%0") .. "\n")
        local name = entry:match("([%w_]+)$")
        if heading then
            check.ok("docs.examples: " .. entry, code:find("[.:]" .. name .. "%f[^%w_]") or entry == "serial", "no example")
        end
    end
end

check.done()
