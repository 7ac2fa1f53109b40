//! The interactive mode: a prompt, a line or more, and what it returns.

use std::ffi::CStr;

use crate::interpreter::{self, Interpreter, Line};
use crate::process;

/// Says which Lua this is, and which luasocket-rs.
pub fn print_version() {
    process::write(&[interpreter::version(), b"\n"]);
    process::write(&[b"luasocket-rs ", env!("CARGO_PKG_VERSION").as_bytes(), b" (LuaSocket 3.1.0)\n"]);
}

/// Reads and runs until the end of standard input.
pub fn run(lua: Interpreter) {
    loop {
        lua.keep(0);
        match read_statement(lua) {
            None => break,
            Some(Line::Complete) => lua.call_and_print(),
            Some(_) => lua.report_top(),
        }
    }
    process::write(&[b"\n"]);
}

/// Leaves the next statement's function, or its error, on top; nothing at the end of the input.
fn read_statement(lua: Interpreter) -> Option<Line> {
    if !read_line(lua, c"_PROMPT", b"> ") {
        return None;
    }
    // An expression is shown without a `return` before it; an old habit puts a `=` there.
    lua.push(b"return ");
    lua.text(1, |line| lua.push(line.strip_prefix(b"=").unwrap_or(line)));
    lua.concatenate(2);
    if lua.load_line() == Line::Complete {
        return Some(Line::Complete);
    }
    lua.keep(1);
    loop {
        let line = lua.load_line();
        if line != Line::Incomplete || !read_line(lua, c"_PROMPT2", b">> ") {
            return Some(line);
        }
        lua.append_line();
    }
}

/// Pushes a line of standard input without its end; pushes nothing and is false when there is none.
fn read_line(lua: Interpreter, prompt: &CStr, standard: &[u8]) -> bool {
    if lua.push_global(prompt) {
        lua.text(-1, |prompt| process::write(&[prompt]));
        lua.drop_top();
    } else {
        process::write(&[standard]);
    }
    let Some(mut byte) = process::read() else {
        return false;
    };
    lua.push(b"");
    while byte != b'\n' {
        // In pieces, because an error of Lua's would not free a buffer.
        let mut piece = [0u8; 512];
        let mut length = 0;
        for place in &mut piece {
            *place = byte;
            length += 1;
            byte = process::read().unwrap_or(b'\n');
            if byte == b'\n' {
                break;
            }
        }
        lua.push(piece.get(..length).unwrap_or_default());
        lua.concatenate(2);
    }
    true
}
