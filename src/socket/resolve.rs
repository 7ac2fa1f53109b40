//! Host and service to socket addresses, within the limits of an operation.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Condvar, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use super::error::Failure;
use super::timeout::{Deadline, Wait};
use crate::sys::resolver::{Hints, ResolveError, literal, lookup};

/// Resolver calls that may be under way at once: a name server that never answers must not
/// gather threads without bound.
const MOST_LOOKUPS: usize = 128;
/// Enough for the resolver; the default would count against the memory limit of a small process.
const STACK: usize = 256 * 1024;

/// Resolves a host and a service. The time spent counts against the deadline (add.20); literal
/// addresses never reach the resolver.
pub fn resolve(
    host: &[u8],
    service: &[u8],
    hints: Hints,
    deadline: &Deadline,
) -> Result<Vec<SocketAddr>, Failure> {
    if let Some(address) = direct(host, service, hints) {
        return Ok(vec![address]);
    }
    // An object that must not wait at all resolves as LuaSocket does, for there is no later
    // moment at which it could ask for the answer.
    if deadline.is_unlimited() || deadline.is_nonblocking() || is_quick(host) {
        return lookup(Some(host), Some(service), hints).map_err(Failure::Resolve);
    }
    lookup_within(host, service, hints, deadline)
}

/// A literal of the right family with a plain decimal port.
pub fn direct(host: &[u8], service: &[u8], hints: Hints) -> Option<SocketAddr> {
    let plain = !service.is_empty() && service.len() <= 5 && service.iter().all(u8::is_ascii_digit);
    let port: u16 = if plain { std::str::from_utf8(service).ok()?.parse().ok()? } else { return None };
    match literal(host)? {
        IpAddr::V4(_) if hints.family == libc::AF_INET6 => None,
        IpAddr::V6(_) if hints.family == libc::AF_INET => None,
        address => Some(SocketAddr::new(address, port)),
    }
}

/// Texts that the resolver answers without asking anybody: numbers in other spellings, and
/// what cannot be a name.
fn is_quick(host: &[u8]) -> bool {
    host.is_empty()
        || host == b"*"
        || host.contains(&b':')
        || host.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.')
}

/// Counts the lookups under way.
struct Places {
    taken: Mutex<usize>,
    freed: Condvar,
}

static PLACES: Places = Places { taken: Mutex::new(0), freed: Condvar::new() };

/// A place among the lookups under way, given back when dropped.
struct Place;

impl Place {
    fn take(end: Option<Instant>) -> Option<Place> {
        let mut taken = PLACES.taken.lock().unwrap_or_else(PoisonError::into_inner);
        while *taken >= MOST_LOOKUPS {
            let left = end.map_or(Duration::MAX, |end| end.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return None;
            }
            let woken = PLACES.freed.wait_timeout(taken, left.min(Duration::from_secs(3600)));
            taken = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        *taken += 1;
        Some(Place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        *PLACES.taken.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        PLACES.freed.notify_one();
    }
}

/// Resolves in a thread of its own, because the C library's resolver cannot be given a limit.
/// When the time is up the thread is left to finish alone; the library is never unloaded
/// under it (see build.rs). A thread for each lookup keeps working after a `fork`.
fn lookup_within(
    host: &[u8],
    service: &[u8],
    hints: Hints,
    deadline: &Deadline,
) -> Result<Vec<SocketAddr>, Failure> {
    let end = match deadline.remaining() {
        Wait::For(limit) => Instant::now().checked_add(limit),
        Wait::No | Wait::Forever => None,
    };
    let place = Place::take(end).ok_or(Failure::Timeout)?;
    let (answer, question) = mpsc::sync_channel(1);
    let (host, service) = (host.to_vec(), service.to_vec());
    let thread = std::thread::Builder::new().name("resolver".into()).stack_size(STACK).spawn(move || {
        let result = lookup(Some(&host), Some(&service), hints);
        drop(place);
        // Nobody listens when the time was up.
        let _ = answer.send(result);
    });
    if thread.is_err() {
        return Err(Failure::Resolve(ResolveError { code: libc::EAI_AGAIN, errno: 0 }));
    }
    let result = match end {
        Some(end) => question
            .recv_timeout(end.saturating_duration_since(Instant::now()))
            .map_err(|_| Failure::Timeout)?,
        None => question.recv().map_err(|_| Failure::Timeout)?,
    };
    result.map_err(Failure::Resolve)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(family: i32) -> Hints {
        Hints { family, kind: libc::SOCK_STREAM, flags: 0 }
    }

    #[test]
    fn literals_do_not_reach_the_resolver() {
        assert_eq!(direct(b"127.0.0.1", b"80", stream(0)), Some(SocketAddr::from(([127, 0, 0, 1], 80))));
        assert_eq!(direct(b"127.0.0.1", b"80", stream(libc::AF_INET6)), None);
        assert_eq!(direct(b"localhost", b"80", stream(0)), None);
        assert_eq!(direct(b"127.0.0.1", b"http", stream(0)), None);
        assert_eq!(direct(b"127.0.0.1", b"70000", stream(0)), None);
    }

    #[test]
    fn a_name_is_resolved_within_a_limit() {
        let found = resolve(b"localhost", b"80", stream(libc::AF_INET), &Deadline::after(30.0));
        assert_eq!(found.map(|list| list.first().copied()), Ok(Some(SocketAddr::from(([127, 0, 0, 1], 80)))));
    }

    #[test]
    fn a_zero_byte_makes_a_host_unknown() {
        let found = resolve(b"127.0.0.1\0junk", b"80", stream(0), &Deadline::NEVER);
        assert_eq!(found, Err(Failure::Resolve(ResolveError::UNKNOWN)));
    }
}
