-- The native part of the server, loaded once. Internal to socket.http_server.
return require("socket.native")("socket_http_server")
