-- One native library serves several modules. One place finds and loads it.
return require("socket.native")("mime_core")
