//! The runner, compared with the stock interpreter where one is installed.
#![cfg(feature = "runner")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::string_slice)]

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use support::Scratch;

const RUNNER: &str = env!("CARGO_BIN_EXE_luasocket");

/// A command with the name `lua`, without the environment variables that affect Lua.
fn lua(program: &str, directory: &Path) -> Command {
    let mut command = Command::new(program);
    command.arg0("lua").current_dir(directory);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("LUA_")) {
        command.env_remove(name);
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn finish(mut child: Child, input: &str) -> (Option<i32>, String, String) {
    // A program that does not read its input closes the pipe.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    finish(lua(RUNNER, &std::env::temp_dir()).args(arguments).spawn().unwrap(), "")
}

fn prints(script: &str, expected: &str) {
    assert_eq!(run(&["-e", script]), (Some(0), format!("{expected}\n"), String::new()), "{script}");
}

/// One invocation to run in both interpreters.
#[derive(Default)]
struct Case {
    arguments: &'static [&'static str],
    input: &'static str,
    environment: &'static [(&'static str, &'static str)],
}

const FILES: &[(&str, &str)] = &[
    ("arguments.lua", "print(...) for i = -9, 9 do print(i, arg[i]) end print(#arg)"),
    ("shebang.lua", "#!/usr/bin/env lua\nprint('shebang', debug.getinfo(1, 'l').currentline)"),
    ("deep.lua", "local function f(n) if n == 0 then error('deep') end f(n - 1) end\nf(30)"),
    ("syntax.lua", "print('never')\nx = = 1"),
    ("main.lua", "print(pcall(debug.getlocal, 4, 1), debug.getinfo(2).what, debug.getinfo(3))"),
    ("mod.lua", "print('loading', ...) return { name = 'mod' }"),
    ("bad.lua", "error({ code = 2 })"),
    ("noarg.lua", "print(...)"),
    (
        "exit.lua",
        "setmetatable({}, { __gc = function() print('collected') end }) os.exit(tonumber(...), true)",
    ),
    (
        "close.lua",
        "local x <close> = setmetatable({}, { __close = function() print('closed') end }) os.exit(true, true)",
    ),
];

