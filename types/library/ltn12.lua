---@meta ltn12

---@alias ltn12.Source fun(): string?, any
---@alias ltn12.Sink fun(chunk: string?, err: any): any, any
---@alias ltn12.Filter fun(chunk: string?): string?
---@alias ltn12.Step fun(source: ltn12.Source, sink: ltn12.Sink): any, any

---Data in pieces.
---@class ltn12
---@field BLOCKSIZE integer bytes in a chunk: 2048
---@field _VERSION string
local ltn12 = {}

ltn12.filter = {}
ltn12.source = {}
ltn12.sink = {}
ltn12.pump = {}

---Combines several filters into one.
---@param ... ltn12.Filter
---@return ltn12.Filter
function ltn12.filter.chain(...) end

---Makes a filter from a function that takes and returns its state.
---@param low fun(state: any, chunk: string?, extra: any): string?, any
---@param state any
---@param extra? any
---@return ltn12.Filter
function ltn12.filter.cycle(low, state, extra) end

---A source of a string.
---@param text? string
---@return ltn12.Source
function ltn12.source.string(text) end

---A source of the elements of an array.
---@param array string[]
---@return ltn12.Source
function ltn12.source.table(array) end

---A source that reads an open file, or returns the error of `io.open`.
---@param handle? file*|file
---@param message? string
---@return ltn12.Source
function ltn12.source.file(handle, message) end

---An empty source.
---@return ltn12.Source
function ltn12.source.empty() end

---A failure.
---@param message any
---@return ltn12.Source
function ltn12.source.error(message) end

---Several sources, one after the other.
---@param ... ltn12.Source
---@return ltn12.Source
function ltn12.source.cat(...) end

---A source with its chunks passed through filters.
---@param source ltn12.Source
---@param ... ltn12.Filter
---@return ltn12.Source
function ltn12.source.chain(source, ...) end

---A source that takes chunks back.
---@param source ltn12.Source
---@return fun(chunk?: string): string?, any
function ltn12.source.rewind(source) end

---Makes an ordinary source from one that may name its successor.
---@param source fun(): string?, any
---@return ltn12.Source
function ltn12.source.simplify(source) end

---A sink that collects chunks.
---@param array? string[]
---@return ltn12.Sink
---@return string[]
function ltn12.sink.table(array) end

---A sink that writes to an open file, or returns the error of `io.open`.
---@param handle? file*|file
---@param message? string
---@return ltn12.Sink
function ltn12.sink.file(handle, message) end

---A sink that discards everything.
---@return ltn12.Sink
function ltn12.sink.null() end

---A failure.
---@param message any
---@return ltn12.Sink
function ltn12.sink.error(message) end

---A sink that gets its chunks through filters. The sink is the last argument.
---@param ... ltn12.Filter|ltn12.Sink
---@return ltn12.Sink
function ltn12.sink.chain(...) end

---Makes an ordinary sink from one that may name its successor.
---@param sink fun(chunk: string?, err: any): any, any
---@return ltn12.Sink
function ltn12.sink.simplify(sink) end

---Moves all chunks from a source to a sink.
---@param source ltn12.Source
---@param sink ltn12.Sink
---@param step? ltn12.Step
---@return 1? one nil on failure
---@return any message
function ltn12.pump.all(source, sink, step) end

---Moves one chunk from a source to a sink.
---@param source ltn12.Source
---@param sink ltn12.Sink
---@return 1? one nil at the end and on failure
---@return any message
function ltn12.pump.step(source, sink) end

return ltn12
