//! The interactive mode: a prompt, a line or more, and what it returns.

use std::ffi::CStr;

use crate::interpreter::{self, Interpreter, Line};
use crate::process;
use crate::terminal::{Answer, Terminal};

/// Says which Lua this is, and which luasocket-rs.
pub fn print_version() {
    process::write(&[interpreter::version(), b"\n"]);
    process::write(&[b"luasocket-rs ", env!("CARGO_PKG_VERSION").as_bytes(), b" (LuaSocket 3.1.0)\n"]);
}

/// What was read.
enum Statement {
    /// A function, or the error that there is none, on top.
    Read(Line),
    /// The user has given it up.
    Dropped,
    /// There is no more.
    End,
}

/// Reads and runs until the end of standard input.
pub fn run(lua: Interpreter, terminal: &Terminal) {
    loop {
        lua.keep(0);
        match read_statement(lua, terminal) {
            Statement::End => break,
            Statement::Dropped => {}
            Statement::Read(Line::Complete) => lua.call_and_print(),
            Statement::Read(_) => lua.report_top(),
        }
    }
    if terminal.is_usable() {
        terminal.keep_history();
    } else {
        process::write(&[b"\n"]);
    }
}

/// Leaves the next statement's function, or its error, on top.
fn read_statement(lua: Interpreter, terminal: &Terminal) -> Statement {
    match read_line(lua, terminal, c"_PROMPT", b"> ") {
        Answer::Line => {}
        Answer::Dropped => return Statement::Dropped,
        Answer::End => return Statement::End,
    }
    // An expression is shown without a `return` before it; an old habit puts a `=` there.
    lua.push(b"return ");
    lua.text(1, |line| lua.push(line.strip_prefix(b"=").unwrap_or(line)));
    lua.concatenate(2);
    if lua.load_line() == Line::Complete {
        return Statement::Read(Line::Complete);
    }
    lua.keep(1);
    loop {
        let line = lua.load_line();
        if line != Line::Incomplete {
            return Statement::Read(line);
        }
        match read_line(lua, terminal, c"_PROMPT2", b">> ") {
            Answer::Line => lua.append_line(),
            Answer::Dropped => return Statement::Dropped,
            Answer::End => return Statement::Read(line),
        }
    }
}

/// Pushes a line of standard input without its end, if there is one.
fn read_line(lua: Interpreter, terminal: &Terminal, prompt: &CStr, standard: &[u8]) -> Answer {
    if terminal.is_usable() {
        return edit_line(lua, terminal, prompt, standard);
    }
    if lua.push_global(prompt) {
        lua.text(-1, |prompt| process::write(&[prompt]));
        lua.drop_top();
    } else {
        process::write(&[standard]);
    }
    let Some(mut byte) = process::read() else {
        return Answer::End;
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
    Answer::Line
}

/// The same from the line editor.
fn edit_line(lua: Interpreter, terminal: &Terminal, prompt: &CStr, standard: &[u8]) -> Answer {
    let answer = if lua.push_global(prompt) {
        let answer = lua.text(-1, |prompt| terminal.read(prompt));
        lua.drop_top();
        answer
    } else {
        terminal.read(standard)
    };
    if matches!(answer, Answer::Line) {
        lua.push(b"");
        let (mut piece, mut start) = ([0u8; 512], 0);
        loop {
            let length = terminal.piece(start, &mut piece);
            if length == 0 {
                break;
            }
            lua.push(piece.get(..length).unwrap_or_default());
            lua.concatenate(2);
            start += length;
        }
    }
    answer
}
