//! Lookups in other threads. Tasks need them, and so do time limits, because the resolver itself accepts
//! none.

use std::collections::VecDeque;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SendError, SyncSender};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::ThreadId;
use std::time::{Duration, Instant};

use super::error::Failure;
use super::timeout::Wait;
use crate::sys;
use crate::sys::interrupt::is_interrupted;
use crate::sys::libc;
use crate::sys::lock;
use crate::sys::process::PerProcess;
use crate::sys::resolver::renew_state;

/// The maximum number of resolver calls under way. Without this limit, a name server that never
/// answers would make the number of threads grow without bound.
const MOST: usize = 128;
/// Enough for the resolver. The default size would count against the memory limit of a small process.
const STACK: usize = 256 * 1024;
/// The time for which an idle thread waits for the next lookup.
const IDLE_TIME: Duration = Duration::from_secs(2);

/// The lookups of one process. Threads do not survive a fork, so the child gets its own.
static LOOKUPS: PerProcess<Lookups> = PerProcess::new(Lookups::default);

#[derive(Default)]
struct Lookups {
    taken: Mutex<Taken>,
    freed: Condvar,
    /// The thread that finished last stays for a while. Starting a thread takes longer than asking a nearby
    /// name server.
    idle: Mutex<Option<Idle>>,
}

#[derive(Default)]
struct Taken {
    /// The number of lookups under way.
    count: usize,
    /// The lookups of tasks that wait for a permit.
    waiting: VecDeque<Work>,
}

/// Work for a resolver thread. It returns a closure that delivers the answer.
pub type Work = Box<dyn FnOnce() -> Box<dyn FnOnce()> + Send>;

