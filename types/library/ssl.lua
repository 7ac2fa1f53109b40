---@meta ssl

---Parameters of a TLS connection.
---@class ssl.Parameters
---@field mode? "client"|"server"
---@field protocol? "any"|"sslv23"|"tlsv1"|"tlsv1_1"|"tlsv1_2"|"tlsv1_3"
---@field verify? "peer"|"none"|("peer"|"none"|"client_once"|"fail_if_no_peer_cert")[]|false
---@field verifyhost? boolean false: do not verify the host's name
---@field host? string of `newcontext`: the name to verify when `sni` tells none
---@field cafile? string PEM file of trusted authorities
---@field capath? string directory of them
---@field certificate? string PEM file of this end's chain
---@field key? string PEM file
---@field password? string|fun(): string the key's
---@field certificates? { certificate: string, key: string, password?: string|fun(): string }[] several, of different kinds
---@field options? string|string[]
---@field alpn? string|string[]|fun(offered: string[]): string|string[]|nil a function in a server alone
---@field ciphers? string for TLS 1.2 and earlier, in OpenSSL's notation
---@field ciphersuites? string for TLS 1.3, names with colons between
---@field curve? string
---@field curveslist? string names with colons between, best first
---@field dhparam? fun(export: boolean, bits: integer): string? PEM of the parameters
---@field depth? integer how many intermediate certificates a chain may have
---@field verifyext? string|string[] "lsec_continue", "lsec_ignore_purpose", "crl_check", "crl_check_chain"
---@field psk? function|{ hint?: string, callback: function } pre-shared keys
---@field dane? boolean|string|string[] true, or "no_ee_namechecks"
---@field session? boolean of a client: keep sessions and resume them
---@field keylog? boolean write the secrets of connections to the file that `SSLKEYLOGFILE` names

---Parameters for many connections.
---@class ssl.Context
local context = {}

---Adds flags of `verifyext`, for connections made from now on.
---@param flag string
---@param ... string
---@return boolean ok
---@return string? message
function context:setverifyext(flag, ...) end

---A certificate.
---@class ssl.Certificate
local certificate = {}

---Whose it is.
---@return { oid: string, name: string?, value: string }[]
function certificate:subject() end

---Who has signed it.
---@return { oid: string, name: string?, value: string }[]
function certificate:issuer() end

---The alternative names, by object identifier.
---@return table<string, table>
function certificate:extensions() end

---The serial number in hexadecimal.
---@return string
function certificate:serial() end

---Since when it is valid.
---@return string
function certificate:notbefore() end

---Until when it is valid.
---@return string
function certificate:notafter() end

---Whether it is valid at a time.
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

---Its fingerprint in hexadecimal.
---@param algorithm? "sha1"|"sha256"|"sha512" default "sha1"
---@return string? digest
---@return string? message
function certificate:digest(algorithm) end

---The name of the signature's algorithm.
---@return string
function certificate:getsignaturename() end

---Whether this one is a valid issuer of that one.
---@param certificate ssl.Certificate
---@param ... ssl.Certificate intermediates
---@return true?
---@return string? message
function certificate:issued(certificate, ...) end

---How the texts of names are given.
---@param encoding "ai5"|"utf8"
---@return boolean
function certificate:setencode(encoding) end

---A TLS object.
---@class ssl.Connection
local conn = {}

---Ends TLS in order and closes.
function conn:close() end

---Whether bytes have been read ahead. `socket.select` asks this.
---@return boolean
function conn:dirty() end

---Does the handshake.
---@return boolean ok
---@return string? message "wantread" and "wantwrite" past the time
---@return string? why a certificate was refused
function conn:dohandshake() end

---Bytes that only the two ends can derive (RFC 5705).
---@param label string
---@param length integer
---@param context? string
---@return string? bytes
---@return string? message
function conn:exportkeyingmaterial(label, length, context) end

---The protocol agreed on.
---@return string?
function conn:getalpn() end

