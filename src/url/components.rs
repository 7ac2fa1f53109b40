//! The components of a URL, and how to split a URL into them.

use memchr::{memchr, memchr2, memchr3, memrchr};

/// The components of a URL, unchanged. An absent component differs from an empty one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Components<'a> {
    /// The text before the `:`, at the start.
    pub scheme: Option<&'a [u8]>,
    /// The text after `//`: `[userinfo@]host[:port]`.
    pub authority: Option<&'a [u8]>,
    /// `user[:password]`
    pub userinfo: Option<&'a [u8]>,
    /// The user's name.
    pub user: Option<&'a [u8]>,
    /// The password.
    pub password: Option<&'a [u8]>,
    /// A name or an address. An IPv6 address is without brackets. Never empty after parsing.
    pub host: Option<&'a [u8]>,
    /// The text after the host's `:`, usually digits.
    pub port: Option<&'a [u8]>,
    /// The path with its leading slash. Never empty after parsing.
    pub path: Option<&'a [u8]>,
    /// The text after the first `;` of the path.
    pub params: Option<&'a [u8]>,
    /// The text after the first `?`.
    pub query: Option<&'a [u8]>,
    /// The text after the first `#`.
    pub fragment: Option<&'a [u8]>,
}

impl<'a> Components<'a> {
    /// Splits a URL into components. Accepts any bytes; decodes and checks nothing.
    pub fn parse(url: &'a [u8]) -> Self {
        let mut parts = Self::default();
        let (scheme, mut rest) = split_scheme(url);
        parts.scheme = scheme;
        if let Some(text) = rest.strip_prefix(b"//") {
            let (authority, after) = text.split_at(authority_end(text));
            parts.authority = Some(authority);
            parts.split_authority(authority);
            rest = after;
        }
        (rest, parts.fragment) = cut(rest, b'#');
        (rest, parts.query) = cut(rest, b'?');
        (rest, parts.params) = cut(rest, b';');
        parts.path = Some(rest).filter(|path| !path.is_empty());
        parts
    }

    /// Sets userinfo, host, port, user and password from an authority.
    pub fn split_authority(&mut self, authority: &'a [u8]) {
        let mut rest = authority;
        if let (userinfo, Some(after)) = cut(rest, b'@') {
            self.userinfo = Some(userinfo);
            self.split_userinfo(userinfo);
            rest = after;
        }
        if let Some((before, port)) = cut_last(rest, b':')
            && memchr(b']', port).is_none()
        {
            self.port = Some(port);
            rest = before;
        }
        if !rest.is_empty() {
            self.host = Some(without_brackets(rest));
        }
    }

    /// Sets user and password from a userinfo.
    pub fn split_userinfo(&mut self, userinfo: &'a [u8]) {
        match cut_last(userinfo, b':') {
            Some((user, password)) => {
                self.user = Some(user);
                self.password = Some(password);
            }
            None => self.user = Some(userinfo),
        }
    }
}

/// Splits at the first `separator`, and drops it.
fn cut(text: &[u8], separator: u8) -> (&[u8], Option<&[u8]>) {
    match memchr(separator, text).and_then(|at| split_around(text, at)) {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    }
}

/// Splits at the last `separator`, and drops it.
fn cut_last(text: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    memrchr(separator, text).and_then(|at| split_around(text, at))
}

fn split_around(text: &[u8], at: usize) -> Option<(&[u8], &[u8])> {
    Some((text.get(..at)?, text.get(at + 1..)?))
}

fn split_scheme(url: &[u8]) -> (Option<&[u8]>, &[u8]) {
    let end =
        url.iter().position(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.')));
    let starts_well = url.first().is_some_and(u8::is_ascii_alphanumeric);
    match end.and_then(|at| split_around(url, at).filter(|_| url.get(at) == Some(&b':'))) {
        Some((scheme, rest)) if starts_well => (Some(scheme), rest),
        _ => (None, url),
    }
}

/// The length of the authority at the start of `text`, the text after `//`.
///
/// It ends at the first `/`, `?` or `#` (RFC 3986, section 3.2). One exception: a password may contain `?`
/// and `#`, because users of LuaSocket wrote such URLs. This applies only if the text is not a host with a
/// port.
fn authority_end(text: &[u8]) -> usize {
    let Some(end) = memchr3(b'/', b'?', b'#', text) else { return text.len() };
    let (authority, rest) = text.split_at(end);
    if rest.first() == Some(&b'/') {
        return end;
    }
    let up_to_slash = memchr(b'/', rest).unwrap_or(rest.len());
    let inside = rest.get(..up_to_slash).unwrap_or(rest);
    let opens_password = memchr2(b'@', b'[', authority).is_none()
        && matches!(cut(authority, b':'), (_, Some(port)) if !port.iter().all(u8::is_ascii_digit));
    if opens_password && memchr(b'@', inside).is_some() { end + up_to_slash } else { end }
}

fn without_brackets(host: &[u8]) -> &[u8] {
    match host {
        [b'[', address @ .., b']'] if !address.is_empty() => address,
        _ => host,
    }
}