/// A permit for one lookup. It is returned on drop.
struct Permit(&'static Lookups);

impl Permit {
    /// Waits for a permit until `end`. Without an end, the caller gets one at once.
    fn take(end: Option<Instant>) -> Option<Permit> {
        let lookups = LOOKUPS.get();
        let mut taken = lock(&lookups.taken);
        while let Some(end) = end
            && taken.count >= MOST
        {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() || is_interrupted() {
                return None;
            }
            let woken = lookups.freed.wait_timeout(taken, left.min(LOOK));
            taken = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        taken.count += 1;
        Some(Permit(lookups))
    }
}

impl Permit {
    /// Returns the permit, or passes it on to work that waits for one.
    fn pass_on(self) -> Option<Job> {
        let mut taken = lock(&self.0.taken);
        let work = taken.waiting.pop_front();
        if work.is_none() {
            // Before another thread can see that there is no permit, and queue its work.
            taken.count -= 1;
        }
        drop(taken);
        match work {
            Some(work) => Some(Job { work, permit: self }),
            None => {
                self.0.freed.notify_one();
                std::mem::forget(self);
                None
            }
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        lock(&self.0.taken).count -= 1;
        self.0.freed.notify_one();
    }
}

/// Work for a resolver thread. It holds its permit until the work is done.
struct Job {
    work: Work,
    permit: Permit,
}

/// A thread that waits for the next job.
struct Idle {
    thread: ThreadId,
    jobs: SyncSender<Job>,
}

/// Passes the job to the idle thread, or to a new one.
fn dispatch(mut job: Job) {
    let found = lock(&job.permit.0.idle).take();
    if let Some(found) = found {
        match found.jobs.send(job) {
            Ok(()) => return,
            Err(SendError(returned)) => job = returned,
        }
    }
    let handed = Arc::new(Mutex::new(Some(job)));
    let taken = handed.clone();
    let thread = std::thread::Builder::new().name("resolver".into()).stack_size(STACK);
    let started = sys::with_signals_blocked(|| {
        thread.spawn(move || {
            let job = lock(&taken).take();
            if let Some(job) = job {
                serve(job);
            }
        })
    });
    if started.is_err() {
        // The process cannot start a thread. Do the work here: late is better than never.
        let mut next = lock(&handed).take();
        while let Some(Job { work, permit }) = next {
            let deliver = work();
            next = permit.pass_on();
            deliver();
        }
    }
}

/// Runs work in a resolver thread as soon as there is a permit. Only tasks wait for a permit in this way.
#[cfg_attr(not(tasks), allow(dead_code))]
pub fn submit(work: Work) {
    let lookups = LOOKUPS.get();
    let mut taken = lock(&lookups.taken);
    if taken.count >= MOST {
        taken.waiting.push_back(work);
        return;
    }
    taken.count += 1;
    drop(taken);
    dispatch(Job { work, permit: Permit(lookups) });
}

/// Answers jobs until none has arrived for a while.
fn serve(first: Job) {
    renew_state();
    let mut next = Some(first);
    while let Some(Job { work, permit }) = next {
        let lookups = permit.0;
        let deliver = work();
        next = permit.pass_on();
        if next.is_some() {
            deliver();
            continue;
        }
        // Become idle first. The receiver of the answer may ask again, and then finds this thread idle.
        let jobs = become_idle(lookups);
        deliver();
        next = jobs.and_then(|jobs| next_job(lookups, jobs));
    }
}

/// Makes this thread the idle one and returns its queue. Returns `None` if another thread is idle already.
fn become_idle(lookups: &Lookups) -> Option<Receiver<Job>> {
    let mut idle = Some(lock(&lookups.idle)).filter(|idle| idle.is_none())?;
    let (sender, jobs) = mpsc::sync_channel(1);
    *idle = Some(Idle { thread: std::thread::current().id(), jobs: sender });
    Some(jobs)
}

fn next_job(lookups: &Lookups, jobs: Receiver<Job>) -> Option<Job> {
    if let Ok(job) = jobs.recv_timeout(IDLE_TIME) {
        return Some(job);
    }
    let thread = std::thread::current().id();
    let kept = lock(&lookups.idle).take_if(|idle| idle.thread == thread);
    // If another thread has taken the idle entry in the meantime, that thread will send a job.
    if kept.is_some() { None } else { jobs.recv().ok() }
}

/// Runs work in another thread within a limit. When the time is up, that thread is left to finish alone. The
/// library is never unloaded while it runs (see modules/link.rs).
pub fn within<T: Send + 'static>(
    limit: Wait,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Failure> {
    let end = match limit {
        Wait::For(limit) => Instant::now().checked_add(limit),
        Wait::No | Wait::Forever => None,
    };
    let permit = Permit::take(end).ok_or(Failure::Timeout)?;
    let (answer, answered) = mpsc::sync_channel(1);
    let work: Work = Box::new(move || {
        let result = work();
        // After a timeout there is no receiver.
        Box::new(move || drop(answer.send(result)))
    });
    dispatch(Job { work, permit });
    loop {
        let left = end.map_or(LOOK, |end| end.saturating_duration_since(Instant::now()));
        match answered.recv_timeout(left.min(LOOK)) {
            Ok(result) => return Ok(result),
            Err(RecvTimeoutError::Timeout) if is_interrupted() => return Err(Failure::Errno(libc::EINTR)),
            Err(RecvTimeoutError::Timeout) if left > LOOK || end.is_none() => {}
            Err(_) => return Err(Failure::Timeout),
        }
    }
}

/// The interval at which a wait for an answer checks for an interrupt of the runner. A signal does not end such a wait.
const LOOK: Duration =
    if cfg!(feature = "runner") { Duration::from_millis(50) } else { Duration::from_secs(3600) };

#[cfg(test)]
mod tests {
    use super::*;
    use crate::socket::hosts;
    use crate::socket::resolve::at_once;
    use crate::socket::service::Service;
    use crate::sys::resolver::{Hints, lookup};
    use std::net::SocketAddr;

    fn stream(family: i32) -> Hints {
        Hints { family, kind: libc::SOCK_STREAM, flags: 0 }
    }

    /// The runner's interrupt ends the wait for an answer.
    #[cfg(feature = "runner")]
    fn interrupt() {
        use crate::sys::interrupt::INTERRUPTED;
        use std::sync::atomic::Ordering;

        let started = Instant::now();
        let (finish, finished) = mpsc::channel::<()>();
        let waiter = std::thread::spawn(move || within(Wait::Forever, move || finished.recv()).err());
        INTERRUPTED.store(true, Ordering::SeqCst);
        let failure = waiter.join().ok().flatten();
        INTERRUPTED.store(false, Ordering::SeqCst);
        assert!(matches!(failure, Some(Failure::Errno(libc::EINTR))), "{failure:?}");
        assert!(started.elapsed() < Duration::from_secs(30));
        drop(finish);
        while lock(&LOOKUPS.get().taken).count > 0 {
            assert!(started.elapsed() < Duration::from_secs(60));
            std::thread::yield_now();
        }
    }

    /// One test for all cases: parallel lookups would change the state that the test inspects.
    #[test]
    fn names_are_resolved_within_limits_by_a_thread_that_is_kept() {
        let localhost = || {
            let work = || lookup(Some(b"localhost"), Some(b"80"), stream(libc::AF_INET));
            let found = within(Wait::For(Duration::from_secs(30)), work);
            found.and_then(|found| found.map_err(Failure::Resolve)).map(|list| list.first().copied())
        };
        let kept = || lock(&LOOKUPS.get().idle).as_ref().map(|idle| idle.thread);
        let expected = Ok(Some(SocketAddr::from(([127, 0, 0, 1], 80))));
        if hosts::answers(b"localhost", libc::AF_INET) {
            let found = at_once(b"localhost", &Service::Port(80), stream(libc::AF_INET));
            assert_eq!(found.map(|found| found.map(|list| list.first().copied())), Some(expected));
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
        assert_eq!(lock(&LOOKUPS.get().taken).count, 0);
        #[cfg(feature = "runner")]
        interrupt();
    }
}
