---@meta ssl

---Parameters of a TLS connection.
---@class ssl.Parameters
---@field mode? "client"|"server"
---@field protocol? string "any", "sslv23", "tlsv1", "tlsv1_1", "tlsv1_2" or "tlsv1_3"
---@field verify? "peer"|"none"|("peer"|"none"|"client_once"|"fail_if_no_peer_cert")[]|false
---@field verifyhost? boolean false: do not verify the host name
---@field host? string for `newcontext`: the name to verify when `sni` gives none
---@field cafile? string PEM file of trusted authorities
---@field capath? string directory of trusted authorities
---@field certificate? string PEM file of the local certificate chain
---@field key? string PEM file of the private key
---@field password? string|fun(): string password of the key
---@field certificates? { certificate: string, key: string, password?: string|fun(): string }[] several certificates, of different kinds
---@field options? string|string[]
---@field alpn? string|string[]|fun(offered: string[]): string|string[]|nil a function only in a server
---@field ciphers? string for TLS 1.2 and earlier, in OpenSSL's notation
---@field ciphersuites? string for TLS 1.3, names separated by colons
---@field curve? string
---@field curveslist? string names separated by colons, best first
---@field dhparam? fun(export: boolean, bits: integer): string? PEM of the parameters
---@field depth? integer most intermediate certificates in a chain
---@field verifyext? string|string[] "lsec_continue", "lsec_ignore_purpose", "crl_check", "crl_check_chain"
---@field psk? function|{ hint?: string, callback: function } pre-shared keys
---@field dane? boolean|string|string[] true, or "no_ee_namechecks"
---@field session? boolean client only: keep sessions and resume them
---@field keylog? boolean write the secrets of connections to the file that `SSLKEYLOGFILE` names

---A context: TLS parameters shared by connections.
---@class ssl.Context
local context = {}

---Adds flags of `verifyext`, for later connections.
---@param flag string
---@param ... string
---@return boolean ok
---@return string? message
function context:setverifyext(flag, ...) end

---A certificate.
---@class ssl.Certificate
local certificate = {}

---The subject.
---@return { oid: string, name: string?, value: string }[]
function certificate:subject() end

---The issuer.
---@return { oid: string, name: string?, value: string }[]
function certificate:issuer() end

---The extensions with alternative names, by object identifier.
---@return table<string, table>
function certificate:extensions() end

---The serial number in hexadecimal.
---@return string
function certificate:serial() end

---The start of its validity.
---@return string
function certificate:notbefore() end

---The end of its validity.
---@return string
function certificate:notafter() end

---Returns whether the certificate is valid at a time.
---@param time number seconds since 1970
---@return boolean
function certificate:validat(time) end

---The certificate in PEM.
---@return string
function certificate:pem() end

---The public key.
---@return string pem
---@return "RSA"|"DSA"|"DH"|"EC"|"Unknown" kind
---@return integer bits
function certificate:pubkey() end

---The fingerprint in hexadecimal.
---@param algorithm? "sha1"|"sha256"|"sha512" default "sha1"
---@return string? digest
---@return string? message
---@return_overload string
---@return_overload nil, string message
function certificate:digest(algorithm) end

---The name of the signature algorithm.
---@return string
function certificate:getsignaturename() end

---Returns whether this certificate is a valid issuer of `certificate`.
---@param certificate ssl.Certificate
---@param ... ssl.Certificate intermediates
---@return true?
---@return string? message
---@return_overload true
---@return_overload nil, string message
function certificate:issued(certificate, ...) end

---Sets the encoding of strings in names.
---@param encoding "ai5"|"utf8"
---@return boolean
function certificate:setencode(encoding) end

---A TLS object.
---@class ssl.Connection
local conn = {}

---Sends close_notify and closes.
function conn:close() end

---Returns whether the read-ahead buffer has data. `socket.select` calls it.
---@return boolean
function conn:dirty() end

---Does the handshake.
---@return boolean ok
---@return string? message after a timeout "wantread" or "wantwrite"
---@return string? why reason of a refused certificate
function conn:dohandshake() end

---Exports keying material, which only the two ends can derive (RFC 5705).
---@param label string
---@param length integer
---@param context? string
---@return string? bytes
---@return string? message
---@return_overload string
---@return_overload nil, string message
function conn:exportkeyingmaterial(label, length, context) end

---The protocol negotiated with ALPN.
---@return string?
function conn:getalpn() end

---The descriptor; -1 when there is none.
---@return integer descriptor
function conn:getfd() end

---The latest local Finished message.
---@return string?
---@return string? message
---@return_overload string
---@return_overload nil, string message
function conn:getfinished() end