const CASES: &[Case] = &[
    Case { arguments: &["arguments.lua"], ..EMPTY },
    Case { arguments: &["arguments.lua", "a", "", "-c", "--"], ..EMPTY },
    Case { arguments: &["-E", "-W", "arguments.lua", "a"], ..EMPTY },
    Case { arguments: &["--", "arguments.lua", "-x"], ..EMPTY },
    Case { arguments: &["-e", "for i = -9, 9 do print(i, arg[i]) end print(...)"], ..EMPTY },
    Case { arguments: &["-eprint(1)", "-e", "print(2)", "-lmod", "-e", "print(mod.name)"], ..EMPTY },
    Case { arguments: &["-l", "m=mod", "-e", "print(m.name, mod)"], ..EMPTY },
    Case { arguments: &["-l", "mod", "arguments.lua", "1"], ..EMPTY },
    Case {
        arguments: &["-l", "nothing"],
        environment: &[("LUA_PATH", "./?.x"), ("LUA_CPATH", "./?.y")],
        ..EMPTY
    },
    Case { arguments: &["-e", "error('first')", "-e", "print('second')", "arguments.lua"], ..EMPTY },
    Case { arguments: &["shebang.lua"], ..EMPTY },
    Case { arguments: &["deep.lua"], ..EMPTY },
    Case { arguments: &["syntax.lua"], ..EMPTY },
    Case { arguments: &["main.lua"], ..EMPTY },
    Case { arguments: &["bad.lua"], ..EMPTY },
    Case { arguments: &["missing.lua"], ..EMPTY },
    Case { arguments: &["-e", "arg = nil", "noarg.lua", "x"], ..EMPTY },
    Case { arguments: &["-e", "arg = { 'p', 'q' }", "noarg.lua", "x"], ..EMPTY },
    Case {
        arguments: &["-e", "arg = setmetatable({}, { __len = function() return 1e9 end })", "noarg.lua"],
        ..EMPTY
    },
    Case { arguments: &["exit.lua", "7"], ..EMPTY },
    Case { arguments: &["exit.lua"], ..EMPTY },
    Case { arguments: &["close.lua"], ..EMPTY },
    Case { arguments: &["-e", "os.exit(false)"], ..EMPTY },
    Case { arguments: &["-e", "os.exit(300)"], ..EMPTY },
    Case { arguments: &["-e", "return 1, 2"], ..EMPTY },
    Case { arguments: &["-e", "error()"], ..EMPTY },
    Case { arguments: &["-e", "error('plain', 0)"], ..EMPTY },
    Case { arguments: &["-e", "error(12)"], ..EMPTY },
    Case { arguments: &["-e", "error(print)"], ..EMPTY },
    Case {
        arguments: &["-e", "error(setmetatable({}, { __tostring = function() return 'told' end }))"],
        ..EMPTY
    },
    Case { arguments: &["-e", "error(setmetatable({}, { __tostring = function() return 1 end }))"], ..EMPTY },
    Case { arguments: &["-e", "local t = nil; t.x = 1"], ..EMPTY },
    Case { arguments: &["-e", "string.rep()"], ..EMPTY },
    Case { arguments: &["-e", "coroutine.yield(1)"], ..EMPTY },
    Case { arguments: &["-e", "print(coroutine.isyieldable(), select(2, coroutine.running()))"], ..EMPTY },
    Case { arguments: &["-e", "print(collectgarbage('generational'))"], ..EMPTY },
    Case { arguments: &["-e", "warn('quiet') warn('@on') warn('lo', 'ud')"], ..EMPTY },
    Case { arguments: &["-W", "-e", "warn('loud')"], ..EMPTY },
    Case { arguments: &["-e", "setmetatable({}, { __gc = function() error('in gc') end })", "-W"], ..EMPTY },
    Case { arguments: &["-e", "io.write('no line end')"], ..EMPTY },
    Case { arguments: &["-e", "print(#string.rep('x', 100000000))"], ..EMPTY },
    Case { arguments: &["-"], input: "print('from stdin', ...)", ..EMPTY },
    Case {
        arguments: &["-", "a", "b"],
        input: "#!first line\nprint('from stdin', ...)\nfor i = -2, 3 do print(arg[i]) end",
        ..EMPTY
    },
    Case { arguments: &[], input: "print('bare', ...) error('e')", ..EMPTY },
    Case { arguments: &["-e", "print(io.read('a'))"], input: "data\nmore", ..EMPTY },
    Case { arguments: &["--", "-"], input: "print('not this')", ..EMPTY },
    Case { arguments: &["-x"], ..EMPTY },
    Case { arguments: &["-vx"], ..EMPTY },
    Case { arguments: &["--x"], ..EMPTY },
    Case { arguments: &["-e"], ..EMPTY },
    Case { arguments: &["-l"], ..EMPTY },
    Case { arguments: &["-e", "-v"], ..EMPTY },
    Case { arguments: &["-e", ""], ..EMPTY },
    Case {
        arguments: &[],
        input: "print(x, y)",
        environment: &[("LUA_INIT", "x = 1"), ("LUA_INIT_5_4", "y = 2")],
    },
    Case { arguments: &["-e", "print(x)"], environment: &[("LUA_INIT", "x = 1")], ..EMPTY },
    Case { arguments: &["-E", "-e", "print(x)"], environment: &[("LUA_INIT", "x = 1")], ..EMPTY },
    Case { arguments: &["-e", "print(2)"], environment: &[("LUA_INIT", "error('init')")], ..EMPTY },
    Case { arguments: &["-e", "print(2)"], environment: &[("LUA_INIT", "@mod.lua")], ..EMPTY },
    Case { arguments: &["-e", "print(2)"], environment: &[("LUA_INIT", "@none.lua")], ..EMPTY },
    Case {
        arguments: &["-e", "print(package.path, package.cpath)"],
        environment: &[("LUA_PATH", "p"), ("LUA_CPATH", "c")],
        ..EMPTY
    },
    Case {
        arguments: &["-e", "print(package.path)"],
        environment: &[("LUA_PATH_5_4", "v"), ("LUA_PATH", "p")],
        ..EMPTY
    },
];

const EMPTY: Case = Case { arguments: &[], input: "", environment: &[] };

