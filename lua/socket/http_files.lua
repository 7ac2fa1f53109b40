-- http.files: serves the files of a folder.
local native = require("socket.http_server_leaves")
local dates = require("socket.http_date")

local error, pairs, tonumber, tostring, type = error, pairs, tonumber, tostring, type
local char, find, format, gmatch, gsub, lower, match, sub, upper = string.char, string.find, string.format,
    string.gmatch, string.gsub, string.lower, string.match, string.sub, string.upper
local concat = table.concat

local TYPES = {}
for extension, name in gmatch([[
    aac audio/aac  apng image/apng  atom application/atom+xml  avif image/avif  bin application/octet-stream
    bmp image/bmp  bz2 application/x-bzip2  css text/css  csv text/csv  doc application/msword
    docx application/vnd.openxmlformats-officedocument.wordprocessingml.document  eot application/vnd.ms-fontobject
    epub application/epub+zip  flac audio/flac  gif image/gif  gz application/gzip  htm text/html  html text/html
    ico image/vnd.microsoft.icon  ics text/calendar  jar application/java-archive  jpeg image/jpeg  jpg image/jpeg
    js text/javascript  json application/json  jsonld application/ld+json  jxl image/jxl  log text/plain
    lua text/plain  m3u8 application/vnd.apple.mpegurl  m4a audio/mp4  m4v video/mp4  map application/json
    md text/markdown  mid audio/midi  mjs text/javascript  mkv video/matroska  mov video/quicktime  mp3 audio/mpeg
    mp4 video/mp4  mpeg video/mpeg  odp application/vnd.oasis.opendocument.presentation
    ods application/vnd.oasis.opendocument.spreadsheet  odt application/vnd.oasis.opendocument.text
    oga audio/ogg  ogg audio/ogg  ogv video/ogg  opus audio/ogg  otf font/otf  pdf application/pdf  png image/png
    ppt application/vnd.ms-powerpoint
    pptx application/vnd.openxmlformats-officedocument.presentationml.presentation  ps application/postscript
    rss application/rss+xml  rtf application/rtf  svg image/svg+xml  tar application/x-tar  tif image/tiff
    tiff image/tiff  toml application/toml  ttf font/ttf  txt text/plain  vcf text/vcard  vtt text/vtt
    wasm application/wasm  wav audio/wav  weba audio/webm  webm video/webm
    webmanifest application/manifest+json  webp image/webp  woff font/woff  woff2 font/woff2
    xhtml application/xhtml+xml  xls application/vnd.ms-excel
    xlsx application/vnd.openxmlformats-officedocument.spreadsheetml.sheet  xml text/xml  yaml application/yaml
    yml application/yaml  zip application/zip  zst application/zstd  7z application/x-7z-compressed
]], "(%S+) (%S+)") do
    TYPES[extension] = name
end

local OPTIONS = {
    prefix = "string",
    index = "string boolean",
    types = "table",
    maxage = "number",
    headers = "table",
    dotfiles = "boolean",
    symlinks = "string boolean",
}

local LINKS = { inside = "inside", [true] = "always", [false] = "never" }
local WINDOWS = package and sub(package.config, 1, 1) == "\\"
local DEVICES = { CON = true, PRN = true, AUX = true, NUL = true }

local function check(given)
    for name, value in pairs(given) do
        if not OPTIONS[name] then error(("invalid option '%s'"):format(tostring(name)), 3) end
        if not find(OPTIONS[name], type(value), 1, true) then
            error(("invalid value of option '%s'"):format(name), 3)
        end
    end
    if given.symlinks ~= nil and not LINKS[given.symlinks] then error("invalid value of option 'symlinks'", 3) end
end

local function plain(status, headers)
    headers = headers or {}
    headers["Content-Type"] = "text/plain; charset=utf-8"
    return { status = status, headers = headers, body = format("%d %s\n", status, native.reason(status)) }
end

-- True for names that have a special meaning on Windows.
local function is_special(name)
    local base = upper(match(name, "^([^.]*)") --[[@as string]])
    return find(name, ":", 1, true) or find(name, "[. ]$") or DEVICES[base] or find(base, "^COM%d$") or find(base, "^LPT%d$")
end

-- Decodes one segment of a path to a file name; nil when it is not allowed.
local function decode(segment, dotfiles)
    if find(segment, "%", 1, true) then
        if find(gsub(segment, "%%%x%x", ""), "%", 1, true) then return nil end
        segment = gsub(segment, "%%(%x%x)", function(digits) return char(tonumber(digits, 16) --[[@as integer]]) end)
    end
    if find(segment, "[%z/\\]") or segment == "." or segment == ".." then return nil end
    if not dotfiles and sub(segment, 1, 1) == "." then return nil end
    if WINDOWS and is_special(segment) then return nil end
    return segment
end

