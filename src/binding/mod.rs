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
//! Lua reports errors (running out of memory among them) by a long jump or a foreign exception
//! that does not run the destructors of Rust frames, and any allocation in Lua may run a
//! finalizer, which is somebody's Lua code. Therefore:
//!
//! 1. An error is returned as [`Raise`], a plain value, and raised by the trampoline after the
//!    native function has returned.
//! 2. An object is only reachable inside the closure given to [`Call::object`], which cannot call Lua: no
//!    finalizer can meet a half-changed object.
//! 3. While a native function owns something with a destructor (a `Vec`, a `String`, a
//!    descriptor), it must not call a `Call` method that can allocate in Lua, except inside
//!    [`Call::protected`], or through [`Call::push_vec`], which takes ownership and is protected itself. Methods that
//!    never allocate say so; pushing `nil`, booleans and numbers never does.
#![allow(unsafe_code)]

mod arguments;
mod call;
mod class;
mod raise;
mod stack;

pub use arguments::Kind;
pub use call::{Call, Outcome, native};
pub use class::{Class, ClassSpec, Object, Receiver};
pub use raise::{Expected, Message, Raise, buffer, reserve};
pub use stack::Address;

/// A native function as Lua's C interface wants it.
pub type NativeFunction = mlua::ffi::lua_CFunction;
