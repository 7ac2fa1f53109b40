//! Failures, worded as in LuaSec.

use std::error::Error;
use std::io;

use super::adapter::RawSocket;
#[cfg(windows)]
use super::schannel;
use crate::binding::Message;
use crate::socket::error::Failure;

const REFUSED: &str = "certificate verify failed";

/// Why a handshake failed, and why a certificate was refused, if that was the cause.
pub fn handshake(error: &native_tls::Error, socket: &RawSocket) -> (Failure, Option<Message>) {
    let text = error.to_string();
    let stack = error.source().map(ToString::to_string).unwrap_or_default();
    let detail = detail(&text, &stack);
    let failure = describe(&text, socket);
    let refused = failure == Failure::Untrusted;
    (failure, detail.filter(|_| refused).map(Message::new))
}

/// The reason that follows the error stack in brackets.
#[cfg(not(windows))]
fn detail<'a>(text: &'a str, stack: &str) -> Option<&'a str> {
    let bracketed = text.strip_prefix(stack)?.strip_prefix(" (")?;
    bracketed.strip_suffix(')').filter(|_| !stack.is_empty())
}

/// The reason that SChannel's code stands for.
#[cfg(windows)]
fn detail(text: &str, _stack: &str) -> Option<&'static str> {
    schannel::refusal_in(text)
}

/// Why reading or writing failed.
pub fn stream(error: &io::Error, socket: &RawSocket) -> Failure {
    describe(&error.to_string(), socket)
}

/// Why the TLS library rejected a configuration.
pub fn setup(error: &native_tls::Error) -> Message {
    let text = error.to_string();
    #[cfg(windows)]
    if let Some(words) = schannel::code(&text).and_then(schannel::words) {
        return Message::new(words);
    }
    Message::new(reason(&text).unwrap_or(&text))
}

fn describe(text: &str, socket: &RawSocket) -> Failure {
    match reason(text) {
        Some(REFUSED) => Failure::Untrusted,
        // OpenSSL has a text for every defined alert, and only a number for others.
        Some(number) if number.starts_with("reason(1") => Failure::Text("unknown alert"),
        Some(reason) => Failure::Other(Message::new(reason)),
        // A reason from the TLS library takes precedence: failure to send an alert must not hide it.
        None => socket.broken().unwrap_or_else(|| platform(text)),
    }
}

#[cfg(target_vendor = "apple")]
fn platform(text: &str) -> Failure {
    let text = text.to_ascii_lowercase();
    if ["certificate", "trust"].iter().any(|word| text.contains(word)) {
        return Failure::Untrusted;
    }
    Failure::Other(Message::new(text))
}

#[cfg(windows)]
fn platform(text: &str) -> Failure {
    if schannel::refusal_in(text).is_some() {
        return Failure::Untrusted;
    }
    let Some(code) = schannel::code(text) else { return Failure::Other(Message::new(text)) };
    match schannel::words(code) {
        Some(words) => Failure::Text(words),
        None => Failure::Other(Message::format(format_args!("SChannel error {code:#010x}"))),
    }
}

#[cfg(not(any(windows, target_vendor = "apple")))]
fn platform(text: &str) -> Failure {
    Failure::Other(Message::new(text))
}

/// The reason from OpenSSL's error list, `error:code:library:function:reason:file:line:data, …`. The first
/// reason, unless a later one says that a certificate was refused.
fn reason(text: &str) -> Option<&str> {
    let mut reasons = text.match_indices("error:").filter_map(|(start, mark)| {
        let mut parts = text.get(start + mark.len()..)?.split(':');
        // Reasons can end in "error" too. Only "error:" with a code after it starts an entry.
        parts.next().filter(|code| u64::from_str_radix(code, 16).is_ok())?;
        parts.nth(2)
    });
    let first = reasons.next()?;
    Some(if reasons.any(|reason| reason == REFUSED) { REFUSED } else { first })
}

#[cfg(test)]
mod tests {
    use super::reason;

    #[test]
    fn the_first_reason_counts() {
        let one = "error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../ssl/record.c:354:";
        assert_eq!(reason(one), Some("wrong version number"));
        assert_eq!(reason("connection reset"), None);
        let error =
            "error:0A00041A:SSL routines:ssl3_read_bytes:tlsv1 alert decode error:../ssl/record.c:1586:";
        assert_eq!(reason(error), Some("tlsv1 alert decode error"));
    }

    #[test]
    fn a_refused_certificate_goes_before_the_noise() {
        let two = "error:1C880004:Provider routines:rsa_verify:RSA lib:../rsa_sig.c:774:, \
                   error:0A000086:SSL routines:tls_post:certificate verify failed:../statem.c:1889:";
        assert_eq!(reason(two), Some("certificate verify failed"));
    }
}