---A local certificate.
---@param n? integer default 1
---@return ssl.Certificate?
---@return string? message
---@return_overload ssl.Certificate
---@return_overload nil, string message
function conn:getlocalcertificate(n) end

---The local certificates.
---@return ssl.Certificate[]?
---@return string? message
---@return_overload ssl.Certificate[]
---@return_overload nil, string message
function conn:getlocalchain() end

---A certificate of the peer.
---@param n? integer default 1
---@return ssl.Certificate?
---@return string? message
---@return_overload ssl.Certificate
---@return_overload nil, string message
function conn:getpeercertificate(n) end

---The certificates of the peer.
---@return ssl.Certificate[]?
---@return string? message
---@return_overload ssl.Certificate[]
---@return_overload nil, string message
function conn:getpeerchain() end

---The latest Finished message of the peer.
---@return string?
---@return string? message
---@return_overload string
---@return_overload nil, string message
function conn:getpeerfinished() end

---Returns whether the peer's certificate is trusted.
---@return boolean ok
---@return string|table<integer, string[]>|nil why the reason; with "lsec_continue" the reasons by depth, counted from 1
function conn:getpeerverification() end

---The SNI name sent or received.
---@return string?
function conn:getsniname() end

---Bytes received and sent, and the age in seconds.
---@return number received
---@return number sent
---@return number age
function conn:getstats() end

---Information about protocol and cipher.
---@param field? "protocol"|"cipher"|"bits"|"algbits"|"key"|"authentication"|"encryption"|"mac"|"export"|"compression"
---@return any value without `field` the whole table; nil on failure
---@return string? message
function conn:info(field) end

---Returns whether the handshake resumed a session; nil before the handshake is complete.
---@return boolean?
function conn:reused() end

---Receives a line ("*l"), everything until the end ("*a"), or a number of bytes.
---@param pattern? "*l"|"*a"|integer|string default "*l"
---@param prefix? string put before the result, and counted
---@param maxsize? integer most bytes to receive, prefix included; more fails with "oversized"
---@return string? data nil on failure
---@return string? message "timeout", "closed", "oversized", or the system's
---@return string? partial on failure: the data received before it, prefix included
function conn:receive(pattern, prefix, maxsize) end

---Sends the bytes `i` to `j` of `data`, counted as in `string.sub`. After a "timeout", continue with `send(data, sent + 1)`.
---@param data string|number
---@param i? integer first byte; default 1
---@param j? integer last byte; default -1
---@return integer? last index of the last byte sent; nil on failure
---@return string? message "timeout", "closed", or the system's
---@return integer? sent on failure: index of the last byte that was sent
function conn:send(data, i, j) end

---Enables verification of the peer with the TLSA records of a name. For contexts with `dane`, before the handshake.
---@param name string
---@return boolean set
function conn:setdane(name) end

---Sets the statistics; nil leaves a number unchanged.
---@param received? number bytes
---@param sent? number bytes
---@param age? number seconds
---@return number one
function conn:setstats(received, sent, age) end

---Limits the time of calls: "b" limits each wait inside a call, "t" the whole call.
---@param seconds? number 0 never waits; nil or negative: no limit
---@param mode? "b"|"t"|string default "b"
---@return number one
function conn:settimeout(seconds, mode) end

---Adds a TLSA record, after `setdane`.
---@param usage integer
---@param selector integer
---@param type integer
---@param data string
---@return boolean added false when OpenSSL cannot use it
function conn:settlsa(usage, selector, type, data) end

---Client: sets the name to send and to verify. Server: sets contexts by name.
---@param name string|table<string, ssl.Context>
---@param strict? boolean
function conn:sni(name, strict) end

---The event that the last operation waited for.
---@return "nothing"|"read"|"write"
function conn:want() end

---TLS connections.
---@class ssl
---@field _VERSION string
---@field _COPYRIGHT string
---@field config { protocols: table<string, boolean>, options: table<string, boolean>, curves: table<string, boolean>, algorithms: table<string, boolean>, capabilities: table<string, any> }
local ssl = {}

---Makes a TLS object that takes over the socket's descriptor.
---@param socket table|userdata anything with `getfd` and `setfd`
---@param context ssl.Context|ssl.Parameters
---@return ssl.Connection? connection nil on failure
---@return string? message
---@return_overload ssl.Connection
---@return_overload nil, string message
function ssl.wrap(socket, context) end

---Makes a context.
---@param parameters ssl.Parameters
---@return ssl.Context? context nil on failure
---@return string? message
---@return_overload ssl.Context
---@return_overload nil, string message
function ssl.newcontext(parameters) end

---The first certificate in a PEM text.
---@param pem string
---@return ssl.Certificate?
function ssl.loadcertificate(pem) end

return ssl