#[test]
fn it_behaves_as_the_stock_interpreter() {
    if cfg!(not(feature = "lua54")) {
        println!("skipped: compared on Lua 5.4 only");
        return;
    }
    if Command::new("lua5.4").arg("-v").output().is_err() {
        println!("skipped: lua5.4 is not installed");
        return;
    }
    for case in CASES {
        let [stock, ours] = ["lua5.4", RUNNER].map(|program| {
            let scratch = Scratch::new();
            for (name, text) in FILES {
                scratch.file(name, text);
            }
            let mut command = lua(program, scratch.path());
            command.args(case.arguments).envs(case.environment.iter().copied());
            finish(command.spawn().unwrap(), case.input)
        });
        assert_eq!(ours, stock, "{:?} with {:?}", case.arguments, case.environment);
    }
}

#[test]
fn every_module_is_there_without_a_path() {
    prints(
        "package.path, package.cpath = '', ''
        local names = { 'socket', 'socket.core', 'socket.url', 'socket.http', 'socket.smtp', 'socket.ftp',
            'socket.tp', 'socket.headers', 'ltn12', 'mime', 'mime.core', 'mbox' }
        for _, name in ipairs(names) do assert(type(require(name)) == 'table', name) end
        print(require('socket')._VERSION)",
        "LuaSocket 3.1.0",
    );
}

#[test]
fn the_modules_linked_in_come_before_those_on_the_path() {
    let scratch = Scratch::new();
    scratch.file("socket.lua", "return 'another socket'");
    scratch.file("own.lua", "return 'own module'");
    let mut command = lua(RUNNER, scratch.path());
    command.env("LUA_PATH", "./?.lua").args(["-e", "print(require('own'), type(require('socket')))"]);
    assert_eq!(finish(command.spawn().unwrap(), "").1, "own module\ttable\n");
}

#[test]
fn the_version_is_luas_and_ours() {
    let (code, printed, _) = run(&["-v"]);
    let lines: Vec<&str> = printed.lines().collect();
    let [lua, ours] = lines[..] else { panic!("{printed}") };
    assert_eq!(code, Some(0));
    assert!(lua.starts_with("Lua") && lua.ends_with("Lua.org, PUC-Rio"), "{lua}");
    assert_eq!(ours, concat!("luasocket-rs ", env!("CARGO_PKG_VERSION"), " (LuaSocket 3.1.0)"));
    assert_eq!(run(&["-v", "-e", "print(1)"]).1, format!("{printed}1\n"));
}

#[test]
fn long_options_that_the_stock_interpreter_lacks() {
    assert_eq!(run(&["--version"]), run(&["-v"]));
    let (code, printed, errors) = run(&["--help", "no-script.lua"]);
    assert_eq!((code, errors.as_str()), (Some(0), ""));
    assert!(printed.starts_with("usage: lua [options] [script [args]]\n"), "{printed}");
    for option in ["-e", "-i", "-l", "-v", "-E", "-W", "--help", "--version", "LUA_INIT"] {
        assert!(printed.contains(option), "{option}");
    }
}

/// The output of the interactive mode, without the version and the first prompt.
fn converse(arguments: &[&str], input: &str) -> (String, String) {
    let mut command = lua(RUNNER, &std::env::temp_dir());
    command.args(arguments).arg("-i");
    let (code, printed, errors) = finish(command.spawn().unwrap(), input);
    assert_eq!(code, Some(0));
    let start = printed.match_indices('\n').nth(1).unwrap().0 + 1;
    (printed[start..].to_owned(), errors)
}

#[test]
fn the_interactive_mode_shows_values_and_goes_on_after_errors() {
    let traceback = "\nstack traceback:\n\t[C]: in function 'error'\n\tstdin:1: in main chunk\n\t[C]: in ?\n";
    for (input, printed, errors) in [
        ("1 + 1, 'x'\n", "> 2\tx\n> \n", String::new()),
        ("= 3\n", "> 3\n> \n", String::new()),
        ("a = 1\na\n", "> > 1\n> \n", String::new()),
        ("do\nprint('in')\nend\n", "> >> >> in\n> \n", String::new()),
        ("error('e')\n2\n", "> > 2\n> \n", format!("stdin:1: e{traceback}")),
        ("_PROMPT, _PROMPT2 = '$', '+'\nx =\n1\n", "> $+$\n", String::new()),
        ("io.read()\ntyped\n5", "> typed\n> 5\n> \n", String::new()),
        ("(\n", "> >> > \n", "stdin:1: unexpected symbol near <eof>\n".to_owned()),
        ("print = nil\n1\n", "> > > \n", "error calling 'print' (attempt to call a nil value)\n".to_owned()),
    ] {
        assert_eq!(converse(&[], input), (printed.to_owned(), errors), "{input}");
    }
    let long = "x".repeat(5000);
    assert_eq!(converse(&[], &format!("#'{long}'\n")).0, "> 5000\n> \n");
    assert_eq!(converse(&["-e", "y = 4"], "y\n").0, "> 4\n> \n");
}

