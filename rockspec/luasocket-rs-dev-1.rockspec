-- The checkout it is in; `luarocks make` builds the working tree. See docs/installing.md.
package = "luasocket-rs"
version = "dev-1"
source = {
    url = "git+file://.",
}
description = {
    summary = "A drop-in replacement for LuaSocket, with HTTPS in LuaSec's manner, written in Rust",
    detailed = [[
The modules of LuaSocket 3.1.0 (socket, socket.http, socket.url, socket.smtp, socket.ftp, ltn12, mime and
the others) and LuaSec's ssl and ssl.https, under the same names: existing scripts run unchanged.
Building takes Rust and, on Linux and the BSDs, OpenSSL's development files.
]],
    license = "MIT",
}
dependencies = { "lua >= 5.1, < 5.6" }
build = {
    type = "command",
    build_command = [["$(LUA)" rockspec/build.lua]],
    install = {
        lib = {
            ["socket.core"] = "target/rock/core.so",
            ["socket.http_core"] = "target/rock/http_core.so",
            ["socket.tls_core"] = "target/rock/tls_core.so",
        },
        lua = {
            http = "lua/http.lua",
            ltn12 = "lua/ltn12.lua",
            mbox = "lua/mbox.lua",
            mime = "lua/mime.lua",
            ["mime.core"] = "lua/mime/core.lua",
            socket = "lua/socket.lua",
            ["socket.ftp"] = "lua/socket/ftp.lua",
            ["socket.ftp_replies"] = "lua/socket/ftp_replies.lua",
            ["socket.ftp_session"] = "lua/socket/ftp_session.lua",
            ["socket.headers"] = "lua/socket/headers.lua",
            ["socket.http"] = "lua/socket/http.lua",
            ["socket.http_answer"] = "lua/socket/http_answer.lua",
            ["socket.http_body"] = "lua/socket/http_body.lua",
            ["socket.http_calls"] = "lua/socket/http_calls.lua",
            ["socket.http_client"] = "lua/socket/http_client.lua",
            ["socket.http_connection"] = "lua/socket/http_connection.lua",
            ["socket.http_cookies"] = "lua/socket/http_cookies.lua",
            ["socket.http_credentials"] = "lua/socket/http_credentials.lua",
            ["socket.http_date"] = "lua/socket/http_date.lua",
            ["socket.http_decoding"] = "lua/socket/http_decoding.lua",
            ["socket.http_delivery"] = "lua/socket/http_delivery.lua",
            ["socket.http_duration"] = "lua/socket/http_duration.lua",
            ["socket.http_files"] = "lua/socket/http_files.lua",
            ["socket.http_framing"] = "lua/socket/http_framing.lua",
            ["socket.http_incoming"] = "lua/socket/http_incoming.lua",
            ["socket.http_incoming_body"] = "lua/socket/http_incoming_body.lua",
            ["socket.http_listening"] = "lua/socket/http_listening.lua",
            ["socket.http_log"] = "lua/socket/http_log.lua",
            ["socket.http_multipart"] = "lua/socket/http_multipart.lua",
            ["socket.http_options"] = "lua/socket/http_options.lua",
            ["socket.http_query"] = "lua/socket/http_query.lua",
            ["socket.http_redirect"] = "lua/socket/http_redirect.lua",
            ["socket.http_request"] = "lua/socket/http_request.lua",
            ["socket.http_response"] = "lua/socket/http_response.lua",
            ["socket.http_retry"] = "lua/socket/http_retry.lua",
            ["socket.http_schemes"] = "lua/socket/http_schemes.lua",
            ["socket.http_server"] = "lua/socket/http_server.lua",
            ["socket.http_server_leaves"] = "lua/socket/http_server_leaves.lua",
            ["socket.http_server_options"] = "lua/socket/http_server_options.lua",
            ["socket.http_serving"] = "lua/socket/http_serving.lua",
            ["socket.http_session"] = "lua/socket/http_session.lua",
            ["socket.http_target"] = "lua/socket/http_target.lua",
            ["socket.http_tunnel"] = "lua/socket/http_tunnel.lua",
            ["socket.http_writer"] = "lua/socket/http_writer.lua",
            ["socket.https"] = "lua/socket/https.lua",
            ["socket.https_connection"] = "lua/socket/https_connection.lua",
            ["socket.https_makers"] = "lua/socket/https_makers.lua",
            ["socket.https_settings"] = "lua/socket/https_settings.lua",
            ["socket.mbox"] = "lua/socket/mbox.lua",
            ["socket.native"] = "lua/socket/native.lua",
            ["socket.serial"] = "lua/socket/serial.lua",
            ["socket.session"] = "lua/socket/session.lua",
            ["socket.smtp"] = "lua/socket/smtp.lua",
            ["socket.smtp_address"] = "lua/socket/smtp_address.lua",
            ["socket.smtp_fields"] = "lua/socket/smtp_fields.lua",
            ["socket.smtp_login"] = "lua/socket/smtp_login.lua",
            ["socket.smtp_message"] = "lua/socket/smtp_message.lua",
            ["socket.starttls"] = "lua/socket/starttls.lua",
            ["socket.tls"] = "lua/socket/tls.lua",
            ["socket.tls_config"] = "lua/socket/tls_config.lua",
            ["socket.tls_parameters"] = "lua/socket/tls_parameters.lua",
            ["socket.tp"] = "lua/socket/tp.lua",
            ["socket.unix"] = "lua/socket/unix.lua",
            ["socket.url"] = "lua/socket/url.lua",
            ssl = "lua/ssl.lua",
            ["ssl.https"] = "lua/ssl/https.lua",
        },
    },
    platforms = {
        windows = {
            install = {
                lib = {
                    ["socket.core"] = "target/rock/core.dll",
                    ["socket.http_core"] = "target/rock/http_core.dll",
                    ["socket.tls_core"] = "target/rock/tls_core.dll",
                },
            },
        },
    },
    copy_directories = {},
}
