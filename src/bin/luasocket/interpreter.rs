//! A Lua state set up as in the stock interpreter: the same libraries, collector, error messages and call
//! stack below a script. mlua's own states differ in each of these. So this state is made through Lua's C
//! interface, and mlua then adds every module to it.
//!
//! An error raised by Lua leaves a method by a long jump, up to `protected`. Code that calls a method inside
//! `protected` must own nothing with a destructor. It must also follow what the method says about the stack.
//! Neither is checked.
#![allow(unsafe_code)]

mod call;
mod names;

use std::ffi::{CStr, c_int, c_void};
use std::ptr;

use mlua::ffi::{self, lua_State};

use crate::process;

/// The stack of every Lua version has a smaller limit than this, or the same.
const MOST_ARGUMENTS: c_int = 1_000_000;

/// Code that can be run.
#[derive(Clone, Copy)]
pub enum Source {
    /// A file, by its name.
    File(&'static CStr),
    /// Everything on standard input.
    StandardInput,
    /// A text, and the chunk name that messages show.
    Text(&'static CStr, &'static CStr),
}

/// The result of compiling a line with [`Interpreter::load_line`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// A function is on top of the stack.
    Complete,
    /// The statement is incomplete. The error that says so is on top.
    Incomplete,
    /// Another error is on top.
    Wrong,
}

/// The Lua state of the program.
#[derive(Clone, Copy)]
pub struct Interpreter {
    state: *mut lua_State,
    name: Option<&'static CStr>,
}

/// A Rust function and its argument. A C function gets a pointer to it.
struct Body<'a, T> {
    lua: Interpreter,
    function: fn(Interpreter, &T) -> bool,
    argument: &'a T,
}

impl Interpreter {
    /// A state without libraries. `None` when there is no memory. Error messages begin with `name`.
    pub fn new(name: &'static CStr) -> Option<Self> {
        // SAFETY: makes a new state.
        let state = unsafe { ffi::luaL_newstate() };
        (!state.is_null()).then_some(Interpreter { state, name: Some(name) })
    }

    /// The same state, with messages that do not name the program.
    pub fn without_name(self) -> Self {
        Interpreter { name: None, ..self }
    }

    /// Reports tasks that were started and never ran.
    #[cfg(feature = "tasks")]
    pub fn report_tasks(self) {
        // SAFETY: the state is this program's. Nothing runs in it.
        let count = unsafe { luasocket::entry::tasks_never_run(self.state) };
        if count > 0 {
            let noun = if count == 1 { " task was" } else { " tasks were" };
            process::write_error(&[
                b"luasocket: ",
                count.to_string().as_bytes(),
                noun.as_bytes(),
                b" never run",
            ]);
        }
    }

    /// Closes the state. This runs the remaining finalizers.
    pub fn close(self) {
        // SAFETY: `new` made the state. Nothing uses it afterwards.
        unsafe { ffi::lua_close(self.state) }
    }

    /// Calls `function`, which may raise an error. Reports the error.
    pub fn protected<T>(self, function: fn(Interpreter, &T) -> bool, argument: &T) -> bool {
        unsafe extern "C-unwind" fn call<T>(state: *mut lua_State) -> c_int {
            // SAFETY: `protected` passes its `Body`, which outlives this call.
            unsafe {
                let body = &*ffi::lua_touserdata(state, 1).cast::<Body<'_, T>>();
                let success = (body.function)(body.lua, body.argument);
                ffi::lua_pushboolean(state, c_int::from(success));
                1
            }
        }
        let body = Body { lua: self, function, argument };
        // SAFETY: a new state has room for three values, and so does a call.
        unsafe {
            ffi::lua_pushcfunction(self.state, call::<T>);
            ffi::lua_pushlightuserdata(self.state, ptr::from_ref(&body).cast_mut().cast::<c_void>());
            let status = ffi::lua_pcall(self.state, 1, 1, 0);
            if !self.report(status) {
                return false;
            }
            let success = ffi::lua_toboolean(self.state, -1) != 0;
            ffi::lua_pop(self.state, 1);
            success
        }
    }

    /// Opens the standard libraries. They read `LUA_PATH` and `LUA_CPATH` when `environment` is true.
    pub fn open_libraries(self, environment: bool) {
        // SAFETY: as in the stock interpreter. Runs inside `protected`.
        unsafe {
            ffi::luaL_checkstack(self.state, 4, ptr::null());
            if !environment {
                ffi::lua_pushboolean(self.state, 1);
                ffi::lua_setfield(self.state, ffi::LUA_REGISTRYINDEX, c"LUA_NOENV".as_ptr());
            }
            ffi::luaL_openlibs(self.state);
        }
    }

    /// Makes every module of this library available to `require`.
    pub fn preload_modules(self) -> bool {
        // SAFETY: the reference is not kept. The state outlives it.
        let lua = unsafe { mlua::Lua::get_or_init_from_ptr(self.state) };
        luasocket::preload(lua)
            .inspect_err(|error| process::write_error(&[b"luasocket: ", error.to_string().as_bytes()]))
            .is_ok()
    }

