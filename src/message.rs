//! Short texts without a destructor: errors that pass through Lua.

use std::fmt;

/// The length of the longest message.
pub const CAPACITY: usize = 110;

/// A short text without a destructor, cut at its capacity. It can be held while Lua raises.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Message {
    length: u8,
    /// Whether this is only the beginning of the text in the registry.
    goes_on: bool,
    bytes: [u8; CAPACITY],
}

/// The registry key of the whole text, for a message with `goes_on`.
pub const WHOLE_TEXT: &std::ffi::CStr = c"luasocket-rs message";

impl Message {
    /// The text, cut at the capacity of a message.
    pub fn new(text: impl AsRef<[u8]>) -> Self {
        let mut message = Message { length: 0, goes_on: false, bytes: [0; CAPACITY] };
        message.append(text.as_ref());
        message
    }

    /// The beginning of a text. The registry has the whole text.
    pub fn beginning(text: &[u8]) -> Self {
        Message { goes_on: true, ..Message::new(text) }
    }

    /// Whether this is only the beginning, and the registry has the whole text.
    pub fn goes_on(&self) -> bool {
        self.goes_on
    }

    /// A formatted text: `Message::format(format_args!("unknown {name}"))`.
    pub fn format(arguments: fmt::Arguments<'_>) -> Self {
        let mut message = Message { length: 0, goes_on: false, bytes: [0; CAPACITY] };
        // Only a failing `Display` can make this fail. Then the text so far is used.
        let _ = fmt::write(&mut message, arguments);
        message
    }

    /// Adds bytes at the end, as far as they fit.
    pub fn append(&mut self, text: &[u8]) {
        for (place, byte) in self.bytes.iter_mut().skip(usize::from(self.length)).zip(text) {
            *place = *byte;
            self.length += 1;
        }
    }

    /// The text.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or_default()
    }
}

impl fmt::Write for Message {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.append(text.as_bytes());
        Ok(())
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", String::from_utf8_lossy(self.as_bytes()))
    }
}
