//! The crate: `luasocket::preload` in a state that a Rust program owns.
#![cfg(feature = "vendored")]
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use mlua::{Lua, LuaOptions, StdLib};

fn state() -> Lua {
    let lua = Lua::new();
    luasocket::preload(&lua).unwrap();
    lua
}

fn run<T: mlua::FromLuaMulti>(script: &str) -> T {
    state().load(script).set_name("=test").eval().unwrap()
}

/// Collects the names of all modules written in Lua from their files.
fn modules(directory: &Path, prefix: &str, names: &mut Vec<String>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path: PathBuf = entry.unwrap().path();
        let name = format!("{prefix}{}", path.file_stem().unwrap().to_string_lossy());
        if path.is_dir() {
            modules(&path, &format!("{name}."), names);
        } else {
            names.push(name);
        }
    }
}

#[test]
fn every_module_can_be_required_first() {
    let mut names = vec!["socket.core".to_owned()];
    modules(&Path::new(env!("CARGO_MANIFEST_DIR")).join("lua"), "", &mut names);
    assert!(names.len() > 15, "{names:?}");
    for name in names {
        let found: mlua::Result<mlua::Value> = state().load("return require(...)").call(name.as_str());
        assert!(!found.unwrap_or_else(|error| panic!("{name}: {error}")).is_nil(), "{name}");
    }
}

/// A program may recover from its own panic, after that panic has closed a state with objects in it.
#[test]
fn finalizers_run_while_the_program_panics() {
    let panicked = std::panic::catch_unwind(|| {
        let lua = state();
        let _: () =
            lua.load("kept = require('socket').udp4() kept:setsockname('127.0.0.1', 0)").exec().unwrap();
        std::panic::resume_unwind(Box::new("the program's own"));
    });
    assert_eq!(panicked.unwrap_err().downcast_ref(), Some(&"the program's own"));
}

#[test]
fn nothing_is_loaded_before_it_is_required() {
    let loaded = "local names = {}
        for name in pairs(package.loaded) do names[#names + 1] = name end
        table.sort(names)
        return table.concat(names, ' '), (next(package.preload))";
    let before: String = Lua::new().load(loaded).eval().unwrap();
    let (after, preloaded): (String, Option<String>) = run(loaded);
    assert_eq!(after, before);
    assert!(preloaded.is_some());
}

#[test]
fn no_global_is_created() {
    let new: Vec<String> = run("local before, new = {}, {}
        for name in pairs(_G) do before[name] = true end
        require('socket.http') require('socket.smtp') require('socket.ftp') require('mime')
        for name in pairs(_G) do if not before[name] then new[#new + 1] = name end end
        return new");
    assert_eq!(new, Vec::<String>::new());
}

#[test]
fn a_script_fetches_from_a_thread_of_the_program() {
    let address = support::serve(|request| {
        let body = format!("you asked: {request}");
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
    });
    let script = "local http = require('socket.http')
        local body, code = http.request('http://' .. ... .. '/page')
        return body, code";
    let (body, code): (String, u16) = state().load(script).call(address).unwrap();
    assert_eq!(body, "you asked: GET /page HTTP/1.1");
    assert_eq!(code, 200);
}

#[test]
fn add_25_a_yield_passes_through_protect() {
    let values: Vec<i64> = run("local socket = require('socket')
        local thread = coroutine.create(socket.protect(function() return coroutine.yield(1) end))
        local _, first = coroutine.resume(thread)
        local _, second = coroutine.resume(thread, 2)
        return { first, second }");
    assert_eq!(values, [1, 2]);
}

#[test]
fn messages_name_the_file_inside_the_package() {
    let (plain, message): (bool, String) = run("local ltn12 = require('ltn12')
        local ok, message = pcall(ltn12.pump.all, nil, nil)
        assert(not ok)
        return type(message) == 'string', message");
    assert!(plain && message.starts_with("ltn12.lua:"), "{message}");
}

#[test]
fn an_unknown_native_module_is_an_error_in_plain_words() {
    let (ok, message): (bool, String) = run("return pcall(require('socket.native'), 'nonsense')");
    assert_eq!((ok, message.as_str()), (false, "luasocket-rs: no native module nonsense"));
}

#[test]
fn two_states_live_side_by_side() {
    let (one, other) = (state(), state());
    let listen = "local socket = require('socket')
        server = assert(socket.bind('127.0.0.1', 0))
        return select(2, server:getsockname())";
    let port: u16 = one.load(listen).eval().unwrap();
    let connect = "client = assert(require('socket').connect('127.0.0.1', ...)) client:send('hi\\n')";
    other.load(connect).call::<()>(port).unwrap();
    let line: String = one.load("return (assert(server:accept():receive()))").eval().unwrap();
    drop(other);
    assert_eq!(line, "hi");
}

#[cfg(not(any(feature = "lua51", feature = "luajit")))]
#[test]
fn a_state_without_coroutines_has_protect() {
    let libraries = StdLib::PACKAGE | StdLib::STRING | StdLib::MATH | StdLib::TABLE;
    let lua = Lua::new_with(libraries, LuaOptions::default()).unwrap();
    luasocket::preload(&lua).unwrap();
    let script = "local socket = require('socket')
        return coroutine == nil, select(2, socket.protect(function() socket.try(nil, 'message') end)())";
    let (without, message): (bool, String) = lua.load(script).eval().unwrap();
    assert_eq!((without, message.as_str()), (true, "message"));
}

#[test]
fn a_state_without_the_package_library_is_refused() {
    let lua = Lua::new_with(StdLib::STRING, LuaOptions::default()).unwrap();
    assert!(luasocket::preload(&lua).is_err());
}

#[test]
fn add_23_the_disposition_of_sigpipe_is_left_alone() {
    let script = "require('socket') return io.open('/proc/self/status'):read('*a'):match('SigIgn:%s*(%x+)')";
    if !Path::new("/proc/self/status").exists() {
        println!("skipped: no /proc on this system");
        return;
    }
    let lua = state();
    let before = std::fs::read_to_string("/proc/self/status").unwrap();
    let after: String = lua.load(script).eval().unwrap();
    assert!(before.contains(&format!("SigIgn:\t{after}")), "{after}\n{before}");
}

#[test]
fn the_example_prints_what_its_server_sent() {
    // Cargo builds the examples together with the tests.
    let example = std::env::current_exe().unwrap().parent().unwrap().with_file_name("examples").join("embed");
    let output = Command::new(example).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8(output.stdout).unwrap();
    assert_eq!(printed, "status: 200\ntype: text/plain\nHello from the Rust side!\n");
}
