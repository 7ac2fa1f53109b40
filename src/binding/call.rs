//! One call of a native function: its arguments and its results.

use std::ffi::{c_int, c_void};
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ptr;

use mlua::ffi::{self, lua_State};

use super::class::{self, Shared};
use super::{Class, ClassSpec, Expected, Message, NativeFunction, Object, Raise, Receiver};

/// How a native function ends: the number of results it pushed, or an error.
pub type Outcome = Result<c_int, Raise>;

/// The type of a Lua value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// No value: the argument was not given.
    None,
    /// `nil`
    Nil,
    /// `true` or `false`
    Boolean,
    /// A number.
    Number,
    /// A string.
    String,
    /// A table.
    Table,
    /// A function.
    Function,
    /// A full userdata.
    Userdata,
    /// A thread, a light userdata, or something of the interpreter's own.
    Other,
}

impl Kind {
    /// Whether the value is absent: not given, or `nil`.
    pub fn is_absent(self) -> bool {
        matches!(self, Kind::None | Kind::Nil)
    }
}

/// Lua's view of one call: arguments are read through it, results pushed.
///
/// Stack indices count from 1, the receiver of a method being 1. Bytes borrowed from an
/// argument live as long as the call: arguments stay on the stack until it returns.
pub struct Call<'c> {
    state: *mut lua_State,
    lifetime: PhantomData<&'c mut lua_State>,
}

