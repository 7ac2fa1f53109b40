-- LuaSec's module `ssl.https`: HTTPS of this library under LuaSec's name.
return require("socket.https")
