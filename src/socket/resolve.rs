//! Host and service to socket addresses, within the limits of an operation.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::mpsc::{self, Receiver, SendError, SyncSender};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread::ThreadId;
use std::time::{Duration, Instant};

use super::error::Failure;
use super::hosts;
use super::service::Service;
use super::timeout::{Deadline, Wait};
use crate::sys;
use crate::sys::resolver::{Hints, ResolveError, ipv4_number, literal, lookup};

/// Resolver calls that may be under way at once: a name server that never answers must not
/// gather threads without bound.
const MOST_LOOKUPS: usize = 128;
/// Enough for the resolver; the default would count against the memory limit of a small process.
const STACK: usize = 256 * 1024;
/// How long a thread waits for the next lookup.
const IDLE_TIME: Duration = Duration::from_secs(2);

/// Resolves a host and a service. The time spent counts against the deadline (add.20); literal
/// addresses never reach the resolver.
pub fn resolve(
    host: &[u8],
    service: &Service,
    hints: Hints,
    deadline: &Deadline,
) -> Result<Vec<SocketAddr>, Failure> {
    if let Some(address) = direct(host, service, hints) {
        return Ok(vec![address]);
    }
    let text = service.text()?;
    // An object that must not wait at all resolves as LuaSocket does, for there is no later
    // moment at which it could ask for the answer. Another thread costs more than the hosts file.
    if deadline.is_unlimited()
        || deadline.is_nonblocking()
        || is_quick(host)
        || service.port().is_some() && hosts::answers(host, hints.family)
    {
        return lookup(Some(host), Some(&text), hints).map_err(Failure::Resolve);
    }
    lookup_within(host, &text, hints, deadline)
}

/// A literal of the right family with a number as its port.
pub fn direct(host: &[u8], service: &Service, hints: Hints) -> Option<SocketAddr> {
    let port = service.port()?;
    match literal(host)? {
        IpAddr::V4(_) if hints.family == libc::AF_INET6 => None,
        IpAddr::V6(_) if hints.family == libc::AF_INET => None,
        address => Some(SocketAddr::new(address, port)),
    }
}

