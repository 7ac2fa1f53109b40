//! Properties of the HTTP parsers that hold for any bytes, for `fuzz/`.

use super::{date, framing, head, request_head, response};

const NOW: i64 = 1_700_000_000;

/// A response head is parsed only when complete, and to the same length with or without more bytes after it.
pub fn response_head(data: &[u8]) {
    let limits = response::Limits { line: 8192, block: 65536 };
    for method in [&b"GET"[..], b"HEAD", b"CONNECT"] {
        let Ok(Some(read)) = response::parse(data, method, limits) else { continue };
        assert!(read.length <= data.len() && (100..=999).contains(&read.status) || read.status < 100);
        let own = data.get(..read.length).unwrap_or_default();
        assert!(
            matches!(response::parse(own, method, limits), Ok(Some(again)) if again.length == read.length)
        );
        let cut = own.get(..own.len() - 1).unwrap_or_default();
        assert!(matches!(response::parse(cut, method, limits), Ok(None)), "a head without its end");
    }
    let mut fields = head::Fields::new();
    for line in data.split(|byte| *byte == b'\n') {
        if fields.add(line).is_err() {
            break;
        }
    }
    fields.link();
    let mut named = 0;
    let visited = fields.visit(&mut Vec::new(), |name, _| {
        named += 1;
        assert!(!name.iter().any(u8::is_ascii_uppercase));
    });
    assert!(visited.is_ok() && named <= fields.count());
}

/// A request head: scans the whole and the first half. The fields of an accepted head are valid.
pub fn request_head(data: &[u8]) {
    let limits = request_head::Limits { line: 8192, head: 65536, fields: 100 };
    let (mut whole, mut grown) = (request_head::Scan::default(), request_head::Scan::default());
    let found = whole.advance(data, &limits);
    let _ = grown.advance(data.get(..data.len() / 2).unwrap_or_default(), &limits);
    let Ok(Some((start, end))) = found else { return };
    assert!(start <= end && end <= data.len());
    if let Ok(read) = request_head::parse(data.get(start..end).unwrap_or_default()) {
        for field in request_head::Fields::new(read.fields) {
            assert!(field.is_ok(), "a field of an accepted head");
        }
    }
}

/// The first line of a chunk: the size must equal its digits.
pub fn chunk_size(data: &[u8]) {
    if let Some((size, extensions)) = request_head::chunk_size(data) {
        let digits = data.get(..data.len() - extensions).unwrap_or_default();
        let text = std::str::from_utf8(digits).unwrap_or_default();
        assert_eq!(u64::from_str_radix(text, 16).ok(), Some(size));
        assert_eq!(framing::chunk_size(data), Some(size), "what a request may have, a response may have");
    }
    let _ = framing::has_token(Some(data), b"close");
}

/// Writes a date and reads it again: both must be equal.
pub fn dates(data: &[u8]) {
    if let Some(time) = date::parse(data, NOW)
        && let Some(text) = date::format(time)
    {
        assert_eq!(date::parse(text.as_bytes(), NOW), Some(time));
    }
}
