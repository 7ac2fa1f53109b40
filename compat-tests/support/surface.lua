-- All public names at run time, and where the manual and the definitions describe them.
local socket = require("socket")
local fake = require("fake_http")

local surface = {}

local function keys(t, into, prefix)
    into = into or {}
    for name in pairs(t) do
        if type(name) == "string" then into[(prefix or "") .. name] = true end
    end
    return into
end

-- The fields that belong to `socket` itself, and the fields that are modules. Modules have separate parts and register
-- themselves there.
local function socket_fields()
    local fields, modules = keys(socket), { dns = true }
    for name in pairs(fields) do
        if package.loaded["socket." .. name] == socket[name] then modules[name] = true end
    end
    for name in pairs(modules) do fields[name] = nil end
    return fields, modules
end

local function methods(object)
    local found = keys(getmetatable(object).__index)
    found.class = nil
    return found
end

-- A field of objects that the pages describe without an entry.
local KIND = { class = true }

local function members(module, tables)
    local found = keys(module)
    for _, name in ipairs(tables) do
        found[name] = nil
        keys(module[name], found, name .. ".")
    end
    return found
end

-- The optional fields of a module: absent until they are set.
local function with(fields, ...)
    for _, name in ipairs({ ... }) do fields[name] = true end
    return fields
end

local function tls_object(ssl)
    return assert(ssl.wrap(socket.tcp4(), { mode = "client", protocol = "any" }))
end

-- The client's names in module `http`; the server's functions have a separate page.
local SERVER = { listen = true, files = true, combined = true }
local function client_fields(client)
    local found = keys(client, client.get and {})
    for name in pairs(SERVER) do found[name] = nil end
    return found
end

local function set(names)
    local found = {}
    for name in names:gmatch("%S+") do found[name] = true end
    return found
end
local RESPONSE_METHODS = set("header values source read close")
local RESPONSE_FIELDS = set("status status_code ok reason version headers header_list body body_size cookies url history")

local PEM = os.getenv("COMPAT_CERTS") and os.getenv("COMPAT_CERTS") .. "/good.pem"

local function certificate(ssl)
    local file = assert(io.open(PEM, "rb"))
    local text = file:read("*a")
    file:close()
    return assert(ssl.loadcertificate(text))
end

-- Some classes are described on two pages: the other page's part checks these names.
local ELSEWHERE = setmetatable({}, { __index = function() return true end })

local function names_of(...)
    local names = {}
    for _, name in ipairs({ ... }) do names[name] = true end
    return names
end

