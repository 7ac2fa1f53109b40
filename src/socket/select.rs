//! `socket.select` for all objects that have a descriptor.

use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};

use super::descriptor::borrow_number;
use super::error::Failure;
use super::timeout::Wait;
use super::wait::poll_until;
use crate::binding::{Call, Kind, Message, Outcome, Raise};
use crate::sys;
use crate::sys::libc;
use crate::tasks::door;
use crate::tasks::interest::{Interest, InterestList};

mod gather;

use gather::{Gathered, HELD, READABLE, RECEIVERS, SENDERS, WRITABLE, Watched, ask_number, gather, is_dirty};

/// A check without waiting.
const LOOK: Wait = Wait::For(Duration::ZERO);
/// With this many descriptors or more, check first without waiting. A wait makes the system join and leave a
/// queue for each descriptor, which takes twice as long as a check.
const MANY: usize = 16;

/// How the protected part ended.
enum Ending {
    Ready,
    TimedOut,
    Failed,
}

/// `select(receivers, senders, seconds)`: returns two tables of ready objects, and "timeout" if both are
/// empty.
pub fn select(call: &mut Call<'_>) -> Outcome {
    for list in [RECEIVERS, SENDERS] {
        if !call.kind(list).is_absent() {
            call.table(list)?;
        }
    }
    let seconds = call.optional_number(3, -1.0)?;
    let mut gathered = Gathered::default();
    let mut ending = Ending::TimedOut;
    let mut wait = if seconds < 0.0 { Wait::Forever } else { Wait::seconds(seconds) };
    let switches = door::is_switching();
    if !switches && let Ok(Some(limit)) = door::pass(call, &mut [], wait) {
        wait = limit;
    }
    let may_wait = wait != LOOK;
    let mut list = None;
    // Methods and metamethods of the objects may raise. Values owned outside this closure survive that.
    call.protected(&[RECEIVERS, SENDERS], |call| {
        call.new_table(0, 0);
        call.new_table(0, 0);
        call.new_table(0, 0);
        call.push_bytes(b"getfd");
        call.push_bytes(b"dirty");
        call.push_bytes(b"__index");
        gather(call, RECEIVERS, sys::READABLE, &mut gathered);
        gather(call, SENDERS, PollFlags::OUT, &mut gathered);
        merge(&mut gathered.watched);
        let dirty = if gathered.foreign {
            ask_dirty(call, &mut gathered.watched)
        } else {
            take_dirty(call, &mut gathered)
        };
        if dirty > 0 {
            wait = LOOK;
        }
        match poll(&mut gathered.watched, if switches { LOOK } else { wait }) {
            Ok(false) if dirty > 0 => ending = Ending::Ready,
            Ok(false) => {}
            Ok(true) => {
                let readable = push_ready(call, READABLE, dirty, &gathered, sys::READABLE);
                let writable = push_ready(call, WRITABLE, 0, &gathered, PollFlags::OUT);
                if readable + writable > 0 {
                    ending = Ending::Ready;
                }
            }
            Err(_) => ending = Ending::Failed,
        }
        call.set_top(WRITABLE);
        if switches && wait != LOOK && matches!(ending, Ending::TimedOut) {
            gathered.hold(call);
            list = Some(pack(call, &gathered.watched));
            // The wait needs two more values on top of the result tables: the list and the held objects.
            call.push_value(HELD);
            return Ok(4);
        }
        Ok(2)
    })?;
    drop(gathered);
    if let Some(list) = &mut list {
        // In a task, other tasks run during the wait. Nothing is owned here meanwhile.
        let base = call.count() - 3;
        match wait_in_task(call, list, wait) {
            Ok(()) => {}
            Err(Failure::Timeout) => ending = Ending::TimedOut,
            Err(Failure::Errno(_)) => ending = Ending::Failed,
            Err(failure) => {
                call.set_top(base + 1);
                call.push_message(&failure.message());
                return Ok(3);
            }
        }
        let ready = push_ready_interests(call, list, base);
        call.set_top(base + 1);
        if ready > 0 && !matches!(ending, Ending::Failed) {
            ending = Ending::Ready;
        }
    } else if may_wait {
        door::settle(call);
    }
    match ending {
        Ending::Ready => Ok(2),
        Ending::TimedOut => {
            call.push_bytes(b"timeout");
            Ok(3)
        }
        Ending::Failed => Err(Raise::Error(Message::new("select failed"))),
    }
}

