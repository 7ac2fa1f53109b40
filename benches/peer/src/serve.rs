//! The server: one port for commands and HTTP, one that accepts and closes, one that echoes datagrams.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::thread;
use std::time::Duration;

use rustix::fs::{MemfdFlags, memfd_create, sendfile};
use rustix::net::{self, AddressFamily, SocketType};

/// Large enough that the peer's system calls cost less than the client's. Prime, so that the
/// client's pieces of it differ: an interpreter may store equal strings once.
const PIECE: usize = 262_139;
/// Clients may connect faster than the peer accepts for a short time, and none may be refused.
const BACKLOG: i32 = 4096;

/// Prints the ports and serves until it is stopped.
pub fn serve() -> io::Result<()> {
    let commands = listen()?;
    let closing = listen()?;
    let datagrams = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    println!(
        "READY {} {} {}",
        commands.local_addr()?.port(),
        closing.local_addr()?.port(),
        datagrams.local_addr()?.port()
    );
    thread::spawn(move || accept_and_close(&closing));
    thread::spawn(move || echo_datagrams(&datagrams));
    for stream in commands.incoming() {
        let stream = stream?;
        // A client that closes early ends only its connection.
        thread::spawn(move || answer(stream));
    }
    Ok(())
}

fn listen() -> io::Result<TcpListener> {
    let socket = net::socket(AddressFamily::INET, SocketType::STREAM, None)?;
    net::bind(&socket, &SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    net::listen(&socket, BACKLOG)?;
    Ok(TcpListener::from(socket))
}

/// Waits for the client to close and answers with a reset, so that no port stays occupied.
fn accept_and_close(listener: &TcpListener) {
    for mut stream in listener.incoming().flatten() {
        let _ = net::sockopt::set_socket_linger(&stream, Some(Duration::ZERO));
        let _ = stream.read(&mut [0]);
    }
}

fn echo_datagrams(socket: &UdpSocket) {
    let mut data = [0; 65536];
    while let Ok((count, from)) = socket.recv_from(&mut data) {
        let _ = socket.send_to(&data[..count], from);
    }
}

fn answer(stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let words: Vec<&str> = line.split_whitespace().collect();
    let number = |at: usize| words.get(at).and_then(|word| word.parse::<usize>().ok()).unwrap_or(0);
    match words.as_slice() {
        ["bytes", ..] => send_bytes(reader.get_mut(), number(1)),
        ["file", ..] => send_file(reader.get_ref(), number(1)),
        ["lines", ..] => send_lines(reader.get_mut(), number(1), number(2)),
        ["sink"] => drain(&mut reader),
        ["echo"] => echo(&mut reader),
        ["GET", target, ..] => get(&mut reader, target),
        ["POST", ..] => post(&mut reader),
        _ => Err(io::Error::other("unknown command")),
    }
}

fn send_bytes(stream: &mut TcpStream, count: usize) -> io::Result<()> {
    send_repeated(stream, &letters(PIECE), count)
}

fn send_lines(stream: &mut TcpStream, count: usize, length: usize) -> io::Result<()> {
    let mut lines = letters(PIECE / length * length);
    for line in lines.chunks_mut(length) {
        line[length - 1] = b'\n';
    }
    send_repeated(stream, &lines, count * length)
}

/// Letters, in an order that does not repeat soon.
fn letters(count: usize) -> Vec<u8> {
    let mut state = 1u64;
    let next = || {
        state = state * 16807 % 2_147_483_647;
        b'a' + (state % 26) as u8
    };
    std::iter::repeat_with(next).take(count).collect()
}

fn send_repeated(stream: &mut TcpStream, pattern: &[u8], count: usize) -> io::Result<()> {
    let mut left = count;
    while left > 0 {
        let part = &pattern[..pattern.len().min(left)];
        stream.write_all(part)?;
        left -= part.len();
    }
    Ok(())
}

/// Like `send_bytes`, from a file in memory: for clients that receive faster than the system copies
/// written data.
fn send_file(stream: &TcpStream, count: usize) -> io::Result<()> {
    let mut file = File::from(memfd_create("pattern", MemfdFlags::CLOEXEC)?);
    file.write_all(&letters(PIECE))?;
    let mut left = count;
    while left > 0 {
        let mut position = 0;
        let length = PIECE.min(left);
        while (position as usize) < length {
            let rest = length - position as usize;
            sendfile(stream, &file, Some(&mut position), rest)?;
        }
        left -= length;
    }
    Ok(())
}

fn drain(reader: &mut impl Read) -> io::Result<()> {
    let mut data = vec![0; PIECE];
    while reader.read(&mut data)? > 0 {}
    Ok(())
}

fn echo(reader: &mut BufReader<TcpStream>) -> io::Result<()> {
    let mut data = [0; 65536];
    loop {
        let count = reader.read(&mut data)?;
        if count == 0 {
            return Ok(());
        }
        reader.get_mut().write_all(&data[..count])?;
    }
}

/// Answers `/bytes/N`, `/chunked/N/SIZE` or `/headers/N`, then closes the connection.
fn get(reader: &mut BufReader<TcpStream>, target: &str) -> io::Result<()> {
    request_length(reader)?;
    let words: Vec<&str> = target.split('/').collect();
    let number = |at: usize| words.get(at).and_then(|word| word.parse::<usize>().ok()).unwrap_or(0);
    let stream = reader.get_mut();
    match words.get(1) {
        Some(&"bytes") => {
            write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", number(2))?;
            send_bytes(stream, number(2))
        }
        Some(&"chunked") => send_chunked(stream, number(2), number(3)),
        Some(&"headers") => {
            let mut head = String::from("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n");
            for index in 0..number(2) {
                head.push_str(&format!("X-Field-{index}: a value of a usual length\r\n"));
            }
            head.push_str("\r\n");
            stream.write_all(head.as_bytes())
        }
        _ => stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"),
    }
}

fn send_chunked(stream: &mut TcpStream, count: usize, size: usize) -> io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")?;
    let mut chunks = Vec::new();
    for content in letters(PIECE.max(size)).chunks_exact(size) {
        chunks.extend_from_slice(format!("{size:x}\r\n").as_bytes());
        chunks.extend_from_slice(content);
        chunks.extend_from_slice(b"\r\n");
    }
    let framed = size + format!("{size:x}\r\n\r\n").len();
    send_repeated(stream, &chunks, count / size * framed)?;
    stream.write_all(b"0\r\n\r\n")
}

fn post(reader: &mut BufReader<TcpStream>) -> io::Result<()> {
    let length = request_length(reader)?;
    drain(&mut reader.take(length))?;
    reader.get_mut().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
}

/// Reads the rest of a request's head and returns its Content-Length.
fn request_length(reader: &mut impl BufRead) -> io::Result<u64> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.split_once(':') else { return Ok(length) };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().unwrap_or(0);
        }
    }
}
