-- LuaSocket's defects that are repaired (url.bugs, url.authority).
local check = require("check")
local url = require("socket.url")

-- url.authority.4 (url.bugs.1)
for text, parts in pairs({
    ["http://h?q"] = { scheme = "http", authority = "h", host = "h", query = "q" },
    ["http://h#f"] = { scheme = "http", authority = "h", host = "h", fragment = "f" },
    ["http://h?q=a/b"] = { scheme = "http", authority = "h", host = "h", query = "q=a/b" },
    ["http://h:8071?t=x"] = { scheme = "http", authority = "h:8071", host = "h", port = "8071", query = "t=x" },
    ["//user:pa#wd@host/p"] = {
        authority = "user:pa#wd@host", userinfo = "user:pa#wd", user = "user", password = "pa#wd",
        host = "host", path = "/p",
    },
    ["http://u:p@h?x=y"] = {
        scheme = "http", authority = "u:p@h", userinfo = "u:p", user = "u", password = "p",
        host = "h", query = "x=y",
    },
    ["//[::1]?x/"] = { authority = "[::1]", host = "::1", query = "x/" },
    ["//?x"] = { authority = "", query = "x" },
    ["//h:?x"] = { authority = "h:", host = "h", port = "", query = "x" },
    ["//h:p?a/x"] = { authority = "h:p", host = "h", port = "p", query = "a/x" },
}) do
    check.equal("url.authority.4: " .. text, url.parse(text), parts)
    check.equal("url.build.8: " .. text, url.build(url.parse(text)), text)
end
check.equal("url.authority.3: base", url.absolute("http://h?a/b", "c"), "http://h/c")
check.equal("url.authority.3: reference", url.absolute("http://h/a", "//k?b/../c"), "http://k?b/../c")

-- url.bugs.2
local base = { scheme = "http", user = "u", password = "p", host = "h", port = 8, path = "/a/b", query = "q" }
check.equal("url.bugs.2: contract", url.absolute({ scheme = "http", host = "h", path = "/a/b" }, "c"), "http://h/a/c")
check.equal("url.bugs.2: relative path", url.absolute(base, "c"), "http://u:p@h:8/a/c")
check.equal("url.bugs.2: rooted path", url.absolute(base, "/c"), "http://u:p@h:8/c")
check.equal("url.bugs.2: query", url.absolute(base, "?r"), "http://u:p@h:8/a/b?r")
check.equal("url.bugs.2: authority of the reference", url.absolute(base, "//k/c"), "http://k/c")
check.equal("url.bugs.2: IPv6", url.absolute({ host = "::1", path = "/a" }, "b"), "//[::1]/b")
check.equal("url.bugs.2: base afterwards", base,
    { scheme = "http", user = "u", password = "p", host = "h", port = 8, path = "/a/b", query = "q" })

-- url.bugs.3
for reference, result in pairs({
    ["http://x/../y"] = "http://x/y",
    ["http://x/../../y"] = "http://x/y",
    ["http://x/.."] = "http://x/",
    ["//x/../y"] = "http://x/y",
    ["http://u:p@x:1/../y"] = "http://u:p@x:1/y",
    ["http://./y"] = "http://./y",
    ["http://../y"] = "http://../y",
    ["file:///../y"] = "file:///y",
    ["s:x/../y"] = "s:y",
    ["s:/../y"] = "s:/y",
    ["s:x/.."] = "s:",
    ["?x/../../y"] = "http://a/b?x/../../y",
}) do
    check.equal("url.bugs.3: " .. reference, url.absolute("http://a/b", reference), result)
end
check.equal("url.bugs.3: base alone", url.absolute("http://x/../y", ""), "http://x/y")
check.equal("url.bugs.3: table base alone", url.absolute({ scheme = "http", host = "x", path = "/../y" }), "http://x/y")
check.equal("url.bugs.3: reference alone", url.absolute(nil, "//x/../y"), "//x/y")
check.equal("url.bugs.3: query of a bare authority", url.absolute("http://h", "?x/../../y"), "http://h?x/../../y")

-- url.bugs.4
check.equal("url.bugs.4: path", url.absolute("http://a/b", "c\1d"), "http://a/c\1d")
check.equal("url.bugs.4: segment", url.absolute("http://a/b", "c/\1/../d/./\1"), "http://a/c/d/\1")
check.equal("url.bugs.4: beside an empty segment", url.absolute("a/\1//b", ""), "a/\1//b")

-- url.bugs.5: chains of dots. The parser's unit tests count the cost.
local LONG = 300
for name, case in pairs({
    ["/./"] = { ("./"):rep(LONG) .. "g", "http://h/g" },
    ["/../"] = { ("a/"):rep(LONG) .. ("../"):rep(LONG - 1) .. "g", "http://h/a/g" },
    ["a/../"] = { ("a/../"):rep(LONG) .. "g", "http://h/g" },
    ["//"] = { "a" .. ("/"):rep(LONG) .. ("../"):rep(LONG - 1) .. "g", "http://h/a/g" },
    ["surplus"] = { ("../"):rep(LONG) .. "g", "http://h/g" },
}) do
    check.ok("url.bugs.5: " .. name, url.absolute("http://h/", case[1]) == case[2])
