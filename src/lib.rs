//! luasocket-rs: a drop-in replacement for LuaSocket, with HTTPS in LuaSec's manner.
#![deny(unsafe_code)]

mod binding;
mod classes;
mod entry;
mod socket;
mod sys;
