//! Tests for each rule of server.syntax.

use super::*;

const LIMITS: Limits = Limits { line: 8192, head: 32768, fields: 100 };

fn status(head: &str) -> u16 {
    let mut scan = Scan::default();
    let whole = match scan.advance(head.as_bytes(), &LIMITS) {
        Ok(Some((start, end))) => head.as_bytes().get(start..end).unwrap_or_default(),
        Ok(None) => return 0,
        Err(refusal) => return refusal.status,
    };
    parse(whole).map_or_else(|refusal| refusal.status, |_| 200)
}

fn with(fields: &str) -> u16 {
    status(&format!("POST / HTTP/1.1\r\nHost: a\r\n{fields}\r\n"))
}

fn line(line: &str) -> u16 {
    status(&format!("{line}\r\nHost: a\r\n\r\n"))
}

#[test]
fn the_line_of_a_refused_request_is_known_when_it_is_valid() {
    let known = |head: &str| {
        let text = known_line(head.as_bytes())?.join(&b' ');
        Some(String::from_utf8_lossy(&text).into_owned())
    };
    assert_eq!(known("GET /a?b HTTP/2.0\r\nX").as_deref(), Some("GET /a?b 2.0"));
    assert_eq!(known("* * HTTP/1.1\r\n").as_deref(), Some("* * 1.1"));
    for head in [
        "",
        "GET / HTTP/1.1",
        "GET / HTTP/1.1\n",
        "GET / HTTP/1.1\rX",
        "GET /# HTTP/1.1\r\n",
        "GET /\r\n",
        "G@T / HTTP/1.1\r\n",
        "GET / HTTP/1\r\n",
        "\r\n",
    ] {
        assert_eq!(known(head), None, "{head:?}");
    }
}

#[test]
fn a_head_is_taken_apart() {
    let head = b"GET /a/b?c=d HTTP/1.1\r\nHost: Example.com:8080\r\nX: y \r\n\r\n";
    let parsed = parse(head).unwrap_or_else(unreachable_refusal);
    assert_eq!(parsed.method, b"GET");
    assert_eq!(parsed.target, b"/a/b?c=d");
    assert_eq!(parsed.path, b"/a/b");
    assert_eq!(parsed.query, Some(&b"c=d"[..]));
    assert_eq!(parsed.host, Some(&b"Example.com"[..]));
    assert!(parsed.keeps && !parsed.is_old && !parsed.expects);
    let fields: Vec<_> = Fields::new(parsed.fields).collect();
    assert_eq!(fields.get(1), Some(&Ok((&b"X"[..], &b"y"[..]))));
}

#[allow(clippy::panic)]
fn unreachable_refusal<T>(refusal: Refusal) -> T {
    panic!("{refusal:?}")
}

#[test]
fn lines_end_with_crlf() {
    assert_eq!(status("GET / HTTP/1.1\nHost: a\n\n"), 400);
    assert_eq!(status("GET / HTTP/1.1\r\nHost: a\n\r\n"), 400);
    assert_eq!(with("X: a\rb\r\n"), 400);
    assert_eq!(with("X: a\0b\r\n"), 400);
    assert_eq!(line("GET /\r HTTP/1.1"), 400);
}

