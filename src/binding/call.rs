//! One call of a native function: its arguments and its results.

use std::ffi::c_int;
use std::marker::PhantomData;
use std::ptr;

use mlua::ffi::{self, lua_State};

use super::class::{self, Shared};
use super::registry::key;
use super::{Message, NativeFunction, Raise};

/// The result of a native function: the number of results it pushed, or an error.
pub type Outcome = Result<c_int, Raise>;

/// One call from Lua: it reads the arguments and pushes the results.
///
/// Stack indices count from 1. In a method, index 1 is the receiver. Bytes borrowed from an argument live as
/// long as the call, because arguments stay on the stack until it returns.
pub struct Call<'c> {
    pub(super) state: *mut lua_State,
    lifetime: PhantomData<&'c mut lua_State>,
}

/// Turns a native function into a C function that Lua can register.
pub const fn native<F>(_: F) -> NativeFunction
where
    F: Fn(&mut Call<'_>) -> Outcome + Copy + 'static,
{
    const { assert!(size_of::<F>() == 0, "a native function captures nothing") };
    trampoline::<F>
}

/// Aborts the process when a panic would unwind into Lua's C frames. Such a panic is a bug. The guard is
/// dropped only by unwinding; otherwise it is forgotten. If the host itself was already panicking, the guard
/// does nothing: that panic may close the Lua state, and the finalizers of the state run through here.
struct PanicGuard {
    /// Whether the thread was already panicking.
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
    // SAFETY: Lua passes the running state. `native` checked that F has no size: any aligned address holds one.
    unsafe { run(state, ptr::NonNull::<F>::dangling().as_ref()) }
}

/// Runs a native function. Raises its error after all its values have been dropped.
///
/// # Safety
/// `state` is the running state. The frames between Lua and this one own nothing.
unsafe fn run(state: *mut lua_State, function: impl Fn(&mut Call<'_>) -> Outcome + Copy) -> c_int {
    let guard = PanicGuard::new();
    let outcome = function(&mut Call { state, lifetime: PhantomData });
    std::mem::forget(guard);
    match outcome {
        Ok(results) => results,
        // SAFETY: this frame owns nothing any more.
        Err(raise) => unsafe { raise.raise(state) },
    }
}

/// Continues a function after its protected call, when Lua has left the function's frame. That happens when
/// the call ended in an error within a coroutine, or ended in any way after a yield.
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

// The registry key of the function that runs protected closures.
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

/// Calls the C function given as the first argument with the other arguments. One registered function serves
/// every closure, because pushing a C function allocates on Lua 5.1.
unsafe extern "C-unwind" fn dispatch(state: *mut lua_State) -> c_int {
    // SAFETY: `protected` passes a pointer to a variable holding the function.
    unsafe {
        let function = *ffi::lua_touserdata(state, 1).cast::<NativeFunction>();
        ffi::lua_remove(state, 1);
        function(state)
    }
}

impl Call<'_> {
    /// Runs a closure in a protected call. An error in it becomes `Err(Raise::Value)`, so that destructors on
    /// the Rust side run. The closure gets copies of the values at `arguments` as its arguments 1, 2, and so
    /// on. Its results are left on this call's stack; their number is returned.
    ///
    /// The closure must not own anything that has a destructor. It borrows instead. The compiler checks what it
    /// captures.
    pub fn protected<F>(&mut self, arguments: &[c_int], function: F) -> Outcome
    where
        F: FnOnce(&mut Call<'_>) -> Outcome,
    {
        const { assert!(!std::mem::needs_drop::<F>(), "a protected closure borrows what it captures") };
        let mut slot = Some(function);
        let mut runner: NativeFunction = run_protected::<F>;
        // SAFETY: both pointers are to locals that outlive the call. Pushing light userdata and reading the
        // registry do not allocate, with one exception: LuaJIT's list of address segments grows a few times
        // in a state's life, and its errors run destructors. The slots are among those that every function
        // has. So `lua_checkstack`, which raises on Lua 5.1, does not grow the stack.
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
                // An argument that was not given is above the old top, where the runner is now.
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

    /// Ends the running function with a protected call that allows yields. The called value and its
    /// `arguments` arguments are on top of the stack. `after` runs at the end of the call. Its parameter is
    /// whether the call succeeded. All the results, or else the error, are in the place of the called value.
    ///
    /// A yield leaves this Rust call for good. So does an error in a coroutine. Nothing may be owned.
    #[cfg(any(feature = "lua53", feature = "lua54", feature = "lua55"))]
    pub fn finish_protected<F>(&mut self, arguments: c_int, after: F) -> Outcome
    where
        F: Fn(&mut Call<'_>, bool) -> Outcome + Copy + 'static,
    {
        const { assert!(size_of::<F>() == 0, "the function that runs after a yield captures nothing") };
        // SAFETY: the caller has pushed the value and its arguments.
        let status =
            unsafe { ffi::lua_pcallk(self.state, arguments, ffi::LUA_MULTRET, 0, 0, Some(resumed::<F>)) };
        after(self, status == ffi::LUA_OK)
    }

    /// Runs a piece of this library's Lua source and leaves its one result. The top `arguments` values of the
    /// stack are passed to it. May raise: nothing may be owned.
    pub fn run_source(&mut self, name: &std::ffi::CStr, source: &str, arguments: c_int) {
        self.load(name, source);
        // SAFETY: the chunk is on top, above its arguments.
        unsafe {
            ffi::lua_insert(self.state, -arguments - 1);
            ffi::lua_call(self.state, arguments, 1);
        }
    }

    /// Pushes a piece of this library's Lua source as a function in the environment of the Lua function at an
    /// index. The only upvalue of that function is `_ENV`, if this Lua has it. May raise: nothing may be owned.
    pub fn compile(&mut self, name: &std::ffi::CStr, source: &str, owner: c_int) {
        self.load(name, source);
        // SAFETY: the chunk is on top, and has one upvalue, `_ENV`. An upvalue of `owner` is pushed only if it is there,
        // and it is there if it was pushed.
        #[cfg(not(any(feature = "lua51", feature = "luajit")))]
        unsafe {
            if ffi::lua_iscfunction(self.state, owner) == 0
                && !ffi::lua_getupvalue(self.state, owner, 1).is_null()
            {
                ffi::lua_pop(self.state, 1);
                ffi::lua_upvaluejoin(self.state, -1, 1, owner, 1);
            }
        }
        // SAFETY: the chunk is on top. An environment is a table; values without one give nil.
        #[cfg(any(feature = "lua51", feature = "luajit"))]
        unsafe {
            ffi::lua_getfenv(self.state, owner);
            if ffi::lua_type(self.state, -1) == ffi::LUA_TTABLE {
                ffi::lua_setfenv(self.state, -2);
            } else {
                ffi::lua_pop(self.state, 1);
            }
        }
    }

    /// Pushes a piece of this library's Lua source as a function. Raises if there is not enough memory.
    fn load(&mut self, name: &std::ffi::CStr, source: &str) {
        // SAFETY: if the chunk fails to load, its error is on top and is raised.
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
        }
    }

    /// Sets `table[name] = function` for each pair. The table is on top of the stack.
    pub fn set_functions(&mut self, functions: &[(&str, NativeFunction)]) {
        for (name, function) in functions {
            self.push_function(*function);
            self.set_field(-2, name.as_bytes());
        }
    }

    /// Like [`Call::set_functions`], for the table of a class. On Lua 5.2 and later, classes that share a
    /// method share one function value, as in LuaSocket, whose functions have no upvalues there.
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
        // SAFETY: a script cannot make a function's address as a key. The use of the stack is balanced, five
        // slots at most.
        unsafe {
            let address = function as *const std::ffi::c_void;
            if ffi::lua_rawgetp(self.state, ffi::LUA_REGISTRYINDEX, address) == ffi::LUA_TFUNCTION {
                return;
            }
            ffi::lua_settop(self.state, -2);
            self.push_function(function);
            ffi::lua_pushvalue(self.state, -1);
            ffi::lua_rawsetp(self.state, ffi::LUA_REGISTRYINDEX, address);
        }
    }

    /// Pushes a native function. Its upvalue leads to this library's classes.
    pub fn push_function(&mut self, function: NativeFunction) {
        self.push_function_keeping(function, 0);
    }

    /// Pops `count` values and pushes a native function with them as upvalues. [`Call::push_kept`] reads
    /// them.
    pub fn push_function_keeping(&mut self, function: NativeFunction, count: c_int) {
        let shared = self.shared();
        // SAFETY: the pointer stays valid until the state is closed, because the registry holds its memory.
        // Only the debug library could change that. It needs one slot.
        unsafe {
            ffi::lua_pushlightuserdata(self.state, shared.cast_mut().cast());
            ffi::lua_insert(self.state, -count - 1);
            ffi::lua_pushcclosure(self.state, function, 1 + count);
        }
    }

    /// Pushes an upvalue of the running function, by its position from zero in the list that
    /// [`Call::push_function_keeping`] was given. Never allocates.
    pub fn push_kept(&mut self, position: c_int) {
        // SAFETY: an upvalue that the function does not have is acceptable and reads as nil.
        unsafe { ffi::lua_pushvalue(self.state, ffi::lua_upvalueindex(2 + position)) }
    }

    /// Prepares a state for this library. Every entry point calls it first.
    pub fn prepare(&mut self) {
        // SAFETY: plain registry writes with balanced stack use.
        unsafe {
            class::prepare(self.state);
            self.push_function(dispatch);
            ffi::lua_rawsetp(self.state, ffi::LUA_REGISTRYINDEX, key(&PROTECTED));
        }
    }

    /// The data that this library keeps for the state.
    pub(super) fn shared(&self) -> *const Shared {
        // SAFETY: upvalue 1 of a function that `push_function` pushed. Entry points have no upvalue; they
        // find the same pointer in the registry.
        unsafe {
            let upvalue = ffi::lua_touserdata(self.state, ffi::lua_upvalueindex(1));
            if upvalue.is_null() { class::shared(self.state) } else { upvalue.cast_const().cast() }
        }
    }

    /// The state itself, for the two modules that use Lua's C interface: this one and `src/tasks`.
    pub(crate) fn raw_state(&self) -> *mut lua_State {
        self.state
    }
}
