//! The parts of the resolver that only Windows has.

use std::ffi::{CStr, c_int};
use std::net::Ipv4Addr;

use super::{HostEntry, read_host};
use crate::message::Message;
use crate::sys::{error_text, last_error, libc, system_text};

/// The error of a name that does not exist.
pub const HOST_NOT_FOUND: c_int = libc::EAI_NONAME;

/// The system's text for an `EAI_` code, or LuaSocket's where the system has none.
pub fn explain(code: c_int) -> Message {
    let text = system_text(code);
    if text.is_empty() { error_text(code) } else { Message::new(text) }
}

/// The text for a failed lookup of a host.
pub fn explain_host_error(code: c_int) -> Message {
    error_text(code)
}

/// Parses an IPv4 address in any form that `inet_aton` accepts: one to four numbers, each decimal, octal or
/// hexadecimal. The last one fills the remaining bytes.
pub fn ipv4_number(text: &[u8]) -> Option<Ipv4Addr> {
    let text = std::str::from_utf8(text).ok()?;
    let mut numbers = [0_u32; 4];
    let mut count = 0;
    for part in text.split('.') {
        *numbers.get_mut(count)? = number(part)?;
        count += 1;
    }
    let (last, bytes) = numbers.get(..count)?.split_last()?;
    let mut address = 0;
    for (position, byte) in bytes.iter().enumerate() {
        address |= u32::from(u8::try_from(*byte).ok()?) << (24 - 8 * position);
    }
    // No bytes before it: the number is the whole address.
    let room = u32::MAX.checked_shr(8 * bytes.len() as u32).unwrap_or(0);
    (*last <= room).then(|| Ipv4Addr::from(address | last))
}

fn number(text: &str) -> Option<u32> {
    let (digits, base) = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => (digits, 16),
        None if text.len() > 1 && text.starts_with('0') => (text, 8),
        None => (text, 10),
    };
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(base)) {
        return None;
    }
    u32::from_str_radix(digits, base).ok()
}

/// Looks up a host by name or by address.
pub fn query_host(name: &CStr, address: Option<Ipv4Addr>) -> Result<HostEntry, c_int> {
    // SAFETY: the arguments are valid. The entry is this thread's until its next call.
    unsafe {
        let entry = match address.map(|address| address.octets()) {
            None => libc::gethostbyname(name.as_ptr().cast()),
            Some(octets) => libc::gethostbyaddr(octets.as_ptr(), octets.len() as c_int, libc::AF_INET),
        };
        match entry.as_ref() {
            Some(entry) => Ok(read_host(entry)),
            None => Err(last_error().raw_os_error()),
        }
    }
}

/// The system's resolver has no state that a thread could leave behind.
pub fn renew_state() {}

#[cfg(test)]
mod tests {
    use super::ipv4_number;

    #[test]
    fn an_address_has_one_to_four_numbers() {
        for (text, expected) in [
            ("127.0.0.1", Some([127, 0, 0, 1])),
            ("127.1", Some([127, 0, 0, 1])),
            ("0x7f.1", Some([127, 0, 0, 1])),
            ("0177.0.0.01", Some([127, 0, 0, 1])),
            ("2130706433", Some([127, 0, 0, 1])),
            ("4294967295", Some([255, 255, 255, 255])),
            ("4294967296", None),
            ("1.2.3.256", None),
            ("256.1", None),
            ("1..2", None),
            ("", None),
            ("0x", None),
            ("+1", None),
            ("1.2.3.4.5", None),
        ] {
            assert_eq!(ipv4_number(text.as_bytes()).map(|ip| ip.octets()), expected, "{text}");
        }
    }
}
