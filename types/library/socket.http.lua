---@meta socket.http

---The request table of `http.request`: parts of a URL, and options.
---@class socket.http.Request: ssl.Parameters
---@field url? string
---@field scheme? string
---@field host? string
---@field port? string|number
---@field path? string
---@field params? string
---@field query? string
---@field user? string
---@field password? string for the server; with `key`, for the key
---@field uri? string the request target, sent unchanged
---@field method? string default "GET"
---@field headers? table<string|integer, string|number|table> pairs `{name, value}` at integer positions come last, in order
---@field source? ltn12.Source the body; in chunks unless there is a content-length
---@field sink? ltn12.Sink receives the response's body
---@field step? ltn12.Step
---@field redirect? boolean false: return a redirect as the response
---@field maxredirects? integer|false default 5; false: no limit
---@field proxy? string URL of a proxy or `host:port`; schemes http, socks5, socks5h, socks4a; or "environment"
---@field noproxy? string[] patterns of hosts reached without a proxy
---@field response_headers? fun(code: integer, headers: table<string, string>, status: string, socket: any): boolean?, any gets the head of the final response: returns true, and optionally another sink; or nil and a message
---@field pool? boolean|http.Pool true: the module's default pool
---@field decode? boolean|string|string[] true: every coding; "strict": an unknown coding fails
---@field jar? http.Jar|false
---@field deadline? number|string|false limit of the whole request: seconds or a duration
---@field maxbody? integer|false most bytes of the body after decoding
---@field retries? integer|boolean further attempts
---@field headerlist? table filled with `{name, value}` pairs
---@field resume? boolean|string with `file`: resume a partial file; a string: its ETag or date
---@field file? string with `resume`: the file for the body
---@field auth? table `{ user =, pass = }`, with `scheme = "digest"` for Digest
---@field create? fun(): table|userdata|nil, string? makes the socket

---The result of `http.genericform`.
---@class socket.http.GenericRequest: socket.http.Request
---@field target string[] receives the pieces of the body

---A connection from `http.open`. Its methods raise their failures; catch them with `socket.protect`.
---@class socket.http.Connection
local connection = {}

---Sends the request line.
---@param method? string default "GET"
---@param uri string
---@return any ...
function connection:sendrequestline(method, uri) end

---Sends all header lines and the blank line.
---@param headers table<string, string|number>
---@return number one
function connection:sendheaders(headers) end

---Sends a body: unchanged with a `content-length` header, else in chunks.
---@param headers table<string, string|number>
---@param source? ltn12.Source
---@param step? ltn12.Step
---@return number one
function connection:sendbody(headers, source, step) end

---Receives the status line.
---@return integer? code nil for an HTTP/0.9 response
---@return string line the status line, or the first five bytes of an HTTP/0.9 response
function connection:receivestatusline() end

---Receives the header lines.
---@return table<string, string> headers by lower-case name
function connection:receiveheaders() end

---Receives a body. The headers determine its framing.
---@param headers table<string, string>
---@param sink? ltn12.Sink
---@param step? ltn12.Step
---@return number one
function connection:receivebody(headers, sink, step) end

---Receives the body of an HTTP/0.9 response.
---@param status string its first five bytes
---@param sink? ltn12.Sink
---@param step? ltn12.Step
---@return number one
function connection:receive09body(status, sink, step) end

---Closes the connection.
---@return any ...
function connection:close() end

---An HTTP/1.1 client.
---@class socket.http
---@field TIMEOUT number? limit of one operation in seconds: 60
---@field USERAGENT string? value of the User-Agent header; nil sends none
---@field PROXY string? proxy for requests without their own
---@field POOL boolean|http.Pool|nil
---@field DECODE boolean|string|string[]|nil
---@field JAR http.Jar?
---@field DEADLINE number|string|nil
---@field MAXBODY integer?
---@field RETRIES integer|boolean|nil
---@field MAXHEADERLINE integer most bytes of a line in a response's head: 65536
---@field MAXHEADERSIZE integer most bytes of all header lines: 262144
---@field schemes table<string, { port: integer, create: fun(request: table): function }>
local http = {}

---Makes a request. With a URL sends GET; with a URL and a body posts a form; a table gives all options.
---@param url string|socket.http.Request
---@param body? string form to post
---@return string|1|nil body 1 for a table, nil on failure
---@return integer|string code on failure: the message
---@return table<string, string> headers by lower-case name; nil on failure
---@return string status the status line; on failure nil, or the reason of a refused certificate
function http.request(url, body) end

---The request table for a URL.
---@param url string
---@param body? string
---@return socket.http.GenericRequest
function http.genericform(url, body) end

---Makes a pool of connections, for the field `pool` or `http.POOL`.
---@param options? { idle?: integer, perhost?: integer, age?: number }
---@return http.Pool
function http.pool(options) end

---Makes a cookie jar, for the field `jar` or `http.JAR`.
---@param options? { publicsuffix?: string|false }
---@return http.Jar
function http.jar(options) end

---Opens a connection. Raises a failure; catch it with `socket.protect`.
---@param host string
---@param port string|number
---@param create? fun(): table|userdata|nil, string?
---@return socket.http.Connection
function http.open(host, port, create) end

return http
