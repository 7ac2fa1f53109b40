//! The runner: Lua's stand-alone interpreter with every module of luasocket-rs linked in.
//!
//! It takes the options of the stock `lua` and behaves like it: `luasocket script.lua`.
// The program starts at C's `main`. Rust's own start-up code would change how the process and its children
// handle SIGPIPE. The runner keeps the inherited handling (add.23).
#![no_main]
#![deny(unsafe_code)]

mod interactive;
mod interpreter;
mod options;
mod process;
mod terminal;

use std::ffi::CStr;

use interpreter::{Interpreter, Source};
use options::{Action, Options};
use terminal::Terminal;

/// The arguments of a run.
struct Start<'a> {
    arguments: &'a [&'static CStr],
    options: Options,
    terminal: Terminal,
}

/// The whole program. Returns whether it succeeded.
fn run(arguments: &[&'static CStr]) -> bool {
    let program = arguments.first().copied().unwrap_or(c"luasocket");
    let options = match options::parse(arguments) {
        Ok(options) if options.help => {
            options::print_help(program);
            return true;
        }
        Ok(options) => options,
        Err(rejected) => {
            rejected.report(program);
            return false;
        }
    };
    let Some(lua) = Interpreter::new(program) else {
        process::write_error(&[program.to_bytes(), b": cannot create state: not enough memory"]);
        return false;
    };
    let terminal = Terminal::new(lua.without_name());
    let start = Start { arguments, options, terminal };
    let success = lua.protected(script_and_options, &start);
    #[cfg(feature = "tasks")]
    lua.report_tasks();
    lua.close();
    success
}

/// The part of the program that runs inside Lua. Nothing here may own memory, because an error leaves by a
/// long jump.
fn script_and_options(lua: Interpreter, start: &Start<'_>) -> bool {
    let options = &start.options;
    if options.version {
        interactive::print_version();
    }
    lua.open_libraries(options.environment);
    if !lua.preload_modules() {
        return false;
    }
    lua.set_arguments(start.arguments, options.script.unwrap_or(0));
    lua.start_collector();
    if options.environment && !initialize(lua) {
        return false;
    }
    for action in &options.actions {
        let success = match *action {
            Action::Execute(text) => lua.run(Source::Text(text, c"=(command line)"), 0),
            Action::Require(module) => lua.require(module),
            Action::Warn => {
                lua.turn_warnings_on();
                true
            }
        };
        if !success {
            return false;
        }
    }
    if let Some(script) = options.script {
        let source = match start.arguments.get(script) {
            Some(name) if !options.standard_input => Source::File(name),
            _ => Source::StandardInput,
        };
        if !lua.run_script(source) {
            return false;
        }
    }
    if options.interactive {
        interactive::run(lua.without_name(), &start.terminal);
    } else if options.script.is_none() && !options.executes && !options.version {
        if process::is_terminal() {
            interactive::print_version();
            interactive::run(lua.without_name(), &start.terminal);
        } else {
            // Does not affect the exit status, as in the stock interpreter. With `-` it does.
            lua.run(Source::StandardInput, 0);
        }
    }
    true
}

/// Runs the value of `LUA_INIT`: a statement, or a file name after an `@`.
fn initialize(lua: Interpreter) -> bool {
    let Some((name, value)) = process::initial_statement() else {
        return true;
    };
    match value.to_bytes_with_nul().split_first() {
        Some((b'@', rest)) => lua.run(Source::File(CStr::from_bytes_until_nul(rest).unwrap_or_default()), 0),
        _ => lua.run(Source::Text(value, name), 0),
    }
}
