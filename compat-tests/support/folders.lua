-- Makes folders, on Unix and on Windows.
local folders = {}

local is_windows = package.config:sub(1, 1) == "\\"

---Makes each folder that is not there yet, and those that it lies in.
---@param ... string paths without blanks, with slashes
function folders.make(...)
    for i = 1, select("#", ...) do
        local path = select(i, ...)
        if is_windows then path = path:gsub("/", "\\") end
        os.execute((is_windows and "if not exist %s mkdir %s" or "mkdir -p %s"):format(path, path))
    end
end

return folders
