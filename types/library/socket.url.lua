---@meta socket.url

---The parts of a URL; absent ones are nil.
---@class socket.url.Parts
---@field scheme? string
---@field authority? string `[userinfo@]host[:port]`
---@field userinfo? string `user[:password]`
---@field user? string
---@field password? string
---@field host? string IPv6 without brackets
---@field port? string|number
---@field path? string
---@field params? string
---@field query? string
---@field fragment? string

---@class socket.url.Segments
---@field [integer] string|number
---@field is_absolute? any
---@field is_directory? any

---Parses and builds URLs.
---@class socket.url
---@field _VERSION string
local url = {}

---Parses a URL.
---@param url string?
---@param default? socket.url.Parts used for absent parts
---@return socket.url.Parts? parts nil on failure
---@return "invalid url"? message
---@return_overload socket.url.Parts
---@return_overload nil, "invalid url" message
function url.parse(url, default) end

---Builds a URL. Nothing is escaped.
---@param parts socket.url.Parts
---@return string url
function url.build(parts) end

---Resolves `relative` in a document at `base`.
---@param base string|socket.url.Parts|nil
---@param relative string?
---@return string url
function url.absolute(base, relative) end

---Percent-encodes every byte except letters, digits and "_".
---@param text string
---@return string
function url.escape(text) end

---Decodes percent-encoding.
---@param text string
---@return string
function url.unescape(text) end

---The decoded segments of a path.
---@param path string?
---@return socket.url.Segments
function url.parse_path(path) end

---Builds a path from segments, encoded unless `unsafe`.
---@param segments socket.url.Segments
---@param unsafe? any
---@return string path
function url.build_path(segments, unsafe) end

return url
