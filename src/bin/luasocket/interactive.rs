//! The interactive mode: reads a statement of one or more lines, runs it and prints its results.

use std::ffi::CStr;

use crate::interpreter::{self, Interpreter, Line};
use crate::process;
use crate::terminal::{Answer, Terminal};

/// Prints the versions of Lua and of luasocket-rs.
pub fn print_version() {
    process::write(&[interpreter::version(), b"\n"]);
    process::write(&[b"luasocket-rs ", env!("CARGO_PKG_VERSION").as_bytes(), b" (LuaSocket 3.1.0)\n"]);
}

/// The result of reading a statement.
enum Statement {
    /// A function is on top of the stack, or the error of a statement that does not compile.
    Read(Line),
    /// The user has abandoned it.
    Dropped,
    /// The end of the input.
    End,
}

/// Reads and runs statements until the end of standard input.
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

/// Leaves the function of the next statement, or its error, on top.
fn read_statement(lua: Interpreter, terminal: &Terminal) -> Statement {
    match read_line(lua, terminal, c"_PROMPT", b"> ") {
        Answer::Line => {}
        Answer::Dropped => return Statement::Dropped,
        Answer::End => return Statement::End,
    }
    // The value of an expression is shown without a leading `return`. In old versions a `=` was needed.
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

/// Pushes a line of standard input, without its end of line. Pushes nothing at the end of the input.
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
        // Reads in pieces, because an error raised by Lua would not free a buffer.
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

/// Like `read_line`, with the line editor.
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
