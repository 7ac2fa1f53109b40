-- The names of the TLS parameters that a request table may contain next to its own fields. HTTPS reads them from
-- there, and a redirected request keeps them. `host` is not among them: the name verified is the host of the
-- connection. Nor is `password`, which belongs to the server when there is no key. Internal.
local parameters = {
    "alpn", "cafile", "capath", "certificate", "certificates", "ciphers", "ciphersuites", "curve", "curveslist", "dane",
    "depth", "dhparam", "key", "keylog", "options", "protocol", "psk", "session", "verify", "verifyext", "verifyhost",
}

return parameters
