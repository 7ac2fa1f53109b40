//! The scenarios of the contract, and the bugs it fixes, on the pure functions.
//!
//! Components are written `name=value | name=value`, in the order of the URL.

use super::absolute::{Base, absolute};
use super::components::Components;
use super::escape::unescape;
use super::path::{segments, write_segment};

fn escape(text: &[u8]) -> Vec<u8> {
    let mut escaped = Vec::new();
    super::escape::escape(text, &mut escaped);
    escaped
}

fn text(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

fn listed(parts: &Components<'_>) -> String {
    let fields = [
        ("scheme", parts.scheme),
        ("authority", parts.authority),
        ("userinfo", parts.userinfo),
        ("user", parts.user),
        ("password", parts.password),
        ("host", parts.host),
        ("port", parts.port),
        ("path", parts.path),
        ("params", parts.params),
        ("query", parts.query),
        ("fragment", parts.fragment),
    ];
    let present = fields.into_iter().filter_map(|(name, value)| Some(format!("{name}={}", text(value?))));
    present.collect::<Vec<_>>().join(" | ")
}

fn components(list: &str) -> Components<'_> {
    let mut parts = Components::default();
    for field in list.split(" | ").filter(|field| !field.is_empty()) {
        let (name, value) = field.split_once('=').unwrap_or((field, ""));
        let place = match name {
            "scheme" => &mut parts.scheme,
            "authority" => &mut parts.authority,
            "userinfo" => &mut parts.userinfo,
            "user" => &mut parts.user,
            "password" => &mut parts.password,
            "host" => &mut parts.host,
            "port" => &mut parts.port,
            "path" => &mut parts.path,
            "params" => &mut parts.params,
            "query" => &mut parts.query,
            _ => &mut parts.fragment,
        };
        *place = Some(value.as_bytes());
    }
    parts
}

fn check_parse(cases: &[(&str, &[u8], &str)]) {
    for (item, url, expected) in cases {
        let parts = Components::parse(url);
        assert_eq!(listed(&parts), *expected, "{item}");
    }
}

/// Item, base, relative, result.
type Resolution = (&'static str, &'static [u8], &'static [u8], &'static [u8]);

fn check_absolute(cases: &[Resolution]) {
    for (item, base, relative, expected) in cases {
        assert_eq!(text(&absolute(Base::Text(base), relative)), text(expected), "{item}");
    }
}

