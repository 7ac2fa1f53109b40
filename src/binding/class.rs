//! Objects whose classes a Lua script can inspect: LuaSocket's metatables.

use std::any::TypeId;
use std::ffi::{CStr, c_int, c_void};
use std::marker::PhantomData;
use std::ptr;

use mlua::ffi::{self, lua_State};

use super::NativeFunction;
use super::registry::key;
use crate::classes::Slot;

/// The largest number of classes that the library can define.
const SLOTS: usize = 32;

/// The content of one of this library's full userdata.
pub trait Object: Sized + 'static {
    /// Frees everything that the object owns, because Lua collects it. The object may still be used
    /// afterwards: a script can call `__gc` itself. It then behaves as closed.
    fn finalize(&mut self);
}

/// A class: a name that scripts see, and a slot number that no other class has.
pub struct Class<T> {
    /// The prefix in `tostring`. For a named class also the field `class`.
    pub name: &'static CStr,
    pub(super) slot: usize,
    object: PhantomData<fn() -> T>,
}

impl<T> Class<T> {
    /// A class for a slot of `crate::classes`.
    pub const fn new(slot: Slot, name: &'static CStr) -> Self {
        let slot = slot as usize;
        assert!(slot < SLOTS);
        Class { name, slot, object: PhantomData }
    }
}

/// The classes that a method accepts as its receiver, and their name in its error message.
pub struct Receiver<T> {
    /// For example `tcp{server}` or `tcp{any}`. The message is this and ` expected`.
    pub name: &'static str,
    slots: u32,
    object: PhantomData<fn() -> T>,
}

impl<T> Receiver<T> {
    /// Accepts every class whose objects hold a `T`.
    pub(super) const EVERY: Receiver<T> =
        Receiver { name: "", slots: u32::MAX >> (32 - SLOTS), object: PhantomData };

    /// Accepts the classes listed.
    pub const fn new(name: &'static str, classes: &[&Class<T>]) -> Self {
        let mut slots = 0;
        let mut i = 0;
        while i < classes.len() {
            #[allow(clippy::indexing_slicing)] // bounded by the loop, and `const fn` has no iterators
            let class = classes[i];
            slots |= 1 << class.slot;
            i += 1;
        }
        Receiver { name, slots, object: PhantomData }
    }
}

/// The properties of a class that a script can see.
pub struct ClassSpec<T: 'static> {
    /// The class.
    pub class: &'static Class<T>,
    /// Names of boolean fields in the metatable, such as `tcp{any}`.
    pub groups: &'static [&'static str],
    /// The methods: the contents of `__index`, besides the field `class`.
    pub methods: &'static [(&'static str, NativeFunction)],
    /// Metamethods in addition to `__gc` and `__tostring`, or in place of them.
    pub metamethods: &'static [(&'static str, NativeFunction)],
    /// Whether `__index` has a field `class` with the name, as in LuaSocket's classes. This library does not
    /// use the registry fields of these names. LuaSocket and LuaSec use them, and would share the metatables
    /// that they find there.
    pub named: bool,
}

/// The data that the library keeps for one Lua state. It lives in a userdata that the registry holds.
pub(super) struct Shared {
    pub(super) metatables: [*const c_void; SLOTS],
    pub(super) names: [&'static CStr; SLOTS],
}

/// The content of a userdata.
#[repr(C)]
pub(super) struct Header<T> {
    type_id: TypeId,
    object: T,
}

impl<T: 'static> Header<T> {
    /// The content for an object.
    pub(super) fn new(object: T) -> Self {
        Header { type_id: TypeId::of::<T>(), object }
    }
}

static SHARED: u8 = 0;
pub(super) static METATABLES: u8 = 0;

