//! The times at which waits end: one entry a task, wherever possible.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

use super::scheduler::Id;

/// Entries by time. An entry stays when its wait ends otherwise, or is put off: it is looked at again when its time comes.
#[derive(Default)]
pub struct Timers {
    heap: BinaryHeap<Reverse<(Instant, Id)>>,
}

/// What became of an entry.
pub enum Entry {
    /// The task has no use for it any more.
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

    /// The earliest time at which a wait ends, once entries that mean nothing any more have gone; `ask` says of an
    /// entry what it means.
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

    /// Takes an entry whose time has come.
    pub fn pop(&mut self, now: Instant) -> Option<(Instant, Id)> {
        let &Reverse((time, id)) = self.heap.peek()?;
        if time > now {
            return None;
        }
        self.heap.pop();
        Some((time, id))
    }
}
