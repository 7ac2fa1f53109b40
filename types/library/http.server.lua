---@meta http.server

---@class http
local http = {}

---What answers requests.
---@alias http.handler fun(request: http.request, writer: http.writer): http.answer?

---What a handler returns.
---@class http.answer
---@field status? integer 200 to 599; 200
---@field headers? table name to string, number or array; pairs `{name, value}` at integer positions
---@field body? string|ltn12.Source|file* a string, a source, or an open file, which is closed afterwards

---An address that a server listens on.
---@class http.address
---@field host? string
---@field port? integer
---@field tls? http.tls

---Parameters of TLS: those of `ssl.newcontext` for a server.
---@class http.tls: ssl.Parameters
---@field sni? table<string, ssl.Parameters> certificates of names

---Options of `http.listen`. `false` lifts a limit; times are seconds.
---@class http.listenoptions
---@field maxline? integer|false bytes of a request line; 8192
---@field maxhead? integer|false bytes of a head; 32768
---@field maxfields? integer|false fields of a head; 100
---@field maxbody? integer|false bytes of a body; 1048576
---@field maxtrailer? integer|false bytes of trailers, and of extensions of chunks; 8192
---@field headtime? number|false from the first byte of a head to its end; 10
---@field progresstime? number|false with hardly a byte of body or answer; 30
---@field idletime? number|false before the first byte of a request; 15
---@field tlstime? number|false for a TLS handshake; 10
---@field handlertime? number|false for the waits of a handler; none
---@field maxrequests? integer|false requests of a connection; 1000
---@field maxconnections? integer|false connections at once; 1000
---@field drain? integer|false bytes of a body that nobody read; 65536
---@field linger? number|false for the peer to read the last answer; 2
---@field backlog? integer connections that the system holds; 511
---@field keepalive? boolean false: one request a connection
---@field nodelay? boolean TCP_NODELAY; true
---@field reuseport? boolean several processes listen on one port
---@field mode? integer permissions of a Unix socket; 384, which is 0600
---@field tls? http.tls
---@field addresses? http.address[] further ones
---@field socket? socket.TcpSocket|socket.UnixStream a listening object instead of an address
---@field stream? boolean|fun(method: string, path: string): boolean whether bodies are left to the handler
---@field errors? table<integer, fun(status: integer, request: http.request?): http.answer> answers to errors
---@field on_error? fun(message: any, traceback: string?, request: http.request?)
---@field log? boolean|file*|fun(entry: http.logentry)
---@field server_name? string|false value of `Server`
---@field host? string in the form with one table
---@field port? integer in the form with one table
---@field handler? http.handler in the form with one table

---Serves HTTP: a task for each connection. Outside tasks it returns when the server has stopped.
---@param host string|http.listenoptions|nil address or name, `"*"`, `"unix:<path>"`; 127.0.0.1
---@param port? integer 0: any
---@param handler? http.handler without one, `server:accept` gives connections
---@param options? http.listenoptions|function a function is `on_error`
---@return http.server|true|nil server
---@return string? message
function http.listen(host, port, handler, options) end

---Options of `http.files`.
---@class http.filesoptions
---@field prefix? string taken off the path
---@field index? string|false for paths that end in a slash; `"index.html"`
---@field types? table<string, string> extension to type, in addition
---@field maxage? number seconds for `Cache-Control`
---@field headers? table<string, string> added to each answer with a file
---@field dotfiles? boolean serves names that begin with a dot
---@field symlinks? "inside"|boolean which links are followed; `"inside"` the folder

---A handler that answers with the files of a folder.
---@param folder string
---@param options? http.filesoptions
---@return http.handler? handler nil when the folder cannot be opened
---@return string? message
function http.files(folder, options) end

---One line of the Combined Log Format, without a line end.
---@param entry http.logentry
---@return string line
function http.combined(entry) end

