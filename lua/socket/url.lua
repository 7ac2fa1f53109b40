--- URLs cut into components, built, resolved and escaped (contract: url). Pure functions on
--- bytes: nothing is looked up, and nothing is decoded or checked unless a function says so.
--- Arguments of a wrong type raise; tables given are never modified.
---
---     local url = require("socket.url")
---     local parts = url.parse("http://user@example.com:8080/a/b?q#f")
---     print(parts.host, parts.port, parts.path)        --> example.com  8080  /a/b
---     print(url.absolute("http://h/a/b", "../c"))      --> http://h/c

local socket = require("socket")

--- The components of a URL. Absent ones are nil, which differs from empty: `http://h?` has the query "".
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

--- parse: the components of a URL in a new table, over a copy of every pair of `default` (url.parse).
--- Failure (no URL, or an empty one): nil, "invalid url".
---
--- build: the URL of a table of components; nothing is escaped. A `host` comes before
--- `authority`, `user` before `userinfo` (url.build).
---
--- absolute: the URL that `relative` means in a document at `base`, without dot segments (url.absolute).
---
--- escape: percent-encodes every byte but letters, digits and `_`. unescape: decodes; what is no
--- encoding stays (url.escape).
---
--- parse_path: the segments of a path, decoded; empty ones are lost (url.parse_path).
---@class socket.url
---@field _VERSION string
---@field parse fun(url: string?, default: table?): socket.url.Components?, string?
---@field build fun(components: socket.url.Components): string
---@field absolute fun(base: string|socket.url.Components|nil, relative: string?): string
---@field escape fun(text: string): string
---@field unescape fun(text: string): string
---@field parse_path fun(path: string?): socket.url.Path
local url = require("socket.native")("socket_url")

local build_path = url.build_path

--- The path made of segments, each percent-encoded as far as it must be (url.build_path).
---@param segments socket.url.Path
---@param unsafe? any true-ish: the segments are used as they are
---@return string path
function url.build_path(segments, unsafe)
    return build_path(segments, #segments, unsafe)
end

socket.url = url

return url
