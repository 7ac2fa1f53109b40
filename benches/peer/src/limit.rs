//! Bare loops: the same traffic as a benchmark case, with system calls only.

use std::env;
use std::fs;
use std::hint::black_box;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpStream, UdpSocket};
use std::time::Instant;

use native_tls::{Certificate, TlsConnector};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::time::{ClockId, clock_gettime};

/// Runs one loop and prints its time and amount of work, like a case's script.
pub fn measure(what: &str, numbers: &[usize]) -> io::Result<()> {
    let number = |at: usize| numbers.get(at).copied().unwrap_or(0);
    match what {
        "receive" => receive(number(0), number(1)),
        "gather" => gather(number(0)),
        "send" => send(number(0), number(1)),
        "http" => http(number(0)),
        "download" => download("BENCH_HTTP_PORT", "/100m", false),
        "download-gather" => download("BENCH_HTTP_PORT", "/100m", true),
        "download-tls" => download_over_tls("/100m"),
        "chunked" => download("BENCH_PORT", &format!("/chunked/{}/{}", number(0), number(1)), false),
        "pingpong" => ping_pong(number(0)),
        "datagrams" => datagrams(number(0)),
        "connect" => connect(number(0)),
        "select" => select(number(0), number(1)),
        _ => Err(io::Error::other("no such limit")),
    }
}

fn timed(work: impl FnOnce() -> io::Result<usize>) -> io::Result<()> {
    let seconds = |time: Timespec| time.tv_sec as f64 + time.tv_nsec as f64 / 1e9;
    let cpu = || seconds(clock_gettime(ClockId::ProcessCPUTime));
    let (wall_start, cpu_start) = (Instant::now(), cpu());
    let amount = work()?;
    let (wall, cpu) = (wall_start.elapsed().as_secs_f64(), cpu() - cpu_start);
    println!("wall={wall:.9} cpu={cpu:.9} amount={amount} peak=0");
    Ok(())
}

fn variable(name: &str) -> io::Result<String> {
    env::var(name).map_err(io::Error::other)
}

fn port(name: &str) -> io::Result<u16> {
    variable(name)?.parse().map_err(io::Error::other)
}

fn command(line: &str) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port("BENCH_PORT")?))?;
    stream.set_nodelay(true)?;
    stream.write_all(line.as_bytes())?;
    Ok(stream)
}

/// Receives pieces, and copies each: Lua makes a string by copying bytes.
fn receive(total: usize, piece: usize) -> io::Result<()> {
    let mut stream = command(&format!("file {total}\n"))?;
    let mut data = vec![0; piece];
    timed(|| {
        let pieces = total / piece;
        for _ in 0..pieces {
            stream.read_exact(&mut data)?;
            black_box(data.as_slice().to_vec());
        }
        Ok(pieces * piece)
    })
}

/// The minimum for a string of received bytes: the bytes, and a copy of them in separate memory.
fn gather(total: usize) -> io::Result<()> {
    let mut stream = command(&format!("bytes {total}\n"))?;
    timed(|| {
        let mut data = Vec::new();
        stream.read_to_end(&mut data)?;
        Ok(black_box(data.as_slice().to_vec()).len())
    })
}

/// Connects, sends a request and reads the response to its end.
fn http(count: usize) -> io::Result<()> {
    let address = (Ipv4Addr::LOCALHOST, port("BENCH_HTTP_PORT")?);
    let request = b"GET /1k HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let mut data = [0; 8192];
    timed(|| {
        for _ in 0..count {
            let mut stream = TcpStream::connect(address)?;
            stream.write_all(request)?;
            while stream.read(&mut data)? > 0 {}
        }
        Ok(count)
    })
}

/// Reads the response to one request to its end, and copies it when the case needs a string.
fn download(port_variable: &str, path: &str, gathers: bool) -> io::Result<()> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port(port_variable)?))?;
    timed(|| {
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        if gathers {
            let mut data = Vec::new();
            stream.read_to_end(&mut data)?;
            return Ok(black_box(data.as_slice().to_vec()).len());
        }
        read_to_end(&mut stream)
    })
}

/// Reads the response to one request over TLS to its end. The connector is created before, as for the measured
/// clients.
fn download_over_tls(path: &str) -> io::Result<()> {
    let authority = fs::read(variable("BENCH_CA")?)?;
    let authority = Certificate::from_pem(&authority).map_err(io::Error::other)?;
    let connector =
        TlsConnector::builder().add_root_certificate(authority).build().map_err(io::Error::other)?;
    let address = (Ipv4Addr::LOCALHOST, port("BENCH_HTTPS_PORT")?);
    timed(|| {
        let mut stream =
            connector.connect("localhost", TcpStream::connect(address)?).map_err(io::Error::other)?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        read_to_end(&mut stream)
    })
}

/// Reads to the end and keeps nothing; returns the number of bytes.
fn read_to_end(stream: &mut impl Read) -> io::Result<usize> {
    let mut data = vec![0; 1 << 16];
    let mut total = 0;
    loop {
        match stream.read(&mut data)? {
            0 => return Ok(total),
            count => total += count,
        }
    }
}

fn send(total: usize, piece: usize) -> io::Result<()> {
    let mut stream = command("sink\n")?;
    let data = vec![b'x'; piece];
    timed(|| {
        let pieces = total / piece;
        for _ in 0..pieces {
            stream.write_all(&data)?;
        }
        stream.shutdown(Shutdown::Write)?;
        stream.read_exact(&mut [0]).ok();
        Ok(pieces * piece)
    })
}

fn ping_pong(count: usize) -> io::Result<()> {
    let mut stream = command("echo\n")?;
    let mut byte = [b'x'];
    timed(|| {
        for _ in 0..count {
            stream.write_all(&byte)?;
            stream.read_exact(&mut byte)?;
        }
        Ok(count)
    })
}

fn datagrams(count: usize) -> io::Result<()> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    socket.connect((Ipv4Addr::LOCALHOST, port("BENCH_DATAGRAM_PORT")?))?;
    let mut byte = [b'x'];
    timed(|| {
        for _ in 0..count {
            socket.send(&byte)?;
            socket.recv(&mut byte)?;
        }
        Ok(count)
    })
}

fn connect(count: usize) -> io::Result<()> {
    let address = (Ipv4Addr::LOCALHOST, port("BENCH_CLOSING_PORT")?);
    timed(|| {
        for _ in 0..count {
            drop(TcpStream::connect(address)?);
        }
        Ok(count)
    })
}

fn select(sockets: usize, count: usize) -> io::Result<()> {
    let sockets =
        (0..sockets).map(|_| UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))).collect::<io::Result<Vec<_>>>()?;
    if let Some(last) = sockets.last() {
        last.send_to(b"x", last.local_addr()?)?;
    }
    timed(|| {
        for _ in 0..count {
            let mut watched: Vec<_> =
                sockets.iter().map(|socket| PollFd::new(socket, PollFlags::IN)).collect();
            // One is ready: a zero timeout reports it without entering the wait queues.
            poll(&mut watched, Some(&Timespec::default()))?;
        }
        Ok(count)
    })
}
