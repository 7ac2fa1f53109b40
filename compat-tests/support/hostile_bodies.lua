-- The catalogue of hostile HTTP servers, part 2: how bodies are framed, and servers that are slow.
-- See hostile.lua for the fields.
local OK = "HTTP/1.1 200 OK\r\n"
local CHUNKED = OK .. "Transfer-Encoding: chunked\r\n\r\n"

local cases = {
    -- Content-Length
    { "7.1", "two equal lengths: joined, so none", replies = { { OK .. "Content-Length: 2\r\nContent-Length: 2\r\n\r\nokay" } },
        expect = { "okay", 200 } },
    { "7.2", "two different lengths", replies = { { OK .. "Content-Length: 2\r\nContent-Length: 4\r\n\r\nokay!" } },
        expect = { "okay!", 200 } },
    { "7.3", "a list of lengths", replies = { { OK .. "Content-Length: 2, 2\r\n\r\nokay" } }, expect = { "okay", 200 } },
    { "7.4", "plus sign", replies = { { OK .. "Content-Length: +2\r\n\r\nokay" } }, expect = { "okay", 200 },
        differs = "http.bugs.16" },
    { "7.5", "minus sign", replies = { { OK .. "Content-Length: -2\r\n\r\nokay" } }, expect = { "okay", 200 },
        differs = "http.bugs.16" },
    { "7.6", "blanks around", replies = { { OK .. "Content-Length: \t 2 \t\r\n\r\nokay" } }, expect = { "ok", 200 } },
    { "7.7", "a blank inside", replies = { { OK .. "Content-Length: 1 2\r\n\r\nokay" } }, expect = { "okay", 200 } },
    { "7.8", "20 digits", replies = { { OK .. "Content-Length: 99999999999999999999\r\n\r\nokay" } }, expect = { nil, "closed" } },
    { "7.9", "20 digits, most of them zeros", replies = { { OK .. "Content-Length: 00000000000000000002\r\n\r\nokay" } },
        expect = { "ok", 200 } },
    { "7.10", "hexadecimal", replies = { { OK .. "Content-Length: 0x2\r\n\r\nokay" } }, expect = { "okay", 200 },
        differs = "http.bugs.16" },
    { "7.11", "exponent", replies = { { OK .. "Content-Length: 2e0\r\n\r\nokay" } }, expect = { "okay", 200 },
        differs = "http.bugs.16" },
    { "7.12", "fraction", replies = { { OK .. "Content-Length: 2.5\r\n\r\nokay" } }, expect = { "okay", 200 },
        differs = "http.bugs.16" },
    { "7.13", "empty", replies = { { OK .. "Content-Length:\r\n\r\nokay" } }, expect = { "okay", 200 } },
    { "7.14", "letters", replies = { { OK .. "Content-Length: two\r\n\r\nokay" } }, expect = { "okay", 200 } },
    { "7.15", "NUL after the digits", replies = { { OK .. "Content-Length: 2\0\r\n\r\nokay" } }, expect = { "okay", 200 },
        differs = "http.bugs.16" },
    { "7.16", "shorter than announced", replies = { { OK .. "Content-Length: 5\r\n\r\nokay" } }, expect = { nil, "closed" } },
    { "7.17", "shorter than announced, reset", replies = { { OK .. "Content-Length: 5\r\n\r\nokay" } }, ending = "reset",
        expect = { nil, "closed" } },
    { "7.18", "shorter than announced, silence", replies = { { OK .. "Content-Length: 5\r\n\r\nokay" } }, ending = "stall",
        stalls = true, expect = { nil, "timeout" } },
    { "7.19", "longer than announced", replies = { { OK .. "Content-Length: 2\r\n\r\nokay" } }, expect = { "ok", 200 } },
    { "7.20", "endless beyond what was announced", replies = { { OK .. "Content-Length: 2\r\n\r\nok", { forever = "x" } } },
        expect = { "ok", 200 } },
    { "7.21", "as announced, then reset", replies = { { OK .. "Content-Length: 4\r\n\r\nokay" } }, ending = "reset",
        expect = { "okay", 200 } },
    { "7.22", "as announced, then kept open", replies = { { OK .. "Content-Length: 4\r\n\r\nokay" } }, ending = "stall",
        expect = { "okay", 200 } },
    { "7.23", "a terabyte announced, silence", replies = { { OK .. "Content-Length: 1099511627776\r\n\r\nokay" } },
        ending = "stall", stalls = true, expect = { nil, "timeout" } },
    { "7.24", "no length, kept open", replies = { { OK .. "\r\nokay" } }, ending = "stall", stalls = true,
        expect = { nil, "timeout" } },
    { "7.25", "no length, reset", replies = { { OK .. "\r\nokay" } }, ending = "reset", expect = { "okay", 200 } },

    -- Transfer-Encoding
    { "8.1", "with a Content-Length", replies = { { OK .. "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n" ..
        "4\r\nokay\r\n0\r\n\r\n" } }, expect = { "okay", 200 } },
    { "8.2", "before a Content-Length", replies = { { OK .. "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n" ..
        "4\r\nokay\r\n0\r\n\r\n" } }, expect = { "okay", 200 } },
    { "8.3", "unknown coding", replies = { { OK .. "Transfer-Encoding: zip\r\n\r\n4\r\nokay\r\n0\r\n\r\n" } },
        expect = { "okay", 200 } },
    { "8.4", "unknown coding, a body that is not chunked", replies = { { OK .. "Transfer-Encoding: zip\r\n\r\nzipped\r\n" } },
        expect = { nil, "invalid chunk size" } },
    { "8.5", "identity", replies = { { OK .. "Transfer-Encoding: identity\r\nContent-Length: 2\r\n\r\nokay" } },
        expect = { "ok", 200 } },
    { "8.6", "chunked twice", replies = { { OK .. "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n" ..
        "4\r\nokay\r\n0\r\n\r\n" } }, expect = { "okay", 200 } },
    { "8.7", "empty", replies = { { OK .. "Transfer-Encoding:\r\n\r\n4\r\nokay\r\n0\r\n\r\n" } }, expect = { "okay", 200 } },
    { "8.8", "CHUNKED", replies = { { OK .. "TRANSFER-ENCODING: CHUNKED\r\n\r\n4\r\nokay\r\n0\r\n\r\n" } },
        expect = { "okay", 200 } },
    { "8.9", "a blank before the colon hides it", replies = { { OK .. "Transfer-Encoding : chunked\r\n\r\nokay" } },
        expect = { "okay", 200 } },

    -- chunks beyond their sizes
    { "10.1", "no CRLF after the data", replies = { { CHUNKED .. "4\r\nokay0\r\n\r\n" } }, expect = { nil, "invalid chunk size" } },
    { "10.2", "other bytes after the data", replies = { { CHUNKED .. "4\r\nokayxyz\r\n0\r\n\r\n" } }, expect = { "okay", 200 } },
    { "10.3", "bare LF", replies = { { CHUNKED .. "4\nokay\n0\n\n" } }, expect = { "okay", 200 } },
    { "10.4", "bare CR", replies = { { CHUNKED .. "4\rokay\r0\r\r" } }, expect = { nil, "closed" } },
    { "10.5", "extensions", replies = { { CHUNKED .. "4;a=b;c=\"d;e\"\r\nokay\r\n0;z\r\n\r\n" } }, expect = { "okay", 200 } },
    { "10.6", "an endless extension", replies = { { CHUNKED .. "4;", { forever = "x" } } }, expect = { nil, "oversized" },
        differs = "add.6" },
    { "10.7", "an endless line of zeros", replies = { { CHUNKED, { forever = "0" } } }, expect = { nil, "oversized" },
        differs = "add.6" },
    { "10.8", "endless bytes after the data", replies = { { CHUNKED .. "4\r\nokay", { forever = "x" } } },
        expect = { nil, "oversized" }, differs = "add.6" },
    { "10.9", "no last CRLF, close", replies = { { CHUNKED .. "4\r\nokay\r\n0\r\n" } }, expect = { nil, "closed" } },
    { "10.10", "no last CRLF, reset", replies = { { CHUNKED .. "4\r\nokay\r\n0\r\n" } }, ending = "reset",
        expect = { nil, "closed" } },
    { "10.11", "no last CRLF, silence", replies = { { CHUNKED .. "4\r\nokay\r\n0\r\n" } }, ending = "stall", stalls = true,
        expect = { nil, "timeout" } },
    { "10.12", "no last chunk", replies = { { CHUNKED .. "4\r\nokay\r\n" } }, expect = { nil, "closed" } },
    { "10.13", "trailers", replies = { { CHUNKED .. "4\r\nokay\r\n0\r\nA: b\r\nC: d\r\n\r\n" } }, expect = { "okay", 200 },
        headers = { ["transfer-encoding"] = "chunked" } },
    { "10.14", "trailers that frame", replies = { { CHUNKED .. "4\r\nokay\r\n0\r\nContent-Length: 9\r\n\r\n" } },
        expect = { "okay", 200 }, headers = { ["transfer-encoding"] = "chunked" } },
    { "10.15", "a malformed trailer", replies = { { CHUNKED .. "4\r\nokay\r\n0\r\nnonsense\r\n\r\n" } },
        expect = { nil, "malformed response headers" }, differs = "http.receive.12" },
    { "10.16", "endless trailers", replies = { { CHUNKED .. "0\r\n", { forever = "A: b\r\n" } } },
        expect = { nil, "oversized" }, differs = "add.6" },
    { "10.17", "an endless trailer", replies = { { CHUNKED .. "0\r\nA: ", { forever = "b" } } }, expect = { nil, "oversized" },
        differs = "add.6" },
    { "10.18", "10,000 chunks of one byte", replies = { { CHUNKED, { times = 10000, "1\r\nx\r\n" }, "0\r\n\r\n" } },
        expect = { ("x"):rep(10000), 200 } },
    { "10.19", "bytes after the end", replies = { { CHUNKED .. "4\r\nokay\r\n0\r\n\r\n", { forever = "x" } } },
        expect = { "okay", 200 } },
    { "10.20", "whole, then reset", replies = { { CHUNKED .. "4\r\nokay\r\n0\r\n\r\n" } }, ending = "reset",
        expect = { "okay", 200 } },
    { "10.21", "whole, then kept open", replies = { { CHUNKED .. "4\r\nokay\r\n0\r\n\r\n" } }, ending = "stall",
        expect = { "okay", 200 } },
    { "10.22", "a terabyte announced, silence", replies = { { CHUNKED .. "10000000000\r\nokay" } }, ending = "stall",
        stalls = true, expect = { nil, "timeout" } },
    { "10.23", "the largest size that counts, close", replies = { { CHUNKED .. "fffffffffffff\r\nokay" } },
        expect = { nil, "closed" }, differs = "http.bugs.17" },

    -- slow servers
    { "11.1", "one byte at a time: too slow for one read", stalls = true, expect = { nil, "timeout" },
        replies = { { "H", { pause = 0.3 }, "T", { pause = 0.3 }, "T", { pause = 0.3 }, "P" } } },
    { "11.2", "slow in a header line", stalls = true, expect = { nil, "timeout" },
        replies = { { OK .. "A", { pause = 0.3 }, ":", { pause = 0.3 }, "b", { pause = 0.3 }, "\r\n" } } },
    { "11.3", "slow in a body", stalls = true, expect = { nil, "timeout" },
        replies = { { OK .. "Content-Length: 4\r\n\r\n", { pause = 0.2 }, "o", { pause = 0.2 }, "k", { pause = 0.5 }, "ay" } } },
    { "11.4", "slow in a chunk size", stalls = true, expect = { nil, "timeout" },
        replies = { { CHUNKED, { pause = 0.2 }, "0", { pause = 0.2 }, "0", { pause = 0.5 }, "4" } } },
    { "11.5", "slow, but each line is in time", expect = { "ok", 200 },
        replies = { { OK, { pause = 0.2 }, "A: b\r\n", { pause = 0.2 }, "Content-Length: 2\r\n", { pause = 0.2 }, "\r\nok" } } },
}

-- chunk sizes: http.bugs.17, add.27
for i, size in ipairs({
    "-4", "+4", "0x4", "4 4", "4.0", "4g", "g", "", " ", ";", "-0", "00000000000000004", "ffffffffffffffff",
    "7fffffffffffffff", "1000000000000000", "4\0", "\0004", "4\v", "4,", "4\127", "\2554",
}) do
    cases[#cases + 1] = {
        "9." .. i, ("chunk size %q"):format(size):gsub("[^\32-\126]", "."), replies = { { CHUNKED .. size .. "\r\nokay\r\n0\r\n\r\n" } },
        expect = { nil, "invalid chunk size" }, differs = "http.bugs.17",
    }
end
for i, size in ipairs({ "4", "04", "0000000000000004", " 4", "4 ", "\t4\t", "4;x", "4 ;x", "4;\255" }) do
    cases[#cases + 1] = {
        "9.5" .. i, ("chunk size %q"):format(size):gsub("[^\32-\126]", "."), replies = { { CHUNKED .. size .. "\r\nokay\r\n0\r\n\r\n" } },
        expect = { "okay", 200 },
    }
end

return cases
