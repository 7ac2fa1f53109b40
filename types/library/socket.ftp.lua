---@meta socket.ftp

---What `ftp.get`, `ftp.put` and `ftp.command` take.
---@class socket.ftp.Request
---@field host? string
---@field port? string|number default 21
---@field user? string
---@field password? string
---@field path? string percent-encoded
---@field argument? string|(string|false)[] as it is
---@field type? "a"|"i"
---@field command? string|number|(string|number)[]
---@field check? any replies to accept, of `ftp.command`
---@field sink? ltn12.Sink of `ftp.get`
---@field source? ltn12.Source of `ftp.put`
---@field step? ltn12.Step
---@field create? fun(): table|userdata|nil, string? makes the control connection
---@field url? string for fields that are not given

---A session with a server. Its methods raise what fails, for `socket.protect`.
---@class socket.ftp.Session
---@field data? table|userdata the data connection, while there is one
local session = {}

---Reads the greeting.
---@return number one
function session:greet() end

---Logs in.
---@param user? string
---@param password? string
---@return number one
function session:login(user, password) end

---Changes the directory.
---@param directory string
---@return number one
function session:cwd(directory) end

---Sets the type of transfers.
---@param type "a"|"i"
---@return number one
function session:type(type) end

---Passive mode: asks where the server listens.
---@return string address
---@return integer port
function session:pasv() end

---Passive mode: asks where the server listens.
---@return string address
---@return integer port
function session:epsv() end

---Active mode: says where this end listens.
---@param address? string
---@param port? integer
---@return number one
function session:port(address, port) end

---Active mode in any address family.
---@param family integer 1 for IPv4, 2 for IPv6
---@param address? string
---@param port? integer
---@return number one
function session:eprt(family, address, port) end

---Makes the data connection of passive mode.
function session:pasvconnect() end

---Accepts the data connection of active mode.
function session:portconnect() end

---Downloads.
---@param request socket.ftp.Request
---@return number one
function session:receive(request) end

---Uploads.
---@param request socket.ftp.Request
---@return integer bytes
function session:send(request) end

---Ends the session.
---@return number one
function session:quit() end

---Closes everything.
---@return number one
function session:close() end

---An FTP client.
---@class socket.ftp
---@field TIMEOUT number? seconds an operation waits: 60
---@field USER string default user: "ftp"
---@field PASSWORD string default password
local ftp = {}

---Downloads a URL, or what a table names into its `sink`.
---@param url string
---@return string? content nil on failure
---@return string? message
---@return nil
---@return string? why a certificate was refused, if that was it
---@overload fun(request: socket.ftp.Request): 1|nil, string?
function ftp.get(url) end

---Uploads to a URL, or what a table's `source` gives.
---@param url string
---@param content string
---@return integer? bytes nil on failure
---@return string? message
---@return nil
---@return string? why a certificate was refused, if that was it
---@overload fun(request: socket.ftp.Request): integer?, string?
function ftp.put(url, content) end

---Sends commands that need no data connection.
---@param request socket.ftp.Request
---@return number? one nil on failure
---@return string? message
---@return nil
---@return string? why a certificate was refused, if that was it
function ftp.command(request) end

---The request table of a URL. Raises its failure, for `socket.protect`.
---@param url string
---@return socket.ftp.Request
function ftp.genericform(url) end

---Connects. Raises its failure, for `socket.protect`.
---@param host string
---@param port? string|number default 21
---@param create? fun(): table|userdata|nil, string?
---@return socket.ftp.Session
function ftp.open(host, port, create) end

return ftp
