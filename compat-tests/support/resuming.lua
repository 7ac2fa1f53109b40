-- A scheduler that does nothing but resume.
local resuming = {}

---Runs f in a coroutine to its end, and resumes it with "resumed with" and the number of yields so far.
---@return integer yields
---@return table results what the last resume returned
function resuming.drive(f, ...)
    local thread = coroutine.create(f)
    local results = { coroutine.resume(thread, ...) }
    local yields = 0
    while coroutine.status(thread) == "suspended" do
        yields = yields + 1
        results = { coroutine.resume(thread, "resumed with", yields) }
    end
    return yields, results
end

return resuming
