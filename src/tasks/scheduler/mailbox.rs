//! Answers of lookups, which other threads deliver to tasks.

use std::any::Any;
use std::collections::HashSet;
use std::sync::Mutex;

use super::task::Id;
use crate::sys::lock;
use crate::tasks::readiness::Waker;

/// The answer of a lookup: the task, the number of its lookup, and the answer.
type Delivery = (Id, u64, Box<dyn Any + Send>);

/// Messages from other threads to tasks.
pub struct Mailbox {
    pub(super) answers: Mutex<Vec<Delivery>>,
    /// The lookups that a task waits for.
    pub(super) wanted: Mutex<HashSet<u64>>,
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

    /// Records that no task waits for the lookup any longer. Returns whether one did.
    pub(super) fn give_up(&self, lookup: u64) -> bool {
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
