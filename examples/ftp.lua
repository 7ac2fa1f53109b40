-- FTP: uploads a file, lists the folder, downloads the file and deletes it:
--   luasocket examples/ftp.lua HOST PORT USER PASSWORD FILE
local ftp = require("socket.ftp")
local ltn12 = require("ltn12")

-- Ends the program with one sentence; `error` would add a traceback.
local function stop(...)
    io.stderr:write(table.concat({ ... }), "\n")
    os.exit(1)
end

local host, port, user, password, path = ...
if not path then return stop("usage: ftp.lua HOST PORT USER PASSWORD FILE") end
local name = path:match("[^/\\]*$")

-- Adds the fields that all requests share.
local function request(fields)
    fields.host, fields.port, fields.user, fields.password = host, tonumber(port), user, password
    return fields
end

local function must(result, message)
    if not result then return stop("ftp: ", message) end
    return result
end

-- "i": binary. Without it a server may change line ends.
local sent = must(ftp.put(request({
    argument = name, type = "i", source = ltn12.source.file(must(io.open(path, "rb"))),
})))
print(("sent %d bytes"):format(sent))

local sink, listing = ltn12.sink.table()
must(ftp.get(request({ command = "nlst", type = "a", sink = sink })))
print("there now: " .. table.concat(listing):gsub("%s+", " "))

local back
sink, back = ltn12.sink.table()
must(ftp.get(request({ argument = name, type = "i", sink = sink })))
print(("got %d bytes"):format(#table.concat(back)))

must(ftp.command(request({ command = "dele", argument = name, check = 250 })))
print("removed")