/// Turns a native function into what Lua registers.
pub const fn native<F>(_: F) -> NativeFunction
where
    F: Fn(&mut Call<'_>) -> Outcome + Copy + 'static,
{
    const { assert!(size_of::<F>() == 0, "a native function captures nothing") };
    trampoline::<F>
}

/// Ends the process when a panic, which is a bug, would otherwise unwind into Lua's C frames.
struct PanicGuard;

impl Drop for PanicGuard {
    fn drop(&mut self) {
        if std::thread::panicking() {
            std::process::abort();
        }
    }
}

unsafe extern "C-unwind" fn trampoline<F>(state: *mut lua_State) -> c_int
where
    F: Fn(&mut Call<'_>) -> Outcome + Copy + 'static,
{
    let outcome = {
        let _guard = PanicGuard;
        // SAFETY: `native` has checked that F has no size, so any aligned address holds one.
        let function = unsafe { ptr::NonNull::<F>::dangling().as_ref() };
        function(&mut Call { state, lifetime: PhantomData })
    };
    match outcome {
        Ok(results) => results,
        // SAFETY: nothing is owned by this frame any more.
        Err(raise) => unsafe { raise.raise(state) },
    }
}

// The key of the registry entry that holds the runner of protected closures.
static PROTECTED: u8 = 0;

unsafe extern "C-unwind" fn run_protected<F>(state: *mut lua_State) -> c_int
where
    F: FnOnce(&mut Call<'_>) -> Outcome,
{
    // SAFETY: `protected` passes the address of an `Option<F>` that outlives this call.
    let outcome = unsafe {
        let slot = ffi::lua_touserdata(state, 1).cast::<Option<F>>();
        ffi::lua_remove(state, 1);
        match slot.as_mut().and_then(Option::take) {
            Some(function) => function(&mut Call { state, lifetime: PhantomData }),
            None => Ok(0),
        }
    };
    match outcome {
        Ok(results) => results,
        // SAFETY: the closure has been consumed; this frame owns nothing.
        Err(raise) => unsafe { raise.raise(state) },
    }
}

/// Calls the C function passed as first argument with the others: one registered function
/// serves every closure, because Lua 5.1 allocates when a C function is pushed.
unsafe extern "C-unwind" fn dispatch(state: *mut lua_State) -> c_int {
    // SAFETY: `protected` passes a pointer to a variable holding the function.
    unsafe {
        let function = *ffi::lua_touserdata(state, 1).cast::<NativeFunction>();
        ffi::lua_remove(state, 1);
        function(state)
    }
}

impl<'c> Call<'c> {
    /// The number of arguments given.
    pub fn count(&self) -> c_int {
        // SAFETY: reads the stack's height.
        unsafe { ffi::lua_gettop(self.state) }
    }

    /// The type of a value.
    pub fn kind(&self, index: c_int) -> Kind {
        // SAFETY: any index is acceptable here.
        match unsafe { ffi::lua_type(self.state, index) } {
            ffi::LUA_TNONE => Kind::None,
            ffi::LUA_TNIL => Kind::Nil,
            ffi::LUA_TBOOLEAN => Kind::Boolean,
            ffi::LUA_TNUMBER => Kind::Number,
            ffi::LUA_TSTRING => Kind::String,
            ffi::LUA_TTABLE => Kind::Table,
            ffi::LUA_TFUNCTION => Kind::Function,
            ffi::LUA_TUSERDATA => Kind::Userdata,
            _ => Kind::Other,
        }
    }

    /// The name of a value's type, as `type` gives it.
    pub fn kind_name(&self, index: c_int) -> &'static str {
        match self.kind(index) {
            Kind::None => "no value",
            Kind::Nil => "nil",
            Kind::Boolean => "boolean",
            Kind::Number => "number",
            Kind::String => "string",
            Kind::Table => "table",
            Kind::Function => "function",
            Kind::Userdata => "userdata",
            // SAFETY: reads a type tag.
            Kind::Other => match unsafe { ffi::lua_type(self.state, index) } {
                ffi::LUA_TTHREAD => "thread",
                ffi::LUA_TLIGHTUSERDATA => "userdata",
                _ => "cdata",
            },
        }
    }

    /// Calls `function` with the bytes of a string, or of a number as Lua writes it, that is not
    /// an argument; `None` for other types.
    pub fn with_bytes<R>(&self, index: c_int, function: impl FnOnce(&[u8]) -> R) -> Option<R> {
        self.try_bytes(index).map(function)
    }

    /// The bytes of an argument that is a string, or a number taken as one; `None` for other types.
    pub fn try_bytes(&self, index: c_int) -> Option<&'c [u8]> {
        let mut length = 0;
        // SAFETY: Lua keeps the string while it is on the stack, which arguments are until the call ends.
        unsafe {
            let start = ffi::lua_tolstring(self.state, index, &mut length);
            (!start.is_null()).then(|| std::slice::from_raw_parts(start.cast::<u8>(), length))
        }
    }

    /// The bytes of a string or number argument; raises `string expected, got …`.
    pub fn bytes(&self, index: c_int) -> Result<&'c [u8], Raise> {
        self.try_bytes(index).ok_or(Raise::Type(index, Expected::String))
    }

    /// As [`Call::bytes`], with `None` for an absent argument.
    pub fn optional_bytes(&self, index: c_int) -> Result<Option<&'c [u8]>, Raise> {
        if self.kind(index).is_absent() { Ok(None) } else { self.bytes(index).map(Some) }
    }

    /// A number, or a string that reads as one; `None` for anything else.
    pub fn try_number(&self, index: c_int) -> Option<f64> {
        // SAFETY: any index is acceptable here; neither call allocates.
        unsafe {
            match ffi::lua_type(self.state, index) {
                ffi::LUA_TNUMBER => Some(ffi::lua_tonumber(self.state, index)),
                ffi::LUA_TSTRING if ffi::lua_isnumber(self.state, index) != 0 => {
                    Some(ffi::lua_tonumber(self.state, index))
                }
                _ => None,
            }
        }
    }

    /// A number argument; raises `number expected, got …`.
    pub fn number(&self, index: c_int) -> Result<f64, Raise> {
        self.try_number(index).ok_or(Raise::Type(index, Expected::Number))
    }

    /// As [`Call::number`], with a default for an absent argument.
    pub fn optional_number(&self, index: c_int, default: f64) -> Result<f64, Raise> {
        if self.kind(index).is_absent() { Ok(default) } else { self.number(index) }
    }

    /// An integer argument by `luaL_checkinteger`'s rules: a fraction raises on Lua 5.3 and
    /// later and is cut off before.
    pub fn integer(&self, index: c_int) -> Result<i64, Raise> {
        let number = self.number(index)?;
        #[cfg(any(feature = "lua53", feature = "lua54", feature = "lua55"))]
        {
            let mut exact = 0;
            // SAFETY: reads a value; does not allocate.
            let integer = unsafe { ffi::lua_tointegerx(self.state, index, &mut exact) };
            if exact == 0 {
                return Err(Raise::Type(index, Expected::Integer));
            }
            let _ = number;
            Ok(integer)
        }
        #[cfg(not(any(feature = "lua53", feature = "lua54", feature = "lua55")))]
        Ok(number as i64)
    }

    /// Whether the value counts as true.
    pub fn truthy(&self, index: c_int) -> bool {
        // SAFETY: any index is acceptable here.
        unsafe { ffi::lua_toboolean(self.state, index) != 0 }
    }

    /// A boolean argument; raises `boolean expected, got …`.
    pub fn boolean(&self, index: c_int) -> Result<bool, Raise> {
        match self.kind(index) {
            Kind::Boolean => Ok(self.truthy(index)),
            _ => Err(Raise::Type(index, Expected::Boolean)),
        }
    }

    /// A table argument; raises `table expected, got …`.
    pub fn table(&self, index: c_int) -> Result<(), Raise> {
        if self.kind(index) == Kind::Table { Ok(()) } else { Err(Raise::Type(index, Expected::Table)) }
    }

    /// The position of a string argument in a list of choices, by `luaL_checkoption`'s rules.
    pub fn option(&self, index: c_int, default: &str, choices: &[&str]) -> Result<usize, Raise> {
        // LuaJIT takes the default for anything that is not a string, not only for an absent argument.
        let given =
            if cfg!(feature = "luajit") { self.try_bytes(index) } else { self.optional_bytes(index)? };
        let name = given.unwrap_or(default.as_bytes());
        choices.iter().position(|choice| choice.as_bytes() == name).ok_or_else(|| {
            let mut message = Message::new("invalid option '");
            message.append(name);
            message.append(b"'");
            Raise::Argument(index, message)
        })
    }

    /// Pushes `nil`. Never allocates.
    pub fn push_nil(&mut self) {
        // SAFETY: a native function has room for its few results.
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
        // SAFETY: the bytes are valid for their length; they cannot belong to an object, which
        // is out of reach while Lua runs.
        unsafe {
            ffi::lua_pushlstring(self.state, value.as_ptr().cast(), value.len());
        }
    }

    /// Pushes a copy of the value at an index. Never allocates.
    pub fn push_value(&mut self, index: c_int) {
        // SAFETY: the caller names a value on the stack.
        unsafe { ffi::lua_pushvalue(self.state, index) }
    }

    /// Pushes `nil` and a message: how the network's failures are returned.
    pub fn push_failure(&mut self, message: &Message) -> c_int {
        self.push_nil();
        self.push_bytes(message.as_bytes());
        2
    }

    /// Pushes a string that the caller owns, and frees it; out of memory becomes an error like any other.
    pub fn push_vec(&mut self, value: Vec<u8>) -> Result<(), Raise> {
        const SMALL: usize = 1024;
        if value.len() <= SMALL {
            let mut copy = MaybeUninit::<[u8; SMALL]>::uninit();
            let length = value.len();
            // SAFETY: the source is not longer than the copy, and only what was copied is read.
            let bytes = unsafe {
                ptr::copy_nonoverlapping(value.as_ptr(), copy.as_mut_ptr().cast::<u8>(), length);
                std::slice::from_raw_parts(copy.as_ptr().cast::<u8>(), length)
            };
            drop(value);
            self.push_bytes(bytes);
            return Ok(());
        }
        self.protected(&[], |call| {
            call.push_bytes(&value);
            Ok(1)
        })?;
        Ok(())
    }

    /// Runs a closure in a protected call: an error in it becomes `Err(Raise::Value)` after the
    /// destructors of this side have had their turn. The closure sees copies of the values at `arguments`
    /// as its own arguments 1, 2, …; its results end up on this call's stack and are counted.
    ///
    /// The closure itself may own nothing that has a destructor; it borrows.
    pub fn protected<F>(&mut self, arguments: &[c_int], function: F) -> Outcome
    where
        F: FnOnce(&mut Call<'_>) -> Outcome,
    {
        let mut slot = Some(function);
        let mut runner: NativeFunction = run_protected::<F>;
        // SAFETY: both pointers are to locals that outlive the call. Pushing light values and
        // reading the registry do not allocate; the stack is grown first, where that is needed.
        unsafe {
            let before = ffi::lua_gettop(self.state);
            if ffi::lua_checkstack(self.state, arguments.len() as c_int + 4) == 0 {
                return Err(Raise::Error(Message::new("stack overflow")));
            }
            if ffi::lua_rawgetp(self.state, ffi::LUA_REGISTRYINDEX, key(&PROTECTED)) != ffi::LUA_TFUNCTION {
                return Err(Raise::Error(Message::new("the library is not loaded in this state")));
            }
            ffi::lua_pushlightuserdata(self.state, ptr::from_mut(&mut runner).cast());
            ffi::lua_pushlightuserdata(self.state, ptr::from_mut(&mut slot).cast());
            for &argument in arguments {
                // What was not given has no place on the stack, where the runner stands now.
                if argument > before {
                    ffi::lua_pushnil(self.state);
                } else {
                    ffi::lua_pushvalue(self.state, argument);
                }
            }
            let count = arguments.len() as c_int + 2;
            match ffi::lua_pcall(self.state, count, ffi::LUA_MULTRET, 0) {
                ffi::LUA_OK => Ok(ffi::lua_gettop(self.state) - before),
                _ => Err(Raise::Value),
            }
        }
    }

    /// Calls the value below `arguments` values, all on top of the stack, and leaves exactly
    /// `results` values. An error in it leaves this call at once: nothing may be owned.
    pub fn call_value(&mut self, arguments: c_int, results: c_int) {
        // SAFETY: the caller has pushed the function and its arguments.
        unsafe { ffi::lua_call(self.state, arguments, results) }
    }

    /// Pushes `value[name]`, honouring metamethods: may raise, nothing may be owned.
    pub fn push_field(&mut self, index: c_int, name: &std::ffi::CStr) {
        // SAFETY: the name ends in a zero byte; the result needs one slot.
        unsafe {
            ffi::lua_getfield(self.state, index, name.as_ptr());
        }
    }

    /// Replaces the key on top of the stack by `value[key]`, honouring metamethods: may raise,
    /// nothing may be owned.
    pub fn look_up(&mut self, index: c_int) {
        // SAFETY: the caller names a value on the stack by an index that stays right.
        unsafe {
            ffi::lua_gettable(self.state, index);
        }
    }

    /// Whether the value at an index is this native function. Never allocates.
    pub fn is_function(&self, index: c_int, function: NativeFunction) -> bool {
        // SAFETY: any index is acceptable here.
        let found = unsafe { ffi::lua_tocfunction(self.state, index) };
        found.is_some_and(|found| ptr::fn_addr_eq(found, function))
    }

    /// Pushes `value[position]`, honouring metamethods: may raise, nothing may be owned.
    pub fn push_element(&mut self, index: c_int, position: i64) {
        // SAFETY: the index is made absolute before the key is pushed.
        unsafe {
            let index = ffi::lua_absindex(self.state, index);
            ffi::lua_pushinteger(self.state, position as ffi::lua_Integer);
            ffi::lua_gettable(self.state, index);
        }
    }

    /// Pops values. Never allocates.
    pub fn pop(&mut self, count: c_int) {
        // SAFETY: the caller has pushed that many.
        unsafe { ffi::lua_settop(self.state, -count - 1) }
    }

    /// Cuts or fills the stack to a height. Never allocates when it only cuts.
    pub fn set_top(&mut self, height: c_int) {
        // SAFETY: heights used are within the guaranteed slots.
        unsafe { ffi::lua_settop(self.state, height) }
    }

    /// Moves the top value to an index, shifting the others up. Never allocates.
    pub fn insert(&mut self, index: c_int) {
        // SAFETY: the caller names a value on the stack.
        unsafe { ffi::lua_insert(self.state, index) }
    }

    /// Pushes a new table with room for so many array and hash entries.
    pub fn new_table(&mut self, array: usize, hash: usize) {
        let bound = |n: usize| c_int::try_from(n).unwrap_or(0);
        // SAFETY: needs one slot.
        unsafe { ffi::lua_createtable(self.state, bound(array), bound(hash)) }
    }

    /// `table[name] = top value`, which is popped; raw. The table is at `index`.
    pub fn set_field(&mut self, index: c_int, name: &[u8]) {
        // SAFETY: the index is made absolute before anything is pushed; a table is there.
        unsafe {
            let index = ffi::lua_absindex(self.state, index);
            ffi::lua_pushlstring(self.state, name.as_ptr().cast(), name.len());
            ffi::lua_insert(self.state, -2);
            ffi::lua_rawset(self.state, index);
        }
    }

    /// `table[position] = top value`, which is popped; raw.
    pub fn set_element(&mut self, index: c_int, position: i64) {
        // SAFETY: a table is at the index.
        unsafe { ffi::lua_rawseti(self.state, index, position as _) }
    }

    /// `table[key] = value` for the two values on top of the stack, which are popped; raw.
    pub fn set_raw(&mut self, index: c_int) {
        // SAFETY: a table is at the index, key and value are on top.
        unsafe { ffi::lua_rawset(self.state, index) }
    }

    /// Replaces the key on top of the stack by the next pair of the table at `index`: returns
    /// whether there is one. Start with `nil`.
    pub fn next(&mut self, index: c_int) -> bool {
        // SAFETY: a table is at the index and a key of it, or nil, on top.
        unsafe { ffi::lua_next(self.state, index) != 0 }
    }

    /// Replaces a value by what `tostring` makes of it, honouring `__tostring`: may raise.
    pub fn stringify(&mut self, index: c_int) {
        // SAFETY: pushes one string, which then replaces the value.
        unsafe {
            let index = ffi::lua_absindex(self.state, index);
            ffi::luaL_tolstring(self.state, index, ptr::null_mut());
            ffi::lua_replace(self.state, index);
        }
    }

    /// Runs a piece of Lua source that belongs to this library and leaves its one result;
    /// `arguments` values on top of the stack are passed to it.
    pub fn run_source(&mut self, name: &std::ffi::CStr, source: &str, arguments: c_int) {
        // SAFETY: a chunk that does not load leaves its error on top, which is raised.
        unsafe {
            let status = ffi::luaL_loadbufferx(
                self.state,
                source.as_ptr().cast(),
                source.len(),
                name.as_ptr(),
                c"t".as_ptr(),
            );
            if status != ffi::LUA_OK {
                ffi::lua_error(self.state);
            }
            ffi::lua_insert(self.state, -arguments - 1);
            ffi::lua_call(self.state, arguments, 1);
        }
    }

    /// `table[name] = function` for each pair; the table is on top of the stack.
    pub fn set_functions(&mut self, functions: &[(&str, NativeFunction)]) {
        for (name, function) in functions {
            self.push_function(*function);
            self.set_field(-2, name.as_bytes());
        }
    }

    /// Pushes a native function. It finds this library's classes through its upvalue.
    pub fn push_function(&mut self, function: NativeFunction) {
        let shared = self.shared();
        // SAFETY: the pointer stays valid until the state is closed: the registry holds it.
        unsafe {
            ffi::lua_pushlightuserdata(self.state, shared.cast_mut().cast());
            ffi::lua_pushcclosure(self.state, function, 1);
        }
    }

    /// Prepares a state for this library; every entry point calls it first.
    pub fn prepare(&mut self) {
        // SAFETY: plain registry writes with balanced pushes.
        unsafe {
            class::prepare(self.state);
            self.push_function(dispatch);
            ffi::lua_rawsetp(self.state, ffi::LUA_REGISTRYINDEX, key(&PROTECTED));
        }
    }

    /// Defines a class, or refreshes its methods when the state knows it already.
    pub fn define_class<T: Object>(&mut self, spec: &ClassSpec<T>) {
        class::define(self, spec);
    }

    /// Calls `function` with the object at `index`, which must be of one of the receiver's
    /// classes; raises `<receiver> expected`. Never allocates.
    pub fn object<T: Object, R>(
        &self,
        index: c_int,
        receiver: &Receiver<T>,
        function: impl FnOnce(&mut T) -> R,
    ) -> Result<R, Raise> {
        self.try_object(index, receiver, function).ok_or_else(|| {
            Raise::Argument(index, Message::format(format_args!("{} expected", receiver.name)))
        })
    }

    /// As [`Call::object`], with `None` when the value is not such an object.
    pub fn try_object<T: Object, R>(
        &self,
        index: c_int,
        receiver: &Receiver<T>,
        function: impl FnOnce(&mut T) -> R,
    ) -> Option<R> {
        // SAFETY: `find` has checked the type, and nothing in `function` can reach Lua, so the
        // reference is the only one.
        unsafe {
            class::find(self.state, self.shared(), index, receiver).map(|object| function(&mut *object))
        }
    }

    /// Makes an object and pushes it. Lua's part is allocated before `make` runs, so what `make`
    /// opens is never lost. On `Err` nothing is pushed.
    pub fn new_object<T: Object, E>(
        &mut self,
        class: &Class<T>,
        make: impl FnOnce(&Call<'_>) -> Result<T, E>,
    ) -> Result<(), E> {
        class::create(self, class, make)
    }

    /// Changes the class of the object at `index`: the same userdata gets another metatable. Never allocates.
    pub fn become_class<T: Object>(&mut self, index: c_int, class: &Class<T>) {
        class::assign(self.state, index, class);
    }

    /// The name and the address of the object at `index`, as `tostring` shows them.
    pub fn describe(&self, index: c_int) -> Option<(&'static str, *const c_void)> {
        class::describe(self.state, self.shared(), index)
    }

    /// The library's part of this state.
    pub(super) fn shared(&self) -> *const Shared {
        // SAFETY: upvalue 1 of a function pushed by `push_function`; entry points have none
        // and find the same pointer in the registry.
        unsafe {
            let upvalue = ffi::lua_touserdata(self.state, ffi::lua_upvalueindex(1));
            if upvalue.is_null() { class::shared(self.state) } else { upvalue.cast_const().cast() }
        }
    }

    pub(super) fn raw_state(&self) -> *mut lua_State {
        self.state
    }
}

/// A registry key that no script can make: the address of a static of this library.
pub(super) fn key(place: &'static u8) -> *const c_void {
    ptr::from_ref(place).cast()
}