/// Texts that the resolver answers without asking anybody: numbers in other spellings, and what cannot be a name.
/// What has digits and dots alone and is no address may be one.
fn is_quick(host: &[u8]) -> bool {
    host.is_empty() || host == b"*" || host.contains(&b':') || ipv4_number(host).is_some()
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

/// A lookup for a resolver thread. Its place is taken until it is done.
struct Question {
    host: Vec<u8>,
    service: Vec<u8>,
    hints: Hints,
    place: Place,
    answer: SyncSender<Result<Vec<SocketAddr>, ResolveError>>,
}

/// A thread that waits for the next question.
struct Idle {
    /// Threads do not come along when a process forks.
    process: u32,
    thread: ThreadId,
    questions: SyncSender<Question>,
}

/// The thread that was done last is kept for a while: to start one takes longer than a name server close by.
static IDLE: Mutex<Option<Idle>> = Mutex::new(None);

/// The idle thread's entry, unless it is in use: a process that was forked just then would wait for ever.
fn try_idle() -> Option<MutexGuard<'static, Option<Idle>>> {
    match IDLE.try_lock() {
        Ok(idle) => Some(idle),
        Err(TryLockError::Poisoned(idle)) => Some(idle.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}

/// Gives the question to the idle thread, or to a new one.
fn ask(mut question: Question) -> io::Result<()> {
    let process = std::process::id();
    let found = try_idle().and_then(|mut idle| idle.take());
    match found {
        Some(found) if found.process == process => match found.questions.send(question) {
            Ok(()) => return Ok(()),
            Err(SendError(returned)) => question = returned,
        },
        // What the other process was doing with its channel when it forked is not known.
        Some(found) => std::mem::forget(found),
        None => {}
    }
    let thread = std::thread::Builder::new().name("resolver".into()).stack_size(STACK);
    sys::with_signals_blocked(|| thread.spawn(move || serve(process, question))).map(drop)
}

/// Answers questions until there has been none for a while.
fn serve(process: u32, first: Question) {
    let mut next = Some(first);
    while let Some(Question { host, service, hints, place, answer }) = next {
        let result = lookup(Some(&host), Some(&service), hints);
        drop(place);
        // Before the answer: who gets it finds this thread idle at once.
        let questions = become_idle(process);
        // Nobody listens when the time was up.
        let _ = answer.send(result);
        next = questions.and_then(next_question);
    }
}

/// Where questions come from, unless another thread is idle already.
fn become_idle(process: u32) -> Option<Receiver<Question>> {
    let mut idle = try_idle().filter(|idle| idle.is_none())?;
    let (sender, questions) = mpsc::sync_channel(1);
    *idle = Some(Idle { process, thread: std::thread::current().id(), questions: sender });
    Some(questions)
}

fn next_question(questions: Receiver<Question>) -> Option<Question> {
    if let Ok(question) = questions.recv_timeout(IDLE_TIME) {
        return Some(question);
    }
    let thread = std::thread::current().id();
    let mut idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner);
    let kept = idle.take_if(|idle| idle.thread == thread);
    drop(idle);
    // Whoever has taken this thread from its place in the meantime sends a question.
    if kept.is_some() { None } else { questions.recv().ok() }
}

/// Resolves in another thread, because the C library's resolver cannot be given a limit. When the
/// time is up the thread is left to finish alone; the library is never unloaded under it (see modules/link.rs).
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
    let (answer, answered) = mpsc::sync_channel(1);
    let question = Question { host: host.to_vec(), service: service.to_vec(), hints, place, answer };
    if ask(question).is_err() {
        return Err(Failure::Resolve(ResolveError { code: libc::EAI_AGAIN, errno: 0 }));
    }
    let result = match end {
        Some(end) => answered
            .recv_timeout(end.saturating_duration_since(Instant::now()))
            .map_err(|_| Failure::Timeout)?,
        None => answered.recv().map_err(|_| Failure::Timeout)?,
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
        let direct = |host: &[u8], port: &[u8], family| direct(host, &Service::read(port), stream(family));
        assert_eq!(direct(b"127.0.0.1", b"80", 0), Some(SocketAddr::from(([127, 0, 0, 1], 80))));
        assert_eq!(direct(b"127.0.0.1", b"80", libc::AF_INET6), None);
        assert_eq!(direct(b"localhost", b"80", 0), None);
        assert_eq!(direct(b"127.0.0.1", b"http", 0), None);
        assert_eq!(direct(b"127.0.0.1", b"70000", 0), None);
    }

    /// They take the resolver's time, so they are subject to the limit.
    #[test]
    fn digits_and_dots_are_an_address_or_a_name() {
        for quick in ["", "*", "127.1", "0x7f.1", "::1%lo", "1.2.3.4"] {
            assert!(is_quick(quick.as_bytes()), "{quick}");
        }
        for name in ["1.2.3.4.5", "999.1.1.1", "1.2.3.256", "1..2", "example", "4294967296"] {
            assert!(!is_quick(name.as_bytes()), "{name}");
        }
    }

    /// All in one: other lookups at the same time would change what is looked at.
    #[test]
    fn names_are_resolved_within_limits_by_a_thread_that_is_kept() {
        let deadline = Deadline::after(30.0);
        let localhost = || {
            let found = lookup_within(b"localhost", b"80", stream(libc::AF_INET), &deadline);
            found.map(|list| list.first().copied())
        };
        let kept = || IDLE.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|idle| idle.thread);
        let expected = Ok(Some(SocketAddr::from(([127, 0, 0, 1], 80))));
        if hosts::answers(b"localhost", libc::AF_INET) {
            let found = resolve(b"localhost", &Service::Port(80), stream(libc::AF_INET), &deadline);
            assert_eq!(found.map(|list| list.first().copied()), expected);
            assert_eq!(kept(), None);
        }
        assert_eq!(localhost(), expected);
        let thread = kept();
        assert!(thread.is_some());
        for _ in 0..100 {
            assert_eq!(localhost(), expected);
            assert_eq!(kept(), thread);
        }
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..200).for_each(|_| assert_eq!(localhost(), expected)));
            }
        });
        assert_eq!(*PLACES.taken.lock().unwrap_or_else(PoisonError::into_inner), 0);
    }

    #[test]
    fn a_zero_byte_makes_a_host_unknown() {
        let found = resolve(b"127.0.0.1\0junk", &Service::Port(80), stream(0), &Deadline::NEVER);
        assert_eq!(found, Err(Failure::Resolve(ResolveError::UNKNOWN)));
    }
}
