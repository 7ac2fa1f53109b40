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
    /// The index of the object that stands for this descriptor, in the table at [`HELD`].
    pub held: i64,
    /// The events to poll for, then those that are ready.
    pub events: PollFlags,
    /// The requested events. After a poll, `events` holds the ready ones.
    pub asked: PollFlags,
}

// Stack indices inside the protected part.
/// The list of receivers.
pub const RECEIVERS: i32 = 1;
/// The list of senders.
pub const SENDERS: i32 = 2;
/// The table of the objects that stand for descriptors.
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
    /// The same for an object that has the class of one seen before.
    see_another: fn(&mut Call<'_>, i32) -> Option<Seen>,
}

const fn shortcut<T: Described>() -> Shortcut {
    Shortcut {
        getfd: native(object::getfd::<T>),
        dirty: native(object::dirty::<T>),
        see: |call, index| call.try_object(index, T::any(), seen),
        see_another: |call, index| call.try_object_of_known_class(index, seen::<T>),
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
    /// The number of objects in the table at [`HELD`].
    held: i64,
    /// Our own receivers with bytes in the read-ahead buffer: the index in that table, and the descriptor.
    pub dirty: Vec<(i64, i32)>,
    /// Whether methods of a foreign object were called. They may have changed the state of other objects.
    pub foreign: bool,
}

/// Adds the descriptors of a list's objects. The list ends at the first nil.
pub fn gather(call: &mut Call<'_>, list: i32, events: PollFlags, gathered: &mut Gathered) {
    if call.kind(list).is_absent() {
        return;
    }
    // The metamethods of a list are foreign code, like the methods of a foreign object.
    let is_plain = !call.push_metatable(list);
    if !is_plain {
        call.pop(1);
    }
    let mut known = None;
    for position in 1.. {
        if is_plain {
            call.push_raw_element(list, position);
        } else {
            call.push_element(list, position);
            known = None;
        }
        let kind = call.kind(-1);
        if kind == Kind::Nil {
            call.pop(1);
            return;
        }
        let seen = if kind == Kind::Userdata { see(call, &mut known) } else { None };
        let (number, is_dirty) = match seen {
            Some(seen) => (Some(seen.number), seen.is_dirty),
            None => {
                gathered.foreign = true;
                known = None;
                (ask_number(call), false)
            }
        };
        match number.filter(|number| *number >= 0) {
            Some(number) => {
                gathered.held += 1;
                call.set_element(HELD, gathered.held);
                let asked = events;
                gathered.watched.push(Watched { number, held: gathered.held, events, asked });
                if is_dirty && list == RECEIVERS {
                    gathered.dirty.push((gathered.held, number));
                }
            }
            None => call.pop(1),
        }
    }
}

/// Reads the state of the userdata on top of the stack, if it is our own and has our methods. `known` is the
/// class of the previous object. It is kept only while no code has run that could change a class.
fn see(call: &mut Call<'_>, known: &mut Option<Known>) -> Option<Seen> {
    if !call.push_metatable(-1) {
        return None;
    }
    let class = call.address(-1);
    if let Some(known) = known
        && known.class == class
    {
        call.pop(1);
        return (known.shortcut.see_another)(call, -1);
    }
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
