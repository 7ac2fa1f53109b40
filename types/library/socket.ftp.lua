---@meta socket.ftp

---The argument of `ftp.get`, `ftp.put` and `ftp.command`.
---@class socket.ftp.Request
---@field host? string
---@field port? string|number default 21
---@field user? string
---@field password? string
---@field path? string percent-encoded
---@field argument? string|(string|false)[] argument of the command, sent unchanged
---@field type? "a"|"i"
---@field command? string|number|(string|number)[]
---@field check? any for `ftp.command`: the replies to accept
---@field sink? ltn12.Sink for `ftp.get`
---@field source? ltn12.Source for `ftp.put`
---@field step? ltn12.Step
---@field create? fun(): table|userdata|nil, string? makes the control connection
---@field url? string default for fields that are not given

---A session with a server. Its methods raise their failures; catch them with `socket.protect`.
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

---Passive mode: asks the server for an address to connect to.
---@return string address
---@return integer port
function session:pasv() end

---Passive mode: asks the server for an address to connect to.
---@return string address
---@return integer port
function session:epsv() end

---Active mode: sends the server an address to connect to.
---@param address? string
---@param port? integer
---@return number one
function session:port(address, port) end

---Active mode for any address family.
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
---@field TIMEOUT number? limit of one operation in seconds: 60
---@field USER string default user: "ftp"
---@field PASSWORD string default password
local ftp = {}

---Downloads a URL. A request table writes the content into its `sink`.
---@param url string
---@return string? content nil on failure
---@return string? message
---@return nil
---@return string? why reason of a refused certificate, if that was the error
---@overload fun(request: socket.ftp.Request): 1|nil, string?
function ftp.get(url) end

---Uploads a string to a URL. A request table uploads its `source`.
---@param url string
---@param content string
---@return integer? bytes nil on failure
---@return string? message
---@return nil
---@return string? why reason of a refused certificate, if that was the error
---@overload fun(request: socket.ftp.Request): integer?, string?
function ftp.put(url, content) end

---Sends commands that need no data connection.
---@param request socket.ftp.Request
---@return number? one nil on failure
---@return string? message
---@return nil
---@return string? why reason of a refused certificate, if that was the error
function ftp.command(request) end

---The request table for a URL. Raises a failure; catch it with `socket.protect`.
---@param url string
---@return socket.ftp.Request
function ftp.genericform(url) end

---Connects. Raises a failure; catch it with `socket.protect`.
---@param host string
---@param port? string|number default 21
---@param create? fun(): table|userdata|nil, string?
---@return socket.ftp.Session
function ftp.open(host, port, create) end

return ftp
