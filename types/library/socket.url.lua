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

---URLs taken apart and put together.
---@class socket.url
---@field _VERSION string
local url = {}

---Takes a URL apart.
---@param url string?
---@param default? socket.url.Parts for what is absent
---@return socket.url.Parts? parts nil on failure
---@return "invalid url"? message
function url.parse(url, default) end

---Puts a URL together; nothing is escaped.
---@param parts socket.url.Parts
---@return string url
function url.build(parts) end

---What `relative` means in a document at `base`.
---@param base string|socket.url.Parts|nil
---@param relative string?
---@return string url
function url.absolute(base, relative) end

---Encodes every byte but letters, digits and "_".
---@param text string
---@return string
function url.escape(text) end

---Decodes.
---@param text string
---@return string
function url.unescape(text) end

---The decoded segments of a path.
---@param path string?
---@return socket.url.Segments
function url.parse_path(path) end

---The path made of segments, encoded unless `unsafe`.
---@param segments socket.url.Segments
---@param unsafe? any
---@return string path
function url.build_path(segments, unsafe) end

return url
