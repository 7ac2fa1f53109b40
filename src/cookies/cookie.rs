//! One cookie: what a Set-Cookie field says (RFC 6265bis, 5.6), and which requests it belongs to (5.1.3, 5.1.4).

use std::net::IpAddr;

use super::date;

/// The most bytes of name and value together.
const LONGEST: usize = 4096;
/// The most bytes of an attribute's value; a longer one is as if it were not there.
const LONGEST_ATTRIBUTE: usize = 1024;
/// The longest lifetime: 400 days.
pub const LONGEST_LIFE: i64 = 400 * 86_400;

/// Why a cookie is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A control character in the field.
    Control,
    /// Neither a name nor a value.
    Empty,
    /// Name and value are longer than 4,096 bytes.
    Long,
    /// The domain is not the host's.
    Domain,
    /// The domain is one under which anybody may register names.
    PublicSuffix,
    /// Secure, but it came over http; or it would replace a secure one.
    Insecure,
    /// The name promises what the attributes do not keep.
    Prefix,
    /// The URL has no host or is not of http.
    Url,
}

impl Refusal {
    /// The reason in words.
    pub fn as_text(self) -> &'static str {
        match self {
            Refusal::Control => "control character in cookie",
            Refusal::Empty => "empty cookie",
            Refusal::Long => "cookie too long",
            Refusal::Domain => "cookie for another domain",
            Refusal::PublicSuffix => "cookie for a public suffix",
            Refusal::Insecure => "secure cookie over http",
            Refusal::Prefix => "cookie breaks the promise of its name",
            Refusal::Url => "invalid url",
        }
    }
}

/// The URL that a cookie comes from or goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// In lower case, without brackets.
    pub host: Vec<u8>,
    /// Without query; `/` when the URL has none.
    pub path: Vec<u8>,
    /// Whether the scheme is https.
    pub secure: bool,
}

impl Origin {
    /// Takes a URL apart whose host is in its ASCII form.
    pub fn parse(url: &[u8]) -> Option<Self> {
        let colon = url.windows(3).position(|part| part == b"://")?;
        let (scheme, rest) = url.split_at_checked(colon)?;
        let secure = match scheme.to_ascii_lowercase().as_slice() {
            b"https" | b"wss" => true,
            b"http" | b"ws" => false,
            _ => return None,
        };
        let rest = rest.get(3..)?;
        let end = rest.iter().position(|byte| b"/?#".contains(byte)).unwrap_or(rest.len());
        let (authority, target) = rest.split_at_checked(end)?;
        let place = authority.rsplit(|byte| *byte == b'@').next()?;
        let host = match place.strip_prefix(b"[") {
            Some(bracketed) => bracketed.split(|byte| *byte == b']').next()?,
            None => place.split(|byte| *byte == b':').next()?,
        };
        let path = target.split(|byte| b"?#".contains(byte)).next().unwrap_or_default();
        if host.is_empty() {
            return None;
        }
        let path = if path.is_empty() { b"/" } else { path };
        Some(Origin { host: host.to_ascii_lowercase(), path: path.to_vec(), secure })
    }

    fn is_address(&self) -> bool {
        is_address(&self.host)
    }

    /// The path up to its last slash, which cookies without one get (RFC 6265bis, 5.1.4).
    fn default_path(&self) -> &[u8] {
        match self.path.iter().rposition(|byte| *byte == b'/') {
            Some(last) if last > 0 && self.path.starts_with(b"/") => self.path.get(..last).unwrap_or(b"/"),
            _ => b"/",
        }
    }
}

fn is_address(host: &[u8]) -> bool {
    std::str::from_utf8(host).is_ok_and(|host| host.parse::<IpAddr>().is_ok())
}

/// Whether a host is the domain or below it.
pub fn domain_matches(host: &[u8], domain: &[u8]) -> bool {
    host == domain
        || host.strip_suffix(domain).is_some_and(|start| start.ends_with(b".")) && !is_address(host)
}

/// Whether a path is the one given or below it.
pub fn path_matches(path: &[u8], within: &[u8]) -> bool {
    path.strip_prefix(within)
        .is_some_and(|rest| rest.is_empty() || within.ends_with(b"/") || rest.starts_with(b"/"))
}

/// A cookie as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cookie {
    /// May be empty.
    pub name: Vec<u8>,
    /// As it was sent.
    pub value: Vec<u8>,
    /// In lower case, without a dot in front.
    pub domain: Vec<u8>,
    /// Starts with a slash.
    pub path: Vec<u8>,
    /// When it ends; `None` with the session.
    pub expires: Option<i64>,
    /// Over https only.
    pub secure: bool,
    /// Not for scripts of pages.
    pub http_only: bool,
    /// For the very host, not for those below.
    pub host_only: bool,
    /// What was said about requests of other sites.
    pub same_site: Option<&'static str>,
}

#[derive(Default)]
struct Attributes<'f> {
    expires: Option<i64>,
    max_age: Option<i64>,
    domain: Option<&'f [u8]>,
    path: Option<&'f [u8]>,
    secure: bool,
    http_only: bool,
    same_site: Option<&'static str>,
}

fn split_once(text: &[u8], mark: u8) -> Option<(&[u8], &[u8])> {
    let place = text.iter().position(|byte| *byte == mark)?;
    Some((text.get(..place)?, text.get(place + 1..)?))
}

fn trim(text: &[u8]) -> &[u8] {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let start = text.iter().position(|byte| !is_blank(byte)).unwrap_or(text.len());
    let end = text.iter().rposition(|byte| !is_blank(byte)).map_or(start, |last| last + 1);
    text.get(start..end).unwrap_or_default()
}

