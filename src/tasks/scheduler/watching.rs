//! Records which tasks wait for which descriptor.

use rustix::event::PollFlags;
use rustix::io::Errno;

use super::{Id, Scheduler, WakeReason, Watch};
use crate::tasks::interest::Interest;
use crate::tasks::readiness::Added;

impl Scheduler {
    /// Reports that a descriptor is given up, and wakes the tasks that wait for it. `has_copy`: the file behind
    /// it stays open under another number. Then the system does not end its watch by itself.
    pub fn forget(&mut self, number: i32, has_copy: bool) {
        // A child of a fork must not touch the epoll object, which its parent uses.
        self.check_fork();
        let Some(watch) = usize::try_from(number).ok().and_then(|number| self.watches.get_mut(number)) else {
            return;
        };
        let was_watched = std::mem::take(&mut watch.identity) != 0;
        if watch.waiters.is_empty() {
            if has_copy
                && was_watched
                && let Some(readiness) = &self.readiness
            {
                readiness.remove(number);
            }
            return;
        }
        let waiters = std::mem::take(&mut watch.waiters);
        if let Some(readiness) = &self.readiness {
            readiness.remove(number);
        }
        for id in waiters {
            self.mark(id, number, PollFlags::NVAL);
            self.wake(id, WakeReason::Closed);
        }
    }

    /// Stores the ready events of a descriptor in the interests of a task that waits for it.
    fn mark(&mut self, id: Id, number: i32, ready: PollFlags) -> bool {
        let Some(task) = self.task(id) else { return false };
        let mut hit = false;
        for position in 0..task.interest_count {
            // SAFETY: the array is in the memory where the task parked, and the task has not continued yet.
            let interest = unsafe { &mut *task.interests.add(position) };
            let wanted = interest.wanted() | PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL;
            if interest.number == number && ready.intersects(wanted) {
                interest.add_ready(ready & wanted);
                hit = true;
            }
        }
        hit
    }

    pub(super) fn report(&mut self, number: i32, ready: PollFlags) {
        let Some(watch) = usize::try_from(number).ok().and_then(|number| self.watches.get(number)) else {
            return;
        };
        // Usually few tasks wait for one descriptor. The list is copied, because it changes while they are
        // woken.
        let waiters: arrayvec::ArrayVec<Id, 8> = watch.waiters.iter().copied().take(8).collect();
        let more: Vec<Id> = watch.waiters.iter().copied().skip(8).collect();
        for id in waiters.into_iter().chain(more) {
            if self.mark(id, number, ready) {
                self.wake(id, WakeReason::Ready);
            }
        }
    }

    /// Watches the descriptors that a task is about to wait for. `Ok(true)` means that one is ready already.
    pub(super) fn watch(&mut self, id: Id, interests: *mut Interest, count: usize) -> Result<bool, Errno> {
        let mut ready = false;
        for position in 0..count {
            // SAFETY: the caller's array has `count` elements.
            let interest = unsafe { &mut *interests.add(position) };
            interest.ready = 0;
            let Ok(place) = usize::try_from(interest.number) else { continue };
            self.readiness()?;
            if self.watches.len() <= place {
                self.watches.resize_with(place + 1, Watch::default);
            }
            let (Some(watch), Some(readiness)) = (self.watches.get_mut(place), &self.readiness) else {
                continue;
            };
            if interest.identity == 0 || watch.identity != interest.identity {
                if readiness.add(interest.number)? == Added::AlwaysReady {
                    interest.add_ready(interest.wanted());
                    ready = true;
                    continue;
                }
                if interest.identity != 0 {
                    watch.identity = interest.identity;
                }
            }
            if !watch.waiters.contains(&id) {
                watch.waiters.push(id);
            }
        }
        Ok(ready)
    }

    /// Calls `take` with each descriptor that tasks wait for, and the events that they wait for.
    pub(super) fn each_wanted(&self, take: &mut dyn FnMut(i32, PollFlags)) {
        for (number, watch) in (0..).zip(&self.watches).filter(|(_, watch)| !watch.waiters.is_empty()) {
            let mut wanted = PollFlags::empty();
            for id in &watch.waiters {
                let slot = self.slots.get(id.index as usize).filter(|slot| slot.generation == id.generation);
                let Some(task) = slot.and_then(|slot| slot.task.as_deref()) else { continue };
                for position in 0..task.interest_count {
                    // SAFETY: the array is in the memory where the task parked, and the task has not continued
                    // yet.
                    let interest = unsafe { &*task.interests.add(position) };
                    if interest.number == number {
                        wanted |= interest.wanted();
                    }
                }
            }
            take(number, wanted);
        }
    }

    /// Undoes the watches of a task.
    pub(super) fn unwatch(&mut self, id: Id, interests: *mut Interest, count: usize) {
        for position in 0..count {
            // SAFETY: the caller's array has `count` elements.
            let number = unsafe { (*interests.add(position)).number };
            if let Some(watch) = usize::try_from(number).ok().and_then(|number| self.watches.get_mut(number))
            {
                watch.waiters.retain(|waiter| *waiter != id);
            }
        }
    }
}
