//! Resolves host and service to socket addresses, within the limits of an operation.

use std::net::{IpAddr, SocketAddr};

use super::error::Failure;
use super::service::Service;
use super::timeout::{Deadline, Wait};
use super::{hosts, lookups};
use crate::binding::Call;
use crate::sys::libc;
use crate::sys::resolver::{Hints, ipv4_number, literal, lookup};
use crate::tasks::lookups::{Lookup, look_up};

/// Resolves a host and a service. The time spent counts against the deadline (add.20). Literal addresses
/// never reach the resolver.
///
/// May wait, so the caller must own nothing with a destructor.
pub fn resolve(
    call: &mut Call<'_>,
    host: &[u8],
    service: &Service,
    hints: Hints,
    deadline: &Deadline,
) -> Result<Vec<SocketAddr>, Failure> {
    if let Some(found) = at_once(host, service, hints) {
        return found;
    }
    let text = service.text()?;
    // A non-blocking object resolves without a limit, as in LuaSocket. It has no later moment to fetch the
    // answer.
    let limit = if deadline.is_nonblocking() { Wait::Forever } else { deadline.remaining() };
    let host = host.to_vec();
    answer(call, limit, move || lookup(Some(&host), Some(&text), hints))?.map_err(Failure::Resolve)
}

/// Resolves without a query to a name server, if possible. Another thread costs more than the hosts file.
pub fn at_once(host: &[u8], service: &Service, hints: Hints) -> Option<Result<Vec<SocketAddr>, Failure>> {
    if let Some(address) = direct(host, service, hints) {
        return Some(Ok(vec![address]));
    }
    if is_quick(host) || service.port().is_some() && hosts::answers(host, hints.family) {
        let text = service.text();
        return Some(text.and_then(|text| lookup(Some(host), Some(&text), hints).map_err(Failure::Resolve)));
    }
    None
}

/// Runs work that calls the system's resolver. In a task, another thread does the work while the task waits.
/// With a limit, another thread does it too, because the C library's resolver accepts no limit. So does the
/// runner without a limit, because ^C does not end a call of the resolver. Otherwise the work is done here.
/// When the time is up, the thread is left to finish alone. The library is never unloaded while it runs (see
/// modules/link.rs).
///
/// May wait, so the caller must own nothing with a destructor besides `work`.
pub fn answer<T: Send + 'static>(
    call: &mut Call<'_>,
    limit: Wait,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Failure> {
    match look_up(call, limit, work) {
        Lookup::Answered(outcome) => outcome,
        Lookup::Outside(Wait::Forever | Wait::No, work) if !cfg!(feature = "runner") => Ok(work()),
        Lookup::Outside(limit, work) => lookups::within(limit, work),
    }
}

/// A literal address of the right family, with a number as its port.
pub fn direct(host: &[u8], service: &Service, hints: Hints) -> Option<SocketAddr> {
    let port = service.port()?;
    match literal(host)? {
        IpAddr::V4(_) if hints.family == libc::AF_INET6 => None,
        IpAddr::V6(_) if hints.family == libc::AF_INET => None,
        address => Some(SocketAddr::new(address, port)),
    }
}

/// Texts that the resolver answers without a query: numbers in other spellings, and texts that cannot be a
/// name. Digits and dots that are no address may be a name.
fn is_quick(host: &[u8]) -> bool {
    host.is_empty() || host == b"*" || host.contains(&b':') || ipv4_number(host).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::resolver::ResolveError;

    fn stream(family: i32) -> Hints {
        Hints { family, kind: libc::SOCK_STREAM, flags: 0 }
    }

    #[test]
    fn literals_do_not_reach_the_resolver() {
        let direct = |host: &[u8], port: &[u8], family| direct(host, &Service::read(port), stream(family));
        assert_eq!(direct(b"127.0.0.1", b"80", 0), Some(SocketAddr::from(([127, 0, 0, 1], 80))));
        assert_eq!(direct(b"127.0.0.1", b"80", libc::AF_INET6), None);
        assert_eq!(direct(b"localhost", b"80", 0), None);
        assert_eq!(direct(b"127.0.0.1", b"http", 0), None);
        assert_eq!(direct(b"127.0.0.1", b"70000", 0), None);
    }

    /// Digits and dots that are no address take the resolver's time, so the limit applies to them.
    #[test]
    fn digits_and_dots_are_an_address_or_a_name() {
        for quick in ["", "*", "127.1", "0x7f.1", "::1%lo", "1.2.3.4"] {
            assert!(is_quick(quick.as_bytes()), "{quick}");
        }
        for name in ["1.2.3.4.5", "999.1.1.1", "1.2.3.256", "1..2", "example", "4294967296"] {
            assert!(!is_quick(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn a_zero_byte_makes_a_host_unknown() {
        let found = lookup(Some(b"127.0.0.1\0junk"), Some(b"80"), stream(0));
        assert_eq!(found, Err(ResolveError::UNKNOWN));
    }
}
