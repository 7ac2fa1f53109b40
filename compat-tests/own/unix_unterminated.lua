-- A peer whose path fills `sun_path` to the last byte, without a final zero.
-- needs: python3
local check = require("check")
local unix = require("socket.unix")

local receiver = unix.dgram()
receiver:bind("receiver")
receiver:settimeout(10)
local path = ("x"):rep(108)
local sender = require("peer").python(os.getenv("COMPAT_SERVERS") .. "/unterminated_path.py", path, "receiver")
check.equal("unix.10: the whole path", { receiver:receivefrom() }, { "from afar", path })
sender:close()
check.done()
