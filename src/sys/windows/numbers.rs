//! WinSock's numbers, types and resolver calls under their POSIX names.
#![allow(missing_docs)]

use windows_sys::Win32::Foundation as system;
use windows_sys::Win32::Networking::WinSock as winsock;

pub use winsock::{
    ADDRINFOA as addrinfo, HOSTENT as hostent, IP_ADD_MEMBERSHIP, IP_DROP_MEMBERSHIP, IP_MULTICAST_IF,
    IP_MULTICAST_LOOP, IP_MULTICAST_TTL, IPPROTO_IP, IPPROTO_IPV6, IPPROTO_TCP,
    IPV6_ADD_MEMBERSHIP as IPV6_JOIN_GROUP, IPV6_DROP_MEMBERSHIP as IPV6_LEAVE_GROUP, IPV6_MULTICAST_HOPS,
    IPV6_MULTICAST_LOOP, IPV6_UNICAST_HOPS, IPV6_V6ONLY, SO_BROADCAST, SO_DONTROUTE, SO_ERROR, SO_KEEPALIVE,
    SO_LINGER, SO_RCVBUF, SO_REUSEADDR, SO_SNDBUF, SOCK_DGRAM, SOCK_STREAM, SOL_SOCKET, TCP_KEEPCNT,
    TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_NODELAY, freeaddrinfo, getaddrinfo, gethostbyaddr, gethostbyname,
    getnameinfo,
};

pub const AF_UNSPEC: i32 = winsock::AF_UNSPEC as i32;
pub const AF_INET: i32 = winsock::AF_INET as i32;
pub const AF_INET6: i32 = winsock::AF_INET6 as i32;
pub const AI_PASSIVE: i32 = winsock::AI_PASSIVE as i32;
pub const AI_NUMERICHOST: i32 = winsock::AI_NUMERICHOST as i32;
pub const AI_NUMERICSERV: i32 = winsock::AI_NUMERICSERV as i32;
pub const NI_NUMERICHOST: i32 = winsock::NI_NUMERICHOST as i32;
pub const NI_NUMERICSERV: i32 = winsock::NI_NUMERICSERV as i32;
/// Two sockets with one port: on Windows, SO_REUSEADDR allows it.
pub const SO_REUSEPORT: i32 = winsock::SO_REUSEADDR;

pub const EAI_AGAIN: i32 = winsock::WSATRY_AGAIN;
pub const EAI_BADFLAGS: i32 = winsock::WSAEINVAL;
pub const EAI_FAIL: i32 = winsock::WSANO_RECOVERY;
pub const EAI_FAMILY: i32 = winsock::WSAEAFNOSUPPORT;
pub const EAI_MEMORY: i32 = winsock::WSA_NOT_ENOUGH_MEMORY;
pub const EAI_NONAME: i32 = winsock::WSAHOST_NOT_FOUND;
pub const EAI_SERVICE: i32 = winsock::WSATYPE_NOT_FOUND;
pub const EAI_SOCKTYPE: i32 = winsock::WSAESOCKTNOSUPPORT;
/// Windows never reports this.
pub const EAI_OVERFLOW: i32 = -12;
/// Windows never reports this.
pub const EAI_SYSTEM: i32 = -11;

pub const EACCES: i32 = winsock::WSAEACCES;
pub const EADDRINUSE: i32 = winsock::WSAEADDRINUSE;
pub const EALREADY: i32 = winsock::WSAEALREADY;
/// Reported for a number that is no socket.
pub const EBADF: i32 = winsock::WSAENOTSOCK;
pub const ECONNABORTED: i32 = winsock::WSAECONNABORTED;
pub const ECONNREFUSED: i32 = winsock::WSAECONNREFUSED;
pub const ECONNRESET: i32 = winsock::WSAECONNRESET;
/// Reported for a connection that is being made.
pub const EINPROGRESS: i32 = winsock::WSAEWOULDBLOCK;
pub const EINTR: i32 = winsock::WSAEINTR;
pub const EINVAL: i32 = winsock::WSAEINVAL;
pub const EIO: i32 = system::ERROR_IO_DEVICE as i32;
pub const EISCONN: i32 = winsock::WSAEISCONN;
pub const EMFILE: i32 = winsock::WSAEMFILE;
pub const ENFILE: i32 = system::ERROR_TOO_MANY_OPEN_FILES as i32;
pub const ENOMEM: i32 = system::ERROR_NOT_ENOUGH_MEMORY as i32;
pub const ENOTCONN: i32 = winsock::WSAENOTCONN;
pub const EPIPE: i32 = system::ERROR_BROKEN_PIPE as i32;
pub const ETIMEDOUT: i32 = winsock::WSAETIMEDOUT;
