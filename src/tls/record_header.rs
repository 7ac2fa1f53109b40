//! The header of a TLS record (RFC 8446, 5.1).

/// The length of a record's header.
pub const HEAD: usize = 5;
/// The longest body of a record: that of TLS 1.2 (RFC 5246, 6.2.3).
pub const LARGEST_BODY: usize = (1 << 14) + 2048;

/// The length of the body that a header names. `None` if the bytes are not the header of a record.
pub fn body_length([kind, major, _, high, low]: [u8; HEAD]) -> Option<usize> {
    let length = usize::from(u16::from_be_bytes([high, low]));
    ((20..=24).contains(&kind) && major == 3 && length <= LARGEST_BODY).then_some(length)
}
