//! Lookups whose answers tasks wait for.

use std::any::Any;
use std::sync::Arc;

use rustix::io::Errno;

use super::mailbox::Mailbox;
use super::{Id, Scheduler, WakeReason};
use crate::sys::lock;

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