-- The path of a file below the folder, and whether it ends in a slash; nil when it is not allowed.
local function name_of(path, options)
    local names = {}
    for segment in gmatch(path, "[^/]+") do
        local name = decode(segment, options.dotfiles)
        if not name then return nil end
        names[#names + 1] = name
    end
    return concat(names, "/"), sub(path, -1) == "/"
end

local function type_of(name, types)
    local extension = lower(match(name, "%.([^./]+)$") or "")
    local found = types and types[extension] or TYPES[extension] or "application/octet-stream"
    if find(found, "^text/") and not find(found, "charset", 1, true) then found = found .. "; charset=utf-8" end
    return found
end

-- Returns whether a list of entity tags contains this one (RFC 9110, 13.1).
local function lists(value, etag, weakly)
    if match(value, "^%s*%*%s*$") then return true end
    for weak, tag in gmatch(value, '([Ww]?/?)("[^"]*")') do
        if tag == etag and (weakly or weak == "") then return true end
    end
    return false
end

-- Evaluates the preconditions of a request. Returns the status 412 or 304, or nil (RFC 9110, 13.2.2).
local function condition(headers, etag, modified)
    local wanted, since = headers["if-match"], headers["if-unmodified-since"]
    if wanted then
        if not lists(wanted, etag, false) then return 412 end
    elseif since then
        local time = dates.parse(since)
        if time and modified > time then return 412 end
    end
    wanted, since = headers["if-none-match"], headers["if-modified-since"]
    if wanted then
        if lists(wanted, etag, true) then return 304 end
    elseif since then
        local time = dates.parse(since)
        if time and modified <= time then return 304 end
    end
end

-- First and last byte of a request with one range; false when the range is outside the file; nil for the whole file.
local function range_of(headers, size, etag, modified)
    local value = headers.range
    if not value then return nil end
    local state = headers["if-range"]
    if state and state ~= etag and dates.parse(state) ~= modified then return nil end
    ---@type any, any
    local first, last = match(value, "^%s*[Bb][Yy][Tt][Ee][Ss]=%s*(%d*)%-(%d*)%s*$")
    if not first or first == "" and last == "" then return nil end
    if first == "" then
        local count = tonumber(last)
        if count == 0 or size == 0 then return false end
        ---@cast count -?
        return count >= size and 0 or size - count, size - 1
    end
    first, last = tonumber(first), tonumber(last)
    if last and last < first then return nil end
    if first >= size then return false end
    if not last or last >= size then last = size - 1 end
    return first, last
end

local function whole(number) return format("%.0f", number) end

-- The response for an open file.
local function answer_with(file, name, request, options, size, modified, nanoseconds)
    local headers = request.headers
    local etag = format('"%x-%x%08x"', size, modified, nanoseconds)
    local own = {
        ["ETag"] = etag,
        ["Last-Modified"] = dates.format(modified),
        ["Accept-Ranges"] = "bytes",
        ["X-Content-Type-Options"] = "nosniff",
    }
    if options.maxage then own["Cache-Control"] = "max-age=" .. whole(options.maxage) end
    local status = condition(headers, etag, modified)
    if status == 412 then
        file:close()
        return plain(412)
    end
    for key, value in pairs(options.headers or {}) do own[key] = value end
    if status == 304 then
        file:close()
        return { status = 304, headers = own }
    end
    own["Content-Type"] = own["Content-Type"] or type_of(name, options.types)
    local first, last
    if request.method == "GET" then first, last = range_of(headers, size, etag, modified) end
    if first == false then
        file:close()
        return plain(416, { ["Content-Range"] = "bytes */" .. whole(size) })
    end
    if first then
        ---@cast last -?
        file:range(first, last - first + 1)
        own["Content-Range"] = ("bytes %s-%s/%s"):format(whole(first), whole(last), whole(size))
        return { status = 206, headers = own, body = file }
    end
    return { status = 200, headers = own, body = file }
end

local PROBLEMS = { denied = 403, busy = 503 }

---Makes a handler that serves the files of a folder.
---@param folder string
---@param given? http.filesoptions
---@return http.handler|nil handler
---@return string|nil message
return function(folder, given)
    if type(folder) ~= "string" then
        error(("bad argument #1 to 'files' (string expected, got %s)"):format(type(folder)), 2)
    end
    local options = given or {}
    check(options)
    local root, err = native.folder(folder)
    if not root then return nil, err end
    local index = options.index
    if index == nil or index == true then index = "index.html" end
    local prefix = gsub(options.prefix or "", "/+$", "")
    local links = LINKS[options.symlinks == nil and "inside" or options.symlinks]
    return function(request)
        if request.method ~= "GET" and request.method ~= "HEAD" then return plain(405, { Allow = "GET, HEAD" }) end
        local path = request.path
        if sub(path, 1, #prefix) ~= prefix then return plain(404) end
        local rest = sub(path, #prefix + 1)
        if rest ~= "" and sub(rest, 1, 1) ~= "/" then return plain(404) end
        local name, ends = name_of(rest, options)
        if not name then return plain(404) end
        if ends then
            if not index then return plain(404) end
            name = name == "" and index or name .. "/" .. index
        end
        local file, size, modified, nanoseconds = native.open(root, name, links)
        if file then return answer_with(file, name, request, options, size, modified, nanoseconds) end
        if size == "folder" and not ends then
            local target = gsub(path, "^/+", "/") .. "/"
            if request.query then target = target .. "?" .. request.query end
            return plain(301, { Location = target })
        end
        return plain(PROBLEMS[size] or 404)
    end
end
