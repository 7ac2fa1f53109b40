//! Collects the descriptors of the objects in the lists of `select`.

use rustix::event::PollFlags;

use crate::binding::{Address, Call, Kind, NativeFunction, native};
use crate::socket::described::Described;
use crate::socket::object;
use crate::socket::tcp::Tcp;
use crate::socket::udp::Udp;
#[cfg(unix)]
use crate::socket::unix_stream::UnixStream;

/// One watched descriptor.
#[derive(Clone, Copy)]
pub struct Watched {
    /// The number of the descriptor.
    pub number: i32,
    /// The object that stands for this descriptor: its position in the list of receivers, or below zero in the
    /// list of senders.
    pub place: i64,
    /// The events to poll for.
    pub asked: PollFlags,
    /// The requested events that are ready, after a poll.
    pub ready: PollFlags,
}

// Stack indices inside the protected part.
/// The list of receivers.
pub const RECEIVERS: i32 = 1;
/// The list of senders.
pub const SENDERS: i32 = 2;
/// The table of the objects that stand for descriptors, by their places, if they are held.
pub const HELD: i32 = 3;
/// The table of readable objects.
pub const READABLE: i32 = 4;
/// The table of writable objects.
pub const WRITABLE: i32 = 5;
/// The name `getfd`.
const GETFD: i32 = 6;
/// The name `dirty`.
const DIRTY: i32 = 7;
/// The name `__index`.
const INDEX: i32 = 8;

/// The state of one of our objects, read without calling its methods.
struct Seen {
    number: i32,
    is_dirty: bool,
}

