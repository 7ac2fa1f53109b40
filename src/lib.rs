//! luasocket-rs: a drop-in replacement for LuaSocket, with HTTPS in LuaSec's manner.
//!
//! This crate gives a Lua state that a Rust program owns, through [`mlua`], every module of
//! luasocket-rs: `socket`, `socket.http`, `socket.url`, `ltn12`, `mime` and the others, under
//! LuaSocket's names. Scripts written for LuaSocket run in it unchanged.
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
//! - `lua51`, `lua52`, `lua53`, `lua54`, `lua55`, `luajit`: the flavour of Lua, exactly one. A
//!   program that depends on mlua itself names the same one in both places.
//! - `vendored`: Lua is compiled from source and linked in.
//! - `runner`: the program `luasocket`; of no use to a library.
//! - `tasks` (on by default): `socket.tasks`, and `Tasks` to drive it.
//! - `module`: the native modules for a stock interpreter, which excludes `vendored` and has no `preload`.
//!
//! The default is `lua54` with `runner`, which brings `vendored`.
//!
//! # Signals
//!
//! No operation here raises SIGPIPE, and this crate leaves the process's disposition of it alone.
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
mod mime;
mod socket;
mod sys;
mod tasks;
mod tls;
mod url;

#[cfg(all(feature = "tasks", not(feature = "module"), any(target_os = "linux", target_os = "android")))]
pub use tasks::embed::Tasks;

/// The version of this build.
const VERSION: &[u8] = env!("CARGO_PKG_VERSION").as_bytes();

/// Makes every module of luasocket-rs requirable in `lua`, ahead of anything installed on the machine.
///
/// Only `package.preload` is changed: a module is compiled and run when a script first requires it.
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
/// When `lua` was made without Lua's `package` library, or has no memory left.
#[cfg(not(feature = "module"))]
pub fn preload(lua: &mlua::Lua) -> mlua::Result<()> {
    bundle::preload(lua)
}