/// Sorts by descriptor and merges the entries of the same one. The last object represents that descriptor.
fn merge(watched: &mut Vec<Watched>) {
    if watched.is_sorted_by(|earlier, later| earlier.number < later.number) {
        return;
    }
    watched.sort_by_key(|entry| entry.number);
    watched.dedup_by(|later, earlier| {
        let same = later.number == earlier.number;
        if same {
            earlier.place = later.place;
            earlier.asked |= later.asked;
        }
        same
    });
}

/// Objects with bytes in the read-ahead buffer are ready at once. They come first in the readable table, and
/// their descriptors need not be polled for reading.
fn take_dirty(call: &mut Call<'_>, gathered: &mut Gathered) -> i64 {
    for (position, &(place, number)) in (1..).zip(&gathered.dirty) {
        gathered.push(call, place);
        append(call, READABLE, position);
        ignore_reading(&mut gathered.watched, number);
    }
    gathered.dirty.len() as i64
}

/// Like [`take_dirty`], but calls the methods of each object in turn, as LuaSocket does.
fn ask_dirty(call: &mut Call<'_>, watched: &mut [Watched]) -> i64 {
    let mut dirty = 0;
    if call.kind(RECEIVERS).is_absent() {
        return dirty;
    }
    for position in 1.. {
        call.push_element(RECEIVERS, position);
        if call.kind(-1) == Kind::Nil {
            call.pop(1);
            break;
        }
        if let Some(number) = ask_number(call)
            && is_dirty(call)
        {
            call.push_value(-1);
            dirty += 1;
            append(call, READABLE, dirty);
            ignore_reading(watched, number);
        }
        call.pop(1);
    }
    dirty
}

fn ignore_reading(watched: &mut [Watched], number: i32) {
    if let Ok(at) = watched.binary_search_by_key(&number, |entry| entry.number)
        && let Some(entry) = watched.get_mut(at)
    {
        entry.asked.remove(sys::READABLE);
    }
}

/// Polls. Returns whether a requested event is ready. Then `ready` holds the events of each descriptor.
fn poll(watched: &mut Vec<Watched>, mut wait: Wait) -> Result<bool, Failure> {
    let end = match wait {
        Wait::For(limit) => Instant::now().checked_add(limit),
        Wait::No | Wait::Forever => None,
    };
    loop {
        let mut descriptors: Vec<PollFd<'_>> = Vec::with_capacity(watched.len());
        descriptors.extend(
            watched.iter().filter_map(|entry| {
                Some(PollFd::from_borrowed_fd(borrow_number(entry.number)?, entry.asked))
            }),
        );
        let looks = descriptors.len() >= MANY && wait != LOOK;
        let mut count = if looks { poll_until(&mut descriptors, LOOK)? } else { 0 };
        if count == 0 {
            count = poll_until(&mut descriptors, wait)?;
        }
        if count == 0 {
            return Ok(false);
        }
        let mut found = false;
        for (entry, polled) in watched.iter_mut().zip(&descriptors) {
            let answer = polled.revents();
            if answer.is_empty() {
                continue;
            }
            if answer.contains(PollFlags::NVAL) {
                return Err(Failure::Errno(libc::EBADF));
            }
            entry.ready = reportable(entry.asked, answer);
            found |= !entry.ready.is_empty();
        }
        if found {
            return Ok(true);
        }
        // Stop watching it: a hang-up that was not requested would end every further wait at once.
        let mut polled = descriptors.iter();
        watched.retain(|_| polled.next().is_some_and(|polled| polled.revents().is_empty()));
        if let Some(end) = end {
            wait = Wait::For(end.saturating_duration_since(Instant::now()));
        }
    }
}

/// Copies the watched descriptors into memory owned by Lua, which is pushed. So a waiting task owns nothing.
fn pack(call: &mut Call<'_>, watched: &[Watched]) -> InterestList {
    let mut list = InterestList::new(call, watched.len());
    for (position, entry) in watched.iter().enumerate() {
        if let Some(place) = list.interests().get_mut(position) {
            *place = Interest::new(entry.number, 0, entry.asked);
        }
        if let Some(place) = list.tags().get_mut(position) {
            *place = entry.place;
        }
    }
    list
}

