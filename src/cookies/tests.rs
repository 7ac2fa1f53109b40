//! Tests for the rules of RFC 6265bis, and for the file format.

use proptest::prelude::*;

use super::cookie::{Cookie, LONGEST_LIFE, Origin, Refusal};
use super::file;
use super::jar::Store;
use super::suffixes::Suffixes;

const NOW: i64 = 1_764_000_000;

fn origin(url: &str) -> Origin {
    Origin::parse(url.as_bytes()).unwrap_or(Origin { host: Vec::new(), path: Vec::new(), secure: false })
}

fn set(store: &mut Store, url: &str, field: &str) -> Result<(), Refusal> {
    let origin = origin(url);
    let cookie = Cookie::parse(field.as_bytes(), &origin, NOW, |domain| Suffixes::Usual.contain(domain))?;
    store.receive(cookie, &origin, NOW)
}

fn header(store: &mut Store, url: &str) -> String {
    String::from_utf8_lossy(&store.header(&origin(url), NOW)).into_owned()
}

#[test]
fn a_url_is_taken_apart() {
    let parsed = origin("HTTPS://user:pass@Example.COM:8443/a/b?c=/d#e");
    assert_eq!(parsed, Origin { host: b"example.com".to_vec(), path: b"/a/b".to_vec(), secure: true });
    assert_eq!(origin("http://[::1]:80").host, b"::1");
    assert_eq!(origin("http://h?x").path, b"/");
    for url in ["", "example.com", "ftp://h/", "http://", "http:///a", "http://:80/"] {
        assert_eq!(Origin::parse(url.as_bytes()), None, "{url}");
    }
}

/// client.s.21: the URL that sets a cookie, the field, the URL of a request, and the Cookie field that it
/// sends.
const RULES: &[(&str, &str, &str, &str)] = &[
    ("http://example.com/", "a=1", "http://example.com/", "a=1"),
    ("http://example.com/", "a=1", "http://www.example.com/", ""),
    ("http://www.example.com/", "a=1", "http://example.com/", ""),
    ("http://example.com/", "a=1; Domain=example.com", "http://www.example.com/", "a=1"),
    ("http://example.com/", "a=1; Domain=.example.com", "http://www.example.com/", "a=1"),
    ("http://www.example.com/", "a=1; domain=EXAMPLE.com", "http://example.com/", "a=1"),
    ("http://www.example.com/", "a=1; Domain=other.com", "http://www.example.com/", ""),
    ("http://www.example.com/", "a=1; Domain=ample.com", "http://www.example.com/", ""),
    ("http://example.com/", "a=1; Domain=www.example.com", "http://www.example.com/", ""),
    ("http://example.com/", "a=1; Domain=", "http://www.example.com/", ""),
    ("http://example.com/", "a=1; Domain=x.com; Domain=example.com", "http://a.example.com/", "a=1"),
    ("http://localhost/", "a=1; Domain=localhost", "http://localhost/", "a=1"),
    ("http://127.0.0.1/", "a=1; Domain=127.0.0.1", "http://127.0.0.1/", "a=1"),
    ("http://127.0.0.1/", "a=1; Domain=0.0.1", "http://127.0.0.1/", ""),
    ("http://[::1]/", "a=1", "http://[::1]/", "a=1"),
    ("http://h/", "a=1; Path=/b", "http://h/b", "a=1"),
    ("http://h/", "a=1; Path=/b", "http://h/b/c", "a=1"),
    ("http://h/", "a=1; Path=/b/", "http://h/b/c", "a=1"),
    ("http://h/", "a=1; Path=/b", "http://h/bc", ""),
    ("http://h/", "a=1; Path=/b/", "http://h/b", ""),
    ("http://h/", "a=1; Path=b", "http://h/x", "a=1"),
    ("http://h/a/b", "a=1", "http://h/a/c", "a=1"),
    ("http://h/a/b", "a=1", "http://h/a", "a=1"),
    ("http://h/a/b", "a=1", "http://h/", ""),
    ("http://h/a", "a=1", "http://h/", "a=1"),
    ("http://h/a?x=/y/z", "a=1", "http://h/b", "a=1"),
    ("https://h/", "a=1; Secure", "https://h/", "a=1"),
    ("https://h/", "a=1; Secure", "http://h/", ""),
    ("http://h/", "a=1; Secure", "https://h/", ""),
    ("https://h/", "a=1", "http://h/", "a=1"),
    ("http://h/", "a=1; Max-Age=0", "http://h/", ""),
    ("http://h/", "a=1; Max-Age=-5", "http://h/", ""),
    ("http://h/", "a=1; Max-Age=99999999999999999999999999", "http://h/", "a=1"),
    ("http://h/", "a=1; Max-Age=1x", "http://h/", "a=1"),
    ("http://h/", "a=1; Expires=Sun, 06 Nov 1994 08:49:37 GMT", "http://h/", ""),
    ("http://h/", "a=1; Expires=Sun, 06 Nov 2094 08:49:37 GMT", "http://h/", "a=1"),
    ("http://h/", "a=1; Expires=06-Nov-94 08:49:37; Max-Age=10", "http://h/", "a=1"),
    ("http://h/", "a=1; Expires=rubbish", "http://h/", "a=1"),
    ("http://h/", "  a  =  b c  ; x", "http://h/", "a=b c"),
    ("http://h/", "a=\"1=2\"; HttpOnly", "http://h/", "a=\"1=2\""),
    ("http://h/", "value alone", "http://h/", "value alone"),
    ("http://h/", "=value", "http://h/", "value"),
    ("http://h/", "=", "http://h/", ""),
    ("http://h/", "a=", "http://h/", "a="),
    ("http://h/", "a=1\x01", "http://h/", ""),
    ("http://h/", "a=1\t2", "http://h/", "a=1\t2"),
];

