-- What LuaSocket gets wrong and is repaired (url.bugs, url.authority).
local check = require("check")
local url = require("socket.url")

-- url.authority.4 (url.bugs.1)
for text, parts in pairs({
    ["http://h?q"] = { scheme = "http", authority = "h", host = "h", query = "q" },
    ["http://h#f"] = { scheme = "http", authority = "h", host = "h", fragment = "f" },
    ["http://h?q=a/b"] = { scheme = "http", authority = "h", host = "h", query = "q=a/b" },
    ["http://h:8071?t=x@y"] = { scheme = "http", authority = "h:8071", host = "h", port = "8071", query = "t=x@y" },
    ["http://good.com?@evil.com/"] = {
        scheme = "http", authority = "good.com", host = "good.com", query = "@evil.com/",
    },
    ["http://good.com:80?@evil.com/"] = {
        scheme = "http", authority = "good.com:80", host = "good.com", port = "80", query = "@evil.com/",
    },
    ["//user:pa#wd@host/p"] = {
        authority = "user:pa#wd@host", userinfo = "user:pa#wd", user = "user", password = "pa#wd",
        host = "host", path = "/p",
    },
    ["http://u:p@h?x=@y"] = {
        scheme = "http", authority = "u:p@h", userinfo = "u:p", user = "u", password = "p",
        host = "h", query = "x=@y",
    },
    ["http://h:80#@evil.com"] = {
        scheme = "http", authority = "h:80", host = "h", port = "80", fragment = "@evil.com",
    },
    ["//[::1]?@x/"] = { authority = "[::1]", host = "::1", query = "@x/" },
    ["//?@x"] = { authority = "", query = "@x" },
    ["//h:?@x"] = { authority = "h:", host = "h", port = "", query = "@x" },
    ["//h:p?a/@x"] = { authority = "h:p", host = "h", port = "p", query = "a/@x" },
}) do
    check.equal("url.authority.4: " .. text, url.parse(text), parts)
    check.equal("url.build.8: " .. text, url.build(url.parse(text)), text)
end
check.equal("url.authority.3: base", url.absolute("http://h?a/b", "c"), "http://h/c")
check.equal("url.authority.3: reference", url.absolute("http://h/a", "//k?b/../c"), "http://k?b/c")

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
    ["?x/../../y"] = "http://a/y",
}) do
    check.equal("url.bugs.3: " .. reference, url.absolute("http://a/b", reference), result)
end
check.equal("url.bugs.3: base alone", url.absolute("http://x/../y", ""), "http://x/y")
check.equal("url.bugs.3: table base alone", url.absolute({ scheme = "http", host = "x", path = "/../y" }), "http://x/y")
check.equal("url.bugs.3: reference alone", url.absolute(nil, "//x/../y"), "//x/y")
check.equal("url.bugs.3: query of a bare authority", url.absolute("http://h", "?x/../../y"), "http://h?x/y")

-- url.bugs.4
check.equal("url.bugs.4: path", url.absolute("http://a/b", "c\1d"), "http://a/c\1d")
check.equal("url.bugs.4: segment", url.absolute("http://a/b", "c/\1/../d/./\1"), "http://a/c/d/\1")
check.equal("url.bugs.4: beside an empty segment", url.absolute("a/\1//b", ""), "a/\1//b")

-- url.bugs.5: the reference needs minutes for each of these.
local LONG = 200000
for name, case in pairs({
    ["/./"] = { ("./"):rep(LONG) .. "g", "http://h/g" },
    ["/../"] = { ("a/"):rep(LONG) .. ("../"):rep(LONG - 1) .. "g", "http://h/a/g" },
    ["a/../"] = { ("a/../"):rep(LONG) .. "g", "http://h/g" },
    ["//"] = { "a" .. ("/"):rep(LONG) .. ("../"):rep(LONG - 1) .. "g", "http://h/a/g" },
    ["surplus"] = { ("../"):rep(LONG) .. "g", "http://h/g" },
}) do
    local before = os.clock()
    check.ok("url.bugs.5: result for " .. name, url.absolute("http://h/", case[1]) == case[2])
    check.ok("url.bugs.5: time for " .. name, os.clock() - before < 5)
end

-- url.build.4: an address that has its brackets keeps one pair.
check.equal("url.build.4", url.build({ host = "[::1]", port = 80 }), "//[::1]:80")

check.done()