#[test]
fn one_empty_line_is_skipped() {
    assert_eq!(status("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), 200);
    assert_eq!(status("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
}

#[test]
fn request_lines() {
    for good in ["GET / HTTP/1.1", "X-Y / HTTP/1.9", "OPTIONS * HTTP/1.1", "GET http://b/ HTTP/1.1"] {
        assert_eq!(line(good), 200, "{good}");
    }
    let bad = [
        "GET  / HTTP/1.1",
        "GET\t/ HTTP/1.1",
        "GET /",
        "GET / ",
        " GET / HTTP/1.1",
        "GET / HTTP/1.1 ",
        "GET /#x HTTP/1.1",
        "GET /\u{e4} HTTP/1.1",
        "GET /\u{7f} HTTP/1.1",
        "GET / http/1.1",
        "GET / HTTP/1.10",
        "GET / HTTP/1",
        "GET * HTTP/1.1",
        "GET a HTTP/1.1",
        "GET a:1 HTTP/1.1",
        "GET ftp://a/ HTTP/1.1",
        "GET http:/// HTTP/1.1",
        "GET http://u@a/ HTTP/1.1",
        "G(T / HTTP/1.1",
        "CONNECT / HTTP/1.1",
    ];
    for bad in bad {
        assert_eq!(line(bad), 400, "{bad}");
    }
    assert_eq!(line(&format!("{} / HTTP/1.1", "M".repeat(32))), 200);
    assert_eq!(line(&format!("{} / HTTP/1.1", "M".repeat(33))), 400);
    assert_eq!(line("GET / HTTP/2.0"), 505);
    assert_eq!(line("PRI * HTTP/2.0"), 505);
    assert_eq!(line("GET / HTTP/3.1"), 505);
    assert_eq!(line("CONNECT h:1 HTTP/1.1"), 501);
}

#[test]
fn field_lines() {
    for bad in ["X : a", ": a", " X: a", "X: a\r\n b", "X", "X\u{e4}: a", "X: a\u{7f}", "X: \u{1}"] {
        assert_eq!(with(&format!("{bad}\r\n")), 400, "{bad:?}");
    }
    assert_eq!(with("X: a\tb\r\nY:\r\nZ: \u{e4}\r\n"), 200);
}

#[test]
fn hosts() {
    let host = |fields: &str| status(&format!("GET / HTTP/1.1\r\n{fields}\r\n"));
    for good in ["Host: a", "host:a:1", "Host: [::1]:80", "Host: 1.2.3.4"] {
        assert_eq!(host(&format!("{good}\r\n")), 200, "{good}");
    }
    let bad = ["", "Host: a\r\nHost: a\r\n", "Host: a\r\nHost: b\r\n", "Host: a b\r\n", "Host:\r\n"];
    for bad in bad.into_iter().chain(["Host: :1\r\n", "Host: a:x\r\n", "Host: a:99999\r\n", "Host: a/b\r\n"])
    {
        assert_eq!(host(bad), 400, "{bad:?}");
    }
    assert_eq!(status("GET / HTTP/1.0\r\n\r\n"), 200);
    assert_eq!(status("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n"), 400);
}

#[test]
fn the_host_of_the_target_wins() {
    let parsed = parse(b"GET http://b:1?x HTTP/1.1\r\nHost: a\r\n\r\n").ok();
    let parsed = parsed.map(|head| (head.host, head.path, head.query));
    assert_eq!(parsed, Some((Some(&b"b"[..]), &b"/"[..], Some(&b"x"[..]))));
}

#[test]
fn lengths() {
    assert_eq!(with("Content-Length: 5\r\n"), 200);
    assert_eq!(with("Content-Length: 999999999999999\r\n"), 200);
    for bad in ["+5", "5, 5", "0x5", "5 5", "", "1234567890123456", "5\r\nContent-Length: 5", "-1"] {
        assert_eq!(with(&format!("Content-Length: {bad}\r\n")), 400, "{bad:?}");
    }
}

#[test]
fn transfer_codings() {
    let coded = |value: &str| with(&format!("Transfer-Encoding: {value}\r\n"));
    assert_eq!(coded("chunked"), 200);
    assert_eq!(coded("CHUNKED"), 200);
    assert_eq!(coded("gzip, chunked"), 501);
    assert_eq!(coded("gzip\r\nTransfer-Encoding: chunked"), 501);
    let bad = ["chunked, gzip", "identity", "", "chunked, chunked", "chunked\r\nTransfer-Encoding: chunked"];
    for bad in bad.into_iter().chain(["identity, chunked", "gzip", "chunked;q=1", ", chunked", "chunked,"]) {
        assert_eq!(coded(bad), 400, "{bad:?}");
    }
    assert_eq!(with("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), 400);
    assert_eq!(with("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), 400);
    assert_eq!(with("Transfer-Encoding: gzip, chunked\r\nContent-Length: 5\r\n"), 400);
    assert_eq!(status("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
}

#[test]
fn lists_of_tokens() {
    let head = |version: &str, fields: &str| {
        let text = format!("POST / HTTP/{version}\r\nHost: a\r\nContent-Length: 1\r\n{fields}\r\n");
        parse(text.as_bytes()).map(|head| (head.keeps, head.expects)).map_err(|refusal| refusal.status)
    };
    assert_eq!(head("1.1", ""), Ok((true, false)));
    assert_eq!(head("1.1", "Connection: x, Close\r\n"), Ok((false, false)));
    assert_eq!(head("1.0", ""), Ok((false, false)));
    assert_eq!(head("1.0", "Connection: Keep-Alive\r\n"), Ok((true, false)));
    assert_eq!(head("1.1", "Expect: 100-Continue\r\n"), Ok((true, true)));
    assert_eq!(head("1.0", "Expect: 100-continue\r\n"), Ok((false, false)));
    assert_eq!(head("1.1", "Expect: x\r\n"), Err(417));
}

#[test]
fn limits_hold_to_the_byte() {
    let small = Limits { line: 20, head: 60, fields: 2 };
    let scan = |text: &str| {
        Scan::default().advance(text.as_bytes(), &small).map(|found| found.is_some()).map_err(|r| r.status)
    };
    assert_eq!(scan("GET /234567 HTTP/1.1\r\n\r\n"), Ok(true));
    assert_eq!(scan("GET /2345678 HTTP/1.1\r\n\r\n"), Err(414));
    assert_eq!(scan("GET /234567890123456789"), Err(414));
    assert_eq!(scan("GET / HTTP/1.1\r\nA: 1\r\nB: 2\r\n\r\n"), Ok(true));
    assert_eq!(scan("GET / HTTP/1.1\r\nA: 1\r\nB: 2\r\nC: 3\r\n"), Err(431));
    let filled = |count: usize| format!("GET / HTTP/1.1\r\nA: {}\r\n\r\n", "x".repeat(count));
    assert_eq!(scan(&filled(60 - 23)), Ok(true));
    assert_eq!(scan(&filled(60 - 22)), Err(431));
    assert_eq!(scan("\u{16}\u{3}\u{1}"), Err(400));
}

#[test]
fn any_cut_gives_the_same_end() {
    let text = b"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\nrest";
    for cut in 0..text.len() {
        let mut scan = Scan::default();
        let first = scan.advance(text.get(..cut).unwrap_or_default(), &LIMITS);
        let end = match first {
            Ok(None) => scan.advance(text, &LIMITS),
            other => other,
        };
        assert_eq!(end, Ok(Some((2, text.len() - 4))), "{cut}");
    }
}

#[test]
fn chunk_sizes() {
    assert_eq!(chunk_size(b"5"), Some((5, 0)));
    assert_eq!(chunk_size(b"fF;a=\"b\""), Some((255, 6)));
    assert_eq!(chunk_size(b"00000000000000a"), Some((10, 0)));
    for bad in [&b"5 "[..], b"+5", b"0x5", b"", b";a", b"0000000000000005", b"5\r", b"5;\x01", b" 5"] {
        assert_eq!(chunk_size(bad), None, "{bad:?}");
    }
}
