//! One call of a native function: its arguments and its results.

use std::ffi::{c_int, c_void};
use std::marker::PhantomData;
use std::ptr;

use mlua::ffi::{self, lua_State};

use super::class::{self, Shared};
use super::{Class, ClassSpec, Message, NativeFunction, Object, Raise, Receiver};

/// How a native function ends: the number of results it pushed, or an error.
pub type Outcome = Result<c_int, Raise>;

/// Lua's view of one call: arguments are read through it, results pushed.
///
/// Stack indices count from 1, the receiver of a method being 1. Bytes borrowed from an
/// argument live as long as the call: arguments stay on the stack until it returns.
pub struct Call<'c> {
    pub(super) state: *mut lua_State,
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

/// Ends the process when a panic, which is a bug, would otherwise unwind into Lua's C frames: it is dropped by what
/// unwinds, and forgotten otherwise. A panic of the host's own is not one of these: it may be what closes the state,
/// whose finalizers then come through here.
struct PanicGuard {
    /// Whether the thread was panicking before.
    unwinding: bool,
}

impl PanicGuard {
    fn new() -> Self {
        PanicGuard { unwinding: std::thread::panicking() }
    }
}

impl Drop for PanicGuard {
    fn drop(&mut self) {
        if !self.unwinding && std::thread::panicking() {
            std::process::abort();
        }
    }
}

unsafe extern "C-unwind" fn trampoline<F>(state: *mut lua_State) -> c_int
where
    F: Fn(&mut Call<'_>) -> Outcome + Copy + 'static,
{
    // SAFETY: Lua passes the running state. `native` has checked that F has no size, so any aligned address holds one.
    unsafe { run(state, ptr::NonNull::<F>::dangling().as_ref()) }
}

/// Runs a native function, and raises its error when nothing of it is left.
///
/// # Safety
/// The state is the running one, and nothing is owned by the frames between Lua and this one.
unsafe fn run(state: *mut lua_State, function: impl Fn(&mut Call<'_>) -> Outcome + Copy) -> c_int {
    let guard = PanicGuard::new();
    let outcome = function(&mut Call { state, lifetime: PhantomData });
    std::mem::forget(guard);
    match outcome {
        Ok(results) => results,
        // SAFETY: nothing is owned by this frame any more.
        Err(raise) => unsafe { raise.raise(state) },
    }
}

/// What goes on with a function whose protected call has ended in an error within a coroutine, or in whatever way after a
/// yield: Lua has left its frame then.
#[cfg(any(feature = "lua53", feature = "lua54", feature = "lua55"))]
unsafe extern "C-unwind" fn resumed<F>(state: *mut lua_State, status: c_int, _: ffi::lua_KContext) -> c_int
where
    F: Fn(&mut Call<'_>, bool) -> Outcome + Copy + 'static,
{
    // SAFETY: as in `trampoline`; `finish_protected` has checked F.
    unsafe {
        let after = ptr::NonNull::<F>::dangling().as_ref();
        run(state, |call| after(call, status == ffi::LUA_YIELD))
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

impl Call<'_> {
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
        // reading the registry do not allocate, but for LuaJIT's list of address segments, which grows a
        // few times in a state's life, and whose errors run destructors. The slots are within those that
        // every function has, so that `lua_checkstack`, which raises on Lua 5.1, grows nothing.
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

    /// Ends the running function with a protected call of the value below so many arguments, all on top of the stack,
    /// through which a yield passes, and with what `after` makes of its end: told whether it succeeded, it finds all
    /// results, or else the error, in the place of the value called. A yield, and in a coroutine an error, leaves this
    /// call for good: nothing may be owned.
    #[cfg(any(feature = "lua53", feature = "lua54", feature = "lua55"))]
    pub fn finish_protected<F>(&mut self, arguments: c_int, after: F) -> Outcome
    where
        F: Fn(&mut Call<'_>, bool) -> Outcome + Copy + 'static,
    {
        const { assert!(size_of::<F>() == 0, "what happens after a yield captures nothing") };
        // SAFETY: the caller has pushed the value and its arguments.
        let status =
            unsafe { ffi::lua_pcallk(self.state, arguments, ffi::LUA_MULTRET, 0, 0, Some(resumed::<F>)) };
        after(self, status == ffi::LUA_OK)
    }

    /// Runs a piece of Lua source that belongs to this library and leaves its one result;
    /// `arguments` values on top of the stack are passed to it. May raise: nothing may be owned.
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

    /// As [`Call::set_functions`], for the table of a class. On Lua 5.2 and later classes that have a method in common
    /// have it as one value, as LuaSocket's, whose functions keep nothing there.
    pub(super) fn set_methods(&mut self, functions: &[(&str, NativeFunction)]) {
        for (name, function) in functions {
            self.push_method(*function);
            self.set_field(-2, name.as_bytes());
        }
    }

    #[cfg(any(feature = "lua51", feature = "luajit"))]
    fn push_method(&mut self, function: NativeFunction) {
        self.push_function(function);
    }

    #[cfg(not(any(feature = "lua51", feature = "luajit")))]
    fn push_method(&mut self, function: NativeFunction) {
        // SAFETY: a function's address is a key that no script can make; balanced use of five slots at most.
        unsafe {
            let address = function as *const c_void;
            if ffi::lua_rawgetp(self.state, ffi::LUA_REGISTRYINDEX, address) == ffi::LUA_TFUNCTION {
                return;
            }
            ffi::lua_settop(self.state, -2);
            self.push_function(function);
            ffi::lua_pushvalue(self.state, -1);
            ffi::lua_rawsetp(self.state, ffi::LUA_REGISTRYINDEX, address);
        }
    }

    /// Pushes a native function. It finds this library's classes through its upvalue.
    pub fn push_function(&mut self, function: NativeFunction) {
        self.push_function_keeping(function, 0);
    }

    /// Pushes a native function that keeps so many values from the top of the stack, which are popped, for
    /// [`Call::push_kept`].
    pub fn push_function_keeping(&mut self, function: NativeFunction, count: c_int) {
        let shared = self.shared();
        // SAFETY: the pointer stays valid until the state is closed: the registry holds it, which only the
        // debug library could change. It needs one slot.
        unsafe {
            ffi::lua_pushlightuserdata(self.state, shared.cast_mut().cast());
            ffi::lua_insert(self.state, -count - 1);
            ffi::lua_pushcclosure(self.state, function, 1 + count);
        }
    }

    /// Pushes the value at a position, from zero, among those that the running function keeps. Never allocates.
    pub fn push_kept(&mut self, position: c_int) {
        // SAFETY: an upvalue that a function does not have is acceptable, and nil.
        unsafe { ffi::lua_pushvalue(self.state, ffi::lua_upvalueindex(2 + position)) }
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
        &mut self,
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
        &mut self,
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
        make: impl FnOnce(&mut Call<'_>) -> Result<T, E>,
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

    /// The state itself, for the two rooms that drive Lua's C interface: this one and `src/tasks`.
    pub(crate) fn raw_state(&self) -> *mut lua_State {
        self.state
    }
}

/// A registry key that no script can make: the address of a static of this library.
pub(super) fn key(place: &'static u8) -> *const c_void {
    ptr::from_ref(place).cast()
}
