---@meta ssl.https

---HTTPS requests.
---@class ssl.https
---@field PORT integer 443
---@field TIMEOUT number? limit of one operation in seconds: 60
---@field VERIFY "none"|"peer"|string[]|nil "none": no verification, unless a request overrides it
---@field PROXY boolean? false: refuse proxies
---@field cfg ssl.Parameters default TLS parameters
---@field _VERSION string
---@field _COPYRIGHT string
local https = {}

---Makes a request over TLS.
---@param url string|socket.http.Request
---@param body? string form to post
---@return string|1|nil body nil on failure
---@return integer|string code on failure: the message
---@return table<string, string> headers by lower-case name; nil on failure
---@return string status the status line; on failure nil, or the reason of a refused certificate
function https.request(url, body) end

---Makes a `create` function whose objects use TLS after they connect.
---@param parameters? ssl.Parameters
---@return fun(): table?, string?
function https.tcp(parameters) end

return https
