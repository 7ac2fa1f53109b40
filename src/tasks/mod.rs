//! `socket.tasks`: code that waits, on C stacks that can be left.

pub mod door;
