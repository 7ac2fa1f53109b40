-- LuaSec's module `ssl.https`: our own HTTPS under LuaSec's name.
return require("socket.tls_https")
