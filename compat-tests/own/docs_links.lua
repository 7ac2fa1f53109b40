-- Every link in the documentation leads to an existing file, and to an existing heading.
local check = require("check")
local manual = require("manual")

local PAGES = { "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "RELEASE.md", "benches/README.md", "compat-tests/README.md",
    "examples/README.md", "types/README.md", "docs/README.md", "docs/installing.md", "docs/migrating.md", "docs/compared.md",
    "docs/limits.md", "docs/performance.md", "docs/reliability.md", "docs/architecture.md", "docs/runner.md", "docs/rust.md",
    "docs/fr.md", "docs/uk.md", "docs/zh.md" }
for _, name in ipairs(manual.pages) do PAGES[#PAGES + 1] = "docs/" .. name .. ".md" end
PAGES[#PAGES + 1] = "docs/tutorials/README.md"
for name in manual.page("tutorials/README"):gmatch("%(([%w-]+%.md)%)") do PAGES[#PAGES + 1] = "docs/tutorials/" .. name end

-- Resolves `..` in a path.
local function resolve(folder, target)
    local parts = {}
    for part in (folder .. target):gmatch("[^/]+") do
        if part == ".." then
            parts[#parts] = nil
        elseif part ~= "." then
            parts[#parts + 1] = part
        end
    end
    return table.concat(parts, "/")
end

-- A directory can be opened but not read.
local function exists(path)
    local file = io.open(manual.repository .. path, "rb")
    if file then file:close() end
    return file ~= nil
end

for _, page in ipairs(PAGES) do
    local text = manual.read(page)
    check.ok("docs.links: " .. page, text, "missing")
    for _, link in ipairs(manual.links(text or "")) do
        local file, anchor = link.target:match("^([^#]*)#?(.*)$")
        if not link.target:find("^%a+:") then
            local name = ("docs.links: %s:%d %s"):format(page, link.line, link.target)
            local path = file == "" and page or resolve(page:match("^(.*/)") or "", file)
            check.ok(name, exists(path), "no such file")
            if anchor ~= "" and exists(path) then
                check.ok(name, manual.anchors(manual.read(path))[anchor], "no such heading")
            end
        end
    end
end

-- The site's navigation lists every page.
local navigation = manual.read("site/mkdocs.yml") or ""
for _, page in ipairs(PAGES) do
    check.ok("docs.links: " .. page .. " in the navigation", navigation:find(": " .. page .. "\n", 1, true))
end

check.done()
