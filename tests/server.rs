//! The server of module `http` in the event loop of a Rust program.
#![cfg(all(feature = "vendored", feature = "tasks", target_os = "linux"))]
#![allow(clippy::unwrap_used)]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::fd::AsFd;
use std::time::Duration;

use luasocket::Tasks;
use mlua::{Function, Lua};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Sends two requests on one connection, and then the request to stop. Returns everything received.
fn ask(port: u16) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.write_all(b"GET /one HTTP/1.1\r\nHost: a\r\n\r\nGET /stop HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// server.listen.2, tasks.s.86: the program polls its own descriptors and those of the tasks. The peer is a
/// thread.
#[test]
fn a_host_loop_serves_http() {
    let lua = Lua::new();
    luasocket::preload(&lua).unwrap();
    let tasks = Tasks::new(&lua).unwrap();
    let main: Function = lua
        .load(
            r#"
            local server = assert(require("http").listen("127.0.0.1", 0, function(request)
                if request.path == "/stop" then request.server:stop() end
                return { body = "served " .. request.path }
            end))
            port = select(2, server:getsockname())
            stopped = server:wait()
            "#,
        )
        .into_function()
        .unwrap();
    tasks.start(main, ()).unwrap();
    let mut peer = None;
    while tasks.step(Some(Duration::ZERO)).unwrap() > 0 {
        if peer.is_none()
            && let Ok(port) = lua.globals().get::<u16>("port")
        {
            peer = Some(std::thread::spawn(move || ask(port)));
        }
        let limit = tasks.timeout().map(|limit| Timespec::try_from(limit).unwrap());
        let mut polled = [PollFd::from_borrowed_fd(tasks.as_fd(), PollFlags::IN)];
        poll(&mut polled, limit.as_ref()).unwrap();
    }
    let answer = peer.unwrap().join().unwrap();
    assert!(answer.contains("\r\n\r\nserved /oneHTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("Connection: close\r\n") && answer.ends_with("served /stop"), "{answer}");
    assert!(lua.globals().get::<bool>("stopped").unwrap());
}
