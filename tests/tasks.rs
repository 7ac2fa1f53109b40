//! Tasks of a state that a Rust program runs, and tasks of the runner.
#![cfg(all(feature = "vendored", feature = "tasks", target_os = "linux"))]
#![allow(clippy::unwrap_used, clippy::panic)]

use std::os::fd::AsFd;
use std::process::Command;
use std::time::Duration;

use luasocket::Tasks;
use mlua::{Function, Lua};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

fn state() -> (Lua, Tasks) {
    let lua = Lua::new();
    luasocket::preload(&lua).unwrap();
    let tasks = Tasks::new(&lua).unwrap();
    (lua, tasks)
}

/// tasks.s.86: the host's own event loop waits for the descriptor and the time limit.
#[test]
fn a_host_loop_drives_tasks() {
    let (lua, tasks) = state();
    let server: Function = lua
        .load(
            r#"
            local socket = require("socket")
            server = assert(socket.bind("127.0.0.1", 0))
            port = select(2, server:getsockname())
            return function()
                local client = assert(server:accept())
                local line = client:receive()
                socket.sleep(0.01)
                client:send(line .. "!\n")
                client:close()
            end
            "#,
        )
        .eval()
        .unwrap();
    let client: Function = lua
        .load(
            r#"
            local greeting, name = ...
            local client = assert(require("socket").connect("127.0.0.1", port))
            client:send(greeting .. " " .. name .. "\n")
            answer = client:receive()
            "#,
        )
        .into_function()
        .unwrap();
    tasks.start(server, ()).unwrap();
    tasks.start(client, ("hello", "host")).unwrap();
    assert_eq!(tasks.timeout(), Some(Duration::ZERO));
    let mut turns = 0;
    while tasks.step(Some(Duration::ZERO)).unwrap() > 0 {
        let limit = tasks.timeout().map(|limit| Timespec::try_from(limit).unwrap());
        let mut polled = [PollFd::from_borrowed_fd(tasks.as_fd(), PollFlags::IN)];
        poll(&mut polled, limit.as_ref()).unwrap();
        turns += 1;
        assert!(turns < 1000, "the descriptor is readable only while something can go on");
    }
    assert_eq!(lua.globals().get::<String>("answer").unwrap(), "hello host!");
    assert_eq!(tasks.timeout(), None);
}

/// tasks.s.86: Rust functions call Lua code that waits.
#[test]
fn without_switching_waits_block() {
    let (lua, tasks) = state();
    let inner = tasks.clone();
    let blocking = lua
        .create_function(move |_, function: Function| inner.without_switching(|| function.call::<()>(())))
        .unwrap();
    lua.globals().set("blocking", blocking).unwrap();
    let script = r#"
        local socket, tasks = require("socket"), require("socket.tasks")
        local ticks = 0
        tasks.start(function() for _ = 1, 3 do ticks = ticks + 1 socket.sleep(0.001) end end)
        tasks.start(function()
            local before = ticks
            blocking(function() socket.sleep(0.02) end)
            blocked = ticks == before
            socket.sleep(0.02)
            switched = ticks > before
        end)
    "#;
    lua.load(script).exec().unwrap();
    tasks.run().unwrap();
    assert!(lua.globals().get::<bool>("blocked").unwrap());
    assert!(lua.globals().get::<bool>("switched").unwrap());
}

/// tasks.s.77: nothing is left of a state that is closed with tasks parked, in a hundred repetitions.
#[test]
fn a_state_closed_with_parked_tasks_gives_all_back() {
    let descriptors = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let mappings = || std::fs::read_to_string("/proc/self/maps").unwrap().lines().count();
    let script = r#"
        local socket, tasks = require("socket"), require("socket.tasks")
        local server = assert(socket.bind("127.0.0.1", 0, 100))
        local port = select(2, server:getsockname())
        for i = 1, 20 do
            tasks.start(function() socket.sleep(1000) end)
            tasks.start(function() pcall(function() tasks.queue():get() end) end)
            tasks.start(function() assert(socket.connect("127.0.0.1", port)):receive("*a") end)
            tasks.start(function() socket.select({ server, socket.udp4() }, nil, 1000) end)
            tasks.start(function() coroutine.wrap(function() ("x"):gsub(".", function() server:accept() end) end)() end)
            tasks.start(function() table.sort({ 1, 2 }, function() socket.sleep(1000) end) end)
        end
        for i = 1, 5 do tasks.step() end
        assert(tasks.step() > 60)
    "#;
    let mut before = None;
    for round in 0..100 {
        let (lua, tasks) = state();
        lua.load(script).exec().unwrap();
        drop((tasks, lua));
        if round == 9 {
            before = Some((descriptors(), mappings()));
        }
    }
    let (open, mapped) = before.unwrap();
    // Other tests of this process open and close descriptors.
    assert!(descriptors() <= open + 10, "{} after {open}", descriptors());
    assert!(mappings() <= mapped + 60, "{} after {mapped}", mappings());
}

/// tasks.module.3: states do not share tasks, in one thread and in many.
#[test]
fn states_have_schedulers_of_their_own() {
    let script = r#"
        local socket, tasks = require("socket"), require("socket.tasks")
        local sum = 0
        tasks.run(function()
            for i = 1, 50 do tasks.start(function() socket.sleep(0.001) sum = sum + i end) end
        end)
        return sum
    "#;
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let (lua, _tasks) = state();
                assert_eq!(lua.load(script).eval::<i64>().unwrap(), 1275);
            });
        }
    });
    let (outer, _tasks) = state();
    let (inner, _inner_tasks) = state();
    let nested = outer.create_function(move |_, ()| inner.load(script).eval::<i64>()).unwrap();
    outer.globals().set("nested", nested).unwrap();
    let sum: i64 =
        outer.load("return require('socket.tasks').run(function() return nested() end)").eval().unwrap();
    assert_eq!(sum, 1275);
}

/// tasks.s.85
#[cfg(feature = "runner")]
#[test]
fn the_runner_reports_tasks_that_never_ran() {
    let run = |script: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_luasocket")).args(["-e", script]).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let start = "local tasks = require('socket.tasks') tasks.start(print) tasks.start(print)";
    assert_eq!(run(start), (Some(0), "luasocket: 2 tasks were never run\n".to_owned()));
    assert_eq!(run(&format!("{start} tasks.run()")), (Some(0), String::new()));
}
