//! The port argument: a number, its text, or the name of a service.

use arrayvec::ArrayVec;

use super::error::Failure;
use crate::binding::{Call, Expected, Message, Raise};

/// No service has a longer name. A longer text is cut, and is still unknown.
const LONGEST_NAME: usize = 64;

/// A service in the form that the resolver takes.
#[derive(Clone, Debug)]
pub enum Service {
    /// A port.
    Port(u16),
    /// The name of a service, or a text that is not one.
    Name(ArrayVec<u8, LONGEST_NAME>),
    /// A number outside the range of ports.
    Beyond(Message),
}

impl Service {
    /// Reads an argument: a string, or a number as its decimal text.
    pub fn argument(call: &Call<'_>, index: i32) -> Result<Self, Raise> {
        call.try_bytes(index).map(Service::read).ok_or(Raise::Type(index, Expected::String))
    }

    /// Parses a text. Blanks, a plus sign and zeros before a number are allowed, as in the C library.
    pub fn read(text: &[u8]) -> Self {
        let start = text.iter().position(|byte| !matches!(byte, b' ' | b'\t'..=b'\r')).unwrap_or(text.len());
        let number = text.get(start..).unwrap_or_default();
        let number = number.strip_prefix(b"+").unwrap_or(number);
        // Lua 5.3 writes an integral float as `8080.0`. Read it as 8080 (FIX-22).
        let digits = number.strip_suffix(b".0").unwrap_or(number);
        if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
            return Service::Name(text.iter().copied().take(LONGEST_NAME).collect());
        }
        let first = digits.iter().position(|digit| *digit != b'0').unwrap_or(digits.len());
        let digits = digits.get(first..).unwrap_or_default();
        let value = digits.iter().take(6).fold(0_u32, |value, digit| value * 10 + u32::from(digit - b'0'));
        u16::try_from(value).map_or_else(|_| Service::Beyond(refusal(digits)), Service::Port)
    }

    /// The text for the resolver.
    pub fn text(&self) -> Result<ArrayVec<u8, LONGEST_NAME>, Failure> {
        match self {
            Service::Port(port) => {
                let mut text = ArrayVec::new();
                // Five digits always fit.
                let _ = std::io::Write::write_fmt(&mut text, format_args!("{port}"));
                Ok(text)
            }
            Service::Name(name) => Ok(name.clone()),
            Service::Beyond(message) => Err(Failure::Other(*message)),
        }
    }

    /// The number of a port.
    pub fn port(&self) -> Option<u16> {
        if let Service::Port(port) = self { Some(*port) } else { None }
    }
}

fn refusal(digits: &[u8]) -> Message {
    let mut message = Message::new("invalid port '");
    message.append(digits.get(..digits.len().min(20)).unwrap_or_default());
    message.append(b"'");
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(text: &str) -> Option<u16> {
        Service::read(text.as_bytes()).port()
    }

    #[test]
    fn a_number_may_have_any_length() {
        assert_eq!(port("80"), Some(80));
        assert_eq!(port("65535"), Some(65535));
        assert_eq!(port(&format!("{}80", "0".repeat(100))), Some(80));
        assert_eq!(port("8080.0"), Some(8080));
        assert_eq!(port(" +080"), Some(80));
        assert_eq!(port("0"), Some(0));
        for none in ["", "+", "-1", "80x", "0x50", "1.5", ".0", "8 0", "http", "80 "] {
            assert_eq!(port(none), None, "{none}");
            assert!(Service::read(none.as_bytes()).text().is_ok(), "{none}");
        }
    }

    #[test]
    fn a_number_beyond_the_last_port_is_refused() {
        for beyond in ["65536", "70000", "0065616", "4294967376", &"9".repeat(200)] {
            assert!(matches!(Service::read(beyond.as_bytes()), Service::Beyond(_)), "{beyond}");
        }
        let refused = Service::read(b"70000").text();
        assert_eq!(refused, Err(Failure::Other(Message::new("invalid port '70000'"))));
    }
}
