-- Under valgrind's memcheck: no invalid access and no lost memory, in our code, the interpreter or OpenSSL. There are
-- no suppressions.
-- needs: valgrind, nginx, certs
-- not on: lua5.2, lua5.3
-- time limit: 400
local check = require("check")
local rerun = require("rerun")

-- The scripts wait for the end of the threads that look names up: these hold memory of the C library.
local memcheck = "env COMPAT_ONE_THREAD=1 valgrind -q --error-exitcode=9 --keep-debuginfo=yes --leak-check=full"
    .. " --show-leak-kinds=definite --errors-for-leak-kinds=definite " .. rerun.interpreter()
for _, name in ipairs({
    "socket_fixes", "http_yield", "url_fixes", "url_defaults", "mime_fixes", "udp_repairs", "ftp_hardening", "unix_repairs",
    "tasks_run", "server_answers", "server_misuse", "../support/http_tour", "../support/tls_tour", "../support/tls_parameters_tour",
}) do
    check.ok(name .. " under memcheck", rerun.run(memcheck, name))
end

-- Checks that faults are detected: one module loses 100 bytes, another reads past the end of its memory.
for _, fault in ipairs({ "lose", "overread" }) do
    local passed, output = rerun.run(memcheck, "../support/faulty", fault)
    check.ok(fault .. " is found", not passed and output:find("1 passed, 0 failed", 1, true), output)
end
check.done()
