---@meta http.server

---@class http
local http = {}

---A function that answers requests.
---@alias http.handler fun(request: http.request, writer: http.writer): http.answer?

---The response that a handler returns.
---@class http.answer
---@field status? integer 200 to 599; default 200
---@field headers? table name to string, number or array; pairs `{name, value}` at integer positions
---@field body? string|ltn12.Source|file*|file a string, a source, or an open file, which is closed afterwards

---An address on which a server listens.
---@class http.address
---@field host? string
---@field port? integer
---@field tls? http.tls

---Parameters of TLS: those of `ssl.newcontext` for a server.
---@class http.tls: ssl.Parameters
---@field sni? table<string, ssl.Parameters> certificates by server name

---Options of `http.listen`. `false` removes a limit. Times are in seconds. Numbers after a semicolon are defaults.
---@class http.listenoptions
---@field maxline? integer|false most bytes of a request line; 8192
---@field maxhead? integer|false most bytes of a head; 32768
---@field maxfields? integer|false most fields of a head; 100
---@field maxbody? integer|false most bytes of a body; 1048576
---@field maxtrailer? integer|false most bytes of trailers, and of chunk extensions; 8192
---@field headtime? number|false from the first byte of a head to its end; 10
---@field progresstime? number|false without progress of a body or response; 30
---@field idletime? number|false before the first byte of a request; 15
---@field tlstime? number|false for a TLS handshake; 10
---@field handlertime? number|false for the waits of a handler; no limit
---@field maxrequests? integer|false most requests of a connection; 1000
---@field maxconnections? integer|false most concurrent connections; 1000
---@field drain? integer|false most bytes of an unread body that are read and discarded; 65536
---@field linger? number|false for the peer to read the last response; 2
---@field backlog? integer most connections that may wait to be accepted; 511
---@field keepalive? boolean false: one request per connection
---@field nodelay? boolean TCP_NODELAY; true
---@field reuseport? boolean several processes listen on one port
---@field mode? integer permissions of a Unix socket; 384, which is 0600
---@field tls? http.tls
---@field addresses? http.address[] additional addresses
---@field socket? socket.TcpSocket|socket.UnixStream a listening object instead of an address
---@field stream? boolean|fun(method: string, path: string): boolean whether the handler reads the bodies
---@field errors? table<integer, fun(status: integer, request: http.request?): http.answer> custom responses to errors
---@field on_error? fun(message: any, traceback: string?, request: http.request?)
---@field log? boolean|file*|file|fun(entry: http.logentry)
---@field server_name? string|false value of `Server`
---@field host? string in the form with one table
---@field port? integer in the form with one table
---@field handler? http.handler in the form with one table

---Serves HTTP, with one task for each connection. Outside tasks, it returns when the server has stopped.
---@param host string|http.listenoptions|nil address or name, `"*"`, `"unix:<path>"`; default 127.0.0.1
---@param port? number 0, nil: any free port
---@param handler? http.handler without a handler, `server:accept` returns connections
---@param options? http.listenoptions|function a function is `on_error`
---@return http.server? server outside tasks true, when the server has stopped
---@return string? message
---@return_overload http.server
---@return_overload nil, string message
function http.listen(host, port, handler, options) end

---Options of `http.files`.
---@class http.filesoptions
---@field prefix? string removed from the path
---@field index? string|false file for paths that end in a slash; default `"index.html"`
---@field types? table<string, string> additional content types by extension
---@field maxage? number seconds for `Cache-Control`
---@field headers? table<string, string> added to each response with a file
---@field dotfiles? boolean serve names that begin with a dot
---@field symlinks? "inside"|boolean which links to follow; `"inside"`: those that stay in the folder

---Makes a handler that serves the files of a folder.
---@param folder string
---@param options? http.filesoptions
---@return (fun(request: http.request, writer?: http.writer): http.answer?)? handler nil when the folder cannot be opened
---@return string? message
---@return_overload fun(request: http.request, writer?: http.writer): http.answer?
---@return_overload nil, string message
function http.files(folder, options) end

---One line of the Combined Log Format, without a line end.
---@param entry http.logentry
---@return string line
function http.combined(entry) end

---The argument of `log`.
---@class http.logentry
---@field ip string
---@field user string? user name in `Authorization: Basic`
---@field method string? nil when no valid request line was read
---@field url string?
---@field version string?
---@field status integer?
---@field bytes integer? bytes of the body that was sent
---@field referer string?
---@field agent string?
---@field time integer when the response was complete
---@field duration? number seconds since the head was received
---@field reason string? why a request was refused
---@field aborted boolean? true when the peer disconnected or was cut