#[test]
fn a_url_is_cut_into_components() {
    check_parse(&[
        (
            "url.s.1",
            b"scheme://user:pass@host:port/path;params?query#fragment",
            "scheme=scheme | authority=user:pass@host:port | userinfo=user:pass | user=user | password=pass | host=host | port=port | path=/path | params=params | query=query | fragment=fragment",
        ),
        ("url.s.2", b"http://h", "scheme=http | authority=h | host=h"),
        ("url.s.3", b"HTTP://H/P", "scheme=HTTP | authority=H | host=H | path=/P"),
        (
            "url.s.4",
            b"//user:@host/path",
            "authority=user:@host | userinfo=user: | user=user | password= | host=host | path=/path",
        ),
        ("url.s.5", b"//host:port/path", "authority=host:port | host=host | port=port | path=/path"),
        ("url.s.6", b"path", "path=path"),
        ("url.s.7", b"/path", "path=/path"),
        (
            "url.s.8",
            b"scheme://userinfo@host:port/path;params?query#",
            "scheme=scheme | authority=userinfo@host:port | userinfo=userinfo | user=userinfo | host=host | port=port | path=/path | params=params | query=query | fragment=",
        ),
        (
            "url.s.9",
            b"scheme://userinfo@host:port/path;params?#fragment",
            "scheme=scheme | authority=userinfo@host:port | userinfo=userinfo | user=userinfo | host=host | port=port | path=/path | params=params | query= | fragment=fragment",
        ),
        (
            "url.s.10",
            b"scheme://userinfo@host:port/path;?query#fragment",
            "scheme=scheme | authority=userinfo@host:port | userinfo=userinfo | user=userinfo | host=host | port=port | path=/path | params= | query=query | fragment=fragment",
        ),
        (
            "url.s.11",
            b"scheme://user:pass$%?#wd@host:port/path;params?query#fragment",
            "scheme=scheme | authority=user:pass$%?#wd@host:port | userinfo=user:pass$%?#wd | user=user | password=pass$%?#wd | host=host | port=port | path=/path | params=params | query=query | fragment=fragment",
        ),
        (
            "url.s.12",
            b"scheme://user:pass#wd@host:port/path;params?query",
            "scheme=scheme | authority=user:pass#wd@host:port | userinfo=user:pass#wd | user=user | password=pass#wd | host=host | port=port | path=/path | params=params | query=query",
        ),
        ("url.s.13", b"http://h:", "scheme=http | authority=h: | host=h | port="),
        ("url.s.14", b"http://h:ab/", "scheme=http | authority=h:ab | host=h | port=ab | path=/"),
        (
            "url.s.15",
            b"http://u:p:q@h",
            "scheme=http | authority=u:p:q@h | userinfo=u:p:q | user=u:p | password=q | host=h",
        ),
        (
            "url.s.16",
            b"http://:p@h",
            "scheme=http | authority=:p@h | userinfo=:p | user= | password=p | host=h",
        ),
        ("url.s.17", b"http://u@v@h", "scheme=http | authority=u@v@h | userinfo=u | user=u | host=v@h"),
        ("url.s.18", b"http://", "scheme=http | authority="),
        ("url.s.19", b"file:///etc/passwd", "scheme=file | authority= | path=/etc/passwd"),
        ("url.s.20", b"http:x", "scheme=http | path=x"),
        ("url.s.21", b"host:80/x", "scheme=host | path=80/x"),
        ("url.s.22", b"www.x.com/a", "path=www.x.com/a"),
        ("url.s.23", b"a_b://h", "path=a_b://h"),
        ("url.s.24", b"1http://h", "scheme=1http | authority=h | host=h"),
        ("url.s.25", b"a?b?c#d?e", "path=a | query=b?c | fragment=d?e"),
        ("url.s.26", b"a#b#c", "path=a | fragment=b#c"),
        ("url.s.27", b"a;b?c;d#e", "path=a | params=b | query=c;d | fragment=e"),
        ("url.s.28", b"?", "query="),
        ("url.s.29", b";", "params="),
        ("url.s.30", b"http://h/?#", "scheme=http | authority=h | host=h | path=/ | query= | fragment="),
        ("url.s.31", b"http://h/a b", "scheme=http | authority=h | host=h | path=/a b"),
        ("url.s.32", b"http://h;p", "scheme=http | authority=h;p | host=h;p"),
        ("url.s.33", b"http://h/%41//../x", "scheme=http | authority=h | host=h | path=/%41//../x"),
        ("url.s.40", b"mailto:a@b", "scheme=mailto | path=a@b"),
        (
            "url.s.42",
            b"http://[FEDC:BA98:7654:3210:FEDC:BA98:7654:3210]:80/index.html",
            "scheme=http | authority=[FEDC:BA98:7654:3210:FEDC:BA98:7654:3210]:80 | host=FEDC:BA98:7654:3210:FEDC:BA98:7654:3210 | port=80 | path=/index.html",
        ),
        (
            "url.s.43",
            b"http://[3ffe:2a00:100:7031::1]",
            "scheme=http | authority=[3ffe:2a00:100:7031::1] | host=3ffe:2a00:100:7031::1",
        ),
        (
            "url.s.44",
            b"//userinfo@[::FFFF:129.144.52.38]:port/path",
            "authority=userinfo@[::FFFF:129.144.52.38]:port | userinfo=userinfo | user=userinfo | host=::FFFF:129.144.52.38 | port=port | path=/path",
        ),
        ("url.s.45", b"http://[::1", "scheme=http | authority=[::1 | host=[: | port=1"),
        ("url.s.46", b"http://[]", "scheme=http | authority=[] | host=[]"),
        ("url.s.47", b"http://::1", "scheme=http | authority=::1 | host=: | port=1"),
        ("url.s.48", b"http://[::1]x", "scheme=http | authority=[::1]x | host=[::1]x"),
    ]);
}

