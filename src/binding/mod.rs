//! The Lua boundary: the module that wraps Lua's C interface. Only `src/tasks` uses that interface as well.
//!
//! LuaSocket's callers can observe things that mlua's `UserData` does not offer: an object that changes its
//! class, metatables that scripts can read, and errors that are plain strings in the standard library's
//! wording. So native functions and classes are built here on `mlua::ffi`.
//!
//! # Writing a native function
//!
//! ```text
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
//! Lua reports errors by a long jump or a foreign exception. Neither runs the destructors of Rust frames. Any
//! allocation in Lua may raise: memory may run out, or the allocation may run a finalizer. A finalizer is a
//! script's Lua code, and on Lua 5.1 to 5.3 and LuaJIT its errors come out of the allocation. Therefore:
//!
//! 1. An error is returned as [`Raise`], a plain value. The trampoline raises it after the native function
//!    has returned.
//! 2. An object is only reachable inside the closure given to [`Call::object`]. That closure cannot call
//!    Lua, so no finalizer can see a half-changed object.
//!
//!    The closure does not wait either. Tasks (`src/tasks`) leave the C stack of a call that waits.
//!    Meanwhile other tasks run, and they may use, close and collect the same object. So an operation tries
//!    inside the closure. If it would block, it marks the object as busy in its direction and leaves the
//!    closure. Then it waits in `src/tasks/door.rs`, which every wait goes through. Afterwards it looks the
//!    object up again, because the object may have become another one. The `make` of [`Call::new_object`]
//!    may wait, because the userdata is not an object yet.
//!
//!    A library that calls back into Lua is called inside [`Call::lend`], with the object's content taken
//!    out of it. A task that is abandoned in such a callback leaks that content.
//! 3. A native function may own something with a destructor: a `Vec`, a `String`, a descriptor. While it
//!    does, it must not call a `Call` method that can allocate in Lua, except inside [`Call::protected`].
//!    [`Call::push_vec`] frees its argument before Lua can raise, but nothing else may be owned at that
//!    call. Methods that never allocate say so. Pushing `nil`, booleans and numbers never allocates.
//!    Destructors that do nothing may be pending: of an array on the stack, of an empty vector, of the
//!    trampoline's guard.
//!
//! 4. During a wait nothing at all may be owned. The stack of a task that is never resumed is reset, and no
//!    destructor runs. The partial result of an operation is a plain value, or belongs to the object. Bytes
//!    borrowed from an argument may be kept: the argument stays on the Lua stack of the call, and Lua does
//!    not move strings. The trampoline's guard may be pending: it does nothing unless a panic unwinds
//!    through it, and no panic unwinds a parked stack.
//!
//! The debug library can break all of these rules: the contents of the registry and of upvalues are trusted.
#![allow(unsafe_code)]

mod arguments;
mod call;
mod class;
#[cfg(feature = "module")]
pub mod entries;
#[cfg(feature = "lua55")]
mod external;
mod large_strings;
mod lend;
mod objects;
mod raise;
mod registry;
mod stack;

pub use arguments::Kind;
pub use call::{Call, Outcome, native};
pub use class::{Class, ClassSpec, Object, Receiver};
pub use lend::with_lent;
pub use raise::{Expected, Raise, buffer, check_memory, reserve};
pub use stack::Address;

pub use crate::memory::ScratchBuffer;
pub use crate::message::{CAPACITY, Message, WHOLE_TEXT};

/// A native function in the form that Lua's C interface takes.
pub type NativeFunction = mlua::ffi::lua_CFunction;
