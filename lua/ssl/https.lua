-- LuaSec's module `ssl.https`: the HTTPS of this library under LuaSec's name.
return require("socket.https")
