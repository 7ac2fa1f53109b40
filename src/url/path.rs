//! Paths as lists of decoded segments.

use super::escape::{ByteSet, write_escaped};

/// The bytes that a path segment may contain unencoded (RFC 2396, section 3.3).
const SEGMENT: ByteSet = ByteSet::alphanumeric_and(b"-_.!~*'():@&=+$,");

/// The non-empty segments of a path, still encoded.
pub fn segments(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|byte| *byte == b'/').filter(|segment| !segment.is_empty())
}

/// Appends one segment to a path. Encodes it unless `as_it_is` is true.
pub fn write_segment(segment: &[u8], as_it_is: bool, path: &mut Vec<u8>) {
    if as_it_is {
        path.extend_from_slice(segment);
    } else {
        write_escaped(segment, SEGMENT, b'A', path);
    }
}