/// Waits until a descriptor is ready for a requested event, or is closed.
fn wait_in_task(call: &mut Call<'_>, list: &mut InterestList, wait: Wait) -> Result<(), Failure> {
    let end = match wait {
        Wait::For(limit) => Instant::now().checked_add(limit),
        Wait::No | Wait::Forever => None,
    };
    loop {
        let left = end.map_or(wait, |end| Wait::For(end.saturating_duration_since(Instant::now())));
        let limit = match door::pass(call, list.interests(), left) {
            Ok(None) | Err(Failure::Closed) => LOOK,
            Ok(Some(limit)) => limit,
            Err(failure) => return Err(failure),
        };
        if look(list.interests(), limit)? {
            return Ok(());
        }
        // The time may be up after a wake-up for an event that another task has handled.
        if limit != LOOK || left == LOOK {
            return Err(Failure::Timeout);
        }
    }
}

/// Returns true if a descriptor was closed. Otherwise polls, and returns whether a requested event is ready.
fn look(interests: &mut [Interest], limit: Wait) -> Result<bool, Failure> {
    let is_closed = |interest: &Interest| interest.found().contains(PollFlags::NVAL);
    if interests.iter().any(is_closed) {
        return Ok(true);
    }
    let mut polled: Vec<PollFd<'_>> = Vec::with_capacity(interests.len());
    for interest in interests.iter() {
        if let Some(fd) = borrow_number(interest.number) {
            polled.push(PollFd::from_borrowed_fd(fd, interest.wanted()));
        }
    }
    poll_until(&mut polled, limit)?;
    let mut answers = polled.iter();
    let mut found = false;
    for interest in interests.iter_mut().filter(|interest| interest.number >= 0) {
        let answer = answers.next().map_or(PollFlags::empty(), PollFd::revents);
        let ready = reportable(interest.wanted(), answer);
        interest.ready = ready.bits();
        if answer.contains(PollFlags::NVAL) {
            return Err(Failure::Errno(libc::EBADF));
        }
        found |= !ready.is_empty();
        if ready.is_empty() && !answer.is_empty() {
            // Stop watching it: a hang-up that was not requested would end every further wait at once.
            interest.number = -1;
        }
    }
    Ok(found)
}

/// Appends the ready objects to the result tables at `base` and `base + 1`. Higher up are the list and the
/// held objects.
fn push_ready_interests(call: &mut Call<'_>, list: &mut InterestList, base: i32) -> i64 {
    let held = base + 3;
    let mut counts = [0, 0];
    for position in 0..list.interests().len() {
        let Some(interest) = list.interests().get(position).copied() else { break };
        let Some(tag) = list.tags().get(position).copied() else { break };
        let mut ready = interest.found();
        if ready.contains(PollFlags::NVAL) {
            ready = interest.wanted();
        }
        for (direction, (count, table)) in
            [sys::READABLE, PollFlags::OUT].into_iter().zip(counts.iter_mut().zip([base, base + 1]))
        {
            if ready.contains(direction) && interest.wanted().contains(direction) {
                *count += 1;
                call.push_element(held, tag);
                append(call, table, *count);
            }
        }
    }
    counts.iter().sum()
}

/// Selects the events to report from the result of a poll (contract select.11). Errors and hang-ups arrive
/// without a request. A hang-up alone does not mean writable.
fn reportable(asked: PollFlags, answer: PollFlags) -> PollFlags {
    let mut reported = answer & asked;
    if asked.contains(sys::READABLE) && answer.intersects(PollFlags::HUP | PollFlags::ERR) {
        reported |= sys::READABLE;
    }
    if asked.contains(PollFlags::OUT) && answer.contains(PollFlags::ERR) {
        reported |= PollFlags::OUT;
    }
    reported
}

/// Appends the ready objects of one direction to a result table.
fn push_ready(
    call: &mut Call<'_>,
    table: i32,
    mut count: i64,
    gathered: &Gathered,
    direction: PollFlags,
) -> i64 {
    for entry in gathered.watched.iter().filter(|entry| entry.ready.contains(direction)) {
        gathered.push(call, entry.place);
        count += 1;
        append(call, table, count);
    }
    count
}

/// `table[position] = object` and `table[object] = position` for the object on top, which is popped.
fn append(call: &mut Call<'_>, table: i32, position: i64) {
    call.push_value(-1);
    call.set_element(table, position);
    call.push_number(position as f64);
    call.set_raw(table);
}
