//! The format of the tests' corpora.

#![allow(clippy::panic)]

/// The bytes of a text that uses the escapes of Rust's byte strings.
pub fn unescape(line: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = line.bytes();
    while let Some(byte) = rest.next() {
        out.push(match (byte, if byte == b'\\' { rest.next() } else { None }) {
            (_, Some(b'r')) => b'\r',
            (_, Some(b'n')) => b'\n',
            (_, Some(b't')) => b'\t',
            (_, Some(b'0')) => b'\0',
            (_, Some(b'x')) => {
                let digits =
                    [rest.next(), rest.next()].map(|digit| digit.map_or(' ', char::from).to_digit(16));
                let [Some(high), Some(low)] = digits else { panic!("two digits after \\x: {line}") };
                (high * 16 + low) as u8
            }
            (_, Some(other)) => other,
            (byte, None) => byte,
        });
    }
    out
}