#[test]
fn each_request_gets_what_belongs_to_it() {
    for (from, field, to, expected) in RULES {
        let mut store = Store::default();
        let outcome = set(&mut store, from, field);
        assert_eq!(header(&mut store, to), *expected, "{from} {field} {to} {outcome:?}");
    }
}

#[test]
fn longer_paths_and_older_cookies_come_first() {
    let mut store = Store::default();
    for field in ["a=1; Path=/", "b=2; Path=/x", "c=3; Path=/", "a=4; Path=/"] {
        assert_eq!(set(&mut store, "http://h/", field), Ok(()));
    }
    // A replacing cookie keeps the creation time.
    assert_eq!(header(&mut store, "http://h/x"), "b=2; a=4; c=3");
}

#[test]
fn public_suffixes_are_refused() {
    let mut store = Store::default();
    let refused = Err(Refusal::PublicSuffix);
    assert_eq!(set(&mut store, "http://a.com/", "a=1; Domain=com"), refused);
    assert_eq!(set(&mut store, "http://a.co.uk/", "a=1; Domain=co.uk"), refused);
    assert_eq!(set(&mut store, "http://github.io/", "a=1; Domain=github.io"), Ok(()));
    assert_eq!(header(&mut store, "http://github.io/"), "a=1");
    assert_eq!(header(&mut store, "http://x.github.io/"), "");
}

/// client.s.23
#[test]
fn name_prefixes_have_rules() {
    let broken = Err(Refusal::Prefix);
    for (url, field, expected) in [
        ("https://h.com/", "__Host-a=1; Secure; Path=/", Ok(())),
        ("https://h.com/", "__Host-a=1; Secure; Path=/; Domain=h.com", broken),
        ("https://h.com/", "__host-a=1; Secure", broken),
        ("https://h.com/", "__Host-a=1; Path=/", broken),
        ("https://h.com/", "__Secure-a=1; Secure", Ok(())),
        ("https://h.com/", "__SECURE-a=1", broken),
        ("https://h.com/", "=__Secure-a=1; Secure", broken),
        ("https://h.com/", "__Host-a; Secure; Path=/", broken),
        ("http://h.com/", "__Secure-a=1; Secure", Err(Refusal::Insecure)),
    ] {
        assert_eq!(set(&mut Store::default(), url, field), expected, "{url} {field}");
    }
}

#[test]
fn http_does_not_replace_what_https_has_set() {
    let mut store = Store::default();
    assert_eq!(set(&mut store, "https://a.h.com/", "a=1; Secure; Path=/"), Ok(()));
    assert_eq!(set(&mut store, "http://a.h.com/", "a=2; Path=/x"), Err(Refusal::Insecure));
    assert_eq!(set(&mut store, "http://h.com/", "a=2; Domain=h.com"), Err(Refusal::Insecure));
    assert_eq!(set(&mut store, "http://a.h.com/", "b=2"), Ok(()));
    assert_eq!(header(&mut store, "https://a.h.com/"), "a=1; b=2");
}

