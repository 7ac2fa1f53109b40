-- The catalogue of hostile HTTP servers, part 3: redirects. The first segment of a path is the case's number.
-- See hostile.lua for the fields.
local function to(location, code)
    return "HTTP/1.1 " .. (code or 302) .. " Moved\r\nLocation: " .. location .. "\r\nContent-Length: 4\r\n\r\nmove"
end
local HERE = "http://127.0.0.1:%PORT%"
local OTHER = "http://127.0.0.1:%OTHER%"
local END = { "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nend" }
local BASIC = "Authorization: Basic dTpw"

-- A request, and the five redirects that it may follow at most.
local function six(first, later)
    local lines = { "GET " .. first .. " HTTP/1.1" }
    for i = 2, 6 do lines[i] = "GET " .. (later or first) .. " HTTP/1.1" end
    return lines
end

local cases = {
    -- loops and limits
    { "12.1", "to itself for ever", replies = { { to("/12.1") } }, expect = { "move", 302 }, seen = six("/12.1") },
    { "12.2", "to a new place for ever", replies = { { to("/12.2/x?a=b") } }, expect = { "move", 302 },
        seen = six("/12.2", "/12.2/x?a=b") },
    { "12.3", "five times", replies = { { to("/12.3/1") }, { to("/12.3/2") }, { to("/12.3/3") }, { to("/12.3/4") },
        { to("/12.3/5") }, END }, expect = { "end", 200 },
        seen = { "GET /12.3 HTTP/1.1", "GET /12.3/1 HTTP/1.1", "GET /12.3/2 HTTP/1.1", "GET /12.3/3 HTTP/1.1",
            "GET /12.3/4 HTTP/1.1", "GET /12.3/5 HTTP/1.1" } },
    { "12.4", "between two servers for ever", replies = { { to(OTHER .. "/12.4") }, { to(HERE .. "/12.4") } },
        expect = { "move", 302 }, seen = six("/12.4") },
    { "12.5", "to a server that closes", replies = { { to("/12.5/x") }, {} }, expect = { nil, "closed" },
        seen = { "GET /12.5 HTTP/1.1", "GET /12.5/x HTTP/1.1" } },
    { "12.6", "to a server that is silent", replies = { { to("/12.6/x") }, {} }, ending = "stall", stalls = true,
        expect = { nil, "timeout" }, seen = { "GET /12.6 HTTP/1.1", "GET /12.6/x HTTP/1.1" } },
    { "12.7", "to a closed port", replies = { { to("http://127.0.0.1:1/") } },
        expect = { nil, "connection refused" } },
    { "12.8", "with an endless body", replies = { { "HTTP/1.1 302 M\r\nLocation: /12.8/x\r\n\r\n", { beyond = "x" } }, END },
        expect = { "end", 200 } },
    { "12.9", "without a body, kept open", ending = "stall",
        replies = { { "HTTP/1.1 302 M\r\nLocation: /12.9/x\r\nContent-Length: 9\r\n\r\n" }, END }, expect = { "end", 200 } },

    -- Locations
    { "13.1", "absolute", replies = { { to(HERE .. "/13.1/a?b=c") }, END }, expect = { "end", 200 },
        seen = { "GET /13.1 HTTP/1.1", "GET /13.1/a?b=c HTTP/1.1" } },
    { "13.2", "without a scheme", replies = { { to("//127.0.0.1:%OTHER%/13.2/x") }, END }, expect = { "end", 200 },
        seen = { "GET /13.2 HTTP/1.1", "GET /13.2/x HTTP/1.1" } },
    { "13.3", "dots above the root", replies = { { to("/13.3/../../../13.3/x") }, END }, expect = { "end", 200 },
        seen = { "GET /13.3 HTTP/1.1", "GET /13.3/x HTTP/1.1" } },
    { "13.4", "a query alone", replies = { { to("?a=b") }, END }, expect = { "end", 200 },
        seen = { "GET /13.4 HTTP/1.1", "GET /13.4?a=b HTTP/1.1" } },
    { "13.5", "a fragment is not sent", replies = { { to("/13.5/x#part") }, END }, expect = { "end", 200 },
        seen = { "GET /13.5 HTTP/1.1", "GET /13.5/x HTTP/1.1" }, differs = "http.bugs.2" },
    { "13.6", "bytes above 127", replies = { { to("/13.6/\195\164?\255") }, END }, expect = { "end", 200 },
        seen = { "GET /13.6 HTTP/1.1", "GET /13.6/%C3%A4?%FF HTTP/1.1" }, differs = "add.44" },
    { "13.7", "a blank within", replies = { { to("/13.7/a b") }, END }, expect = { "end", 200 },
        seen = { "GET /13.7 HTTP/1.1", "GET /13.7/a%20b HTTP/1.1" }, differs = "add.44" },
    { "13.8", "blanks alone", replies = { { to("  \t ") } }, expect = { "move", 302 } },
    { "13.9", "empty", replies = { { to("") } }, expect = { "move", 302 } },
    { "13.10", "NUL", replies = { { to("/13.10/a\0b") }, END }, expect = { nil, "invalid uri" }, differs = "http.bugs.13",
        seen = { "GET /13.10 HTTP/1.1" } },
    { "13.11", "a tab", replies = { { to("/13.11/a\tb") }, END }, expect = { nil, "invalid uri" }, differs = "http.bugs.13",
        seen = { "GET /13.11 HTTP/1.1" } },
    { "13.12", "escaped line ends stay escaped", replies = { { to("/13.12/%0d%0aX:%20y") }, END }, expect = { "end", 200 },
        seen = { "GET /13.12 HTTP/1.1", "GET /13.12/%0d%0aX:%20y HTTP/1.1" } },
    { "13.13", "folded into two header lines", replies = { { "HTTP/1.1 302 M\r\nLocation: /13.13/x\r\n y\r\n\r\n" }, END },
        expect = { "end", 200 }, seen = { "GET /13.13 HTTP/1.1", "GET /13.13/x%20y HTTP/1.1" }, differs = "add.44" },
    { "13.14", "a blank within the scheme: a relative place", replies = { { to("ht tp://127.0.0.1/") }, END },
        expect = { "end", 200 }, seen = { "GET /13.14 HTTP/1.1", "GET /ht%20tp://127.0.0.1/ HTTP/1.1" }, differs = "add.44" },
    { "13.15", "a host with a NUL", replies = { { to("http://cut\0.example/") } },
        expect = { nil, "invalid host 'cut\0.example'" }, differs = "http.bugs.13" },
    { "13.16", "no host", replies = { { to("http://") } }, expect = { nil, "invalid host 'nil'" } },
    { "13.17", "a location of 60,000 bytes", replies = { { "HTTP/1.1 302 M\r\nLocation: /13.17/", { times = 60000, "x" },
        "\r\n\r\n" }, END }, expect = { "end", 200 }, differs = "linear time" },
    { "13.18", "a location without end", replies = { { "HTTP/1.1 302 M\r\nLocation: /", { beyond = "x" } } },
        expect = { nil, "oversized" }, differs = "add.6" },
    { "13.19", "two locations: joined", replies = { { "HTTP/1.1 302 M\r\nLocation: /13.19/a\r\nLocation: /13.19/b\r\n\r\n" },
        END }, expect = { "end", 200 }, seen = { "GET /13.19 HTTP/1.1", "GET /13.19/a,%20/13.19/b HTTP/1.1" }, differs = "add.44" },
    { "13.20", "a port above 65535", replies = { { to("http://127.0.0.1:65536/") } },
        expect = { nil, "invalid port '65536'" }, differs = "ports beyond 65535" },
    { "13.21", "port 0", replies = { { to("http://127.0.0.1:0/") } }, expect = { nil, "connection refused" } },
    { "13.22", "a port of letters", replies = { { to("http://127.0.0.1:eighty/") } },
        expect = { nil, "service not supported for socket type" } },
    { "13.23", "an empty port", replies = { { to("http://127.0.0.1:/13.23/x") } }, expect = { nil, "connection refused" } },
    { "13.24", "a negative port", replies = { { to("http://127.0.0.1:-1/") } },
        expect = { nil, "service not supported for socket type" } },
    { "13.25", "userinfo without a host", replies = { { to("http://u:p@/") } }, expect = { nil, "invalid host 'nil'" } },
    { "13.26", "backslashes", replies = { { to("\\\\127.0.0.1\\13.26\\x") }, END }, expect = { "end", 200 },
        seen = { "GET /13.26 HTTP/1.1", "GET /%5C%5C127.0.0.1%5C13.26%5Cx HTTP/1.1" }, differs = "add.44" },
    { "13.27", "brackets that do not close", replies = { { to("http://[::1/") } },
        expect = { nil, "host or service not provided, or not known" } },
    { "13.28", "the scheme in upper case", replies = { { to("HTTP://127.0.0.1:%PORT%/13.28/x") }, END },
        expect = { "end", 200 }, differs = "http.bugs.7",
        seen = { "GET /13.28 HTTP/1.1", "GET /13.28/x HTTP/1.1" } },
    { "13.29", "blanks after an absolute place", replies = { { to(HERE .. "/13.29/x \t") }, END },
        expect = { "end", 200 }, differs = "add.44" },
    { "13.30", "a CR within", replies = { { to("/13.30/a\rb") }, END }, expect = { "end", 200 },
        seen = { "GET /13.30 HTTP/1.1", "GET /13.30/ab HTTP/1.1" } },
    { "13.31", "percent signs in the host", replies = { { to("http://127.0.0%2e1:%PORT%/13.31/x") }, END },
        expect = { nil, "host or service not provided, or not known" } },
    { "13.32", "a place of the letters of a scheme", replies = { { to("http") }, END }, expect = { "end", 200 },
        seen = { "GET /13.32 HTTP/1.1", "GET /http HTTP/1.1" } },
    { "13.33", "the scheme alone", replies = { { to("http:") } }, expect = { nil, "invalid host 'nil'" } },
    { "13.34", "a dot alone", replies = { { to(".") }, END }, expect = { "end", 200 },
        seen = { "GET /13.34 HTTP/1.1", "GET / HTTP/1.1" } },
    { "13.35", "an empty fragment", replies = { { to("#") }, END }, expect = { "end", 200 }, differs = "http.bugs.2",
        seen = { "GET /13.35 HTTP/1.1", "GET /13.35 HTTP/1.1" } },
    { "13.36", "a fragment alone, for ever", replies = { { to("#x") } }, expect = { "move", 302 }, differs = "http.bugs.2",
        seen = six("/13.36") },

    -- the parts of the request that are forwarded
    { "15.1", "credentials stay with a relative place", request = { headers = { authorization = "Basic dTpw", cookie = "a=b" } },
        replies = { { to("/15.1/x") }, END }, expect = { "end", 200 },
        seen = { "GET /15.1 HTTP/1.1 | " .. BASIC .. " | Cookie: a=b", "GET /15.1/x HTTP/1.1 | " .. BASIC .. " | Cookie: a=b" } },
    { "15.2", "and with the same origin", request = { headers = { Authorization = "Basic dTpw" } },
        replies = { { to(HERE .. "/15.2/x") }, END }, expect = { "end", 200 },
        seen = { "GET /15.2 HTTP/1.1 | " .. BASIC, "GET /15.2/x HTTP/1.1 | " .. BASIC } },
    { "15.3", "not with another port", request = { headers = { Authorization = "Basic dTpw", COOKIE = "a=b" } },
        replies = { { to(OTHER .. "/15.3/x") }, END }, expect = { "end", 200 }, differs = "add.29",
        seen = { "GET /15.3 HTTP/1.1 | " .. BASIC .. " | Cookie: a=b", "GET /15.3/x HTTP/1.1" } },
    { "15.4", "not with another host", request = { headers = { authorization = "Basic dTpw", cookie = "a=b" } },
        replies = { { to("http://localhost:%PORT%/15.4/x") }, END }, expect = { "end", 200 }, differs = "add.29",
        seen = { "GET /15.4 HTTP/1.1 | " .. BASIC .. " | Cookie: a=b", "GET /15.4/x HTTP/1.1" } },
    { "15.5", "not with another host that comes back", request = { headers = { authorization = "Basic dTpw" } },
        replies = { { to(OTHER .. "/15.5/x") }, { to(HERE .. "/15.5/y") }, END }, expect = { "end", 200 }, differs = "add.29",
        seen = { "GET /15.5 HTTP/1.1 | " .. BASIC, "GET /15.5/x HTTP/1.1", "GET /15.5/y HTTP/1.1" } },
    { "15.6", "a URL's credentials are not another's", request = { url = "http://u:p@127.0.0.1:%PORT%/15.6" },
        replies = { { to(OTHER .. "/15.6/x") }, END }, expect = { "end", 200 },
        seen = { "GET /15.6 HTTP/1.1 | " .. BASIC, "GET /15.6/x HTTP/1.1" } },
    { "15.7", "the server's own credentials", replies = { { to("http://u:p@127.0.0.1:%OTHER%/15.7/x") }, END },
        expect = { "end", 200 }, seen = { "GET /15.7 HTTP/1.1", "GET /15.7/x HTTP/1.1 | " .. BASIC } },
    { "15.8", "credentials with a line end", replies = { { to("http://u:p%0d%0aX@127.0.0.1:%OTHER%/15.8/x") }, END },
        expect = { "end", 200 },
        seen = { "GET /15.8 HTTP/1.1", "GET /15.8/x HTTP/1.1 | Authorization: Basic dTpwDQpY" } },
    { "15.9", "HEAD stays HEAD", request = { method = "HEAD" }, replies = { { to("/15.9/x") }, END }, expect = { "", 200 },
        seen = { "HEAD /15.9 HTTP/1.1", "HEAD /15.9/x HTTP/1.1" }, differs = "http.bugs.5" },
    { "15.10", "POST is not repeated", request = { method = "POST" }, replies = { { to("/15.10/x", 307) }, END },
        expect = { "move", 307 }, seen = { "POST /15.10 HTTP/1.1" } },
    { "15.11", "not wanted", request = { redirect = false }, replies = { { to("/15.11/x") }, END }, expect = { "move", 302 } },
}

