---@meta ssl.https

---HTTPS requests.
---@class ssl.https
---@field PORT integer 443
---@field TIMEOUT number? seconds that one operation may take: 60
---@field VERIFY "none"|"peer"|string[]|nil "none": verify nobody unless a request says otherwise
---@field PROXY boolean? false: refuse to use proxies
---@field cfg ssl.Parameters defaults
---@field _VERSION string
---@field _COPYRIGHT string
local https = {}

---Makes a request over TLS.
---@param url string
---@param body? string form to post
---@return string? body nil on failure
---@return integer|string code on failure the message
---@return table<string, string>? headers by lower-case name
---@return string? status the status line; on failure why a certificate was refused
---@overload fun(request: socket.http.Request): 1|nil, integer|string, table<string, string>?, string?
function https.request(url, body) end

---Makes a `create` whose objects speak TLS once they are connected.
---@param parameters? ssl.Parameters
---@return fun(): table?, string?
function https.tcp(parameters) end

return https
