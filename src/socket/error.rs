//! Network failures, and LuaSocket's messages for them.

use crate::binding::Message;
use crate::sys;
use crate::sys::libc;
use crate::sys::resolver::ResolveError;

/// The direction that an operation waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Until the descriptor can be read.
    Read,
    /// Until the descriptor can be written.
    Write,
}

/// Why an operation ended without its result. A plain value that owns nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The time limit was reached.
    Timeout,
    /// No descriptor, or the stream ended in an orderly way.
    Closed,
    /// A datagram operation on an object without a descriptor.
    Refused,
    /// `receive`'s `maxsize` was reached before the pattern was complete.
    Oversized,
    /// A system call failed.
    Errno(i32),
    /// Name resolution failed; reported in LuaSocket's words.
    Resolve(ResolveError),
    /// Name resolution failed; reported in the C library's words.
    ResolveRaw(i32),
    /// A TLS operation must wait for this direction before it can continue.
    Wants(Direction),
    /// The stream ended without the TLS close_notify.
    Truncated,
    /// The peer's certificate was refused.
    Untrusted,
    /// A fixed text.
    Text(&'static str),
    /// Any other text.
    Other(Message),
}

impl Failure {
    /// The failure of a system call.
    pub fn from_io(error: &std::io::Error) -> Self {
        match error.raw_os_error() {
            Some(code) => Failure::Errno(code),
            None => Failure::Other(Message::format(format_args!("{error}"))),
        }
    }

    /// Whether scripts see the stream as closed: it ended, or it was reset.
    pub fn is_closed(&self) -> bool {
        matches!(self, Failure::Closed | Failure::Errno(libc::ECONNABORTED | libc::ECONNRESET))
    }

    /// The message that scripts get.
    pub fn message(&self) -> Message {
        match *self {
            Failure::Timeout => Message::new("timeout"),
            Failure::Closed => Message::new("closed"),
            Failure::Refused => Message::new("refused"),
            Failure::Oversized => Message::new("oversized"),
            Failure::Errno(code) => errno_message(code),
            Failure::Resolve(error) => resolve_message(error),
            Failure::ResolveRaw(code) => sys::resolver::explain(code),
            Failure::Wants(Direction::Read) => Message::new("wantread"),
            Failure::Wants(Direction::Write) => Message::new("wantwrite"),
            Failure::Truncated => Message::new("unexpected eof while reading"),
            Failure::Untrusted => Message::new("certificate verify failed"),
            Failure::Text(text) => Message::new(text),
            Failure::Other(message) => message,
        }
    }
}

impl From<rustix::io::Errno> for Failure {
    fn from(error: rustix::io::Errno) -> Self {
        Failure::Errno(error.raw_os_error())
    }
}

/// The message for a system error (contract err.2).
fn errno_message(code: i32) -> Message {
    Message::new(match code {
        libc::EADDRINUSE => "address already in use",
        libc::EISCONN => "already connected",
        libc::EACCES => "permission denied",
        libc::ECONNREFUSED => "connection refused",
        libc::ECONNABORTED | libc::ECONNRESET => "closed",
        libc::ETIMEDOUT => "timeout",
        _ => return sys::error_text(code),
    })
}

/// The message for a failed name resolution (contract err.3).
fn resolve_message(error: ResolveError) -> Message {
    Message::new(match error.code {
        libc::EAI_AGAIN => "temporary failure in name resolution",
        libc::EAI_BADFLAGS => "invalid value for ai_flags",
        libc::EAI_FAIL => "non-recoverable failure in name resolution",
        libc::EAI_FAMILY => "ai_family not supported",
        libc::EAI_MEMORY => "memory allocation failure",
        libc::EAI_NONAME => "host or service not provided, or not known",
        libc::EAI_OVERFLOW => "argument buffer overflow",
        libc::EAI_SERVICE => "service not supported for socket type",
        libc::EAI_SOCKTYPE => "ai_socktype not supported",
        libc::EAI_SYSTEM => return sys::error_text(error.errno),
        code => return sys::resolver::explain(code),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn system_errors_have_luasocket_words() {
        assert_eq!(Failure::Errno(libc::ECONNRESET).message(), Message::new("closed"));
        // WSAENOTSOCK takes the place of EBADF on Windows
        let closed = if cfg!(windows) { "Socket operation on nonsocket" } else { "Bad file descriptor" };
        assert_eq!(Failure::Errno(libc::EBADF).message(), Message::new(closed));
    }

    #[test]
    fn resolver_errors_have_luasocket_words() {
        let unknown = ResolveError { code: libc::EAI_NONAME, errno: 0 };
        assert_eq!(
            Failure::Resolve(unknown).message(),
            Message::new("host or service not provided, or not known")
        );
    }
}
