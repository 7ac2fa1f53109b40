//! Options that were set on an object, for the descriptors that it creates later.

use std::ffi::c_int;

use arrayvec::ArrayVec;
use socket2::Type;

use super::descriptor::Descriptor;
use super::error::Failure;
use super::family::{self, Family};
use crate::sys;
use crate::sys::libc;

/// The longest value: an IPv6 group with an interface, or the name of a device.
const LONGEST: usize = 20;

/// One option in the system's format.
#[derive(Debug)]
struct Entry {
    level: c_int,
    number: c_int,
    value: ArrayVec<u8, LONGEST>,
}

/// The options of an object that has no descriptor yet (add.42), or may need more descriptors (add.40).
#[derive(Debug)]
pub struct Recorded {
    kind: Type,
    entries: Vec<Entry>,
    open: bool,
}

impl Recorded {
    /// For an object that will create its descriptors later.
    pub fn open(kind: Type) -> Self {
        Recorded { kind, entries: Vec::new(), open: true }
    }

    /// For an object that keeps the descriptor it has.
    pub fn closed(kind: Type) -> Self {
        Recorded { kind, entries: Vec::new(), open: false }
    }

    /// Forgets all options: the object creates no further descriptor by itself.
    pub fn close(&mut self) {
        self.entries = Vec::new();
        self.open = false;
    }

    /// Whether options are recorded.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// Records an option that the system has accepted; a later value replaces an earlier one.
    pub fn keep(&mut self, level: c_int, number: c_int, value: &[u8]) {
        if !self.open {
            return;
        }
        if !is_membership(level, number) {
            self.entries.retain(|entry| (entry.level, entry.number) != (level, number));
        }
        let value = value.iter().copied().take(LONGEST).collect();
        self.entries.push(Entry { level, number, value });
    }

    /// Whether a value was recorded for an option.
    pub fn has(&self, level: c_int, number: c_int) -> bool {
        self.open && self.entries.iter().any(|entry| (entry.level, entry.number) == (level, number))
    }

    /// The family that the options need where an address does not decide it. An object that is set to IPv6
    /// only does not count: for it, `*` has always meant IPv4.
    pub fn family(&self) -> Family {
        let names_ipv6 = self.entries.iter().any(|entry| {
            entry.level == libc::IPPROTO_IPV6
                && (entry.number != libc::IPV6_V6ONLY || entry.value.iter().all(|byte| *byte == 0))
        });
        if names_ipv6 { Family::V6 } else { Family::Unspecified }
    }

    /// Creates a descriptor with the recorded options. A failure to set an option of the other family is
    /// ignored.
    pub fn descriptor(&self, family: Family) -> Result<Descriptor, Failure> {
        let descriptor = family::open(family, self.kind)?;
        let foreign = if family == Family::V6 { libc::IPPROTO_IP } else { libc::IPPROTO_IPV6 };
        for Entry { level, number, value } in &self.entries {
            let set = sys::set_option_bytes(descriptor.borrow()?, *level, *number, value);
            if set.is_err() && *level != foreign {
                return Err(Failure::Text("setsockopt failed"));
            }
        }
        Ok(descriptor)
    }

    /// Creates a descriptor to try an option on while the object has none.
    pub fn sample(&self, level: c_int) -> Result<Descriptor, Failure> {
        self.descriptor(if level == libc::IPPROTO_IPV6 { Family::V6 } else { Family::V4 })
    }
}

/// Whether an option adds to earlier values instead of replacing them.
fn is_membership(level: c_int, number: c_int) -> bool {
    match level {
        libc::IPPROTO_IP => matches!(number, libc::IP_ADD_MEMBERSHIP | libc::IP_DROP_MEMBERSHIP),
        libc::IPPROTO_IPV6 => matches!(number, libc::IPV6_JOIN_GROUP | libc::IPV6_LEAVE_GROUP),
        _ => false,
    }
}
