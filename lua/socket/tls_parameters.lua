-- The names of the TLS parameters that a request table may hold beside its own fields: HTTPS takes them from there,
-- and a redirected request keeps them. `host` is not among them: the name verified is the one that is connected to.
-- Nor is `password`, which is the server's when there is no key. Internal.
local parameters = {
    "alpn", "cafile", "capath", "certificate", "certificates", "ciphers", "ciphersuites", "curve", "curveslist", "dane",
    "depth", "dhparam", "key", "keylog", "options", "protocol", "psk", "session", "verify", "verifyext", "verifyhost",
}

return parameters
