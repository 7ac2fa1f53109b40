//! Runs `examples/get.lua` in the runner.
#![cfg(feature = "runner")]
#![allow(clippy::unwrap_used)]

mod support;

use std::process::{Command, Output};

use support::Scratch;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/get.lua");

fn get(scratch: &Scratch, arguments: &[&str]) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_luasocket"));
    let Output { status, stdout, stderr } =
        command.arg("-E").arg(SCRIPT).args(arguments).current_dir(scratch.path()).output().unwrap();
    assert!(stdout.is_empty());
    (status.success(), String::from_utf8(stderr).unwrap())
}

fn answer(request: &str) -> String {
    match request.split(' ').nth(1).unwrap_or_default() {
        "/missing" => "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone".to_owned(),
        "/cut" => "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this".to_owned(),
        path => format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{path}", path.len()),
    }
}

#[test]
fn the_file_is_named_after_the_url() {
    let (server, scratch) = (support::serve(answer), Scratch::new());
    for (path, name) in
        [("/a/b.txt", "b.txt"), ("/", "index.html"), ("/c/", "index.html"), ("/%2e%2e%2fx", ".._x")]
    {
        let (success, said) = get(&scratch, &[&format!("http://{server}{path}")]);
        assert!(success, "{said}");
        assert_eq!(scratch.read(name).as_deref(), Some(path));
        assert!(said.starts_with(&format!("{name}: {} B in ", path.len())), "{said}");
        assert_eq!(said.matches('\n').count(), 1, "{said}");
    }
    assert_eq!(scratch.names(), [".._x", "b.txt", "index.html"]);
}

#[test]
fn a_name_can_be_given_and_http_is_assumed() {
    let (server, scratch) = (support::serve(answer), Scratch::new());
    let address = format!("http://{server}/x").replace("http://127.0.0.1", "localhost");
    let (success, said) = get(&scratch, &[&address, "mine"]);
    assert!(success, "{said}");
    assert_eq!(scratch.read("mine").as_deref(), Some("/x"));
}

#[test]
fn a_failure_is_reported_and_leaves_files_as_they_were() {
    let (server, scratch) = (support::serve(answer), Scratch::new());
    scratch.file("cut", "old");
    for (address, message) in [
        (format!("http://{server}/missing"), "get: HTTP/1.1 404 Not Found\n"),
        (format!("http://{server}/cut"), "get: closed\n"),
        ("gopher://localhost/x".to_owned(), "get: cannot download gopher URLs, only http, https and ftp\n"),
        ("http://".to_owned(), "get: no host in http://\n"),
    ] {
        assert_eq!(get(&scratch, &[&address]), (false, message.to_owned()), "{address}");
    }
    assert_eq!(scratch.names(), ["cut"]);
    assert_eq!(scratch.read("cut").as_deref(), Some("old"));
}

#[test]
fn a_directory_that_cannot_be_written_is_reported_before_connecting() {
    let scratch = Scratch::new();
    let (success, said) = get(&scratch, &["http://127.0.0.1:9/x", "no/such/file"]);
    assert_eq!((success, said.as_str()), (false, "get: no/such/file.part: No such file or directory\n"));
}

#[test]
fn without_a_url_its_use_is_shown() {
    let (success, said) = get(&Scratch::new(), &[]);
    assert_eq!((success, said.as_str()), (false, "usage: luasocket get.lua URL [FILE]\n"));
}
