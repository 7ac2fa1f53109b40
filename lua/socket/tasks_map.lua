-- socket.tasks.map: one task for each value of a list. Internal to socket.tasks.
local native = require("socket.native")("socket_tasks")
local core = require("socket.tasks_core")
local launch = require("socket.tasks_task").launch

local error, pairs, pcall, type = error, pairs, pcall, type
local bad_argument, expect_function, await = core.bad_argument, core.expect_function, core.await

---Calls `f(list[i], i)` for each value of a list, each call in a task.
---@generic T
---@param list T[]
---@param max? integer concurrent calls; 50
---@param f fun(value: T, position: integer): any, any
---@return table<integer, any>? results the first result of each call; nil when the caller's wait has failed
---@return table<integer, any>|string? errors the second results of calls whose first is nil; or why the wait failed
local function map(list, max, f)
    if type(list) ~= "table" then bad_argument(1, "map", "table expected, got " .. type(list)) end
    if max ~= nil and type(max) ~= "number" then bad_argument(2, "map", "number expected, got " .. type(max)) end
    max = max or 50
    if max ~= max or max < 1 then bad_argument(2, "map", "at least 1 expected") end
    expect_function(3, "map", f)
    local here = native.here()
    local count = #list
    local results, errors = {}, nil
    if count == 0 then return results end
    if here == "nowhere" or core.is_blocked() then return nil, "cannot wait here" end
    local group = { ended = {}, waiters = {} }
    local running, running_count, begun = {}, 0, 0
    local failed, problem, stopped

    local function stop()
        for task in pairs(running) do task:cancel() end
    end

    local function take(task)
        running[task] = nil
        running_count = running_count - 1
        local position, values = task._position, task._results
        if task._outcome == "done" then
            if values[1] == nil then
                errors = errors or {}
                errors[position] = values[2] == nil and "failed" or values[2]
            else
                results[position] = values[1]
            end
        elseif task._outcome == "failed" then
            if not (failed or stopped) then
                failed, problem = true, values[1]
                stop()
            end
        else
            errors = errors or {}
            errors[position] = values[1]
        end
    end

    while true do
        while begun < count and running_count < max and not failed and not stopped do
            ---@type boolean, any
            local ok, task = pcall(launch, f, list[begun + 1], begun + 1)
            if not ok then
                if running_count > 0 then break end
                error(task, 0)
            end
            begun = begun + 1
            task._watched, task._position = group, begun
            native.inherit(task._id)
            running[task] = true
            running_count = running_count + 1
        end
        if running_count == 0 then break end
        if not group.ended[1] then
            local ok, message = await(group.waiters, {}, nil, failed or stopped)
            if not ok and not stopped and not failed then
                stopped = message
                stop()
            end
        end
        local ended = group.ended
        group.ended = {}
        for position = 1, #ended do take(ended[position]) end
    end
    if failed then error(problem, 0) end
    if stopped then return nil, stopped end
    return results, errors
end

return map
