//! When waits end by time, and the deadlines of tasks.

use std::time::{Duration, Instant};

use super::{Id, Scheduler, State, WakeReason};
use crate::tasks::timers::Entry;

impl Scheduler {
    /// The earliest time at which a wait ends.
    pub(super) fn next_time(&mut self) -> Option<Instant> {
        let slots = &mut self.slots;
        self.timers.next(|time, id| {
            let slot = slots.get_mut(id.index as usize).filter(|slot| slot.generation == id.generation);
            let Some(task) = slot.and_then(|slot| slot.task.as_deref_mut()) else { return Entry::Stale };
            if task.timer != Some(time) {
                return Entry::Stale;
            }
            match task.end.filter(|_| task.state == State::Waiting) {
                None => {
                    task.timer = None;
                    Entry::Stale
                }
                Some(end) if end > time => {
                    task.timer = Some(end);
                    Entry::Later(end)
                }
                Some(_) => Entry::Due,
            }
        })
    }

    /// The time until a task can continue without an outside event. `None` when no time limit is pending.
    pub fn timeout(&mut self) -> Option<Duration> {
        self.check_fork();
        if !self.ready.is_empty() {
            return Some(Duration::ZERO);
        }
        self.next_time().map(|time| time.saturating_duration_since(Instant::now()))
    }

    /// Wakes the tasks whose time limit has expired.
    pub(super) fn expire(&mut self) {
        if self.next_time().is_none() {
            return;
        }
        let now = Instant::now();
        while self.next_time().is_some_and(|time| time <= now) {
            let Some((_, id)) = self.timers.pop(now) else { break };
            let Some(task) = self.task(id) else { continue };
            task.timer = None;
            let reason = if task.by_deadline { WakeReason::Deadline } else { WakeReason::Limit };
            self.wake(id, reason);
        }
    }

    /// The deadline of the running code. `None` when there is none.
    pub fn deadline(&mut self) -> Option<Instant> {
        match self.current {
            Some(id) => self.task(id).and_then(|task| task.deadline),
            None => self.outside_deadline,
        }
    }

    /// Sets the deadline of the running code.
    pub fn set_deadline(&mut self, deadline: Option<Instant>) {
        match self.current {
            Some(id) => {
                if let Some(task) = self.task(id) {
                    task.deadline = deadline;
                }
            }
            None => self.outside_deadline = deadline,
        }
    }

    /// Gives a task the deadline of the running code.
    pub fn inherit_deadline(&mut self, id: Id) {
        let deadline = self.deadline();
        if let Some(task) = self.task(id) {
            task.deadline = deadline;
        }
    }
}
