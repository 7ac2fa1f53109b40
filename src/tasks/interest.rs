//! Descriptors to wait for.
#![allow(unsafe_code)]

use rustix::event::PollFlags;

use crate::binding::Call;
use crate::socket::error::Direction;
use crate::sys;

/// A descriptor to wait for, and the events to wait for.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Interest {
    /// The number of the descriptor.
    pub number: i32,
    /// The events to wait for, as poll's bits.
    events: i16,
    /// The events that are ready, errors included.
    pub ready: i16,
    /// The identity of the descriptor. Zero when it does not belong to an object of this library.
    pub identity: u64,
}

impl Interest {
    /// An interest in a descriptor. `identity` is that of an object of this library, or zero for any other
    /// descriptor.
    pub fn new(number: i32, identity: u64, events: PollFlags) -> Self {
        Interest { number, events: events.bits(), ready: 0, identity }
    }

    /// The events to wait for.
    pub fn wanted(&self) -> PollFlags {
        PollFlags::from_bits_retain(self.events)
    }

    /// The events that are ready.
    pub fn found(&self) -> PollFlags {
        PollFlags::from_bits_retain(self.ready)
    }

    /// Adds to the events that are ready. Only a scheduler calls this.
    #[cfg_attr(not(tasks), allow(dead_code))]
    pub fn add_ready(&mut self, ready: PollFlags) {
        self.ready |= ready.bits();
    }
}

/// The poll event of a direction.
pub fn events(direction: Direction) -> PollFlags {
    match direction {
        Direction::Read => sys::READABLE,
        Direction::Write => PollFlags::OUT,
    }
}

/// Interests in memory that Lua owns. Each has an integer beside it.
pub struct InterestList {
    interests: *mut Interest,
    count: usize,
}

impl InterestList {
    /// Allocates and pushes a userdata with room for `count` interests, all of them unset. The list may be
    /// used while the userdata is on the stack.
    pub fn new(call: &mut Call<'_>, count: usize) -> InterestList {
        // SAFETY: Lua aligns userdata for C's types. All of the memory is filled before anything reads it.
        unsafe {
            let size = count.max(1).saturating_mul(size_of::<Interest>() + size_of::<i64>());
            let interests = mlua::ffi::lua_newuserdata(call.raw_state(), size).cast::<Interest>();
            for position in 0..count {
                interests.add(position).write(Interest::new(-1, 0, PollFlags::empty()));
                interests.add(count).cast::<i64>().add(position).write(0);
            }
            InterestList { interests, count }
        }
    }

    /// The interests.
    pub fn interests(&mut self) -> &mut [Interest] {
        // SAFETY: `new` filled `count` interests, and made the only list with this memory. The borrow of the list
        // allows one slice at a time.
        unsafe { std::slice::from_raw_parts_mut(self.interests, self.count) }
    }

    /// The integers beside the interests.
    pub fn tags(&mut self) -> &mut [i64] {
        // SAFETY: as above. The integers follow the interests.
        unsafe { std::slice::from_raw_parts_mut(self.interests.add(self.count).cast(), self.count) }
    }
}
