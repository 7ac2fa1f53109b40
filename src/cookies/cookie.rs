//! One cookie: parses Set-Cookie (RFC 6265bis, 5.6), and checks which requests the cookie belongs to (5.1.3,
//! 5.1.4).

use std::net::IpAddr;

use super::date;

/// The most bytes of name and value together.
const LONGEST: usize = 4096;
/// The most bytes in an attribute's value. A longer one is ignored.
const LONGEST_ATTRIBUTE: usize = 1024;
/// The longest lifetime: 400 days.
pub const LONGEST_LIFE: i64 = 400 * 86_400;

/// Why a cookie is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The field contains a control character.
    Control,
    /// The cookie has neither a name nor a value.
    Empty,
    /// Name and value together are longer than 4,096 bytes.
    Long,
    /// The domain does not match the host.
    Domain,
    /// The domain is a public suffix, where anyone may register names.
    PublicSuffix,
    /// The cookie is secure but came over http, or it would replace a secure one.
    Insecure,
    /// The attributes do not meet the rule for the name's prefix.
    Prefix,
    /// The URL has no host, or its scheme is not http or https.
    Url,
}

impl Refusal {
    /// The reason as text.
    pub fn as_text(self) -> &'static str {
        match self {
            Refusal::Control => "control character in cookie",
            Refusal::Empty => "empty cookie",
            Refusal::Long => "cookie too long",
            Refusal::Domain => "cookie for another domain",
            Refusal::PublicSuffix => "cookie for a public suffix",
            Refusal::Insecure => "secure cookie over http",
            Refusal::Prefix => "cookie breaks the rules of its name prefix",
            Refusal::Url => "invalid url",
        }
    }
}

/// The URL that a cookie comes from or is sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// In lower case, without brackets.
    pub host: Vec<u8>,
    /// Without the query; `/` if the URL has no path.
    pub path: Vec<u8>,
    /// Whether the scheme is https.
    pub secure: bool,
}

impl Origin {
    /// Parses a URL whose host is in ASCII form.
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

    /// The path up to its last slash: the default for cookies without a path (RFC 6265bis, 5.1.4).
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

/// Whether the host is the domain or a subdomain of it.
pub fn domain_matches(host: &[u8], domain: &[u8]) -> bool {
    host == domain
        || host.strip_suffix(domain).is_some_and(|start| start.ends_with(b".")) && !is_address(host)
}

/// Whether the path equals `within` or is below it.
pub fn path_matches(path: &[u8], within: &[u8]) -> bool {
    path.strip_prefix(within)
        .is_some_and(|rest| rest.is_empty() || within.ends_with(b"/") || rest.starts_with(b"/"))
}

/// A stored cookie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cookie {
    /// May be empty.
    pub name: Vec<u8>,
    /// Unchanged, as received.
    pub value: Vec<u8>,
    /// In lower case, without a leading dot.
    pub domain: Vec<u8>,
    /// Starts with a slash.
    pub path: Vec<u8>,
    /// The time when it expires; `None` for a session cookie.
    pub expires: Option<i64>,
    /// Sent over https only.
    pub secure: bool,
    /// Not for scripts in web pages.
    pub http_only: bool,
    /// For exactly this host, not for subdomains.
    pub host_only: bool,
    /// The attribute `SameSite`.
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

/// A number of seconds with any number of digits.
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
    /// Parses attributes. The last of repeated ones counts.
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
fn has_prefix(name: &[u8], prefix: &[u8]) -> bool {
    name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

impl Cookie {
    /// Parses a Set-Cookie field from an origin. `is_public` checks whether a domain is a public suffix.
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
        cookie.follows_prefix_rules(attributes.domain.is_some(), path.is_some())?;
        Ok(cookie)
    }

    /// Checks the rules for the name prefixes of RFC 6265bis, 4.1.3.
    fn follows_prefix_rules(&self, has_domain: bool, has_path: bool) -> Result<(), Refusal> {
        let subject = if self.name.is_empty() { &self.value } else { &self.name };
        let (secure, host) = (has_prefix(subject, b"__Secure-"), has_prefix(subject, b"__Host-"));
        let kept = match (secure, host) {
            (false, false) => true,
            // Once sent, a cookie with only a value looks like one with that name.
            _ if self.name.is_empty() => false,
            (true, _) => self.secure,
            (_, true) => self.secure && self.host_only && !has_domain && has_path && self.path == b"/",
        };
        if kept { Ok(()) } else { Err(Refusal::Prefix) }
    }

    /// Whether a request to this origin sends the cookie.
    pub fn belongs_to(&self, origin: &Origin) -> bool {
        let domain = if self.host_only {
            self.domain == origin.host
        } else {
            domain_matches(&origin.host, &self.domain)
        };
        domain && (origin.secure || !self.secure) && path_matches(&origin.path, &self.path)
    }

    /// Whether this one replaces the other: same name, domain, path and host-only flag.
    pub fn replaces(&self, other: &Cookie) -> bool {
        self.name == other.name
            && self.domain == other.domain
            && self.host_only == other.host_only
            && self.path == other.path
    }

    /// Whether the cookie has expired.
    pub fn is_expired(&self, now: i64) -> bool {
        self.expires.is_some_and(|time| time <= now)
    }
}

/// The domain of a cookie, and whether it is for this host only.
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
