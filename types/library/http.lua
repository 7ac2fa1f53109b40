---@meta http

---Options of a request. An unknown name raises an error.
---@class http.Options
---@field query? string|table replaces the URL's query: text, a table of names and values, or pairs
---@field headers? table names and values (an array: several lines; false: no line), or pairs
---@field cookies? table<string, string|number|false> names and values
---@field body? string|ltn12.Source|file*|file the request body
---@field form? string|table the request body, as a form
---@field multipart? table the request body, as parts of a form with files
---@field auth? { user: string, pass: string, scheme: string? } credentials for Basic or Digest
---@field timeout? number|string seconds for the whole call, or a text such as "1m30s"
---@field timeouts? table<string, number|string|false> limits of the phases resolve, connect, tls, send, first, idle
---@field sink? ltn12.Sink receives the body
---@field stream? boolean returns after the response's head; the body is read later
---@field file? string receives the body
---@field resume? boolean|string resume a partial file; a string: its ETag or date
---@field progress? fun(direction: string, done: integer, total: integer?): any return false to stop
---@field decode? boolean|string|string[] false: no codings; "strict": an unknown coding fails; an array: only these codings
---@field maxbody? integer|false most bytes of the body
---@field redirect? boolean|integer false: follow none; a number: most redirects
---@field downgrade? boolean follow redirects from https to http
---@field retries? number|boolean further attempts; true: one
---@field retrywait? number|string seconds before the first retry
---@field pool? http.Pool|boolean
---@field jar? http.Jar|boolean true, in a session only: a new jar
---@field proxy? string|false URL of a proxy; false: none; default: the environment's
---@field noproxy? string[] hosts reached without a proxy
---@field tls? ssl.Parameters
---@field create? fun(): table|userdata|nil, string? makes the socket
---@field unix? string path of a Unix socket

---A request as a table: a method, a URL or its parts, and options.
---@class http.Request: http.Options
---@field method? string default "GET"
---@field url? string
---@field scheme? string default "http"
---@field host? string
---@field port? integer|string
---@field path? string default "/"

---A response.
---@class http.Response
---@field status integer the code of the answer, such as 200
---@field status_code integer same as `status`
---@field ok boolean whether the status is 200 to 299
---@field reason string the text after the code, such as "OK"
---@field version string such as "1.1"
---@field headers table<string, string> first value by Title-Case name; a lookup ignores case
---@field header_list string[][] pairs of name and value, as received
---@field body string nil with `sink`, `file` and `stream`
---@field body_size integer bytes after decoding
---@field cookies table<string, string> cookies that this response sets
---@field url string last requested URL
---@field history table[] followed redirects: status, url, headers
local response = {}

---The first value of a header.
---@param name string in any case
---@return string? value
function response:header(name) end

---All values of a header.
---@param name string in any case
---@return string[] values
function response:values(name) end

---The body, or its rest, as a source. With `stream`, its pieces come as they arrive.
---@return ltn12.Source
function response:source() end

---Reads the body. With `stream`, it waits for the bytes.
---@param what? integer|string number of bytes, fewer only at the end; "*l", a line; "*a", all; nil: available bytes
---@return string? data nil at the end
---@return string? message
function response:read(what) end

---Ends reading a streamed body.
function response:close() end

---A pool of connections for further requests.
---@class http.Pool
local pool = {}

---Closes the idle connections.
function pool:close() end

---Counters of the pool.
---@return table<string, integer> counts `idle`, `made`, `reused`, `dropped`
function pool:stats() end

---A cookie.
---@class http.Cookie
---@field name string
---@field value string
---@field domain string
---@field path string
---@field expires integer? Unix time
---@field secure boolean
---@field httponly boolean
---@field hostonly boolean
---@field samesite string?

---A cookie jar.
---@class http.Jar
local jar = {}

---Stores the cookie of a Set-Cookie header.
---@param url string URL of the response
---@param setcookie string
---@return true? kept
---@return string? reason
---@return_overload true
---@return_overload nil, string reason
function jar:set(url, setcookie) end

---The Cookie header for a request.
---@param url string
---@return string? header
function jar:header(url) end

---All cookies, or those for a URL.
---@param url? string
---@return http.Cookie[] cookies
function jar:cookies(url) end

---Removes the cookies of a domain, or all.
---@param domain? string
---@return true
function jar:clear(domain) end

---Adds the cookies from a file.
---@param file string
---@return true? ok
---@return string? message
---@return_overload true
---@return_overload nil, string message
function jar:load(file) end

---Writes the cookies to a file.
---@param file string
---@return true? ok
---@return string? message
---@return_overload true
---@return_overload nil, string message
function jar:save(file) end

---Requests that share a pool, a jar and defaults.
---@class http.Session
---@field pool http.Pool|false
---@field jar http.Jar nil without the option `jar`
local session = {}

---Makes a request.
---@param method string?
---@param url string relative to `base`
---@param options? http.Options
---@return http.Response? response
---@return string? message
---@return string? phase
---@return string? why
---@return_overload http.Response
---@return_overload nil, string message, string phase, string why
---@overload fun(self: http.Session, request: http.Request): http.Response?, string?, string?, string?
function session:request(method, url, options) end

