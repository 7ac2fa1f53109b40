-- Parts of the tests of socket.ftp with real servers.
local ltn12 = require("ltn12")
local ftp = require("socket.ftp")

local programs = {}

---A folder name that tests on other interpreters, which may run at the same time, do not have.
---@return string
function programs.unique_folder()
    local unique = os.tmpname()
    os.remove(unique)
    return (unique:match("[^/]+$"))
end

---A megabyte of all bytes.
---@return string
function programs.all_bytes()
    local bytes = {}
    for i = 0, 255 do bytes[i + 1] = string.char(i) end
    return (table.concat(bytes):rep(4000))
end

---Downloads into a string.
---@param request table the fields of `ftp.get`, without a sink
---@return table results of `ftp.get`
---@return string content
function programs.get(request)
    local sink, chunks = ltn12.sink.table()
    request.sink = sink
    return { ftp.get(request) }, table.concat(chunks)
end

---Uploads a string.
---@param request table the fields of `ftp.put`, without a source
---@param content string
---@return any ... the results of `ftp.put`
function programs.put(request, content)
    request.source = ltn12.source.string(content)
    return ftp.put(request)
end

return programs
