-- Builds the native libraries for the Lua that runs this script, as core.so, http_core.so and tls_core.so (.dll on
-- Windows) in target/rock. The rockspecs and the Makefile run it from the top of the source tree:
--     lua rockspec/build.lua [VERSION]
-- VERSION (`5.4`) is what the caller believes it builds for; another one is refused.

local windows = package.config:sub(1, 1) == "\\"

local function stop(...)
    io.stderr:write("\nluasocket-rs: ", string.format(...), "\n\n")
    os.exit(1)
end

-- What a command prints, or "" when it cannot be run.
local function output(command)
    local pipe = io.popen(command .. (windows and " 2>NUL" or " 2>/dev/null"))
    local text = pipe and pipe:read("*a") or ""
    if pipe then pipe:close() end
    return text
end

-- Lua 5.1 returns the exit status, later ones true or nil.
local function succeeds(command)
    local result = os.execute(command .. (windows and " >NUL 2>NUL" or " >/dev/null 2>&1"))
    return result == true or result == 0
end

local function number(version)
    local major, minor = version:match("(%d+)%.(%d+)")
    return major and major * 1000 + minor or 0
end

local version = _VERSION:match("%d+%.%d+")
local flavour = rawget(_G, "jit") and "luajit" or "lua" .. version:gsub("%.", "")
if arg[1] and arg[1] ~= version then
    stop("this interpreter is Lua %s, not the Lua %s asked for; name the right one with LUA=…", version, arg[1])
end

local function check_rust()
    local manifest = assert(io.open("Cargo.toml"), "run this from the top of the source tree")
    local needed = manifest:read("*a"):match('\nrust%-version = "([%d.]+)"')
    manifest:close()
    local found = output("cargo --version"):match("^cargo ([%d.]+)")
    if not found then
        stop("cargo is not on the PATH; install Rust %s or later with rustup (https://rustup.rs) or your "
            .. "system's packages and try again.", needed)
    elseif number(found) < number(needed) then
        stop("this cargo is %s, too old; install Rust %s or later with rustup (https://rustup.rs) and try again.",
            found, needed)
    end
end

-- Windows and macOS bring TLS with the system, the BSDs in places where the build looks by itself.
local function check_tls()
    if windows or os.getenv("OPENSSL_DIR") or os.getenv("OPENSSL_LIB_DIR") or not output("uname"):find("^Linux") then
        return
    end
    local program = os.getenv("PKG_CONFIG") or "pkg-config"
    if not succeeds(program .. " --version") then
        stop("pkg-config is missing; install it and OpenSSL's development files: packages pkg-config and libssl-dev "
            .. "on Debian and Ubuntu, pkgconf and openssl-devel on Fedora, pkgconf and openssl-dev on Alpine.")
    elseif not succeeds(program .. " --exists openssl") then
        stop("the development files of OpenSSL are missing; install the package libssl-dev on Debian and Ubuntu, "
            .. "openssl-devel on Fedora, openssl-dev on Alpine, or set OPENSSL_DIR to where OpenSSL is.")
    end
end

-- The native libraries, by the folders of modules/: cargo's packages, and what Lua calls them in socket/.
local function libraries()
    local manifest = assert(io.open("Cargo.toml"))
    local members = manifest:read("*a"):match("members = (%b[])")
    manifest:close()
    local packages, names = {}, {}
    for name in members:gmatch('"modules/(%w+)"') do
        packages[#packages + 1] = "-p luasocket-" .. name
        names["luasocket_" .. name] = name == "core" and "core" or name .. "_core"
    end
    return table.concat(packages, " "), names
end

-- Runs cargo and returns the paths of the libraries by Lua's names: cargo tells them, wherever it was told to build.
local function compile()
    io.stderr:write("luasocket-rs: building for ", flavour, "\n")
    local packages, names = libraries()
    local pipe = assert(io.popen("cargo build --release --locked " .. packages .. " --features " .. flavour
        .. " --message-format json-render-diagnostics"))
    local built = {}
    for line in pipe:lines() do
        for path in (line:match('"filenames":(%b[])') or ""):gmatch('"(.-)"') do
            local name, extension = path:match("([%w_]+)%.(%a+)$")
            local library = names[(name or ""):gsub("^lib", "")]
            if library and (extension == "so" or extension == "dll" or extension == "dylib") then
                built[library] = path:gsub("\\\\", "\\")
            end
        end
    end
    pipe:close()
    for _, library in pairs(names) do
        if not built[library] then stop("cargo could not build the libraries; what it said is above.") end
    end
    return built
end

local function copy(from, to)
    local source = assert(io.open(from, "rb"))
    -- a new file: the old one may be in use
    os.remove(to)
    local target = assert(io.open(to, "wb"))
    assert(target:write(source:read("*a")))
    source:close()
    target:close()
end

check_rust()
check_tls()
local built = compile()
-- emptied: all that is there afterwards gets installed
os.execute(windows and "if exist target\\rock rmdir /s /q target\\rock" or "rm -rf target/rock")
os.execute(windows and "if not exist target\\rock mkdir target\\rock" or "mkdir -p target/rock")
for library, path in pairs(built) do
    copy(path, "target/rock/" .. library .. (windows and ".dll" or ".so"))
end