end

-- add.44: only dot segments of the path, parameters included (RFC 3986, 5.2.4 and 5.4.2)
for reference, result in pairs({
    ["g?y/../x"] = "http://a/b/c/g?y/../x", ["g#s/../x"] = "http://a/b/c/g#s/../x", ["?y/../x"] = "http://a/b/c/d;p?y/../x",
    ["#s/.."] = "http://a/b/c/d;p?q#s/..", ["g?y/.."] = "http://a/b/c/g?y/..", ["../g?.."] = "http://a/b/g?..",
    ["..?y"] = "http://a/b/?y", [".#s"] = "http://a/b/c/#s", ["g;x=1/./y"] = "http://a/b/c/g;x=1/y", ["g;x=1/../y"] = "http://a/b/c/y",
    ["http://x/a/..?q/../r#s/../t"] = "http://x/?q/../r#s/../t", ["//x/a/../b?../c"] = "http://x/b?../c",
    ["g?redirect=http://h/a/../b"] = "http://a/b/c/g?redirect=http://h/a/../b",
}) do
    check.equal("add.44: " .. reference, url.absolute("http://a/b/c/d;p?q", reference), result)
end

-- ... and redirects drop no segment of query and fragment
local target = require("socket.http_parts").redirect().target
local asked = { scheme = "http", authority = "a", host = "a", path = "/b/c", query = "q" }
for location, result in pairs({
    ["../d?x/./y/../z#s/./t"] = "http://a/d?x/./y/../z#s/./t", ["http://h/x/../y?a/./b"] = "http://h/y?a/./b",
        ["?x/../y"] = "http://a/b/c?x/../y",
    ["#s"] = "http://a/b/c?q#s", ["//h?./x"] = "http://h?./x",
}) do
    check.equal("add.44: Location " .. location, (target(asked, location)), result)
end

-- Functions that replace the module's are called as in LuaSocket.
do
    local calls = {}
    local originals = {}
    for _, name in ipairs({ "parse", "build", "unescape" }) do
        local original = url[name]
        originals[name] = original
        url[name] = function(...)
            calls[#calls + 1] = name
            return original(...)
        end
    end
    local function called(f, ...)
        calls = {}
        local result = url[f](...)
        return result, table.concat(calls, " ")
    end
    local parsed = { scheme = "http", host = "h", port = 8, path = "/a/b", query = "q" }
    check.equal("url.absolute: texts", { called("absolute", "http://a/b", "../c") }, { "http://a/c", "parse parse build" })
    check.equal("url.absolute: a table", { called("absolute", parsed, "c") }, { "http://h:8/a/c", "build parse build" })
    check.equal("url.absolute: with a scheme", { called("absolute", "http://a/b", "http://x/y/../z") }, { "http://x/z", "parse parse" })
    check.equal("url.absolute: no reference", { called("absolute", "http://a/b/../c", "") }, { "http://a/c", "parse parse" })
    check.equal("url.absolute: no base", { called("absolute", "", "c") }, { "c", "parse parse" })
    check.equal("url.parse_path", { called("parse_path", "/a%20b//c/") },
        { { "a b", "c", is_absolute = 1, is_directory = 1 }, "unescape unescape" })
    check.equal("url.parse_path: nothing", { called("parse_path", nil) }, { {}, "" })
    local resolved = {}
    local references = { "g", "./g", "/g", "//g", "?y", "g?y/../x", "#s", ";x", "g;x?y#s", "..", "../../../g", "", "x:y" }
    for _, reference in ipairs(references) do
        for _, from in ipairs({ "http://a/b/c/d;p?q#f", "http://u:p@a:8", "a/b", parsed, { path = "/x" } }) do
            resolved[#resolved + 1] = url.absolute(from, reference)
        end
    end
    for name, original in pairs(originals) do url[name] = original end
    local i = 0
    for _, reference in ipairs(references) do
        for _, from in ipairs({ "http://a/b/c/d;p?q#f", "http://u:p@a:8", "a/b", parsed, { path = "/x" } }) do
            i = i + 1
            check.equal("url.absolute: both ways: " .. reference, resolved[i], url.absolute(from, reference))
        end
    end
end

-- url.build: a path that is not a string is returned unchanged when there is nothing else
local path = {}
check.ok("url.build: a table as path", url.build({ path = path }) == path)
check.equal("url.build: true as path", url.build({ path = true }), true)
check.ok("url.build: a table as path beside others", not pcall(url.build, { path = path, host = "h" }))

-- url.build.4: an address that has brackets keeps one pair.
check.equal("url.build.4", url.build({ host = "[::1]", port = 80 }), "//[::1]:80")

check.done()