#[test]
fn an_interrupt_stops_the_script_with_a_traceback() {
    let mut command = lua(RUNNER, &std::env::temp_dir());
    let mut child = command.args(["-e", "print('ready') io.flush() while true do end"]).spawn().unwrap();
    let mut line = String::new();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    output.read_line(&mut line).unwrap();
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let mut errors = String::new();
    child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1));
    // The message has no position if a C function was still running.
    let message =
        errors.strip_prefix("lua: ").map(|rest| rest.strip_prefix("(command line):1: ").unwrap_or(rest));
    assert!(message.is_some_and(|text| text.starts_with("interrupted!\nstack traceback:\n")), "{errors}");
}

/// Waits until the process is reading its standard input.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn wait_until_it_reads(pid: u32) {
    let end = Instant::now() + Duration::from_secs(60);
    while !std::fs::read_to_string(format!("/proc/{pid}/syscall")).unwrap().starts_with("0 0x0 ") {
        assert!(Instant::now() < end, "it does not read");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn an_interrupt_stops_a_script_that_waits_for_input() {
    let mut command = lua(RUNNER, &std::env::temp_dir());
    command.stdin(Stdio::piped()).args(["-e", "io.read() print('not reached')"]);
    let mut child = command.spawn().unwrap();
    let _input = child.stdin.take();
    wait_until_it_reads(child.id());
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.starts_with("lua: (command line):1: interrupted!\nstack traceback:\n"), "{errors}");
    assert_eq!(output.stdout, b"");
}

#[test]
fn more_arguments_than_a_stack_holds_are_refused() {
    for length in ["2147483645", "2147483647", "1e10", "2^31", "-2^53"] {
        let set =
            format!("arg = setmetatable({{}}, {{ __len = function() return ({length}) // 1 | 0 end }})");
        let script = std::env::temp_dir().join(format!("luasocket-arguments-{}.lua", std::process::id()));
        std::fs::write(&script, "print(select('#', ...))").unwrap();
        let mut command = lua(RUNNER, &std::env::temp_dir());
        let output = command.args(["-e", &set]).arg(&script).output().unwrap();
        std::fs::remove_file(&script).unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        if length.starts_with('-') {
            assert_eq!(output.stdout, b"0\n", "{errors}");
        } else {
            assert_eq!(output.status.code(), Some(1), "{length}: {:?} {errors}", output.status);
            assert!(errors.contains("too many arguments to script"), "{length}: {errors}");
        }
    }
}

#[test]
fn add_23_a_closed_pipe_ends_the_process_as_it_does_any_other() {
    let mut command = lua(RUNNER, &std::env::temp_dir());
    let script = "require('socket') while true do print('line') end";
    let mut child = command.args(["-e", script]).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().signal(), Some(13));
}

#[test]
fn add_23_an_ignored_sigpipe_stays_ignored() {
    let script = "require('socket') local ok, message repeat ok, message = io.write('line\\n') until not ok
        io.stderr:write(message)";
    let mut command = lua("sh", &std::env::temp_dir());
    let mut child =
        command.args(["-c", "trap '' PIPE; exec \"$@\"", "sh", RUNNER, "-e", script]).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "Broken pipe");
}

#[test]
fn c_modules_find_luas_functions_in_the_runner() {
    if cfg!(not(feature = "lua54")) {
        println!("skipped: loads a C module of Lua 5.4");
        return;
    }
    // A library written in C for the stock interpreter: LuaSocket's own.
    let search = "io.write((package.searchpath('mime.core', package.cpath)))";
    let library = match Command::new("lua5.4").args(["-e", search]).output() {
        Ok(output) if output.status.success() => String::from_utf8(output.stdout).unwrap(),
        _ => {
            println!("skipped: no lua5.4 with lua-socket");
            return;
        }
    };
    prints(
        &format!(
            "local open = assert(package.loadlib('{library}', 'luaopen_mime_core'))
            local core = open()
            print((core.b64('abc')), (pcall(core.b64, {{}})))"
        ),
        "YWJj\tfalse",
    );
}
