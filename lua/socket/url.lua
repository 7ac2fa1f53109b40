--- Parses, builds, resolves and escapes URLs (contract: url). Pure functions on bytes: they do no name lookups, and
--- decode or check nothing unless documented. Arguments of a wrong type raise an error. Table arguments are never
--- modified.
---
---     local url = require("socket.url")
---     local parts = url.parse("http://user@example.com:8080/a/b?q#f")
---     print(parts.host, parts.port, parts.path)        --> example.com  8080  /a/b
---     print(url.absolute("http://h/a/b", "../c"))      --> http://h/c

local socket = require("socket")

--- The components of a URL. Absent ones are nil, unlike empty ones: `http://h?` has the query "".
---@class socket.url.Components
---@field scheme? string before the first `:`
---@field authority? string `[userinfo@]host[:port]`
---@field userinfo? string `user[:password]`
---@field user? string
---@field password? string
---@field host? string a name or an address; IPv6 without its brackets
---@field port? string|number
---@field path? string with its leading slash
---@field params? string after the first `;` of the path
---@field query? string after the first `?`
---@field fragment? string after the first `#`

--- The segments of a path, decoded, in order.
---@class socket.url.Path
---@field [integer] string|number
---@field is_absolute? any true-ish: the path starts with a slash
---@field is_directory? any true-ish: the path ends with a slash

--- parse: the components of a URL in a new table, with a copy of every pair of `default` as defaults (url.parse). On
--- failure (no URL, or an empty one): nil, "invalid url".
---
--- build: the URL of a table of components; nothing is escaped. `host` takes precedence over `authority`, and `user`
--- over `userinfo` (url.build).
---
--- escape: percent-encodes every byte except letters, digits and `_`. unescape: decodes; invalid encodings stay
--- unchanged (url.escape).
---@class socket.url
---@field parse fun(url: string?, default: table?): socket.url.Components?, string?
---@field build fun(components: socket.url.Components): string
---@field escape fun(text: string): string
---@field unescape fun(text: string): string
local url = require("socket.native")("socket_url")

local parse, native_build, unescape = url.parse, url.build, url.unescape
---@type any, any, any, any
local absolute, parse_path, build_path, merge_path = url.absolute, url.parse_path, url.build_path, url.merge_path
url.merge_path = nil

local find, gmatch, sub = string.find, string.gmatch, string.sub
local getmetatable, ipairs, type = getmetatable, ipairs, type

local function is_text(value)
    return not value or type(value) == "string"
end

-- `build` for LuaJIT, which compiles it with the loop that calls it. It leaves everything but plain strings to the
-- native function.
local function compiled_build(components)
    if type(components) ~= "table" or getmetatable(components) ~= nil then return native_build(components) end
    local scheme, host, path = components.scheme, components.host, components.path
    local params, query, fragment = components.params, components.query, components.fragment
    if not (is_text(scheme) and is_text(host) and is_text(path) and is_text(params) and is_text(query)
        and is_text(fragment)) then
        return native_build(components)
    end
    local start = scheme and scheme .. ":" or ""
    if host then
        local port, user, password, userinfo =
            components.port, components.user, components.password, components.userinfo
        if not (is_text(port) and is_text(user) and is_text(password) and is_text(userinfo)) then
            return native_build(components)
        end
        if user and password then
            userinfo = user .. ":" .. password
        elseif user then
            userinfo = user
        end
        if find(host, ":", 1, true) and sub(host, 1, 1) ~= "[" then host = "[" .. host .. "]" end
        start = start .. "//" .. (userinfo and userinfo .. "@" or "") .. host .. (port and ":" .. port or "")
    elseif components.authority then
        if not is_text(components.authority) then return native_build(components) end
        start = start .. "//" .. components.authority
    end
    return start .. (path or "") .. (params and ";" .. params or "") .. (query and "?" .. query or "")
        .. (fragment and "#" .. fragment or "")
end

if rawget(_G, "jit") then url.build = compiled_build end
local build = url.build

-- The components of `relative`, resolved in a document at `base`.
local function resolved(base, relative)
    local target = {
        scheme = base.scheme, authority = relative.authority, path = relative.path, params = relative.params,
        query = relative.query, fragment = relative.fragment,
    }
    if target.authority then
        for _, name in ipairs({ "userinfo", "user", "password", "host", "port" }) do target[name] = relative[name] end
        return target
    end
    for _, name in ipairs({ "authority", "userinfo", "user", "password", "host", "port" }) do target[name] = base[name] end
    if target.path and target.path ~= "" then
        target.path = merge_path(base.path, target.path)
        return target
    end
    target.path = base.path
    target.params = target.params or base.params
    target.query = target.query or not relative.params and base.query or nil
    return target
end

-- `absolute` through the functions that a program has replaced in this module, as LuaSocket calls them.
local function absolute_by_parts(base, relative)
    local components = base
    if type(base) == "table" then base = url.build(base) else components = url.parse(base) end
    local reference = url.parse(relative)
    local target
    if not components then
        target = relative
    elseif not reference then
        target = base
    elseif reference.scheme then
        target = relative
    else
        target = url.build(resolved(components, reference))
    end
    return absolute(nil, target)
end

--- Resolves `relative` in a document at `base`, and removes dot segments from the path (url.absolute). It calls
--- `url.parse` and `url.build`, so that replacements of them are called too.
---@param base string|socket.url.Components|nil
---@param relative string?
---@return string
function url.absolute(base, relative)
    if url.parse == parse and url.build == build then return absolute(base, relative) end
    return absolute_by_parts(base, relative)
end

--- The segments of a path, decoded by `url.unescape`. Empty segments are dropped (url.parse_path).
---@param path string?
---@return socket.url.Segments
function url.parse_path(path)
    if url.unescape == unescape then return parse_path(path) end
    local segments = {}
    for segment in gmatch(path or "", "[^/]+") do segments[#segments + 1] = url.unescape(segment) end
    local whole = parse_path(path)
    segments.is_absolute, segments.is_directory = whole.is_absolute, whole.is_directory
    return segments
end

--- Builds a path from segments. Percent-encodes each as necessary (url.build_path).
---@param segments socket.url.Path
---@param unsafe? any true-ish: the segments are not encoded
---@return string path
function url.build_path(segments, unsafe)
    return build_path(segments, #segments, unsafe)
end

socket.url = url

return url
