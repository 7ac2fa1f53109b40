//! Every class of the library: the name that scripts see, and a slot of its own.

use crate::binding::Class;
use crate::socket::tcp::Tcp;
use crate::tls::{Certificate, Connection, Handle};

/// A TCP object before it is connected or listens.
pub static TCP_MASTER: Class<Tcp> = Class::new(0, c"tcp{master}");
/// A connected TCP object.
pub static TCP_CLIENT: Class<Tcp> = Class::new(1, c"tcp{client}");
/// A listening TCP object.
pub static TCP_SERVER: Class<Tcp> = Class::new(2, c"tcp{server}");

/// A TLS object.
pub static TLS_CONNECTION: Class<Connection> = Class::new(13, c"SSL:Connection");
/// A TLS configuration.
pub static TLS_CONTEXT: Class<Handle> = Class::new(14, c"SSL:Context");
/// A certificate.
pub static CERTIFICATE: Class<Certificate> = Class::new(15, c"SSL:Certificate");
