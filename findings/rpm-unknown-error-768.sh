#!/usr/bin/env bash
# rpm's Lua says that a command with exit status 3 ended with "Unknown error 768", and that process 4711 is 4711.0.
#
# Guess:  rpm.execute("sh", "-c", "exit 3") gives 3. posix.getprocessid("pid") is an integer, since this is Lua 5.3, and fits in a
#         file's name. rpm.b64decode takes base64 without "=", and rpm.b64encode writes one line. rpm.splitargs divides a line
#         of options as a shell does, and rpm.unsplitargs is its opposite. An expression %[...] has 64 bits, or says that it has not.
# Seen (rpm 4.18.0+dfsg-1+deb12u1, rpmlua): nil, "Unknown error 768", 768.0: the raw status of wait, with a message that is none.
#         All integers of the posix module are floats, so "/proc/" .. pid names nothing. Base64 has line ends, and without "="
#         it is nil. splitargs cuts inside quotes; unsplitargs puts the control character 31 around each word.
#         %[99999999999] is 1215752191, without a word.
# Who meets it: authors of spec files and macros whose scripts ask git or a test for its exit status.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
v=4.18.0+dfsg-1+deb12u1
apt-get -qq download rpm=$v librpm9=$v librpmio9=$v librpmbuild9=$v librpmsign9=$v rpm-common=$v \
    libpopt0 liblua5.3-0 libarchive13 libfsverity0 libdw1 libelf1 libsqlite3-0 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done
export LD_LIBRARY_PATH="$work/root/usr/lib/x86_64-linux-gnu" RPM_CONFIGDIR="$work/root/usr/lib/rpm" HOME="$work"
cat > run.lua <<'LUA'
local function show(...)
    local words = table.pack(...)
    for i = 1, words.n do words[i] = type(words[i]) == "string" and ("%q"):format(words[i]) or tostring(words[i]) end
    io.write((table.concat(words, "  "):gsub("\\\n", "\\n")), "\n")
end
show(_VERSION)
show("exit 0", rpm.execute("true"))
show("exit 3", rpm.execute("sh", "-c", "exit 3"))
local pid = posix.getprocessid("pid")
show("pid", math.type(pid), posix.access("/proc/" .. pid), posix.access(("/proc/%d"):format(pid)))
show("base64", rpm.b64encode("a"), rpm.b64decode("YQ=="), rpm.b64decode("YQ"))
show("split", table.unpack(rpm.splitargs("one 'two three'")))
show("unsplit", rpm.unsplitargs({ "one", "two three" }))
show("expand", rpm.expand("%[2147483647]"), rpm.expand("%[99999999999]"))
LUA
root/usr/bin/rpmlua run.lua | tee seen
cat > expected <<'EXPECTED'
"Lua 5.3"
"exit 0"  0.0
"exit 3"  nil  "Unknown error 768"  768.0
"pid"  "float"  nil  0.0
"base64"  "YQ==\n"  "a"  nil
"split"  "one"  "'two"  "three'"
"unsplit"  "\31one\31 \31two three\31"
"expand"  "2147483647"  "1215752191"
EXPECTED
diff expected seen && echo "as described: rpm 4.18.0"
