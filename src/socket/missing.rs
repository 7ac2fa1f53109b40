//! `socket.unix` and `socket.serial` where the system has neither, as in LuaSocket.

use crate::binding::{Call, Message, Outcome, Raise};

/// Raises an error.
pub fn open(_: &mut Call<'_>) -> Outcome {
    Err(Raise::Error(Message::new("socket.unix and socket.serial are not available on this system")))
}