---GET.
---@param url string
---@param options? http.Options
---@return http.Response? response
---@return string? message
---@return string? phase
---@return string? why
---@return_overload http.Response
---@return_overload nil, string message, string phase, string why
function session:get(url, options) end

---POST.
---@param url string
---@param options? http.Options
---@return http.Response? response
---@return string? message
---@return string? phase
---@return string? why
---@return_overload http.Response
---@return_overload nil, string message, string phase, string why
function session:post(url, options) end

---PUT.
---@param url string
---@param options? http.Options
---@return http.Response? response
---@return string? message
---@return string? phase
---@return string? why
---@return_overload http.Response
---@return_overload nil, string message, string phase, string why
function session:put(url, options) end

---DELETE.
---@param url string
---@param options? http.Options
---@return http.Response? response
---@return string? message
---@return string? phase
---@return string? why
---@return_overload http.Response
---@return_overload nil, string message, string phase, string why
function session:delete(url, options) end

---HEAD.
---@param url string
---@param options? http.Options
---@return http.Response? response
---@return string? message
---@return string? phase
---@return string? why
---@return_overload http.Response
---@return_overload nil, string message, string phase, string why
function session:head(url, options) end

---PATCH.
---@param url string
---@param options? http.Options
---@return http.Response? response
---@return string? message
---@return string? phase
---@return string? why
---@return_overload http.Response
---@return_overload nil, string message, string phase, string why
function session:patch(url, options) end

---OPTIONS.
---@param url string
---@param options? http.Options
---@return http.Response? response
---@return string? message
---@return string? phase
---@return string? why
---@return_overload http.Response
---@return_overload nil, string message, string phase, string why
function session:options(url, options) end

---Makes several requests concurrently.
---@param list table[] entries `{ method, url, options }` or request tables
---@param options? { most: number? }
---@return table<integer, http.Response?> responses by position
---@return table<integer, string> messages by position
function session:request_batch(list, options) end

---Closes the connections of the session's pool.
function session:close() end

---HTTP client and server.
---@class http
---@field USERAGENT string? value of the User-Agent header; nil sends none
local http = {}

---Makes a request.
---@param method string?
---@param url string
---@param options? http.Options
---@return http.Response? response
---@return string? message
---@return string? phase
---@return string? why
---@return_overload http.Response
---@return_overload nil, string message, string phase, string why
---@overload fun(request: http.Request): http.Response?, string?, string?, string?
function http.request(method, url, options) end

---GET.
---@param url string
---@param options? http.Options
---@return http.Response? response
---@return string? message
---@return string? phase
---@return string? why
---@return_overload http.Response
---@return_overload nil, string message, string phase, string why
function http.get(url, options) end

---POST.
---@param url string
---@param options? http.Options
---@return http.Response? response
---@return string? message
---@return string? phase
---@return string? why
---@return_overload http.Response
---@return_overload nil, string message, string phase, string why
function http.post(url, options) end

---PUT.
---@param url string
---@param options? http.Options
---@return http.Response? response
---@return string? message
---@return string? phase
---@return string? why
---@return_overload http.Response
---@return_overload nil, string message, string phase, string why
function http.put(url, options) end

---DELETE.
---@param url string
---@param options? http.Options
---@return http.Response? response
---@return string? message
---@return string? phase
---@return string? why
---@return_overload http.Response
---@return_overload nil, string message, string phase, string why
function http.delete(url, options) end

---HEAD.
---@param url string
---@param options? http.Options
---@return http.Response? response
---@return string? message
---@return string? phase
---@return string? why
---@return_overload http.Response
---@return_overload nil, string message, string phase, string why
function http.head(url, options) end

---PATCH.
---@param url string
---@param options? http.Options
---@return http.Response? response
---@return string? message
---@return string? phase
---@return string? why
---@return_overload http.Response
---@return_overload nil, string message, string phase, string why
function http.patch(url, options) end

---OPTIONS.
---@param url string
---@param options? http.Options
---@return http.Response? response
---@return string? message
---@return string? phase
---@return string? why
---@return_overload http.Response
---@return_overload nil, string message, string phase, string why
function http.options(url, options) end

---Makes several requests concurrently.
---@param list table[] entries `{ method, url, options }` or request tables
---@param options? { most: number? }
---@return table<integer, http.Response?> responses by position
---@return table<integer, string> messages by position
function http.request_batch(list, options) end

---Makes a session.
---@param options? http.Options with `base`, the base of relative URLs; `jar = true` for a new jar
---@return http.Session
function http.session(options) end

---Makes a pool.
---@param options? { idle: integer?, perhost: integer?, age: number? }
---@return http.Pool
function http.pool(options) end

---Makes a cookie jar.
---@param options? { publicsuffix: string|false|nil }
---@return http.Jar? jar
---@return string? message
---@return_overload http.Jar
---@return_overload nil, string message
function http.jar(options) end

---Formats a Unix time as an HTTP date.
---@param time? number default now
---@return string date
function http.format_date(time) end

---Parses an HTTP date to a Unix time.
---@param text string
---@return integer? time
function http.parse_date(text) end

return http