---Each part of the surface. `page` and `prefix` are its names in the manual, `class` is its name in the definitions.
---`names` is the set of existing names, and `also` lists further names that the definitions may have.
---@return { page: string, prefix: string, class: string, names: table<string, true>, also?: table<string, true> }[]
function surface.parts()
    local http, smtp, ftp, tp = require("socket.http"), require("socket.smtp"), require("socket.ftp"), require("socket.tp")
    local ssl, https, tls = require("ssl"), require("ssl.https"), require("socket.tls")
    local create = fake.peer("220 ready\r\n").create
    local unix, tasks = require("socket.unix"), require("socket.tasks")
    local fields, modules = socket_fields()
    local client = require("http")
    local session = client.session({ jar = true })
    return {
        { page = "socket", prefix = "socket.", class = "socket", names = fields, also = modules },
        { page = "dns", prefix = "dns.", class = "socket.dns", names = keys(socket.dns) },
        { page = "tcp", prefix = "tcp:", class = "socket.TcpSocket", names = methods(socket.tcp()), also = KIND },
        { page = "udp", prefix = "udp:", class = "socket.UdpSocket", names = methods(socket.udp()), also = KIND },
        { page = "unix", prefix = "unix.", class = "socket.unix", names = keys(unix) },
        { page = "unix", prefix = "stream:", class = "socket.UnixStream", names = methods(unix.stream()), also = KIND },
        { page = "unix", prefix = "dgram:", class = "socket.UnixDatagram", names = methods(unix.dgram()), also = KIND },
        { page = "serial", prefix = "serial:", class = "socket.SerialPort",
            names = methods(require("socket.serial")("/dev/null")), also = KIND },
        { page = "http", prefix = "http.", class = "socket.http",
            names = with(keys(http), "PROXY", "POOL", "DECODE", "JAR", "DEADLINE", "MAXBODY", "RETRIES") },
        { page = "http", prefix = "connection:", class = "socket.http.Connection",
            names = methods(http.open("h", 80, create)) },
        { page = "client", prefix = "http.", class = "http", names = client_fields(client), also = SERVER },
        { page = "client", prefix = "response:", class = "http.Response", names = RESPONSE_METHODS, also = RESPONSE_FIELDS },
        { page = "client", prefix = "session:", class = "http.Session", names = methods(session), also = { pool = true, jar = true } },
        { page = "client", prefix = "pool:", class = "http.Pool", names = methods(session.pool) },
        { page = "cookies", prefix = "jar:", class = "http.Jar", names = methods(session.jar) },
        { page = "headers", prefix = "headers.", class = "socket.headers", names = keys((require("socket.headers"))) },
        { page = "tls", prefix = "https.", class = "ssl.https", names = with(keys(https), "VERIFY", "PROXY") },
        { page = "tls", prefix = "ssl.", class = "ssl", names = keys(ssl) },
        { page = "tls", prefix = "tls.", class = "socket.tls", names = keys(tls) },
        { page = "tls", prefix = "conn:", class = "ssl.Connection", names = methods(tls_object(ssl)) },
        { page = "tls", prefix = "context:", class = "ssl.Context",
            names = methods(ssl.newcontext({ mode = "client", protocol = "any" })) },
        { page = "tls", prefix = "certificate:", class = "ssl.Certificate", names = methods(certificate(ssl)) },
        { page = "ltn12", prefix = "ltn12.", class = "ltn12",
            names = members(require("ltn12"), { "filter", "source", "sink", "pump" }) },
        { page = "mime", prefix = "mime.", class = "mime", names = keys((require("mime"))) },
        { page = "url", prefix = "url.", class = "socket.url", names = keys((require("socket.url"))) },
        { page = "smtp", prefix = "smtp.", class = "socket.smtp", names = keys(smtp) },
        { page = "smtp", prefix = "session:", class = "socket.smtp.Session", names = methods(smtp.open("h", 25, create)) },
        { page = "ftp", prefix = "ftp.", class = "socket.ftp", names = keys(ftp) },
        { page = "ftp", prefix = "session:", class = "socket.ftp.Session", names = methods(ftp.open("h", 21, create)),
            also = { data = true } },
        { page = "tp", prefix = "tp.", class = "socket.tp", names = keys(tp) },
        { page = "tp", prefix = "connection:", class = "socket.tp.Connection",
            names = methods(tp.connect("h", 25, 1, create)), also = { c = true } },
        { page = "tasks", prefix = "tasks.", class = "socket.tasks", names = keys(tasks) },
        { page = "tasks", prefix = "task:", class = "socket.tasks.Task", names = methods(tasks.start(tasks.yield)) },
        { page = "tasks", prefix = "queue:", class = "socket.tasks.Queue", names = methods(tasks.queue()) },
        { page = "tasks", prefix = "mutex:", class = "socket.tasks.Mutex", names = methods(tasks.mutex()) },
        { page = "tasks", prefix = "semaphore:", class = "socket.tasks.Semaphore", names = methods(tasks.semaphore(1)) },
        { page = "server", prefix = "http.", class = "http", names = names_of("listen", "files", "combined"), also = ELSEWHERE },
        { page = "server", prefix = "server:", class = "http.server", names = keys(require("socket.http_server").methods) },
        { page = "server", prefix = "connection:", class = "http.connection",
            names = keys(require("socket.http_serving").methods), also = names_of("ip", "port") },
        { page = "server", prefix = "request:", class = "http.request",
            names = keys(require("socket.http_incoming").methods), also = ELSEWHERE },
        { page = "server", prefix = "writer:", class = "http.writer", names = keys(require("socket.http_writer").methods) },
        { page = "mbox", prefix = "mbox.", class = "socket.mbox", names = keys((require("socket.mbox"))) },
    }
end

return surface
