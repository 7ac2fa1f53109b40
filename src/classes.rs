//! Every class of the library: its name as scripts see it, and its slot number.

use crate::binding::Class;
use crate::codings::Decoder;
#[cfg(feature = "cookies")]
use crate::cookies::Jar;
use crate::http::File;
#[cfg(unix)]
use crate::socket::serial::Serial;
use crate::socket::tcp::Tcp;
use crate::socket::udp::Udp;
#[cfg(unix)]
use crate::socket::unix_datagram::UnixDatagram;
#[cfg(unix)]
use crate::socket::unix_stream::UnixStream;
use crate::tls::{Certificate, Connection, ContextObject};

/// A TCP object before it is connected or listens.
pub static TCP_MASTER: Class<Tcp> = Class::new(0, c"tcp{master}");
/// A connected TCP object.
pub static TCP_CLIENT: Class<Tcp> = Class::new(1, c"tcp{client}");
/// A listening TCP object.
pub static TCP_SERVER: Class<Tcp> = Class::new(2, c"tcp{server}");
/// A UDP object without a fixed peer. It sends to, and receives from, any address.
pub static UDP_UNCONNECTED: Class<Udp> = Class::new(3, c"udp{unconnected}");
/// A UDP object with a fixed peer.
pub static UDP_CONNECTED: Class<Udp> = Class::new(4, c"udp{connected}");
/// A Unix stream object before it is connected or listens.
#[cfg(unix)]
pub static UNIX_STREAM_MASTER: Class<UnixStream> = Class::new(5, c"unixstream{master}");
/// A connected Unix stream object.
#[cfg(unix)]
pub static UNIX_STREAM_CLIENT: Class<UnixStream> = Class::new(6, c"unixstream{client}");
/// A listening Unix stream object.
#[cfg(unix)]
pub static UNIX_STREAM_SERVER: Class<UnixStream> = Class::new(7, c"unixstream{server}");
/// A Unix datagram object without a fixed peer. It sends to, and receives from, any address.
#[cfg(unix)]
pub static UNIX_DATAGRAM_UNCONNECTED: Class<UnixDatagram> = Class::new(8, c"unixdgram{unconnected}");
/// A Unix datagram object with a fixed peer.
#[cfg(unix)]
pub static UNIX_DATAGRAM_CONNECTED: Class<UnixDatagram> = Class::new(9, c"unixdgram{connected}");
/// A serial line.
#[cfg(unix)]
pub static SERIAL_CLIENT: Class<Serial> = Class::new(10, c"serial{client}");

/// A file that a server sends, or a folder of such files.
pub static HTTP_FILE: Class<File> = Class::new(11, c"http{file}");

/// A TLS object. The names of these three classes differ from LuaSec's, because LuaSec registers its own in
/// the same state.
pub static TLS_CONNECTION: Class<Connection> = Class::new(13, c"tls{connection}");
/// A TLS configuration.
pub static TLS_CONTEXT: Class<ContextObject> = Class::new(14, c"tls{context}");
/// A certificate.
pub static CERTIFICATE: Class<Certificate> = Class::new(15, c"tls{certificate}");
/// A decoder of a content coding.
pub static DECODER: Class<Decoder> = Class::new(16, c"decoder");
/// A cookie jar.
#[cfg(feature = "cookies")]
pub static JAR: Class<Jar> = Class::new(17, c"cookie jar");
