-- One native library serves several modules: it is found, and loaded, in one place.
return require("socket.native")("mime_core")
