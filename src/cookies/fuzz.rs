//! Properties of the cookie parsers that hold for any bytes, for `fuzz/`.

use super::cookie::{Cookie, Origin};
use super::{date, file};

const NOW: i64 = 1_700_000_000;

/// Parses the data as a Set-Cookie field, as a cookie file and as a date.
pub fn cookies(data: &[u8]) {
    let _ = date::parse(data);
    for cookie in file::parse(data, NOW) {
        let written = file::compose(&[&cookie]);
        assert_eq!(file::parse(&written, NOW).len(), 1, "a cookie can be written and read");
    }
    let Some(origin) = Origin::parse(b"https://www.example.com/a/b") else { return };
    if let Ok(cookie) = Cookie::parse(data, &origin, NOW, |domain| domain == b"com") {
        assert_ne!(cookie.domain, b"com", "a cookie for a public suffix");
        let origin = Origin { path: cookie.path.clone(), ..origin };
        assert!(cookie.belongs_to(&origin), "an accepted cookie is sent to its origin, below its path");
    }
}
