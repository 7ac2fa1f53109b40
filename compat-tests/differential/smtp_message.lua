-- smtp.message: headers, bodies, multipart (M1 to M16)
local show = require("show")
local ltn12 = require("ltn12")
local socket = require("socket")
local smtp = require("socket.smtp")

-- boundaries are replaced by their order of appearance, dates by a pattern
local function neutral(text)
    local count, numbers = 0, {}
    text = text:gsub("(%d+)==(%d+)", function(digits, number)
        local boundary = digits .. number
        if not numbers[boundary] then
            count = count + 1
            numbers[boundary] = count
            show("M11 shape", #digits == 19, #number == 5)
        end
        return "BOUNDARY" .. numbers[boundary]
    end)
    -- we add one to every message (B28); no Message-ID of this script starts like that
    text = text:gsub("Message%-ID: <20%d+%.[^\r]*\r\n", "")
    text = text:gsub("%a%a%a, %d%d %a%a%a %d%d%d%d %d%d:%d%d:%d%d ", "DATE ")
    return (text:gsub("X%-Mailer: " .. socket._VERSION:gsub("%p", "%%%0"), "X-Mailer: VERSION"))
end

-- sorts the lines of each header block: their order is not fixed (M7)
local function in_order(block)
    local lines = {}
    for line in block:gmatch("(.-)\r\n") do lines[#lines + 1] = line end
    table.sort(lines)
    return table.concat(lines, "\r\n")
end

-- Reads a message source chunk by chunk.
local function read(label, source)
    local chunks = {}
    while true do
        local chunk, err = source()
        if not chunk then
            show(label .. " ends", chunk, type(err) == "string" and err:gsub("^.-:%d+: ", "") or err)
            break
        end
        chunks[#chunks + 1] = chunk
    end
    show(label .. " chunks", #chunks)
    local text = neutral(table.concat(chunks, "|"))
    for piece in (text .. "|"):gmatch("(.-)|") do
        show("", piece:find("^[%w-]+: ") and in_order(piece) or piece)
    end
end

read("36 string body", smtp.message({ body = "text\r\n" }))
read("M8 empty body", smtp.message({ headers = { subject = "s" }, body = "" }))
read("M8 no body", smtp.message({ headers = { subject = "s" } }))
read("37 given headers", smtp.message({ headers = {
    ["MIME-Version"] = "2.0", ["X-Mailer"] = "mine", DATE = "yesterday", ["content-TYPE"] = "text/html", Subject = 5,
}, body = "x" }))
read("38 zone", smtp.message({ zone = "+0100", body = "x" }))
smtp.ZONE = "GMT"
read("38 default zone", smtp.message({ body = "x" }))
smtp.ZONE = "-0000"
local date = smtp.message({ body = "" })():match("Date: ([^\r]*)")
show("38 date", date:find("^%a%a%a, %d%d %a%a%a %d%d%d%d %d%d:%d%d:%d%d %-0000$"))

local headers = { Subject = "s", TO = "you" }
local part_headers = { ["Content-ID"] = "1" }
local mesgt = { headers = headers, body = { { headers = part_headers, body = "p" } } }
local source = smtp.message(mesgt)
show("39 replaced at once", mesgt.headers ~= headers, headers)
local names = {}
for name in pairs(mesgt.headers) do
    if name ~= "message-id" then names[#names + 1] = name end
end
table.sort(names)
show("39 names", names)
read("39 part headers", source)
show("39 afterwards", part_headers, mesgt.headers["content-type"])
local first_date = mesgt.headers.date
smtp.message(mesgt)
show("M3 second use keeps the date", mesgt.headers.date == first_date)

read("40 canonic names", smtp.message({ headers = {
    ["MESSAGE-ID"] = "<1>", ["in-reply-to"] = "<0>", ["content-transfer-encoding"] = "8bit", ["reply-to"] = "r",
    ["RETURN-path"] = "p", cc = "c", bcc = "b",
}, body = "" }))

read("41 multipart", smtp.message({
    headers = { from = "<a@x>", to = "<b@y>" },
    body = {
        preamble = "for old readers",
        { headers = { ["content-type"] = "text/html" }, body = "<p>one</p>" },
        { body = ltn12.source.empty() },
        { body = ltn12.source.cat(ltn12.source.string("two "), ltn12.source.string("chunks")) },
        {
            headers = { ["Content-Type"] = "multipart/alternative" },
            body = { { body = "inner one" }, { body = "inner two" } },
        },
        epilogue = "the end",
    },
}))
read("42 alternative", smtp.message({ headers = { ["content-type"] = "multipart/alternative" }, body = { { body = "x" } } }))
read("43 empty multipart", smtp.message({ body = {} }))
read("43 without parts", smtp.message({ body = { preamble = "pre", epilogue = "epi" } }))

read("44 source error", smtp.message({ body = ltn12.source.cat(ltn12.source.string("begun"), ltn12.source.error("gone")) }))
read("44 source error in a part", smtp.message({ body = { { body = function() return nil, "gone" end } } }))
read("44 source that raises", smtp.message({ body = function() error("boom", 0) end }))
local failing = smtp.message({ headers = { subject = {} }, body = "x" })
local chunk, message = failing()
show("44 table as header value", chunk, type(message))
show("M2 no table", pcall(smtp.message) == false)

local pulled = 0
source = smtp.message({ body = function()
    pulled = pulled + 1
    return nil
end })
show("M2 lazy", pulled)
source()
show("M2 lazy after the headers", pulled)
show("M12 end", (source()))
show("M2 lazy at the end", pulled)