#[test]
fn the_authority_ends_at_slash_query_and_fragment_unless_a_password_needs_them() {
    check_parse(&[
        ("url.authority.4", b"http://h?q", "scheme=http | authority=h | host=h | query=q"),
        ("url.authority.4", b"http://h#f", "scheme=http | authority=h | host=h | fragment=f"),
        ("url.authority.4", b"http://h?q=a/b", "scheme=http | authority=h | host=h | query=q=a/b"),
        (
            "url.authority.4",
            b"http://h:8071?t=x",
            "scheme=http | authority=h:8071 | host=h | port=8071 | query=t=x",
        ),
        (
            "url.authority.4",
            b"//user:pa#wd@host/p",
            "authority=user:pa#wd@host | userinfo=user:pa#wd | user=user | password=pa#wd | host=host | path=/p",
        ),
        (
            "url.authority.4",
            b"http://u:p@h?x=y",
            "scheme=http | authority=u:p@h | userinfo=u:p | user=u | password=p | host=h | query=x=y",
        ),
        ("url.authority.3: an IPv6 address", b"//[::1]?@x", "authority=[::1] | host=::1 | query=@x"),
        (
            "url.authority.3: `@` after the slash",
            b"//h:p?a/@x",
            "authority=h:p | host=h | port=p | query=a/@x",
        ),
    ]);
}

#[test]
fn a_url_is_built_from_components() {
    let cases = [
        ("url.s.49", "", ""),
        (
            "url.s.50",
            "scheme=scheme | user=user | password=password | host=host | port=port | path=/path | params=params | query=query | fragment=fragment",
            "scheme://user:password@host:port/path;params?query#fragment",
        ),
        ("url.s.51", "host=h | port=80", "//h:80"),
        ("url.s.52", "host=h | port=", "//h:"),
        ("url.s.53", "user=u | host=h", "//u@h"),
        ("url.s.54", "user=u | password= | host=h", "//u:@h"),
        ("url.s.55", "password=p | host=h", "//h"),
        ("url.s.56", "userinfo=a:b | host=h", "//a:b@h"),
        ("url.s.57", "userinfo=no | user=u | host=h", "//u@h"),
        ("url.s.58", "authority=no | host=h | path=/x", "//h/x"),
        ("url.s.59", "authority=u@h:1 | path=/x", "//u@h:1/x"),
        ("url.s.60", "host=::1 | port=80", "//[::1]:80"),
        ("url.s.61", "host=h:1", "//[h:1]"),
        ("url.s.62", "scheme=http", "http:"),
        ("url.s.63", "host=h | path=x", "//hx"),
        ("url.s.64", "params= | query= | fragment=", ";?#"),
        ("url.s.65", "user=u | port=80", ""),
        ("url.s.66", "path=a b?#", "a b?#"),
        ("url.s.67", "host=", "//"),
        ("url.build.4: brackets are not doubled", "host=[::1] | port=80", "//[::1]:80"),
    ];
    for (item, list, expected) in cases {
        assert_eq!(text(&components(list).build()), expected, "{item}");
    }
}

#[test]
fn build_undoes_parse() {
    for url in [
        "http:",
        "a/b/c/d.html",
        "//net_loc",
        "http:a/b/d/c.html",
        "//who:isit@net_loc",
        "http://he:man@boo.bar/a/b/c/i.html;type=moo?this=that#mark",
        "/b/c/d;param?query#fragment",
        "http://he:man@[::192.168.1.1]/a/b/c/i.html;type=moo?this=that#mark",
    ] {
        assert_eq!(text(&Components::parse(url.as_bytes()).build()), url, "url.build.8");
    }
}

