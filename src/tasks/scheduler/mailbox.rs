//! Answers of lookups, which other threads deliver to tasks.

use std::any::Any;
use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use rustix::io::Errno;

use super::{Id, Scheduler, WakeReason};
use crate::sys::lock;
use crate::tasks::readiness::Waker;

/// The answer of a lookup: the task, the number of its lookup, and the answer.
type Delivery = (Id, u64, Box<dyn Any + Send>);

/// Messages from other threads to tasks.
pub struct Mailbox {
    answers: Mutex<Vec<Delivery>>,
    /// The lookups that a task waits for.
    wanted: Mutex<HashSet<u64>>,
    pub(super) waker: Waker,
}

impl Mailbox {
    pub(super) fn new(waker: Waker) -> Mailbox {
        Mailbox { answers: Mutex::default(), wanted: Mutex::default(), waker }
    }

    /// Whether a task waits for the lookup.
    pub fn is_wanted(&self, lookup: u64) -> bool {
        lock(&self.wanted).contains(&lookup)
    }

    /// Says that no task waits for the lookup any longer. Returns whether one did.
    fn give_up(&self, lookup: u64) -> bool {
        lock(&self.wanted).remove(&lookup)
    }

    /// Delivers the answer of a lookup, if a task waits for it.
    pub fn post(&self, id: Id, lookup: u64, answer: Box<dyn Any + Send>) {
        if !self.give_up(lookup) {
            return;
        }
        lock(&self.answers).push((id, lookup, answer));
        self.waker.wake();
    }
}

impl Scheduler {
    /// Collects the answers of other threads.
    pub(super) fn collect(&mut self) {
        let Some(mailbox) = self.mailbox.clone() else { return };
        mailbox.waker.clear();
        let answers = std::mem::take(&mut *lock(&mailbox.answers));
        for (id, lookup, answer) in answers {
            if let Some(task) = self.task(id).filter(|task| task.lookup == lookup) {
                task.answer = Some(answer);
                self.wake(id, WakeReason::Ready);
            }
        }
    }

    /// Begins a lookup for the running task. Returns the mailbox for the answer, the task and the number of
    /// the lookup.
    pub fn begin_lookup(&mut self) -> Result<(Arc<Mailbox>, Id, u64), Errno> {
        self.readiness()?;
        self.lookups += 1;
        let (mailbox, lookup) = (self.mailbox.clone().ok_or(Errno::BADF)?, self.lookups);
        let id = self.current.ok_or(Errno::BADF)?;
        lock(&mailbox.wanted).insert(lookup);
        Ok((mailbox, id, lookup))
    }

    /// Ends a lookup whose answer the running task no longer waits for. If it has not begun yet, it is not made.
    pub fn give_up_lookup(&self, lookup: u64) {
        if let Some(mailbox) = &self.mailbox {
            mailbox.give_up(lookup);
        }
    }

    /// The answer that has come for the running task.
    pub fn take_answer(&mut self) -> Option<Box<dyn Any + Send>> {
        let id = self.current?;
        self.task(id)?.answer.take()
    }
}
