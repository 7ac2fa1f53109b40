//! Lookups by the system's resolver for tasks. Another thread does them while the task waits.
#![allow(unsafe_code)]

use crate::socket::error::Failure;
use crate::socket::timeout::Wait;

/// The result of a lookup by the system's resolver. Without tasks no other thread answers.
#[cfg_attr(not(tasks), allow(dead_code))]
pub enum Lookup<T, W> {
    /// The running task has waited for the answer.
    Answered(Result<T, Failure>),
    /// No task waits here. The caller must do the work itself, within a limit.
    Outside(Wait, W),
}

#[cfg(tasks)]
pub use with_tasks::look_up;

/// This build has no tasks.
#[cfg(not(tasks))]
pub fn look_up<T, W: FnOnce() -> T>(_: &mut crate::binding::Call<'_>, limit: Wait, work: W) -> Lookup<T, W> {
    Lookup::Outside(limit, work)
}

#[cfg(tasks)]
mod with_tasks {
    use std::time::{Duration, Instant};

    use super::Lookup;
    use crate::binding::Call;
    use crate::socket::error::Failure;
    use crate::socket::lookups::submit;
    use crate::socket::timeout::Wait;
    use crate::tasks::door;
    use crate::tasks::native;
    use crate::tasks::scheduler::{self, WaitOptions, WakeReason};

    /// Makes another thread do the work while the running task waits. Outside tasks, the deadline in force there
    /// limits it.
    pub fn look_up<T: Send + 'static, W: FnOnce() -> T + Send + 'static>(
        call: &mut Call<'_>,
        limit: Wait,
        work: W,
    ) -> Lookup<T, W> {
        let Some(scheduler) = native::find(call) else { return Lookup::Outside(limit, work) };
        // SAFETY: this is the state's scheduler. No other reference to it exists while this function runs.
        let this = unsafe { &mut *scheduler };
        if !scheduler::may_switch(this, call.raw_state()) {
            let left = this.deadline().map(|end| end.saturating_duration_since(Instant::now()));
            return Lookup::Outside(sooner(limit, left), work);
        }
        let (mailbox, id, lookup) = match this.begin_lookup() {
            Ok(begun) => begun,
            Err(error) => return Lookup::Answered(Err(error.into())),
        };
        submit(Box::new(move || {
            // The task may have given up while the lookup waited for its turn.
            if !mailbox.is_wanted(lookup) {
                return Box::new(|| ());
            }
            let answer = work();
            Box::new(move || mailbox.post(id, lookup, Box::new(answer)))
        }));
        let limit = match limit {
            Wait::For(limit) => Some(limit),
            Wait::No | Wait::Forever => None,
        };
        let options = WaitOptions { limit, lookup, shielded: false };
        // SAFETY: the other thread owns the work. Neither this function nor its callers own anything.
        let reason =
            unsafe { scheduler::wait(scheduler, call.raw_state(), std::ptr::null_mut(), 0, options) };
        if reason != WakeReason::Ready {
            // SAFETY: as above. The wait is over.
            unsafe { (*scheduler).give_up_lookup(lookup) };
            door::settle_failure(call);
        }
        Lookup::Answered(match reason {
            WakeReason::Ready => {
                // SAFETY: as above. The wait is over.
                let answer = unsafe { (*scheduler).take_answer() };
                answer.and_then(|answer| answer.downcast().ok()).map(|answer| *answer).ok_or(Failure::Timeout)
            }
            // SAFETY: as above.
            WakeReason::Cancelled => Err(Failure::Other(unsafe { (*scheduler).cancel_message() })),
            WakeReason::Failed(code) => Err(Failure::Errno(code)),
            _ => Err(Failure::Timeout),
        })
    }

    fn sooner(limit: Wait, left: Option<Duration>) -> Wait {
        match (limit, left) {
            (Wait::For(limit), Some(left)) => Wait::For(limit.min(left)),
            (Wait::No | Wait::Forever, Some(left)) => Wait::For(left),
            (limit, None) => limit,
        }
    }
}
