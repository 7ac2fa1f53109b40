---@meta socket.http

---What `http.request` takes: parts of a URL, and what to do with it.
---@class socket.http.Request: ssl.Parameters
---@field url? string
---@field scheme? string
---@field host? string
---@field port? string|number
---@field path? string
---@field params? string
---@field query? string
---@field user? string
---@field password? string with `key`, the key's
---@field uri? string the request target, sent as it is
---@field method? string default "GET"
---@field headers? table<string|integer, string|number|table> pairs `{name, value}` at integer positions come last, in order
---@field source? ltn12.Source the body; in chunks unless there is a content-length
---@field sink? ltn12.Sink gets the response's body
---@field step? ltn12.Step
---@field redirect? boolean false: a redirect is the answer
---@field maxredirects? integer|false default 5; false: any number
---@field proxy? string a proxy's URL or `host:port`, with http, socks5, socks5h or socks4a; "environment"
---@field noproxy? string[] patterns of hosts that are reached without a proxy
---@field response_headers? fun(code: integer, headers: table<string, string>, status: string, socket: any): boolean?, any looks at the head of the final answer: true, and another sink if wanted, or nil and a message
---@field pool? boolean|http.Pool true: the module's own pool of connections
---@field decode? boolean|string|string[] true: every coding; "strict": unknown ones are failures
---@field jar? http.Jar|false
---@field deadline? number|string|false seconds or a duration for the whole request
---@field maxbody? integer|false bytes of the body after decoding
---@field retries? integer|boolean further attempts
---@field headerlist? table filled with `{name, value}` pairs
---@field resume? boolean|string with `file`: goes on where it ends; or the ETag or date of what it has
---@field file? string with `resume`, the file that gets the body
---@field auth? table `{user, password}`, with `scheme = "digest"` for Digest
---@field create? fun(): table|userdata|nil, string? makes the socket

---What `http.genericform` makes.
---@class socket.http.GenericRequest: socket.http.Request
---@field target string[] gets the pieces of the body

---A connection, as `http.open` returns it. Its methods raise what fails, for `socket.protect`.
---@class socket.http.Connection
local connection = {}

---Sends the request line.
---@param method? string default "GET"
---@param uri string
---@return any ...
function connection:sendrequestline(method, uri) end

---Sends all header lines and the blank one.
---@param headers table<string, string|number>
---@return number one
function connection:sendheaders(headers) end

---Sends a body: as it is with a `content-length` among the headers, else in chunks.
---@param headers table<string, string|number>
---@param source? ltn12.Source
---@param step? ltn12.Step
---@return number one
function connection:sendbody(headers, source, step) end

---Receives the status line.
---@return integer? code nil when the answer is HTTP/0.9
---@return string line or the first five bytes of an HTTP/0.9 answer
function connection:receivestatusline() end

---Receives the header lines.
---@return table<string, string> headers by lower-case name
function connection:receiveheaders() end

---Receives a body, framed as the headers tell.
---@param headers table<string, string>
---@param sink? ltn12.Sink
---@param step? ltn12.Step
---@return number one
function connection:receivebody(headers, sink, step) end

---Receives the body of an HTTP/0.9 answer.
---@param status string its first five bytes
---@param sink? ltn12.Sink
---@param step? ltn12.Step
---@return number one
function connection:receive09body(status, sink, step) end

---Closes.
---@return any ...
function connection:close() end

---An HTTP/1.1 client.
---@class socket.http
---@field TIMEOUT number? seconds that one operation may take: 60
---@field USERAGENT string? nil sends none
---@field PROXY string? proxy for requests that name none
---@field POOL boolean|http.Pool|nil
---@field DECODE boolean|string|string[]|nil
---@field JAR http.Jar?
---@field DEADLINE number|string|nil
---@field MAXBODY integer?
---@field RETRIES integer|boolean|nil
---@field MAXHEADERLINE integer bytes of a line of a response's head: 65536
---@field MAXHEADERSIZE integer bytes of all of them: 262144
---@field schemes table<string, { port: integer, create: fun(request: table): function }>
local http = {}

---Makes a request. A URL alone gets, a URL and a body posts a form, a table does everything.
---@param url string
---@param body? string form to post
---@return string? body nil on failure
---@return integer|string code on failure the message
---@return table<string, string>? headers by lower-case name
---@return string? status the status line; on failure why a certificate was refused
---@overload fun(request: socket.http.Request): 1|nil, integer|string, table<string, string>?, string?
function http.request(url, body) end

---The request table that a URL stands for.
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

---Opens a connection. Raises its failure, for `socket.protect`.
---@param host string
---@param port string|number
---@param create? fun(): table|userdata|nil, string?
---@return socket.http.Connection
function http.open(host, port, create) end

return http