-- schemes that are not supported
for i, place in ipairs({
    "ftp://127.0.0.1/x", "file:///etc/passwd", "javascript:alert(1)", "data:text/plain,x", "gopher://127.0.0.1:%PORT%/x",
    "ldap://127.0.0.1/", "dict://127.0.0.1:11211/stats", "mailto:a@b.example", "unix:/run/x.sock",
}) do
    local case = { "14." .. i, "to " .. place:gsub("%%", ""), replies = { { to(place) } }, expect = { "move", 302 } }
    case.seen = { "GET /" .. case[1] .. " HTTP/1.1" }
    cases[#cases + 1] = case
end

-- codes
for code, follows in pairs({ [300] = false, [301] = true, [302] = true, [303] = true, [304] = false, [305] = false,
    [306] = false, [307] = true, [308] = true, [399] = false, [200] = false, [201] = false, [404] = false }) do
    cases[#cases + 1] = {
        "16." .. code, "code " .. code, replies = { { to("/16." .. code .. "/x", code) }, END },
        expect = follows and { "end", 200 } or { code == 304 and "" or "move", code }, differs = code == 308 and "add.1" or nil,
    }
end
table.sort(cases, function(a, b)
    local x, y, v, w
    x, y = a[1]:match("(%d+)%.(%d+)")
    v, w = b[1]:match("(%d+)%.(%d+)")
    x, y, v, w = tonumber(x), tonumber(y), tonumber(v), tonumber(w)
    return x < v or x == v and y < w
end)

return cases