/// Seconds of any number of digits.
fn max_age(value: &[u8]) -> Option<i64> {
    let digits = value.strip_prefix(b"-").unwrap_or(value);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    if digits.len() != value.len() {
        return Some(0);
    }
    Some(digits.iter().fold(0_i64, |number, digit| {
        number.saturating_mul(10).saturating_add(i64::from(digit - b'0')).min(LONGEST_LIFE)
    }))
}

impl<'f> Attributes<'f> {
    /// Reads attributes; of repeated ones the last counts.
    fn parse(text: &'f [u8]) -> Self {
        let mut attributes = Attributes::default();
        for part in text.split(|byte| *byte == b';') {
            let (name, value) = split_once(part, b'=').unwrap_or((part, b""));
            let value = trim(value);
            if value.len() > LONGEST_ATTRIBUTE {
                continue;
            }
            match trim(name).to_ascii_lowercase().as_slice() {
                b"expires" => attributes.expires = date::parse(value).or(attributes.expires),
                b"max-age" => attributes.max_age = max_age(value).or(attributes.max_age),
                b"domain" => attributes.domain = Some(value.strip_prefix(b".").unwrap_or(value)),
                b"path" => attributes.path = Some(value),
                b"secure" => attributes.secure = true,
                b"httponly" => attributes.http_only = true,
                b"samesite" => {
                    attributes.same_site = match value.to_ascii_lowercase().as_slice() {
                        b"strict" => Some("Strict"),
                        b"lax" => Some("Lax"),
                        b"none" => Some("None"),
                        _ => None,
                    };
                }
                _ => {}
            }
        }
        attributes
    }
}

/// Whether a name starts with a prefix, in any case.
fn promises(name: &[u8], prefix: &[u8]) -> bool {
    name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

impl Cookie {
    /// Reads a Set-Cookie field that came from an origin. `is_public` says whether a domain is a public suffix.
    pub fn parse(
        field: &[u8],
        origin: &Origin,
        now: i64,
        is_public: impl FnOnce(&[u8]) -> bool,
    ) -> Result<Self, Refusal> {
        if field.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t') {
            return Err(Refusal::Control);
        }
        let (pair, rest) = split_once(field, b';').unwrap_or((field, b""));
        let (name, value) = split_once(pair, b'=').unwrap_or((b"", pair));
        let (name, value) = (trim(name), trim(value));
        if name.is_empty() && value.is_empty() {
            return Err(Refusal::Empty);
        }
        if name.len() + value.len() > LONGEST {
            return Err(Refusal::Long);
        }
        let attributes = Attributes::parse(rest);
        let expires = match (attributes.max_age, attributes.expires) {
            (Some(0), _) => Some(i64::MIN),
            (Some(seconds), _) => Some(now.saturating_add(seconds)),
            (None, expires) => expires.map(|time| time.min(now.saturating_add(LONGEST_LIFE))),
        };
        let (domain, host_only) = scope(attributes.domain, origin, is_public)?;
        let path = attributes.path.filter(|path| path.starts_with(b"/"));
        let cookie = Cookie {
            name: name.to_vec(),
            value: value.to_vec(),
            domain,
            path: path.unwrap_or(origin.default_path()).to_vec(),
            expires,
            secure: attributes.secure,
            http_only: attributes.http_only,
            host_only,
            same_site: attributes.same_site,
        };
        if cookie.secure && !origin.secure {
            return Err(Refusal::Insecure);
        }
        cookie.keeps_promise(attributes.domain.is_some(), path.is_some())?;
        Ok(cookie)
    }

    /// Checks a name with one of the prefixes of RFC 6265bis, 4.1.3.
    fn keeps_promise(&self, has_domain: bool, has_path: bool) -> Result<(), Refusal> {
        let subject = if self.name.is_empty() { &self.value } else { &self.name };
        let (secure, host) = (promises(subject, b"__Secure-"), promises(subject, b"__Host-"));
        let kept = match (secure, host) {
            (false, false) => true,
            // A cookie without a name looks like one with it once it is sent.
            _ if self.name.is_empty() => false,
            (true, _) => self.secure,
            (_, true) => self.secure && self.host_only && !has_domain && has_path && self.path == b"/",
        };
        if kept { Ok(()) } else { Err(Refusal::Prefix) }
    }

    /// Whether a request to an origin gets it.
    pub fn belongs_to(&self, origin: &Origin) -> bool {
        let domain = if self.host_only {
            self.domain == origin.host
        } else {
            domain_matches(&origin.host, &self.domain)
        };
        domain && (origin.secure || !self.secure) && path_matches(&origin.path, &self.path)
    }

    /// Whether it stands in the same place as another.
    pub fn replaces(&self, other: &Cookie) -> bool {
        self.name == other.name
            && self.domain == other.domain
            && self.host_only == other.host_only
            && self.path == other.path
    }

    /// Whether its time is over.
    pub fn is_expired(&self, now: i64) -> bool {
        self.expires.is_some_and(|time| time <= now)
    }
}

/// The domain of a cookie, and whether it is for that host alone.
fn scope(
    domain: Option<&[u8]>,
    origin: &Origin,
    is_public: impl FnOnce(&[u8]) -> bool,
) -> Result<(Vec<u8>, bool), Refusal> {
    let own = || (origin.host.clone(), true);
    let Some(domain) = domain.filter(|domain| !domain.is_empty()) else { return Ok(own()) };
    let domain = domain.to_ascii_lowercase();
    if !domain_matches(&origin.host, &domain) {
        return Err(Refusal::Domain);
    }
    if origin.is_address() {
        return Ok(own());
    }
    if is_public(&domain) {
        return if domain == origin.host { Ok(own()) } else { Err(Refusal::PublicSuffix) };
    }
    Ok((domain, false))
}