/// Creates this library's registry entries, unless the state already has them.
///
/// # Safety
/// `state` is the running state with a few free slots; may raise.
pub(super) unsafe fn prepare(state: *mut lua_State) {
    // SAFETY: balanced stack use. The userdata is as large as the value written to it, and Lua aligns
    // userdata for any C type.
    unsafe {
        if !shared(state).is_null() {
            return;
        }
        let memory = ffi::lua_newuserdata(state, size_of::<Shared>()).cast::<Shared>();
        memory.write(Shared { metatables: [ptr::null(); SLOTS], names: [c""; SLOTS] });
        ffi::lua_rawsetp(state, ffi::LUA_REGISTRYINDEX, key(&SHARED));
        ffi::lua_createtable(state, SLOTS as c_int, 0);
        ffi::lua_rawsetp(state, ffi::LUA_REGISTRYINDEX, key(&METATABLES));
    }
}

/// The data that this library keeps for the state. It is null before `prepare`.
///
/// # Safety
/// `state` is the running state with one free slot.
pub(super) unsafe fn shared(state: *mut lua_State) -> *const Shared {
    // SAFETY: reads the registry and restores the stack.
    unsafe {
        ffi::lua_rawgetp(state, ffi::LUA_REGISTRYINDEX, key(&SHARED));
        let found = ffi::lua_touserdata(state, -1);
        ffi::lua_settop(state, -2);
        found.cast_const().cast()
    }
}

/// The object at `index`, if its metatable is one of the receiver's and it holds a `T`.
///
/// # Safety
/// The caller must not let two references to one object live at the same time.
pub(super) unsafe fn find<T: Object>(
    state: *mut lua_State,
    shared: *const Shared,
    index: c_int,
    receiver: &Receiver<T>,
) -> Option<*mut T> {
    // SAFETY: the metatable is compared by address with those that the registry keeps alive, so a script
    // cannot forge one. With the debug library a script could still set one on a foreign userdata. So size
    // and type are checked before the header is trusted.
    unsafe {
        if shared.is_null() || ffi::lua_getmetatable(state, index) == 0 {
            return None;
        }
        let metatable = ffi::lua_topointer(state, -1);
        ffi::lua_settop(state, -2);
        let mut slots = receiver.slots;
        let known = loop {
            if slots == 0 {
                break false;
            }
            let slot = slots.trailing_zeros() as usize;
            if (*shared).metatables.get(slot) == Some(&metatable) {
                break true;
            }
            slots &= slots - 1;
        };
        if known { held(state, index) } else { None }
    }
}

/// The object at `index`, if it is a userdata that holds a `T`.
///
/// # Safety
/// As for [`find`]. The metatable of the userdata is one of this library.
pub(super) unsafe fn held<T: Object>(state: *mut lua_State, index: c_int) -> Option<*mut T> {
    // SAFETY: see `find`.
    unsafe {
        let header = ffi::lua_touserdata(state, index).cast::<Header<T>>();
        if header.is_null() || ffi::lua_rawlen(state, index) as usize != size_of::<Header<T>>() {
            return None;
        }
        ((*header).type_id == TypeId::of::<T>()).then(|| &raw mut (*header).object)
    }
}

/// Gives the object at `index` the metatable of a class.
pub(super) fn assign<T>(state: *mut lua_State, index: c_int, class: &Class<T>) {
    // SAFETY: reads of the registry and one write to the userdata, with balanced stack use.
    unsafe {
        let index = ffi::lua_absindex(state, index);
        ffi::lua_rawgetp(state, ffi::LUA_REGISTRYINDEX, key(&METATABLES));
        ffi::lua_rawgeti(state, -1, class.slot as ffi::lua_Integer + 1);
        ffi::lua_setmetatable(state, index);
        ffi::lua_settop(state, -2);
    }
}

/// The class name and the address of the object at `index`.
pub(super) fn describe(
    state: *mut lua_State,
    shared: *const Shared,
    index: c_int,
) -> Option<(&'static str, *const c_void)> {
    // SAFETY: only addresses are compared; the memory is not read.
    unsafe {
        let memory = ffi::lua_touserdata(state, index);
        if memory.is_null() || shared.is_null() || ffi::lua_getmetatable(state, index) == 0 {
            return None;
        }
        let metatable = ffi::lua_topointer(state, -1);
        ffi::lua_settop(state, -2);
        let slot = (*shared).metatables.iter().position(|known| *known == metatable)?;
        let name = (*shared).names.get(slot)?.to_str().ok()?;
        Some((name, memory.cast_const()))
    }
}
