//! Every class of the library: the name that scripts see, and a slot of its own.

use crate::binding::Class;
use crate::socket::tcp::Tcp;

/// A TCP object before it is connected or listens.
pub static TCP_MASTER: Class<Tcp> = Class::new(0, c"tcp{master}");
/// A connected TCP object.
pub static TCP_CLIENT: Class<Tcp> = Class::new(1, c"tcp{client}");
/// A listening TCP object.
pub static TCP_SERVER: Class<Tcp> = Class::new(2, c"tcp{server}");
