//! Follows the records of an incoming stream. wine's SChannel reports a close_notify like any other end, and up to TLS
//! 1.2 the kind of a record can be read without its key. A forged alert is an error when it is decrypted.

use arrayvec::ArrayVec;

/// The kind of a record with an alert.
const ALERT: u8 = 21;

/// The place in the stream.
#[derive(Debug, Default)]
pub struct Records {
    head: ArrayVec<u8, 5>,
    /// The bytes that the record under way still lacks.
    left: usize,
    last: Option<u8>,
}

impl Records {
    /// Follows the next bytes of the stream.
    pub fn observe(&mut self, mut bytes: &[u8]) {
        while let Some((&first, rest)) = bytes.split_first() {
            if self.left > 0 {
                let count = self.left.min(bytes.len());
                self.left -= count;
                bytes = bytes.get(count..).unwrap_or_default();
            } else {
                self.head.push(first);
                bytes = rest;
                if let [.., high, low] = *self.head.as_slice()
                    && self.head.is_full()
                {
                    self.left = usize::from(u16::from_be_bytes([high, low]));
                }
            }
            if self.head.is_full() && self.left == 0 {
                self.last = self.head.first().copied();
                self.head.clear();
            }
        }
    }

    /// How many of the waiting bytes may be passed on: none beyond the record under way, and of a header all or
    /// nothing. wine's SChannel takes what lies behind a part of a header for the rest of it, asks for more bytes than
    /// the record has, and loses it when the stream ends.
    pub fn allowed(&self, waiting: &[u8]) -> usize {
        if self.left > 0 {
            return self.left.min(waiting.len());
        }
        let lacking = 5_usize.saturating_sub(self.head.len());
        let mut head = self.head.clone();
        head.extend(waiting.iter().copied().take(lacking));
        match *head.as_slice() {
            [_, _, _, high, low] => {
                (lacking + usize::from(u16::from_be_bytes([high, low]))).min(waiting.len())
            }
            _ => 0,
        }
    }

    /// Whether the stream so far ends with a whole alert.
    pub fn end_with_alert(&self) -> bool {
        self.head.is_empty() && self.last == Some(ALERT)
    }
}

#[cfg(test)]
mod tests {
    use super::Records;

    #[test]
    fn a_record_is_passed_on_without_the_next_one() {
        let stream = [23, 3, 3, 0, 2, 7, 7, 21, 3, 3, 0, 3, 1, 2, 3];
        for (passed, waiting, allowed) in [
            (0, 4, 0),
            (0, 5, 5),
            (0, 6, 6),
            (0, 15, 7),
            (3, 15, 4),
            (5, 15, 2),
            (6, 7, 1),
            (7, 11, 0),
            (7, 15, 8),
        ] {
            let mut records = Records::default();
            records.observe(stream.get(..passed).unwrap_or_default());
            let rest = stream.get(passed..waiting).unwrap_or_default();
            assert_eq!(records.allowed(rest), allowed, "{passed} {waiting}");
        }
    }

    #[test]
    fn only_a_whole_alert_at_the_end_counts() {
        let stream = [23, 3, 3, 0, 2, 7, 7, 21, 3, 3, 0, 3, 1, 2, 3];
        for split in 0..=stream.len() {
            let (first, second) = stream.split_at(split);
            let mut records = Records::default();
            records.observe(first);
            assert_eq!(records.end_with_alert(), split == stream.len(), "{split}");
            records.observe(second);
            assert!(records.end_with_alert(), "{split}");
            records.observe(&[23]);
            assert!(!records.end_with_alert());
        }
    }
}
