#!/usr/bin/env bash
# imapfilter cannot search for a quotation mark, nor open a mailbox that has one, and sees the last line of a search's results.
#
# Guess:  contain_subject('"hi"') asks the server for it, with backslashes or as a literal (RFC 3501 section 9: QUOTED-SPECIALS). A name
#         from list_all, such as one\two or q"r, is the mailbox's name and can be given back to the server. A server may answer a
#         search in two lines, as it may send any untagged answer twice (section 7).
# Seen (imapfilter 2.8.1-1, Lua 5.2): the quotation mark is sent as it is and ends the text in the middle, so the server says BAD and no
#         message is found. list_all shows the backslash of a quoted name twice: with that name the mailbox opens, with its
#         right name it does not. q"r, which came as a literal, opens with no name. Of the results 1, 2 and 3, 4 only the last two arrive.
# Who meets it: filters that sort by a subject in quotation marks: they find nothing, and leave the mail where it is.
set -euo pipefail
work=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"
apt-get -qq download imapfilter=1:2.8.1-1 liblua5.2-0 libpcre2-8-0 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done
export LD_LIBRARY_PATH="$work/root/usr/lib/x86_64-linux-gnu" HOME="$work"
# The program knows its Lua files by an absolute path: they are in the present folder instead.
sed 's#/usr/share/imapfilter/#./////////////////////#g' root/usr/bin/imapfilter > imapfilter
chmod +x imapfilter
cp root/usr/share/imapfilter/*.lua .
cat > server.py <<'PYTHON'
import re
import socket

listener = socket.create_server(("127.0.0.1", 0))
with open("port", "w") as file:
    file.write(str(listener.getsockname()[1]))
word = rb'(?:"(?:[^"\\\r\n]|\\["\\])*"|[^\s"\\]+|\([^()"]*\))'
connection, _ = listener.accept()
connection.sendall(b"* OK ready\r\n")
for line in connection.makefile("rb"):
    tag, rest = line.split(b" ", 1)
    command = rest.split()[0]
    valid = re.fullmatch(word + rb"(?: " + word + rb")*\r\n", rest)
    answer = {b"CAPABILITY": b"* CAPABILITY IMAP4rev1\r\n", b"SELECT": b"* 4 EXISTS\r\n",
              b"LIST": b'* LIST () "/" "plain"\r\n* LIST () "/" "one\\\\two"\r\n* LIST () "/" {3}\r\nq"r\r\n',
              b"STATUS": b'* STATUS "x" (MESSAGES 4 RECENT 0 UNSEEN 0 UIDNEXT 5)\r\n',
              b"UID": b"* SEARCH 1 2\r\n* SEARCH 3 4\r\n"}.get(command, b"")
    connection.sendall(answer + tag + b" OK done\r\n" if valid else tag + b" BAD syntax\r\n")
PYTHON
python3 server.py &
server=$!
until [ -s port ]; do sleep 0.1; done
cat > filter.lua <<'LUA'
options.starttls, options.info = false, false
local account = IMAP({ server = "127.0.0.1", port = tonumber(io.open("port"):read("*a")), username = "me", password = "p" })
print("mailboxes", table.concat(account:list_all(), "  "))
for _, name in ipairs({ "plain", "one\\two", "one\\\\two", 'q"r' }) do
    local ok, number = pcall(function() return account[name]:check_status() end)
    print("status of " .. name, ok and number)
end
local function found(messages)
    local numbers = {}
    for _, message in ipairs(messages) do numbers[#numbers + 1] = message[2] end
    return #numbers .. " found", table.concat(numbers, " ")
end
print("plain", found(account.INBOX:contain_subject("hi")))
print("quoted", found(account.INBOX:contain_subject('"hi"')))
LUA
timeout 30 ./imapfilter -c filter.lua 2>/dev/null | tee seen
cat > expected <<'EXPECTED'
mailboxes	plain  one\\two  q"r
status of plain	4
status of one\two	-1
status of one\\two	4
status of q"r	-1
plain	2 found	3 4
quoted	0 found	
EXPECTED
diff expected seen && echo "as described: imapfilter 2.8.1"
