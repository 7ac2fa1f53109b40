//! The Lua boundary: the only room that touches Lua's C interface.
//!
//! LuaSocket's callers observe things that mlua's `UserData` does not give (one object that
//! changes its class, metatables they can read, errors that are plain strings with the standard
//! library's wording), so native functions and classes are built here on `mlua::ffi`.
//!
//! # Writing a native function
//!
//! ```ignore
//! fn shutdown(call: &mut Call) -> Outcome {
//!     let how = call.option(2, "both", &["receive", "send", "both"])?; // raises like luaL_checkoption
//!     call.object(1, &CLIENT, |tcp| tcp.shutdown(how))?;              // raises "tcp{client} expected"
//!     call.push_number(1.0);
//!     Ok(1)                                                            // the number of results
//! }
//! // registered as ("shutdown", native(shutdown))
//! ```
//!
//! # The rules that keep it sound
//!
//! Lua reports errors by a long jump or a foreign exception that does not run the destructors of Rust
//! frames, and any allocation in Lua may raise: it may run out of memory, and it may run a finalizer,
//! which is somebody's Lua code, and whose errors come out of it on Lua 5.1 to 5.3 and LuaJIT. Therefore:
//!
//! 1. An error is returned as [`Raise`], a plain value, and raised by the trampoline after the
//!    native function has returned.
//! 2. An object is only reachable inside the closure given to [`Call::object`], which cannot call Lua: no
//!    finalizer can meet a half-changed object.
//!    Nor does anything wait there. Tasks (`src/tasks`) leave the C stack of a call that waits, and others run on
//!    their own meanwhile: they may use, close and collect the same object. So an operation tries inside the closure, and
//!    where it would block it leaves the object, marked as busy in its direction, waits at the one door
//!    (`src/tasks/door.rs`), and looks the object up again: it may have become another one. [`Call::new_object`]'s
//!    `make` may wait, because what it fills is no object yet.
//!    A library that calls back into Lua is called with the object's content taken out, inside [`Call::lend`]; a task
//!    that is given up in such a callback leaks that content.
//! 3. While a native function owns something with a destructor (a `Vec`, a `String`, a
//!    descriptor), it must not call a `Call` method that can allocate in Lua, except inside
//!    [`Call::protected`]. [`Call::push_vec`] frees what it is given before Lua can raise, and leaves no room for
//!    anything else that is owned. Methods that never allocate say so; pushing `nil`, booleans and numbers never
//!    does. Destructors that do nothing may be pending: of an array on the stack, of an empty vector, of the
//!    trampoline's guard.
//!
//! 4. Over a wait nothing is owned at all: a task that is never resumed has its stack reset, and no destructor runs. What an
//!    operation has so far is a plain value, or belongs to the object. Bytes borrowed from an argument may be kept: the
//!    argument stays on the Lua stack of the call, and Lua moves no strings. The trampoline's guard may be pending:
//!    it does nothing unless a panic unwinds through it, and no panic unwinds a stack that is parked.
//!
//! The debug library can break all of this: what stands in the registry and in upvalues is trusted.
#![allow(unsafe_code)]

mod arguments;
mod call;
mod class;
#[cfg(feature = "module")]
pub mod entries;
mod lend;
mod raise;
mod spare;
mod stack;

pub use arguments::Kind;
pub use call::{Call, Outcome, native};
pub use class::{Class, ClassSpec, Object, Receiver};
pub use lend::with_lent;
pub use raise::{Expected, Message, Raise, buffer, check_memory, reserve};
pub use spare::Spare;
use spare::keep_freed_memory;
pub use stack::Address;

/// A native function as Lua's C interface wants it.
pub type NativeFunction = mlua::ffi::lua_CFunction;