/// Reads the state of our own objects without a call through Lua. This is valid only while they still have
/// our methods.
struct Shortcut {
    getfd: NativeFunction,
    dirty: NativeFunction,
    see: fn(&mut Call<'_>, i32) -> Option<Seen>,
    /// The same for the value on top, if it has this class. It is popped then.
    see_another: fn(&mut Call<'_>, Address) -> Option<Seen>,
}

const fn shortcut<T: Described>() -> Shortcut {
    Shortcut {
        getfd: native(object::getfd::<T>),
        dirty: native(object::dirty::<T>),
        see: |call, index| call.try_object(index, T::any(), seen),
        see_another: |call, class| call.pop_object_of_class(class, seen::<T>),
    }
}

fn seen<T: Described>(object: &mut T) -> Seen {
    Seen { number: object.descriptor().number(), is_dirty: object.is_dirty() }
}

static SHORTCUTS: &[Shortcut] = &[
    shortcut::<Tcp>(),
    shortcut::<Udp>(),
    #[cfg(unix)]
    shortcut::<UnixStream>(),
];

/// The class of an object seen before: its metatable and its shortcut.
struct Known {
    class: Address,
    shortcut: &'static Shortcut,
}

/// The descriptors of the objects in both lists.
#[derive(Default)]
pub struct Gathered {
    /// The descriptors to watch.
    pub watched: Vec<Watched>,
    /// Whether the objects are in the table at [`HELD`]. Otherwise they are in the lists, which stay as they are
    /// until foreign code runs.
    held: bool,
    /// Our own receivers with bytes in the read-ahead buffer: the place, and the descriptor.
    pub dirty: Vec<(i64, i32)>,
    /// Whether methods of a foreign object were called. They may have changed the state of other objects.
    pub foreign: bool,
}

impl Gathered {
    /// Puts the objects into the table at [`HELD`]. Needed before foreign code runs, which may change the lists.
    pub fn hold(&mut self, call: &mut Call<'_>) {
        if self.held {
            return;
        }
        for entry in &self.watched {
            push_listed(call, entry.place);
            call.set_element(HELD, entry.place);
        }
        self.held = true;
    }

    /// Pushes the object at a place.
    pub fn push(&self, call: &mut Call<'_>, place: i64) {
        if self.held {
            call.push_raw_element(HELD, place);
        } else {
            push_listed(call, place);
        }
    }

    fn add(&mut self, seen: &Seen, place: i64, asked: PollFlags) {
        if seen.number < 0 {
            return;
        }
        self.watched.push(Watched { number: seen.number, place, asked, ready: PollFlags::empty() });
        if seen.is_dirty && place > 0 {
            self.dirty.push((place, seen.number));
        }
    }
}

/// Pushes the object at a place of the lists.
fn push_listed(call: &mut Call<'_>, place: i64) {
    if place > 0 {
        call.push_raw_element(RECEIVERS, place);
    } else {
        call.push_raw_element(SENDERS, -place);
    }
}

/// Adds the descriptors of a list's objects. The list ends at the first nil.
pub fn gather(call: &mut Call<'_>, list: i32, asked: PollFlags, gathered: &mut Gathered) {
    if call.kind(list).is_absent() {
        return;
    }
    let is_plain = !call.push_metatable(list);
    if !is_plain {
        // The metamethods of a list are foreign code, like the methods of a foreign object.
        call.pop(1);
        gathered.hold(call);
    }
    let mut known: Option<Known> = None;
    for position in 1.. {
        let place = if list == RECEIVERS { position } else { -position };
        if is_plain {
            call.push_raw_element(list, position);
        } else {
            call.push_element(list, position);
            known = None;
        }
        if gathered.held {
            hold_top(call, place);
        }
        let seen = match &known {
            Some(known) => (known.shortcut.see_another)(call, known.class),
            None => None,
        };
        if let Some(seen) = seen {
            gathered.add(&seen, place, asked);
            continue;
        }
        let kind = call.kind(-1);
        if kind == Kind::Nil {
            call.pop(1);
            return;
        }
        let seen = if kind == Kind::Userdata { see(call, &mut known) } else { None };
        let seen = seen.unwrap_or_else(|| {
            gathered.foreign = true;
            if !gathered.held {
                gathered.hold(call);
                hold_top(call, place);
            }
            known = None;
            Seen { number: ask_number(call).unwrap_or(-1), is_dirty: false }
        });
        call.pop(1);
        gathered.add(&seen, place, asked);
    }
}

/// Puts a copy of the value on top of the stack into the table at [`HELD`].
fn hold_top(call: &mut Call<'_>, place: i64) {
    call.push_value(-1);
    call.set_element(HELD, place);
}

/// Reads the state of the userdata on top of the stack, if it is our own and has our methods. Then its class is
/// `known`, until code runs that could change a class.
fn see(call: &mut Call<'_>, known: &mut Option<Known>) -> Option<Seen> {
    if !call.push_metatable(-1) {
        return None;
    }
    let class = call.address(-1);
    let shortcut = find_shortcut(call);
    call.pop(1);
    let shortcut = shortcut?;
    let seen = (shortcut.see)(call, -1)?;
    *known = Some(Known { class, shortcut });
    Some(seen)
}

/// Finds the shortcut for the metatable on top of the stack.
fn find_shortcut(call: &mut Call<'_>) -> Option<&'static Shortcut> {
    call.push_value(INDEX);
    call.look_up_raw(-2);
    if call.kind(-1) != Kind::Table {
        call.pop(1);
        return None;
    }
    call.push_value(GETFD);
    call.look_up_raw(-2);
    call.push_value(DIRTY);
    call.look_up_raw(-3);
    let found = SHORTCUTS
        .iter()
        .find(|shortcut| call.is_function(-2, shortcut.getfd) && call.is_function(-1, shortcut.dirty));
    call.pop(3);
    found
}

/// Calls a method of the object on top of the stack, and pushes its result. `name` is the index of its name. Returns
/// false and pushes nothing if there is no such method.
fn call_method(call: &mut Call<'_>, name: i32) -> bool {
    call.push_value(name);
    call.look_up(-2);
    if call.kind(-1) == Kind::Nil {
        call.pop(1);
        return false;
    }
    call.push_value(-2);
    call.call_value(1, 1);
    true
}

/// Calls `getfd` of the object on top of the stack. Returns the descriptor, if there is one.
pub fn ask_number(call: &mut Call<'_>) -> Option<i32> {
    if !call_method(call, GETFD) {
        return None;
    }
    let number = call.try_number(-1);
    call.pop(1);
    number.filter(|number| !number.is_nan()).map(|number| number as i32).filter(|number| *number >= 0)
}

/// Calls `dirty` of the object on top of the stack. Returns whether its read-ahead buffer holds bytes.
pub fn is_dirty(call: &mut Call<'_>) -> bool {
    if !call_method(call, DIRTY) {
        return false;
    }
    let answer = call.truthy(-1);
    call.pop(1);
    answer
}