#[test]
fn a_reference_is_resolved_against_a_text() {
    check_absolute(&[
        ("url.s.68", b"http://a/b/c/d;p?q#f", b"g:h", b"g:h"),
        ("url.s.69", b"http://a/b/c/d;p?q#f", b"g", b"http://a/b/c/g"),
        ("url.s.70", b"http://a/b/c/d;p?q#f", b"./g", b"http://a/b/c/g"),
        ("url.s.71", b"http://a/b/c/d;p?q#f", b"g/", b"http://a/b/c/g/"),
        ("url.s.72", b"http://a/b/c/d;p?q#f", b"/g", b"http://a/g"),
        ("url.s.73", b"http://a/b/c/d;p?q#f", b"//g", b"http://g"),
        ("url.s.74", b"http://a/b/c/d;p?q#f", b"?y", b"http://a/b/c/d;p?y"),
        ("url.s.75", b"http://a/b/c/d;p?q#f", b"g?y", b"http://a/b/c/g?y"),
        ("url.s.76", b"http://a/b/c/d;p?q#f", b"g?y/./x", b"http://a/b/c/g?y/x"),
        ("url.s.77", b"http://a/b/c/d;p?q#f", b"#s", b"http://a/b/c/d;p?q#s"),
        ("url.s.78", b"http://a/b/c/d;p?q#f", b"g#s", b"http://a/b/c/g#s"),
        ("url.s.79", b"http://a/b/c/d;p?q#f", b"g#s/./x", b"http://a/b/c/g#s/x"),
        ("url.s.80", b"http://a/b/c/d;p?q#f", b"g?y#s", b"http://a/b/c/g?y#s"),
        ("url.s.81", b"http://a/b/c/d;p?q#f", b";x", b"http://a/b/c/d;x"),
        ("url.s.82", b"http://a/b/c/d;p?q#f", b"g;x", b"http://a/b/c/g;x"),
        ("url.s.83", b"http://a/b/c/d;p?q#f", b"g;x?y#s", b"http://a/b/c/g;x?y#s"),
        ("url.s.84", b"http://a/b/c/d;p?q#f", b".", b"http://a/b/c/"),
        ("url.s.85", b"http://a/b/c/d;p?q#f", b"./", b"http://a/b/c/"),
        ("url.s.86", b"http://a/b/c/d;p?q#f", b"././g/", b"http://a/b/c/g/"),
        ("url.s.87", b"http://a/b/c/d;p?q#f", b"g/.", b"http://a/b/c/g/"),
        ("url.s.88", b"http://a/b/c/d;p?q#f", b"g/./", b"http://a/b/c/g/"),
        ("url.s.89", b"http://a/b/c/d;p?q#f", b"g/./.", b"http://a/b/c/g/"),
        ("url.s.90", b"http://a/b/c/d;p?q#f", b"././g/./.", b"http://a/b/c/g/"),
        ("url.s.91", b"http://a/b/c/d;p?q#f", b"..", b"http://a/b/"),
        ("url.s.92", b"http://a/b/c/d;p?q#f", b"../", b"http://a/b/"),
        ("url.s.93", b"http://a/b/c/d;p?q#f", b"../g", b"http://a/b/g"),
        ("url.s.94", b"http://a/b/c/d;p?q#f", b"../..", b"http://a/"),
        ("url.s.95", b"http://a/b/c/d;p?q#f", b"../../", b"http://a/"),
        ("url.s.96", b"http://a/b/c/d;p?q#f", b"../../g", b"http://a/g"),
        ("url.s.97", b"http://a/b/c/d;p?q#f", b"../../../g", b"http://a/g"),
        ("url.s.98", b"http://a/b/c/d;p?q#f", b"", b"http://a/b/c/d;p?q#f"),
        ("url.s.99", b"http://a/b/c/d;p?q#f", b"/./g", b"http://a/g"),
        ("url.s.100", b"http://a/b/c/d;p?q#f", b"/../g", b"http://a/g"),
        ("url.s.101", b"http://a/b/c/d;p?q#f", b"g.", b"http://a/b/c/g."),
        ("url.s.102", b"http://a/b/c/d;p?q#f", b".g", b"http://a/b/c/.g"),
        ("url.s.103", b"http://a/b/c/d;p?q#f", b"g..", b"http://a/b/c/g.."),
        ("url.s.104", b"http://a/b/c/d;p?q#f", b"..g", b"http://a/b/c/..g"),
        ("url.s.105", b"http://a/b/c/d;p?q#f", b"./../g", b"http://a/b/g"),
        ("url.s.106", b"http://a/b/c/d;p?q#f", b"g/./h", b"http://a/b/c/g/h"),
        ("url.s.107", b"http://a/b/c/d;p?q#f", b"g/../h", b"http://a/b/c/h"),
        ("url.s.108", b"http://a/b/c/d:p?q#f/", b"../.g.h/", b"http://a/b/.g.h/"),
        ("url.s.109", b"http://a/", b"../g.h/", b"http://a/g.h/"),
        ("url.s.110", b"//a/b/c/d;p?q#f", b"d/e/f", b"//a/b/c/d/e/f"),
        ("url.s.111", b"/a/b/c/d;p?q#f", b"d/e/f", b"/a/b/c/d/e/f"),
        ("url.s.112", b"a/b/c/d", b"d/e/f", b"a/b/c/d/e/f"),
        ("url.s.113", b"a/b/c/d/../", b"d/e/f", b"a/b/c/d/e/f"),
        (
            "url.s.114",
            b"http://velox.telemar.com.br",
            b"/dashboard/index.html",
            b"http://velox.telemar.com.br/dashboard/index.html",
        ),
        ("url.s.115", b"http://example.com/", b"../.badhost.com/", b"http://example.com/.badhost.com/"),
        ("url.s.116", b"http://example.com/", b"...badhost.com/", b"http://example.com/...badhost.com/"),
        ("url.s.117", b"http://example.com", b".badhost.com", b"http://example.com/.badhost.com"),
        ("url.s.118", b"http://example.com/a/b/c/d/", b"../../../q", b"http://example.com/a/q"),
        ("url.s.119", b"http://example.com/a/b/c/d/", b"..//../../../q", b"http://example.com/a/q"),
        ("url.s.120", b"http://example.com/a/b/c/d/", b"..//a/../../../../q", b"http://example.com/a/q"),
        ("url.s.121", b"http://example.com/a/b/c/d/", b"..//a/..//../../../q", b"http://example.com/a/b/q"),
        (
            "url.s.122",
            b"http://example.com/a/b/c/d/",
            b"..//a/..///../../../../q",
            b"http://example.com/a/b/q",
        ),
        (
            "url.s.123",
            b"http://example.com/a/b/c/d/",
            b"../x/a/../y/z/../../../../q",
            b"http://example.com/a/b/q",
        ),
        ("url.s.124", b"", b"g", b"g"),
        ("url.s.125", b"a", b"b", b"/b"),
        ("url.s.126", b"http://a", b"g", b"http://a/g"),
        ("url.s.127", b"http:", b"x", b"http:/x"),
        ("url.s.128", b"http://a/b", b"http:g", b"http:g"),
        ("url.s.129", b"http://a/b", b"http://x/y/../z", b"http://x/z"),
        ("add.44: url.s.130", b"http://a/b/c", b"g?y/../x", b"http://a/b/g?y/../x"),
        ("url.s.131", b"http://u:p@a:1/b", b"c", b"http://u:p@a:1/c"),
        ("url.s.132", b"http://[::1]:1/b", b"c", b"http://[::1]:1/c"),
        ("url.s.133", b"http://a/b", b"c//d", b"http://a/c//d"),
        ("url.s.134", b"http://a/b;p?q#f", b"#", b"http://a/b;p?q#"),
        ("url.s.135", b"http://a/b;p?q#f", b"?", b"http://a/b;p?"),
        ("url.s.136", b"a/b", b"../../c", b"../c"),
        ("url.s.137", b"http://a/b/../../c", b"d", b"http://a/d"),
    ]);
}