#[test]
fn limits_hold() {
    let mut store = Store::default();
    let field = |length| format!("a={}", "x".repeat(length));
    assert_eq!(set(&mut store, "http://h/", &field(4095)), Ok(()));
    assert_eq!(set(&mut store, "http://h/", &field(4096)), Err(Refusal::Long));
    store.clear(None);
    for number in 0..180 {
        assert_eq!(set(&mut store, "http://h/", &format!("n{number}=1; Path=/p{number}")), Ok(()));
    }
    // client.s.24: the least recently used cookie is removed.
    assert_eq!(header(&mut store, "http://h/p0"), "n0=1");
    assert_eq!(set(&mut store, "http://h/", "last=1"), Ok(()));
    assert_eq!(store.all(NOW).len(), 180);
    assert_eq!(header(&mut store, "http://h/p0"), "n0=1; last=1");
    assert_eq!(header(&mut store, "http://h/p1"), "last=1");
    for number in 0..3500 {
        assert_eq!(set(&mut store, &format!("http://h{number}/"), "a=1"), Ok(()));
    }
    assert_eq!(store.all(NOW).len(), 3000);
    store.clear(Some(b".H3499"));
    assert_eq!(store.all(NOW).len(), 2999);
}

#[test]
fn a_lifetime_is_cut() {
    let long = Cookie::parse(b"a=1; Max-Age=999999999", &origin("http://h/"), NOW, |_| false);
    assert_eq!(long.map(|cookie| cookie.expires), Ok(Some(NOW + LONGEST_LIFE)));
}

#[test]
fn a_file_is_written_and_read() {
    let mut store = Store::default();
    for field in ["a=1; Domain=h.com; Max-Age=100; HttpOnly", "b=x\ty; Secure; Path=/p", "alone"] {
        assert_eq!(set(&mut store, "https://h.com/", field), Ok(()));
    }
    let text = file::compose(&store.all(NOW));
    let expected = format!(
        "# Netscape HTTP Cookie File\n#HttpOnly_.h.com\tTRUE\t/\tFALSE\t{}\ta\t1\nh.com\tFALSE\t/p\tTRUE\t0\tb\tx\ty\n\
         h.com\tFALSE\t/\tFALSE\t0\t\talone\n",
        NOW + 100
    );
    assert_eq!(String::from_utf8_lossy(&text), expected);
    let mut again = Store::default();
    for cookie in file::parse(&text, NOW) {
        again.keep(cookie, NOW);
    }
    assert_eq!(again.all(NOW), store.all(NOW));
    for line in [
        "h\tFALSE\t/\tFALSE\t0\ta",
        "h\tMAYBE\t/\tFALSE\t0\ta\tb",
        "h\tFALSE\tx\tFALSE\t0\ta\tb",
        "h\tFALSE\t/\tFALSE\tsoon\ta\tb",
        "\tFALSE\t/\tFALSE\t0\ta\tb",
        "# h\tFALSE\t/\tFALSE\t0\ta\tb",
        "h\tFALSE\t/\tFALSE\t0\ta\x01\tb",
    ] {
        assert_eq!(file::parse(line.as_bytes(), NOW), Vec::new(), "{line}");
    }
}

#[test]
fn a_file_holds_no_control_character() {
    let mut store = Store::default();
    assert_eq!(set(&mut store, "http://h/", "a=1"), Ok(()));
    for url in
        ["http://h\tTRUE\t/\tFALSE\t0\tx\ty/", "http://h\nevil\tFALSE\t/\tFALSE\t0\tx\ty/", "http://h/p\n/"]
    {
        let _ = set(&mut store, url, "b=2");
    }
    let text = file::compose(&store.all(NOW));
    assert_eq!(String::from_utf8_lossy(&text), "# Netscape HTTP Cookie File\nh\tFALSE\t/\tFALSE\t0\ta\t1\n");
}

proptest! {
    #[test]
    fn no_field_sends_a_control_character(field in "[a-z=; \\t\\x00-\\x1f]{0,40}", url in "https?://[a-z.]{0,8}/[a-z/?]{0,8}") {
        let mut store = Store::default();
        if set(&mut store, &url, &field).is_ok() {
            let sent = header(&mut store, &url);
            prop_assert!(!sent.chars().any(|c| c.is_control() && c != '\t'));
        }
    }

    #[test]
    fn any_file_may_be_read(text in prop::collection::vec(any::<u8>(), 0..200), tabs in "([a-z.#]{0,5}[\\t\\n]){0,20}") {
        for cookie in file::parse(&text, NOW).into_iter().chain(file::parse(tabs.as_bytes(), NOW)) {
            prop_assert!(!cookie.domain.is_empty());
        }
    }
}
