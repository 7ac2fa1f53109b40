-- The native part of the server, opened once. Internal to socket.http_server.
return require("socket.native")("socket_http_server")