---The descriptor; -1 when there is none.
---@return integer descriptor
function conn:getfd() end

---The latest Finished message of this end.
---@return string?
---@return string? message
function conn:getfinished() end

---A certificate of this end.
---@param n? integer default 1
---@return ssl.Certificate?
---@return string? message
function conn:getlocalcertificate(n) end

---The certificates of this end.
---@return ssl.Certificate[]?
---@return string? message
function conn:getlocalchain() end

---A certificate of the peer.
---@param n? integer default 1
---@return ssl.Certificate?
---@return string? message
function conn:getpeercertificate(n) end

---The certificates of the peer.
---@return ssl.Certificate[]?
---@return string? message
function conn:getpeerchain() end

---The latest Finished message of the peer.
---@return string?
---@return string? message
function conn:getpeerfinished() end

---Whether the peer's certificate is trusted.
---@return boolean ok
---@return string|table<integer, string[]>|nil why with "lsec_continue" the reasons by depth, counted from 1
function conn:getpeerverification() end

---The name sent or received.
---@return string?
function conn:getsniname() end

---Bytes received and sent, and the age in seconds.
---@return number received
---@return number sent
---@return number age
function conn:getstats() end

---About protocol and cipher.
---@param field? "protocol"|"cipher"|"bits"|"algbits"|"key"|"authentication"|"encryption"|"mac"|"export"|"compression"
---@return any value the whole table without a field; nil on failure
---@return string? message
function conn:info(field) end

---Whether the handshake resumed a session; nil before it is done.
---@return boolean?
function conn:reused() end

---Receives a line ("*l"), everything until the end ("*a"), or a number of bytes.
---@param pattern? "*l"|"*a"|integer|string default "*l"
---@param prefix? string put in front of the result, and counted
---@param maxsize? integer most bytes to collect, prefix included; more is "oversized"
---@return string? data nil on failure
---@return string? message "timeout", "closed", "oversized", or the system's
---@return string? partial on failure: what came before it, prefix included
function conn:receive(pattern, prefix, maxsize) end

---Sends the bytes `i` to `j` of `data`, as `string.sub` counts. After a "timeout" go on with `send(data, last + 1)`.
---@param data string|number
---@param i? integer first byte; 1
---@param j? integer last byte; -1
---@return integer? last index of the last byte sent; nil on failure
---@return string? message "timeout", "closed", or the system's
---@return integer? sent on failure: index of the last byte that was sent
function conn:send(data, i, j) end

---Has the TLSA records of a name decide about the peer. For contexts with `dane`, before the handshake.
---@param name string
---@return boolean set
function conn:setdane(name) end

---Sets the statistics; nil leaves a number as it is.
---@param received? number bytes
---@param sent? number bytes
---@param age? number seconds
---@return number one
function conn:setstats(received, sent, age) end

---Limits how long calls may take: "b" the waiting inside one, "t" one as a whole.
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

---Client: the name to send and to verify. Server: contexts by name.
---@param name string|table<string, ssl.Context>
---@param strict? boolean
function conn:sni(name, strict) end

---What the last operation waited for.
---@return "nothing"|"read"|"write"
function conn:want() end

---TLS connections.
---@class ssl
---@field _VERSION string
---@field _COPYRIGHT string
---@field config { protocols: table<string, boolean>, options: table<string, boolean>, curves: table<string, boolean>, algorithms: table<string, boolean>, capabilities: table<string, any> }
local ssl = {}

---Makes a TLS object that takes the socket's descriptor over.
---@param socket table|userdata anything with `getfd` and `setfd`
---@param context ssl.Context|ssl.Parameters
---@return ssl.Connection? connection nil on failure
---@return string? message
function ssl.wrap(socket, context) end

---Makes a context.
---@param parameters ssl.Parameters
---@return ssl.Context? context nil on failure
---@return string? message
function ssl.newcontext(parameters) end

---The first certificate in a PEM text.
---@param pem string
---@return ssl.Certificate?
function ssl.loadcertificate(pem) end

return ssl