#[test]
fn a_reference_is_resolved_against_components() {
    let cases = [
        ("url.s.138", "scheme=http | authority=h:2 | path=/a/b", "c", "http://h:2/a/c"),
        ("url.s.139", "scheme=http | host=h | path=/a/b", "", "http://h/a/b"),
        ("url.bugs.2", "scheme=http | host=h | path=/a/b", "c", "http://h/a/c"),
        (
            "url.bugs.2",
            "scheme=http | user=u | password=p | host=::1 | port=8 | path=/a",
            "?q",
            "http://u:p@[::1]:8/a?q",
        ),
        ("url.absolute.7", "scheme=http | authority=k | host=h | path=/a/b", "c", "http://k/a/c"),
    ];
    for (item, list, relative, expected) in cases {
        let got = absolute(Base::Parsed(components(list)), relative.as_bytes());
        assert_eq!(text(&got), expected, "{item}");
    }
}

#[test]
fn dot_removal_keeps_scheme_authority_and_the_byte_1() {
    check_absolute(&[
        ("url.bugs.3", b"http://a/b", b"http://x/../y", b"http://x/y"),
        ("url.bugs.3", b"http://a/b", b"//x/../../y/..", b"http://x/"),
        ("url.bugs.3", b"http://a/b", b"http://./y", b"http://./y"),
        ("url.bugs.3", b"http://a/b", b"file:///../y", b"file:///y"),
        ("url.bugs.3", b"http://a/b", b"s:x/../y", b"s:y"),
        ("url.bugs.3", b"http://a/b", b"s:/../y", b"s:/y"),
        ("add.44", b"http://a", b"?x/../../y", b"http://a?x/../../y"),
        ("url.bugs.4", b"http://a/b", b"c\x01d/./e", b"http://a/c\x01d/e"),
        ("url.bugs.4", b"a/b", b"\x01/../c", b"a/c"),
    ]);
}

