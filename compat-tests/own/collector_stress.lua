-- Runs other scripts of this folder again, with a collector step every few instructions. This shows objects that are
-- collected too early or twice.
-- needs: certs, python3
-- time limit: 180
local check = require("check")
local rerun = require("rerun")

local stressed = ("%s '%s/../support/stressed.lua'"):format(rerun.interpreter(), os.getenv("COMPAT_SERVERS"))
for _, name in ipairs({
    "socket_fixes", "socket_yield", "http_requests", "http_redirects", "http_yield", "http_heads", "url_fixes",
    "udp_repairs", "mime_fixes", "ltn12_fixes", "smtp_yield", "ftp_yield", "ftp_hardening", "smtp_hardening",
    "unix_repairs", "serial_repairs", "tls_server", "tls_stream", "tasks_run",
    "../support/http_tour",
}) do
    check.ok(name .. " under a collector that always works", rerun.run(stressed, name))
end
check.done()
