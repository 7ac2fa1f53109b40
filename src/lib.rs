//! luasocket-rs: a drop-in replacement for LuaSocket, with HTTPS as in LuaSec.
//!
//! This crate is for a Rust program that owns a Lua state through [`mlua`]. It gives the state every module
//! of luasocket-rs under LuaSocket's names: `socket`, `socket.http`, `socket.url`, `ltn12`, `mime` and the
//! others. Scripts written for LuaSocket run unchanged.
//!
//! ```
//! let lua = mlua::Lua::new();
//! luasocket::preload(&lua)?;
//! let answer: String = lua
//!     .load(
//!         r#"
//!         local socket = require("socket")
//!         local server = assert(socket.bind("127.0.0.1", 0))
//!         local host, port = server:getsockname()
//!         local client = assert(socket.connect(host, port))
//!         local peer = assert(server:accept())
//!         peer:send("hello\n")
//!         return client:receive("*l")
//!         "#,
//!     )
//!     .eval()?;
//! assert_eq!(answer, "hello");
//! # Ok::<(), mlua::Error>(())
//! ```
//!
//! # Features
//!
//! - `lua51`, `lua52`, `lua53`, `lua54`, `lua55`, `luajit`: the version of Lua. Choose exactly one. A
//!   program that depends on mlua itself chooses the same one for mlua.
//! - `vendored`: Lua is compiled from source and linked in.
//! - `runner`: the program `luasocket`. A library does not need it.
//! - `tasks` (on by default): `socket.tasks`, and `Tasks` to run them.
//! - `module`: the native modules for a stock interpreter. It excludes `vendored` and has no `preload`.
//!
//! The default features are `lua54`, `tasks` and `runner`, which enables `vendored`.
//!
//! # Signals
//!
//! No operation here raises SIGPIPE. This crate does not change how the process handles SIGPIPE.
#![deny(unsafe_code)]

mod binding;
#[cfg(not(feature = "module"))]
mod bundle;
mod classes;
mod codings;
#[cfg(feature = "cookies")]
mod cookies;
#[cfg(test)]
mod corpus;
#[doc(hidden)]
pub mod entry;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
mod hmac;
mod http;
mod idna;
mod late;
mod memory;
mod message;
mod mime;
mod socket;
mod sys;
mod tasks;
mod tls;
mod url;

#[cfg(all(tasks, not(feature = "module")))]
pub use tasks::embed::Tasks;

/// The version of this build.
const VERSION: &[u8] = env!("CARGO_PKG_VERSION").as_bytes();

/// Makes every module of luasocket-rs available to `require` in `lua`, before any module installed on the
/// machine.
///
/// Changes only `package.preload`. A module is compiled and run when a script first requires it.
///
/// ```
/// let lua = mlua::Lua::new();
/// luasocket::preload(&lua)?;
/// let host: String = lua.load(r#"return require("socket.url").parse("http://example.com/a").host"#).eval()?;
/// assert_eq!(host, "example.com");
/// # Ok::<(), mlua::Error>(())
/// ```
///
/// # Errors
///
/// If `lua` was made without Lua's `package` library, or has no memory left.
#[cfg(not(feature = "module"))]
pub fn preload(lua: &mlua::Lua) -> mlua::Result<()> {
    bundle::preload(lua)
}
