//! The benchmark's peer: senders and sinks that are faster than any Lua client, and bare loops
//! over the same sockets, which show the limit for any client.
#![forbid(unsafe_code)]

mod limit;
mod serve;

use std::io;

fn main() -> io::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["serve"] => serve::serve(),
        ["limit", what, numbers @ ..] => {
            let numbers: Vec<usize> = numbers.iter().filter_map(|word| word.parse().ok()).collect();
            limit::measure(what, &numbers)
        }
        _ => Err(io::Error::other("usage: bench-peer serve | bench-peer limit WHAT NUMBER...")),
    }
}
