//! The head of an HTTP message: splits header lines, and checks what may be sent.
//!
//! Works on bytes and does not use Lua.

use std::collections::{HashMap, TryReserveError};
use std::ops::Range;

use memchr::memchr;

/// The most fields that are compared with each other to find repeated ones.
const FEW: usize = 24;

/// The error for a line that is not a header field, because it has no colon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

/// The fields of a head, in the order of their lines.
#[derive(Debug, Default)]
pub struct Fields {
    /// The names and values of all fields, one after the other, without separators.
    text: Vec<u8>,
    fields: Vec<Field>,
}

#[derive(Debug)]
struct Field {
    name: Range<usize>,
    value: Range<usize>,
    /// The next field of the same name; set by `link`.
    next: Option<usize>,
    /// Whether an earlier field has the same name.
    repeats: bool,
}

impl Fields {
    /// No fields. Reserves memory for those of a usual response.
    pub fn new() -> Self {
        Fields { text: Vec::with_capacity(1024), fields: Vec::with_capacity(24) }
    }

    /// The number of fields, where repeated ones count separately.
    pub fn count(&self) -> usize {
        self.fields.len()
    }

    /// Reserves memory for a line of `length` bytes.
    pub fn reserve(&mut self, length: usize) -> Result<(), TryReserveError> {
        self.text.try_reserve(length)?;
        self.fields.try_reserve(1)
    }

    /// The approximate number of bytes needed to link the fields.
    pub fn weight(&self) -> usize {
        const LINK: usize = 100;
        self.fields.len().saturating_mul(LINK)
    }

    /// Adds a line without its end. A line that starts with a blank continues the previous field, blanks
    /// included (http.receive.11).
    pub fn add(&mut self, line: &[u8]) -> Result<(), Malformed> {
        let start = self.text.len();
        if let (Some(first), Some(field)) = (line.first(), self.fields.last_mut())
            && is_space(first)
        {
            self.text.extend_from_slice(line);
            field.value.end = self.text.len();
            return Ok(());
        }
        let (name, value) = split(line).ok_or(Malformed)?;
        self.text.extend(name.iter().map(u8::to_ascii_lowercase));
        let middle = self.text.len();
        self.text.extend_from_slice(value);
        self.fields.push(Field {
            name: start..middle,
            value: middle..self.text.len(),
            next: None,
            repeats: false,
        });
        Ok(())
    }

    /// Links fields of the same name, in linear time.
    pub fn link(&mut self) {
        if self.fields.len() > FEW {
            return self.link_many();
        }
        // For few fields this costs less than a hash of each name.
        for later in 1..self.fields.len() {
            let (before, after) = self.fields.split_at_mut(later);
            let Some(field) = after.first_mut() else { return };
            let name = part(&self.text, &field.name);
            if let Some(earlier) = before.iter_mut().rfind(|earlier| part(&self.text, &earlier.name) == name)
            {
                earlier.next = Some(later);
                field.repeats = true;
            }
        }
    }

    fn link_many(&mut self) {
        let mut last = HashMap::with_capacity(self.fields.len());
        let mut pairs = Vec::new();
        for (position, field) in self.fields.iter().enumerate() {
            if let Some(earlier) = last.insert(part(&self.text, &field.name), position) {
                pairs.push((earlier, position));
            }
        }
        for (earlier, later) in pairs {
            if let Some(field) = self.fields.get_mut(earlier) {
                field.next = Some(later);
            }
            if let Some(field) = self.fields.get_mut(later) {
                field.repeats = true;
            }
        }
    }

    /// Calls `each` with every name, in lower case, and its value. The values of a repeated name are joined
    /// with `, ` in order (http.receive.13). `joined` is a buffer for that.
    pub fn visit(
        &self,
        joined: &mut Vec<u8>,
        mut each: impl FnMut(&[u8], &[u8]),
    ) -> Result<(), TryReserveError> {
        for field in self.fields.iter().filter(|field| !field.repeats) {
            let name = part(&self.text, &field.name);
            let mut next = field.next;
            if next.is_none() {
                each(name, part(&self.text, &field.value));
                continue;
            }
            let value = part(&self.text, &field.value);
            joined.clear();
            joined.try_reserve(value.len())?;
            joined.extend_from_slice(value);
            while let Some(field) = next.and_then(|next| self.fields.get(next)) {
                let value = part(&self.text, &field.value);
                joined.try_reserve(value.len() + 2)?;
                joined.extend_from_slice(b", ");
                joined.extend_from_slice(value);
                next = field.next;
            }
            each(name, joined);
        }
        Ok(())
    }
}

/// The name of a field, as it was received, and its value without the blanks before it.
pub fn split(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let (name, rest) = line.split_at(memchr(b':', line)?);
    let rest = rest.get(1..).unwrap_or_default();
    let blanks = rest.iter().take_while(|byte| is_space(byte)).count();
    Some((name, rest.get(blanks..).unwrap_or_default()))
}

fn part<'t>(text: &'t [u8], range: &Range<usize>) -> &'t [u8] {
    text.get(range.clone()).unwrap_or_default()
}

