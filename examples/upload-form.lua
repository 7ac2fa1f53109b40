-- Uploads files like a web form, with progress:  luasocket examples/upload-form.lua URL FILE...
-- The files are read while they are sent.
local http = require("http")

local url = ...
if select("#", ...) < 2 then
    io.stderr:write("usage: upload-form.lua URL FILE...\n")
    return os.exit(1)
end

local parts = {}
for i = 2, select("#", ...) do parts[#parts + 1] = { name = "file" .. i - 1, file = (select(i, ...)) } end

local response, message, _, why = http.post(url, {
    multipart = parts,
    progress = function(direction, done, total)
        if direction == "send" then io.stderr:write(("\r%d of %s bytes"):format(done, tostring(total))) end
    end,
})
if not response then
    io.stderr:write("upload-form: ", message, why and ", " .. why or "", "\n")
    return os.exit(1)
end
io.stderr:write("\n")
print(response.status)
io.write(response.body)