    /// Sets the collector mode that the stock interpreter of this version uses.
    pub fn start_collector(self) {
        #[cfg(any(feature = "lua54", feature = "lua55"))]
        // SAFETY: passes both parameters of the generational mode; zero means the default. In Lua 5.5 the
        // mode has none.
        unsafe {
            ffi::lua_gc(self.state, ffi::LUA_GCGEN, 0 as c_int, 0 as c_int);
        }
    }

    /// Turns warnings on, if this version of Lua has them.
    pub fn turn_warnings_on(self) {
        #[cfg(any(feature = "lua54", feature = "lua55"))]
        // SAFETY: passes a C string.
        unsafe {
            ffi::lua_warning(self.state, c"@on".as_ptr(), 0);
        }
    }

    /// Sets the global `arg`: the script is at 0, its arguments follow it, everything else is before it.
    pub fn set_arguments(self, arguments: &[&'static CStr], script: usize) {
        let size = |count: usize| c_int::try_from(count).unwrap_or(0);
        // SAFETY: a table and one value on the stack. Runs inside `protected`.
        unsafe {
            ffi::lua_createtable(
                self.state,
                size(arguments.len().saturating_sub(script + 1)),
                size(script + 1),
            );
            for (place, argument) in arguments.iter().enumerate() {
                ffi::lua_pushstring(self.state, argument.as_ptr());
                ffi::lua_rawseti(self.state, -2, place as ffi::lua_Integer - script as ffi::lua_Integer);
            }
            ffi::lua_setglobal(self.state, c"arg".as_ptr());
        }
    }

    /// Runs a source with the script's arguments, which are read from `arg`.
    pub fn run_script(self, source: Source) -> bool {
        // SAFETY: the stack is grown before the values of `arg` are pushed on it. Runs inside `protected`.
        unsafe {
            let status = self.load(source);
            if status != ffi::LUA_OK {
                return self.report(status);
            }
            ffi::lua_getglobal(self.state, c"arg".as_ptr());
            if ffi::lua_type(self.state, -1) != ffi::LUA_TTABLE {
                ffi::luaL_error(self.state, c"'arg' is not a table".as_ptr());
            }
            let length = ffi::luaL_len(self.state, -1);
            // Lua adds to this number without checking its size.
            let count = length.clamp(0, ffi::lua_Integer::from(MOST_ARGUMENTS)) as c_int;
            ffi::luaL_checkstack(self.state, count + 3, c"too many arguments to script".as_ptr());
            for place in 1..=count {
                ffi::lua_rawgeti(self.state, -place, ffi::lua_Integer::from(place));
            }
            ffi::lua_remove(self.state, -1 - count);
            self.call(count, ffi::LUA_MULTRET)
        }
    }

    /// Runs a source and keeps only `results` of its results.
    pub fn run(self, source: Source, results: c_int) -> bool {
        // SAFETY: the loaded function is on top.
        unsafe {
            let status = self.load(source);
            if status == ffi::LUA_OK { self.call(0, results) } else { self.report(status) }
        }
    }

    /// `-l`: requires `module` and stores it in a global. With `name=module` the global is `name`.
    pub fn require(self, module: &'static CStr) -> bool {
        let bytes = module.to_bytes();
        let sign = bytes.iter().position(|byte| *byte == b'=');
        let (name, module) = match sign {
            Some(sign) => (bytes.get(..sign), bytes.get(sign + 1..)),
            // A hyphen separates the name from the version of a library file.
            None => (bytes.split(|byte| *byte == b'-').next(), Some(bytes)),
        };
        // SAFETY: the function and its argument are on top. Then its result is.
        unsafe {
            ffi::lua_getglobal(self.state, c"require".as_ptr());
            self.push(module.unwrap_or_default());
            if !self.call(1, 1) {
                return false;
            }
            ffi::lua_pushglobaltable(self.state);
            self.push(name.unwrap_or_default());
            ffi::lua_pushvalue(self.state, -3);
            ffi::lua_settable(self.state, -3);
            ffi::lua_pop(self.state, 2);
        }
        true
    }

    /// Pushes bytes as a string.
    pub fn push(self, bytes: &[u8]) {
        // SAFETY: Lua copies the bytes.
        unsafe {
            ffi::luaL_checkstack(self.state, 4, ptr::null());
            ffi::lua_pushlstring(self.state, bytes.as_ptr().cast(), bytes.len());
        }
    }

    /// Replaces the top `count` strings by their concatenation.
    pub fn concatenate(self, count: c_int) {
        // SAFETY: the caller pushed `count` strings.
        unsafe { ffi::lua_concat(self.state, count) }
    }

    /// Calls `look` with the bytes of the string at `index`. The bytes are empty if the value is not a
    /// string.
    pub fn text<R>(self, index: c_int, look: impl FnOnce(&[u8]) -> R) -> R {
        let mut length = 0;
        // SAFETY: the string stays on the stack while `look` uses its bytes.
        unsafe {
            let bytes = ffi::lua_tolstring(self.state, index, &mut length);
            look(if bytes.is_null() { &[] } else { std::slice::from_raw_parts(bytes.cast(), length) })
        }
    }

    /// Pushes the global `name` as `tostring` shows it. If it is nil, pushes nothing and returns false.
    pub fn push_global(self, name: &CStr) -> bool {
        // SAFETY: leaves one value or none.
        unsafe {
            ffi::lua_getglobal(self.state, name.as_ptr());
            let given = ffi::lua_type(self.state, -1) != ffi::LUA_TNIL;
            if given {
                ffi::luaL_tolstring(self.state, -1, ptr::null_mut());
                ffi::lua_remove(self.state, -2);
            } else {
                ffi::lua_pop(self.state, 1);
            }
            given
        }
    }

    /// Keeps the first `count` values of the stack and removes the others.
    pub fn keep(self, count: c_int) {
        // SAFETY: `count` is not above the current height.
        unsafe { ffi::lua_settop(self.state, count) }
    }

    /// Drops the value on top.
    pub fn drop_top(self) {
        // SAFETY: the caller has a value there.
        unsafe { ffi::lua_pop(self.state, 1) }
    }

    /// Joins the lines so far and one more line. The stack holds the lines, an error and the new line, and
    /// nothing else.
    pub fn append_line(self) {
        self.push(b"\n");
        // SAFETY: the newline replaces the error.
        unsafe {
            ffi::lua_replace(self.state, 2);
            ffi::lua_concat(self.state, 3);
        }
    }

    /// Compiles the string on top. The string stays below the result.
    pub fn load_line(self) -> Line {
        let mut length = 0;
        // SAFETY: the string stays on the stack while it is compiled.
        let status = unsafe {
            let text = ffi::lua_tolstring(self.state, -1, &mut length);
            ffi::luaL_loadbufferx(self.state, text, length, c"=stdin".as_ptr(), ptr::null())
        };
        let open_end = |message: &[u8]| message.ends_with(b"<eof>") || message.ends_with(b"'<eof>'");
        match status {
            ffi::LUA_OK => Line::Complete,
            ffi::LUA_ERRSYNTAX if self.text(-1, open_end) => Line::Incomplete,
            _ => Line::Wrong,
        }
    }

    /// Calls the function on top and shows its results with the global `print`.
    pub fn call_and_print(self) {
        // SAFETY: the results are above the values that were there before the call.
        unsafe {
            let below = ffi::lua_gettop(self.state) - 1;
            if !self.call(0, ffi::LUA_MULTRET) {
                return;
            }
            let results = ffi::lua_gettop(self.state) - below;
            if results > 0 {
                ffi::luaL_checkstack(self.state, ffi::LUA_MINSTACK, c"too many results to print".as_ptr());
                ffi::lua_getglobal(self.state, c"print".as_ptr());
                ffi::lua_insert(self.state, below + 1);
                if ffi::lua_pcall(self.state, results, 0, 0) != ffi::LUA_OK {
                    self.text(-1, |message| {
                        process::write_error(&[b"error calling 'print' (", message, b")"])
                    });
                }
            }
        }
    }

    /// Reports the error on top.
    pub fn report_top(self) {
        // SAFETY: the caller has an error there.
        unsafe {
            self.report(ffi::LUA_ERRRUN);
        }
    }

    /// Loads a source and leaves a function, or an error, on top.
    unsafe fn load(self, source: Source) -> c_int {
        // SAFETY: all names and texts are C strings. A null file name means standard input.
        unsafe {
            match source {
                Source::File(name) => ffi::luaL_loadfile(self.state, name.as_ptr()),
                Source::StandardInput => ffi::luaL_loadfile(self.state, ptr::null()),
                Source::Text(text, name) => {
                    let bytes = text.to_bytes();
                    ffi::luaL_loadbufferx(
                        self.state,
                        bytes.as_ptr().cast(),
                        bytes.len(),
                        name.as_ptr(),
                        ptr::null(),
                    )
                }
            }
        }
    }
}

/// The name and copyright notice of the linked Lua.
pub fn version() -> &'static [u8] {
    #[cfg(not(feature = "luajit"))]
    {
        unsafe extern "C" {
            static lua_ident: [std::ffi::c_char; 0];
        }
        // SAFETY: Lua defines it as a constant array that ends in a zero byte. Only its address is taken
        // here.
        let notice = unsafe { CStr::from_ptr((&raw const lua_ident).cast()) }.to_bytes();
        let start = notice.windows(5).position(|window| window == b"Lua 5").unwrap_or(0);
        let notice = notice.get(start..).unwrap_or_default();
        notice.split(|byte| *byte == b'$').next().unwrap_or_default().trim_ascii_end()
    }
    #[cfg(feature = "luajit")]
    b"LuaJIT"
}
