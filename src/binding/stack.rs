//! Pushes results, and works on the values on the stack.

use std::ffi::{c_int, c_void};
use std::mem::MaybeUninit;
use std::ptr;

use mlua::ffi;

#[cfg(feature = "lua55")]
use super::external;
use super::large_strings::with_large_pages;
use super::{Call, Kind, Message, NativeFunction, Raise, WHOLE_TEXT};
use crate::memory::keep_freed_memory;

/// The identity of an object, to compare with another while both exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address(*const c_void);

impl Call<'_> {
    /// Pushes `nil`. Never allocates.
    pub fn push_nil(&mut self) {
        // SAFETY: a native function has enough slots for its few results.
        unsafe { ffi::lua_pushnil(self.state) }
    }

    /// Pushes a boolean. Never allocates.
    pub fn push_boolean(&mut self, value: bool) {
        // SAFETY: as above.
        unsafe { ffi::lua_pushboolean(self.state, c_int::from(value)) }
    }

    /// Pushes a number: a float on Lua 5.3 and later. Never allocates.
    pub fn push_number(&mut self, value: f64) {
        // SAFETY: as above.
        unsafe { ffi::lua_pushnumber(self.state, value) }
    }

    /// Pushes an integer: of the integer subtype on Lua 5.3 and later. Never allocates.
    pub fn push_integer(&mut self, value: i64) {
        // SAFETY: as above.
        unsafe { ffi::lua_pushinteger(self.state, value as ffi::lua_Integer) }
    }

    /// Pushes a string. Allocates: see the rules of [`super`].
    pub fn push_bytes(&mut self, value: &[u8]) {
        // SAFETY: the bytes are valid for their length. They cannot belong to an object, because objects are
        // not reachable while Lua runs.
        unsafe {
            ffi::lua_pushlstring(self.state, value.as_ptr().cast(), value.len());
        }
    }

    /// Pushes a copy of the value at an index. Never allocates.
    pub fn push_value(&mut self, index: c_int) {
        // SAFETY: the caller names a value on the stack.
        unsafe { ffi::lua_pushvalue(self.state, index) }
    }

    /// Pushes `nil` and a message: the form in which network failures are returned. Allocates.
    pub fn push_failure(&mut self, message: &Message) -> c_int {
        self.push_nil();
        self.push_message(message);
        2
    }

    /// Pushes a message as a string. Allocates.
    pub fn push_message(&mut self, message: &Message) {
        if message.goes_on() {
            // SAFETY: pushes one value, and reads its bytes while it is on the stack.
            unsafe {
                ffi::lua_getfield(self.state, ffi::LUA_REGISTRYINDEX, WHOLE_TEXT.as_ptr());
                let mut length = 0;
                let text = ffi::lua_tolstring(self.state, -1, &mut length);
                if !text.is_null()
                    && std::slice::from_raw_parts(text.cast::<u8>(), length).starts_with(message.as_bytes())
                {
                    return;
                }
                ffi::lua_settop(self.state, -2);
            }
        }
        self.push_bytes(message.as_bytes());
    }

    /// Pushes a string that the caller owns. Frees the caller's copy, or on Lua 5.5 may hand it over. Running out of
    /// memory becomes a normal error.
    pub fn push_vec(&mut self, value: impl AsRef<[u8]> + Into<Vec<u8>>) -> Result<(), Raise> {
        const SMALL: usize = 1024;
        let text = value.as_ref();
        if text.len() <= SMALL {
            let mut copy = MaybeUninit::<[u8; SMALL]>::uninit();
            let length = text.len();
            // SAFETY: the source is not longer than the copy. Only copied bytes are read.
            let bytes = unsafe {
                ptr::copy_nonoverlapping(text.as_ptr(), copy.as_mut_ptr().cast::<u8>(), length);
                std::slice::from_raw_parts(copy.as_ptr().cast::<u8>(), length)
            };
            drop(value);
            self.push_bytes(bytes);
            return Ok(());
        }
        keep_freed_memory(text.len());
        #[cfg(feature = "lua55")]
        if external::is_wanted(self, text.len()) {
            return external::push(self, value.into());
        }
        with_large_pages(self, text.len(), |call| {
            call.protected(&[], |call| {
                call.push_bytes(text);
                Ok(1)
            })
        })?;
        Ok(())
    }

    /// Calls a value with `arguments` arguments, which are above it on top of the stack. Leaves exactly
    /// `results` values. An error in the called value leaves this call at once: nothing may be owned.
    pub fn call_value(&mut self, arguments: c_int, results: c_int) {
        // SAFETY: the caller has pushed the function and its arguments.
        unsafe { ffi::lua_call(self.state, arguments, results) }
    }

    /// Pushes `value[name]`, with metamethods. May raise: nothing may be owned.
    pub fn push_field(&mut self, index: c_int, name: &std::ffi::CStr) {
        // SAFETY: the name ends in a zero byte; the result needs one slot.
        unsafe {
            ffi::lua_getfield(self.state, index, name.as_ptr());
        }
    }

    /// Whether the metatable of a value has a field that is not nil. Allocates.
    pub fn has_metafield(&mut self, index: c_int, name: &std::ffi::CStr) -> bool {
        // SAFETY: the name ends in a zero byte. A field that was found is popped again.
        unsafe {
            let found = ffi::luaL_getmetafield(self.state, index, name.as_ptr()) != ffi::LUA_TNIL;
            if found {
                ffi::lua_settop(self.state, -2);
            }
            found
        }
    }

    /// Replaces the key on top of the stack by `value[key]`, with metamethods. May raise: nothing may be
    /// owned.
    pub fn look_up(&mut self, index: c_int) {
        // SAFETY: the caller passes the index of a value, and the index stays correct.
        unsafe {
            ffi::lua_gettable(self.state, index);
        }
    }

    /// Replaces the key on top of the stack by the table's value for it, without metamethods. Never
    /// allocates.
    pub fn look_up_raw(&mut self, index: c_int) {
        // SAFETY: the caller passes the index of a table, and the index stays correct.
        unsafe {
            ffi::lua_rawget(self.state, index);
        }
    }

    /// Pushes the metatable of a value. Pushes nothing and returns false when there is none. Never allocates.
    pub fn push_metatable(&mut self, index: c_int) -> bool {
        // SAFETY: any index is acceptable here.
        unsafe { ffi::lua_getmetatable(self.state, index) != 0 }
    }

    /// Pops a table and makes it the metatable of the table at `index`. Never allocates.
    #[cfg(any(feature = "lua53", feature = "lua54", feature = "lua55"))]
    pub fn set_metatable(&mut self, index: c_int) {
        // SAFETY: the caller passes the index of a table, and has pushed another.
        unsafe {
            ffi::lua_setmetatable(self.state, index);
        }
    }

    /// The identity of the object at `index`. Never allocates.
    pub fn address(&self, index: c_int) -> Address {
        // SAFETY: any index is acceptable here. The pointer is compared and never followed.
        Address(unsafe { ffi::lua_topointer(self.state, index) })
    }

    /// The length of the table at `index` without metamethods. Zero for other values. Never allocates.
    pub fn raw_length(&self, index: c_int) -> usize {
        if self.kind(index) != Kind::Table {
            return 0;
        }
        // SAFETY: the value is a table.
        unsafe { ffi::lua_rawlen(self.state, index) as usize }
    }

    /// Whether the value at an index is this native function. Never allocates.
    pub fn is_function(&self, index: c_int, function: NativeFunction) -> bool {
        // SAFETY: any index is acceptable here.
        let found = unsafe { ffi::lua_tocfunction(self.state, index) };
        found.is_some_and(|found| ptr::fn_addr_eq(found, function))
    }

    /// Pushes `value[position]`, with metamethods. May raise: nothing may be owned.
    pub fn push_element(&mut self, index: c_int, position: i64) {
        // SAFETY: the index is made absolute before the key is pushed.
        unsafe {
            let index = ffi::lua_absindex(self.state, index);
            ffi::lua_pushinteger(self.state, position as ffi::lua_Integer);
            ffi::lua_gettable(self.state, index);
        }
    }

    /// Pushes `table[position]`, without metamethods. Never allocates.
    pub fn push_raw_element(&mut self, index: c_int, position: i64) {
        // SAFETY: the caller passes the index of a table. The result needs one slot.
        unsafe {
            ffi::lua_rawgeti(self.state, index, position as _);
        }
    }

    /// Pushes the value that this library keeps in the registry under a key. Never allocates.
    pub fn push_registered(&mut self, key: &'static u8) {
        // SAFETY: reads the registry. The result needs one slot.
        unsafe {
            ffi::lua_rawgetp(self.state, ffi::LUA_REGISTRYINDEX, ptr::from_ref(key).cast());
        }
    }

    /// Pops a value and keeps it in the registry under a key, the address of a static. Allocates.
    pub fn register(&mut self, key: &'static u8) {
        // SAFETY: writes one registry value, under a key that no script can make.
        unsafe { ffi::lua_rawsetp(self.state, ffi::LUA_REGISTRYINDEX, ptr::from_ref(key).cast()) }
    }

    /// Pops values. Never allocates.
    pub fn pop(&mut self, count: c_int) {
        // SAFETY: the caller has pushed `count` values.
        unsafe { ffi::lua_settop(self.state, -count - 1) }
    }

    /// Sets the height of the stack: removes values or adds nils. Never allocates when it only removes.
    pub fn set_top(&mut self, height: c_int) {
        // SAFETY: the heights in use are within the guaranteed slots.
        unsafe { ffi::lua_settop(self.state, height) }
    }

    /// Moves the top value to an index and shifts the others up. Never allocates.
    pub fn insert(&mut self, index: c_int) {
        // SAFETY: the caller names a value on the stack.
        unsafe { ffi::lua_insert(self.state, index) }
    }

    /// Pushes a new table with room for `array` array entries and `hash` hash entries. Allocates.
    pub fn new_table(&mut self, array: usize, hash: usize) {
        let bound = |n: usize| c_int::try_from(n).unwrap_or(0);
        // SAFETY: needs one slot.
        unsafe { ffi::lua_createtable(self.state, bound(array), bound(hash)) }
    }

    /// Sets `table[name]` to the top value, without metamethods, and pops it. The table is at `index`. Allocates.
    pub fn set_field(&mut self, index: c_int, name: &[u8]) {
        // SAFETY: the index is made absolute before anything is pushed. The value there is a table.
        unsafe {
            let index = ffi::lua_absindex(self.state, index);
            ffi::lua_pushlstring(self.state, name.as_ptr().cast(), name.len());
            ffi::lua_insert(self.state, -2);
            ffi::lua_rawset(self.state, index);
        }
    }

    /// Sets `table[position]` to the top value, without metamethods, and pops it. Allocates.
    pub fn set_element(&mut self, index: c_int, position: i64) {
        // SAFETY: a table is at the index.
        unsafe { ffi::lua_rawseti(self.state, index, position as _) }
    }

    /// Sets `table[key] = value` for the two values on top of the stack, without metamethods, and pops them.
    /// Allocates.
    pub fn set_raw(&mut self, index: c_int) {
        // SAFETY: the value at the index is a table. Key and value are on top.
        unsafe { ffi::lua_rawset(self.state, index) }
    }

    /// Replaces the key on top of the stack by the next key and value of the table at `index`. Returns
    /// whether there is one. Start with `nil`. The key must stay as it is: `bytes` would change a number. May raise
    /// for a key that the table does not have.
    pub fn next(&mut self, index: c_int) -> bool {
        // SAFETY: the value at the index is a table. On top is one of its keys, or nil.
        unsafe { ffi::lua_next(self.state, index) != 0 }
    }

    /// Replaces a value by the result of `tostring`, with `__tostring`. May raise. On LuaJIT, a string stays
    /// unchanged.
    pub fn stringify(&mut self, index: c_int) {
        if cfg!(feature = "luajit") && self.kind(index) == Kind::String {
            return;
        }
        // SAFETY: pushes one string, which then replaces the value.
        unsafe {
            let index = ffi::lua_absindex(self.state, index);
            ffi::luaL_tolstring(self.state, index, ptr::null_mut());
            ffi::lua_replace(self.state, index);
        }
    }
}
