//! A cookie jar with limits, and the cookies that a request sends (RFC 6265bis, 5.7 and 5.8).

use std::collections::HashMap;

use super::cookie::{Cookie, Origin, Refusal, domain_matches, path_matches};

/// The most cookies of one domain.
const MOST_OF_A_HOST: usize = 180;
/// The most cookies of a jar.
const MOST: usize = 3000;

#[derive(Debug)]
struct Kept {
    cookie: Cookie,
    /// Its position in the order of creation.
    created: u64,
    /// Its position in the order of last use.
    used: u64,
}

/// Cookies by domain.
#[derive(Debug, Default)]
pub struct Store {
    domains: HashMap<Vec<u8>, Vec<Kept>>,
    count: usize,
    clock: u64,
}

impl Store {
    /// Stores a cookie from an origin. An expired one only removes the cookie that it replaces.
    pub fn receive(&mut self, cookie: Cookie, origin: &Origin, now: i64) -> Result<(), Refusal> {
        if !cookie.secure && !origin.secure && self.hides_secure(&cookie) {
            return Err(Refusal::Insecure);
        }
        self.keep(cookie, now);
        Ok(())
    }

    /// Whether a cookie from http would hide one from https (RFC 6265bis, 5.7, step 14).
    fn hides_secure(&self, cookie: &Cookie) -> bool {
        self.domains
            .iter()
            .filter(|(domain, _)| {
                domain_matches(domain, &cookie.domain) || domain_matches(&cookie.domain, domain)
            })
            .flat_map(|(_, kept)| kept)
            .any(|kept| {
                kept.cookie.secure
                    && kept.cookie.name == cookie.name
                    && path_matches(&cookie.path, &kept.cookie.path)
            })
    }

    /// Stores a cookie within the limits. An expired one only removes the cookie that it replaces.
    pub fn keep(&mut self, cookie: Cookie, now: i64) {
        self.clock += 1;
        let mut created = self.clock;
        let expired = cookie.is_expired(now);
        if let Some(list) = self.domains.get_mut(&cookie.domain) {
            if let Some(place) = list.iter().position(|kept| kept.cookie.replaces(&cookie)) {
                created = list.remove(place).created;
                self.count -= 1;
            }
            if !expired && list.len() >= MOST_OF_A_HOST {
                self.count -= make_room(list, now);
            }
        }
        if expired {
            self.domains.retain(|_, list| !list.is_empty());
            return;
        }
        if self.count >= MOST {
            self.make_room(now);
        }
        let domain = cookie.domain.clone();
        self.domains.entry(domain).or_default().push(Kept { cookie, created, used: self.clock });
        self.count += 1;
    }

    /// Removes expired cookies, or else the least recently used one.
    fn make_room(&mut self, now: i64) {
        self.sweep(now);
        if self.count < MOST {
            return;
        }
        let oldest = self.domains.values().flatten().map(|kept| kept.used).min();
        for list in self.domains.values_mut() {
            list.retain(|kept| Some(kept.used) != oldest);
        }
        self.recount();
    }

    fn sweep(&mut self, now: i64) {
        for list in self.domains.values_mut() {
            list.retain(|kept| !kept.cookie.is_expired(now));
        }
        self.recount();
    }

    fn recount(&mut self) {
        self.domains.retain(|_, list| !list.is_empty());
        self.count = self.domains.values().map(Vec::len).sum();
    }

    /// The cookies that a request sends: longer paths first, then older ones. `used` records this use.
    pub fn for_origin(&mut self, origin: &Origin, now: i64, used: bool) -> Vec<&Cookie> {
        if used {
            self.clock += 1;
        }
        let clock = self.clock;
        let mut found = Vec::new();
        for (_, list) in self.domains.iter_mut().filter(|(domain, _)| domain_matches(&origin.host, domain)) {
            let fitting =
                list.iter_mut().filter(|kept| kept.cookie.belongs_to(origin) && !kept.cookie.is_expired(now));
            for kept in fitting {
                if used {
                    kept.used = clock;
                }
                found.push((&kept.cookie, kept.created));
            }
        }
        found.sort_by_key(|(cookie, created)| (std::cmp::Reverse(cookie.path.len()), *created));
        found.into_iter().map(|(cookie, _)| cookie).collect()
    }

    /// The value of the Cookie field for a request; empty if there is none.
    pub fn header(&mut self, origin: &Origin, now: i64) -> Vec<u8> {
        let mut header = Vec::new();
        for cookie in self.for_origin(origin, now, true) {
            if !header.is_empty() {
                header.extend_from_slice(b"; ");
            }
            header.extend_from_slice(&cookie.name);
            if !cookie.name.is_empty() {
                header.push(b'=');
            }
            header.extend_from_slice(&cookie.value);
        }
        header
    }

    /// All cookies, oldest first.
    pub fn all(&mut self, now: i64) -> Vec<&Cookie> {
        self.sweep(now);
        let mut all: Vec<_> = self.domains.values().flatten().collect();
        all.sort_by_key(|kept| kept.created);
        all.into_iter().map(|kept| &kept.cookie).collect()
    }

    /// Removes the cookies of one domain, or all.
    pub fn clear(&mut self, domain: Option<&[u8]>) {
        match domain {
            None => self.domains.clear(),
            Some(domain) => {
                let domain = domain.strip_prefix(b".").unwrap_or(domain).to_ascii_lowercase();
                self.domains.remove(&domain);
            }
        }
        self.recount();
    }
}

/// Removes the expired cookies of a list, or else the least recently used one. Returns how many were removed.
fn make_room(list: &mut Vec<Kept>, now: i64) -> usize {
    let before = list.len();
    list.retain(|kept| !kept.cookie.is_expired(now));
    if list.len() >= MOST_OF_A_HOST {
        let oldest = list.iter().map(|kept| kept.used).min();
        if let Some(place) = list.iter().position(|kept| Some(kept.used) == oldest) {
            list.remove(place);
        }
    }
    before - list.len()
}