---@class http.server
local server = {}

---Accepts a connection, on a server without a handler.
---@param timeout? number
---@return http.connection? connection
---@return string? message "timeout", "closed"
---@return_overload http.connection
---@return_overload nil, string message
function server:accept(timeout) end

---Stops at once.
---@return boolean? ok
---@return string? message
---@return_overload true
---@return_overload nil, string message
function server:close() end

---An address on which the server listens.
---@param n? integer from 1
---@return string address or path
---@return integer port missing for a path
function server:getsockname(n) end

---Statistics of the server.
---@return {connections: integer, active: integer, requests: integer, errors: integer}
function server:stats() end

---Stops the server: accepts no more connections, closes idle ones, and finishes current requests.
---@param seconds? number seconds before remaining connections are cut; default 30
---@return boolean? ok
---@return string? message "timeout" when a connection was cut
---@return_overload true
---@return_overload nil, string message
function server:stop(seconds) end

---Replaces the certificates for later handshakes.
---@param parameters http.tls
---@return boolean? ok
---@return string? message
---@return_overload true
---@return_overload nil, string message
function server:tls(parameters) end

---Waits until the server has stopped.
---@param timeout? number
---@return boolean? ok
---@return string? message
---@return_overload true
---@return_overload nil, string message
function server:wait(timeout) end

---A connection of a server without a handler.
---@class http.connection
---@field ip string
---@field port integer?
local connection = {}

---Closes the connection.
function connection:close() end

---Receives the next request.
---@param timeout? number seconds to wait for its first byte
---@return http.request? request
---@return string? message "closed" at the end, "timeout", or why a request was refused
---@return_overload http.request
---@return_overload nil, string message
function connection:receive(timeout) end

---Sends the response to the last request received.
---@param answer http.answer
---@return boolean? ok
---@return string? message
---@return_overload true
---@return_overload nil, string message
function connection:respond(answer) end

---The writer for the last request received.
---@return http.writer
function connection:writer() end

---A request.
---@class http.request
---@field method string as sent
---@field url string the request target as sent
---@field path string not decoded
---@field query string? not decoded
---@field params table<string, string> the decoded query: first value of each name
---@field headers table<string, string> a lookup ignores case
---@field header_list string[][] pairs in order
---@field cookies table<string, string>
---@field body string? nil when the body is streamed
---@field ip string address of the peer
---@field port integer?
---@field host string? lower case, without port
---@field scheme "http"|"https"
---@field version "1.0"|"1.1"
---@field tls {protocol: string, cipher: string, alpn: string?, sni: string?, certificate: ssl.Certificate?}? of the client
---@field id integer number of the request on its connection
---@field server http.server
local request = {}

---All values of a name in the query.
---@param name string
---@return string[]
function request:param_values(name) end

---Reads a streamed body. A body that was read whole can be read, too.
---@param what? integer|string number of bytes, "*l" or "*a"; default: the available bytes
---@return string? data nil at the end
---@return string? message "oversized", "timeout", "closed", "invalid chunk size"
function request:read(what) end

---The body as an LTN12 source.
---@return ltn12.Source
function request:source() end

---All values of a header field.
---@param name string in any case
---@return string[]
function request:values(name) end

---Writes a response in pieces.
---@class http.writer
local writer = {}

---Sends a comment in an event stream.
---@param text? string
---@return boolean? ok
---@return string? message
---@return_overload true
---@return_overload nil, string message
function writer:comment(text) end

---Sends a Server-Sent Event. Raises for other fields and types.
---@param event string|number|{data?: string|number, event?: string|number, id?: string|number, retry?: integer}
---@return boolean? ok
---@return string? message
---@return_overload true
---@return_overload nil, string message
function writer:event(event) end

---Ends the response.
---@return boolean? ok
---@return string? message
---@return_overload true
---@return_overload nil, string message
function writer:finish() end

---Sends the collected data.
---@return boolean? ok
---@return string? message
---@return_overload true
---@return_overload nil, string message
function writer:flush() end

---Returns whether the peer has not closed.
---@return boolean
function writer:isopen() end

---Starts the response.
---@param status? integer
---@param headers? table
---@return boolean? ok
---@return string? message
---@return_overload true
---@return_overload nil, string message
function writer:start(status, headers) end

---Writes a piece of the body.
---@param data string|number
---@return boolean? ok
---@return string? message "closed", "timeout"
---@return_overload true
---@return_overload nil, string message
function writer:write(data) end

return http