---What `log` gets.
---@class http.logentry
---@field ip string
---@field user string? of `Authorization: Basic`
---@field method string? nil when there was no request
---@field url string?
---@field version string?
---@field status integer?
---@field bytes integer? of the body that was sent
---@field referer string?
---@field agent string?
---@field time integer when the answer was done
---@field duration number seconds since the head had come
---@field reason string? why a request was refused
---@field aborted boolean? true when the peer has gone or was cut

---@class http.server
local server = {}

---A connection, on a server without a handler.
---@param timeout? number
---@return http.connection? connection
---@return string? message "timeout", "closed"
function server:accept(timeout) end

---Stops at once.
---@return boolean? ok
---@return string? message
function server:close() end

---An address that the server listens on.
---@param n? integer from 1
---@return string? address or path
---@return integer? port
function server:getsockname(n) end

---Numbers of the server.
---@return {connections: integer, active: integer, requests: integer, errors: integer}
function server:stats() end

---Stops: accepts no more, closes what is idle, answers what has begun.
---@param seconds? number 30
---@return boolean? ok
---@return string? message "timeout" when something had to be cut
function server:stop(seconds) end

---Takes new certificates for handshakes from now on.
---@param parameters http.tls
---@return boolean? ok
---@return string? message
function server:tls(parameters) end

---Waits until the server has stopped.
---@param timeout? number
---@return boolean? ok
---@return string? message
function server:wait(timeout) end

---A connection of a server without a handler.
---@class http.connection
---@field ip string
---@field port integer?
local connection = {}

---Closes it.
function connection:close() end

---The next request.
---@param timeout? number seconds to wait for its first byte
---@return http.request? request
---@return string? message "closed" at the end, "timeout", or why a request was refused
function connection:receive(timeout) end

---Answers the request that was received last.
---@param answer http.answer
---@return boolean? ok
---@return string? message
function connection:respond(answer) end

---The writer for the request that was received last.
---@return http.writer
function connection:writer() end

---A request.
---@class http.request
---@field method string as sent
---@field url string the request target as sent
---@field path string not decoded
---@field query string? not decoded
---@field params table<string, string> the decoded query, the first value of each name
---@field headers table<string, string> looked up in any spelling
---@field header_list string[][] pairs in order
---@field cookies table<string, string>
---@field body string? nil when it is streamed
---@field ip string of the peer
---@field port integer?
---@field host string? lower case, without port
---@field scheme "http"|"https"
---@field version "1.0"|"1.1"
---@field tls {protocol: string, cipher: string, alpn: string?, sni: string?}?
---@field id integer number of the request on its connection
---@field server http.server
local request = {}

---All values of a name in the query.
---@param name string
---@return string[]
function request:param_values(name) end

---Reads a body that is streamed.
---@param what? integer|string so many bytes, "*l", "*a"; without it, what has come
---@return string? data nil at the end
---@return string? message "oversized", "timeout", "closed", "invalid chunk size"
function request:read(what) end

---A body that is streamed, as an LTN12 source.
---@return ltn12.Source
function request:source() end

---The values of all fields of a name.
---@param name string in any spelling
---@return string[]
function request:values(name) end

---An answer in pieces.
---@class http.writer
local writer = {}

---Sends a comment in an event stream.
---@param text? string
---@return boolean? ok
---@return string? message
function writer:comment(text) end

---Sends a Server-Sent Event.
---@param event string|{data?: string, event?: string, id?: string, retry?: integer}
---@return boolean? ok
---@return string? message
function writer:event(event) end

---Ends the answer.
---@return boolean? ok
---@return string? message
function writer:finish() end

---Sends what has gathered.
---@return boolean? ok
---@return string? message
function writer:flush() end

---Whether the peer has not closed.
---@return boolean
function writer:isopen() end

---Begins the answer.
---@param status? integer
---@param headers? table
---@return boolean? ok
---@return string? message
function writer:start(status, headers) end

---Writes a piece of the body.
---@param data string|number
---@return boolean? ok
---@return string? message "closed", "timeout"
function writer:write(data) end

return http
