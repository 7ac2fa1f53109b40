//! A Rust program that owns a Lua state and provides LuaSocket to its scripts: `cargo run --example embed`.
//!
//! It is also the server for its script, so it needs no network.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::thread;

use mlua::{Lua, Table};

const BODY: &str = "Hello from the Rust side!\n";

/// Answers one HTTP request.
fn serve(listener: &TcpListener) -> std::io::Result<()> {
    let (mut stream, _) = listener.accept()?;
    for line in BufReader::new(stream.try_clone()?).lines() {
        if line?.is_empty() {
            break;
        }
    }
    let length = BODY.len();
    write!(stream, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\n\r\n{BODY}")
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}/greeting", listener.local_addr()?);
    let server = thread::spawn(move || serve(&listener));

    let lua = Lua::new();
    luasocket::preload(&lua)?;
    let script = lua.load(
        r#"
        local http = require("socket.http")
        local body, code, headers = http.request(...)
        -- Without a body, the code is the error message.
        return assert(body, code), code, headers
        "#,
    );
    let (body, code, headers): (String, u16, Table) = script.set_name("=embed").call(url)?;

    println!("status: {code}");
    println!("type: {}", headers.get::<String>("content-type")?);
    print!("{body}");

    server.join().map_err(|_| "the server panicked")??;
    Ok(())
}