/// The bytes for which C's `isspace` is true.
fn is_space(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

fn is_control(byte: u8) -> bool {
    byte < b' ' || byte == 0x7f
}

/// Whether any byte is refused. Tests all bytes, which is faster than stopping at the first.
fn holds(text: &[u8], refused: impl Fn(u8) -> bool) -> bool {
    text.iter().fold(false, |found, &byte| found | refused(byte))
}

/// Whether a request method may be sent (add.26, http.bugs.13).
pub fn is_method(text: &[u8]) -> bool {
    !holds(text, |byte| is_control(byte) || byte == b' ')
}

/// Whether a request target may be sent. Blanks are allowed (http.bugs.13).
pub fn is_uri(text: &[u8]) -> bool {
    !holds(text, is_control)
}

/// Whether a header name may be sent (add.26, http.bugs.13).
pub fn is_name(text: &[u8]) -> bool {
    !text.is_empty() && !holds(text, |byte| is_control(byte) || byte == b' ' || byte == b':')
}

/// Whether a header value may be sent. Tabs are allowed (add.26, http.bugs.13).
pub fn is_value(text: &[u8]) -> bool {
    !holds(text, |byte| is_control(byte) && byte != b'\t')
}

/// Appends a request line.
pub fn write_request_line(method: &[u8], uri: &[u8], head: &mut Vec<u8>) {
    for part in [method, b" ", uri, b" HTTP/1.1\r\n"] {
        head.extend_from_slice(part);
    }
}

/// Appends a header line.
pub fn write_field(name: &[u8], value: &[u8], head: &mut Vec<u8>) {
    for part in [name, b": ", value, b"\r\n"] {
        head.extend_from_slice(part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Result<Vec<(String, String)>, Malformed> {
        let mut fields = Fields::new();
        for line in lines {
            fields.add(line.as_bytes())?;
        }
        fields.link();
        let mut seen = Vec::new();
        let visited = fields.visit(&mut Vec::new(), |name, value| {
            let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
            seen.push((text(name), text(value)));
        });
        assert_eq!(visited, Ok(()));
        Ok(seen)
    }

    fn one(name: &str, value: &str) -> Result<Vec<(String, String)>, Malformed> {
        Ok(vec![(name.into(), value.into())])
    }

    #[test]
    fn names_are_in_lower_case_and_only_leading_blanks_are_dropped() {
        assert_eq!(read(&["X-Foo: \t\x0b Bar \t"]), one("x-foo", "Bar \t"));
        assert_eq!(read(&["Name : v"]), one("name ", "v"));
        assert_eq!(read(&[": b"]), one("", "b"));
        assert_eq!(read(&["a:b:c"]), one("a", "b:c"));
        assert_eq!(read(&["a:"]), one("a", ""));
    }

    #[test]
    fn bytes_that_are_no_letters_of_ascii_stay() {
        let mut fields = Fields::new();
        assert_eq!(fields.add(b"\xc4\0A:\xff\0"), Ok(()));
        fields.link();
        let visited = fields.visit(&mut Vec::new(), |name, value| {
            assert_eq!((name, value), (&b"\xc4\0a"[..], &b"\xff\0"[..]))
        });
        assert_eq!(visited, Ok(()));
    }

    #[test]
    fn a_line_without_colon_is_malformed() {
        assert_eq!(read(&["a: b", "c"]), Err(Malformed));
        assert_eq!(read(&[""]), Err(Malformed));
    }

    #[test]
    fn a_line_that_starts_with_a_blank_continues_the_value_as_it_is() {
        assert_eq!(read(&["a: b", "\tc", "  d: e", " "]), one("a", "b\tc  d: e "));
        assert_eq!(read(&["a:", " b"]), one("a", " b"));
    }

    #[test]
    fn there_is_nothing_that_a_first_line_could_continue() {
        assert_eq!(read(&[" a: b"]), one(" a", "b"));
        assert_eq!(read(&[" a"]), Err(Malformed));
    }

    #[test]
    fn values_of_a_repeated_name_are_joined_in_order() {
        let pair = |name: &str, value: &str| (name.to_string(), value.to_string());
        assert_eq!(
            read(&["A: 1", "b: x", "a: 2", " 3", "B: y", "a:"]),
            Ok(vec![pair("a", "1, 2 3, "), pair("b", "x, y")])
        );
    }

    #[test]
    fn a_field_that_would_break_a_line_is_refused() {
        for byte in 0..=255 {
            let control = byte < 0x20 || byte == 0x7f;
            let text = [b'a', byte, b'b'];
            assert_eq!(is_method(&text), !control && byte != b' ', "{byte}");
            assert_eq!(is_uri(&text), !control, "{byte}");
            assert_eq!(is_name(&text), !control && byte != b' ' && byte != b':', "{byte}");
            assert_eq!(is_value(&text), !control || byte == b'\t', "{byte}");
        }
        assert!(!is_name(b"") && is_value(b""));
    }

    #[test]
    fn lines_are_written() {
        let mut head = Vec::new();
        write_request_line(b"GET", b"/a b", &mut head);
        write_field(b"Host", b"h", &mut head);
        assert_eq!(head, b"GET /a b HTTP/1.1\r\nHost: h\r\n");
    }
}
