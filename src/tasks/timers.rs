//! The times at which waits end. Usually there is one entry for each task.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

use super::scheduler::Id;

/// Entries in order of time. An entry stays when its wait ends early or is postponed. It is checked when its
/// time comes.
#[derive(Default)]
pub struct Timers {
    heap: BinaryHeap<Reverse<(Instant, Id)>>,
}

/// The state of an entry.
pub enum Entry {
    /// The task no longer needs it.
    Stale,
    /// The wait ends later.
    Later(Instant),
    /// The wait ends at the entry's time.
    Due,
}

impl Timers {
    /// Adds an entry.
    pub fn push(&mut self, time: Instant, id: Id) {
        self.heap.push(Reverse((time, id)));
    }

    /// The earliest time at which a wait ends. Stale entries are removed first. `ask` returns the state of an
    /// entry.
    pub fn next(&mut self, mut ask: impl FnMut(Instant, Id) -> Entry) -> Option<Instant> {
        loop {
            let &Reverse((time, id)) = self.heap.peek()?;
            match ask(time, id) {
                Entry::Due => return Some(time),
                Entry::Stale => drop(self.heap.pop()),
                Entry::Later(later) => {
                    self.heap.pop();
                    self.heap.push(Reverse((later, id)));
                }
            }
        }
    }

    /// Removes the earliest entry if its time has come.
    pub fn pop(&mut self, now: Instant) -> Option<(Instant, Id)> {
        let &Reverse((time, id)) = self.heap.peek()?;
        if time > now {
            return None;
        }
        self.heap.pop();
        Some((time, id))
    }
}