#[test]
fn long_chains_of_dots_take_linear_time() {
    let up = [b"a/".repeat(200_000), b"../".repeat(199_999), b"g".to_vec()].concat();
    assert_eq!(text(&absolute(Base::Text(b"http://h/"), &up)), "http://h/a/g", "url.bugs.5");
    let here = [b"./".repeat(200_000), b"g".to_vec()].concat();
    assert_eq!(text(&absolute(Base::Text(b"http://h/"), &here)), "http://h/g", "url.bugs.5");
    let empty = [b"a".to_vec(), b"/".repeat(200_000), b"../".repeat(199_999), b"g".to_vec()].concat();
    assert_eq!(text(&absolute(Base::Text(b"http://h/"), &empty)), "http://h/a/g", "url.bugs.5");
}

#[test]
fn bytes_are_percent_encoded_and_decoded() {
    let escaped: &[(&str, &[u8], &str)] = &[
        ("url.s.142", b"/#?;", "%2f%23%3f%3b"),
        ("url.s.143", b"a b_-.~Z9", "a%20b_%2d%2e%7eZ9"),
        ("url.s.144", b"\x00\xff\x0d\x0a", "%00%ff%0d%0a"),
        ("url.s.145", b"", ""),
    ];
    for (item, plain, expected) in escaped {
        assert_eq!(text(&escape(plain)), *expected, "{item}");
    }
    let unescaped: &[(&str, &[u8], &[u8])] = &[
        ("url.s.147", b"%41%4a%4A", b"AJJ"),
        ("url.s.148", b"%4", b"%4"),
        ("url.s.149", b"%%41", b"%A"),
        ("url.s.150", b"%zz", b"%zz"),
        ("url.s.151", b"a+b", b"a+b"),
        ("url.s.152", b"%2541", b"%41"),
        ("url.s.153", b"%00", b"\x00"),
    ];
    for (item, encoded, expected) in unescaped {
        assert_eq!(text(&unescape(encoded)), text(expected), "{item}");
    }
    let every: Vec<u8> = (0..=255).collect();
    assert_eq!(unescape(&escape(&every)), every, "url.escape.3");
}

#[test]
fn a_path_is_a_list_of_segments() {
    let cases: &[(&str, &[u8], &str)] = &[
        ("url.s.155", b"/eu/tu/ele", "eu | tu | ele"),
        ("url.s.156", b"/eu/", "eu"),
        ("url.s.157", b"/", ""),
        ("url.s.158", b"//", ""),
        ("url.s.159", b"", ""),
        ("url.s.161", b"a//b", "a | b"),
        ("url.s.162", b"a%2Fb/c", "a/b | c"),
        ("url.s.163", b"a;b/c?d", "a;b | c?d"),
        ("url.s.164", b"./../x", ". | .. | x"),
    ];
    for (item, path, expected) in cases {
        let decoded: Vec<String> = segments(path).map(|segment| text(&unescape(segment))).collect();
        assert_eq!(decoded.join(" | "), *expected, "{item}");
    }
}

#[test]
fn a_segment_is_encoded_with_upper_case_digits() {
    let cases: &[(&str, &[u8], &str)] = &[
        ("url.s.170", b"-_.!~*'():@&=+$,", "-_.!~*'():@&=+$,"),
        ("url.s.171", b"/eu>", "%2Feu%3E"),
        ("url.s.171", b"<diego?", "%3Cdiego%3F"),
        ("url.s.173", b"a b", "a%20b"),
        ("url.s.174", b"{eu}", "%7Beu%7D"),
        ("url.s.174", b"|diego\x7f", "%7Cdiego%7F"),
        ("url.s.177", b"\xc3\xa9%", "%C3%A9%25"),
    ];
    for (item, segment, expected) in cases {
        let mut path = Vec::new();
        write_segment(segment, false, &mut path);
        assert_eq!(String::from_utf8_lossy(&path), *expected, "{item}");
        path.clear();
        write_segment(segment, true, &mut path);
        assert_eq!(path, *segment, "url.build_path.3: unsafe");
    }
}
