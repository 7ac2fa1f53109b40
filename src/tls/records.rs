//! Cuts an incoming stream into what SChannel may see of it at once.
//!
//! The crate `schannel` asks for as many bytes as `DecryptMessage` says a record lacks. wine's `DecryptMessage` names the
//! length of the whole record instead. The crate then waits for bytes that need not come, or takes them from the next
//! record, and what it holds is lost when the stream ends. So it gets a record only when all of it is there, and nothing
//! of the next one. Its buffer may be too small for that. Then the rest follows, and after it a pause: a read of 0 bytes,
//! at which the crate decrypts what it has.
//!
//! wine also reports a close_notify like an empty record. Up to TLS 1.2 the kind of a record can be read without its
//! key. A forged alert is an error when it is decrypted.

use arrayvec::ArrayVec;

use super::record_header::{HEAD, body_length};

/// The kind of a record with an alert.
const ALERT: u8 = 21;

/// The answer to a read by SChannel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Portion {
    /// At most this many of the waiting bytes.
    Bytes(usize),
    /// Nothing before more bytes have arrived.
    Incomplete,
    /// No bytes this time: a record that was passed on in several pieces is complete.
    Pause,
    /// No more bytes: an alert has ended the stream.
    End,
}

/// The place in the stream.
#[derive(Debug, Default)]
pub struct Records {
    head: ArrayVec<u8, HEAD>,
    /// The bytes that the record under way still lacks.
    left: usize,
    last: Option<u8>,
    /// The pieces in which the record under way, or the last one, was passed on.
    pieces: usize,
}

impl Records {
    /// Follows the next bytes of the stream.
    pub fn observe(&mut self, mut bytes: &[u8]) {
        if !bytes.is_empty() {
            self.pieces = if self.is_between() { 1 } else { self.pieces + 1 };
        }
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

    /// Whether the bytes of the header under way are those of no record.
    pub fn is_foreign(&self) -> bool {
        self.head.clone().into_inner().is_ok_and(|head| body_length(head).is_none())
    }

    /// How many bytes the record under way lacks, as far as it is known: those of its header come first.
    pub fn lacking(&self) -> usize {
        if self.left > 0 { self.left } else { HEAD - self.head.len() }
    }

    /// Decides how many of the waiting bytes to pass on.
    pub fn portion(&mut self, waiting: &[u8]) -> Portion {
        if self.is_between() {
            if self.last == Some(ALERT) {
                return Portion::End;
            }
            if std::mem::take(&mut self.pieces) > 1 {
                return Portion::Pause;
            }
        }
        let lacking = self.lacking();
        let mut whole = lacking;
        if self.left == 0 {
            let mut head = self.head.clone();
            head.extend(waiting.iter().copied().take(lacking));
            let Ok(head) = head.into_inner() else { return Portion::Incomplete };
            // SChannel refuses what is no record at once.
            let Some(body) = body_length(head) else { return Portion::Bytes(waiting.len()) };
            whole += body;
        }
        if waiting.len() < whole { Portion::Incomplete } else { Portion::Bytes(whole) }
    }

    /// Whether the stream so far ends with a whole record, or has not begun.
    fn is_between(&self) -> bool {
        self.head.is_empty()
    }

    /// Whether the stream so far ends with a whole alert.
    pub fn end_with_alert(&self) -> bool {
        self.is_between() && self.last == Some(ALERT)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing)]

    use super::{ALERT, HEAD, Portion, Records};

    /// A record with `length` bytes, each of them `number`.
    fn record(kind: u8, number: u8, length: usize) -> Vec<u8> {
        let mut record = vec![kind, 3, 3];
        record.extend((length as u16).to_be_bytes());
        record.resize(HEAD + length, number);
        record
    }

    /// The reading of the crate `schannel`, over a wine that asks for a whole record where a part is missing.
    #[derive(Default)]
    struct Crate {
        taken: Vec<u8>,
        wanted: usize,
        room: usize,
    }

    #[derive(Debug, PartialEq)]
    enum Read {
        Data(Vec<u8>),
        WouldBlock,
        End,
    }

    impl Crate {
        /// One read: it calls `stream` with its room until it can decrypt a record.
        fn read(&mut self, mut stream: impl FnMut(usize) -> Option<Vec<u8>>) -> Read {
            loop {
                let mut sum = 0;
                while self.wanted > 0 {
                    self.room = self.room.max(1024).max(2 * self.taken.len()).max(self.wanted);
                    let Some(bytes) = stream(self.room - self.taken.len()) else { return Read::WouldBlock };
                    self.wanted = self.wanted.saturating_sub(bytes.len());
                    sum += bytes.len();
                    self.taken.extend_from_slice(&bytes);
                    if bytes.is_empty() {
                        if sum == 0 {
                            return Read::End;
                        }
                        break;
                    }
                }
                assert!(self.taken.len() >= HEAD, "wine reads a header that is not there");
                let whole = HEAD + usize::from(u16::from_be_bytes([self.taken[3], self.taken[4]]));
                if self.taken.len() < whole {
                    self.wanted = whole;
                    continue;
                }
                let record: Vec<u8> = self.taken.drain(..whole).collect();
                assert!(self.taken.is_empty(), "a part of the next record was passed on");
                self.wanted = 1;
                if record[0] != ALERT && whole > HEAD {
                    return Read::Data(record[HEAD..].to_vec());
                }
            }
        }
    }

    /// Reads all of a stream that arrives in pieces of `size` bytes. Returns the data and how it ended.
    fn read_all(stream: &[u8], size: usize) -> (Vec<Vec<u8>>, Read) {
        let mut records = Records::default();
        let mut reader = Crate { wanted: 1, ..Crate::default() };
        let (mut arrived, mut passed) = (0, 0);
        let mut read = Vec::new();
        loop {
            let mut paused = false;
            let outcome = reader.read(|room| {
                paused = false;
                let waiting = &stream[passed..arrived];
                let count = match records.portion(waiting) {
                    Portion::Bytes(count) => count.min(room),
                    Portion::Incomplete if arrived < stream.len() => return None,
                    Portion::Pause => {
                        paused = true;
                        0
                    }
                    Portion::Incomplete | Portion::End => 0,
                };
                records.observe(&waiting[..count]);
                passed += count;
                Some(waiting[..count].to_vec())
            });
            match outcome {
                Read::Data(data) => read.push(data),
                Read::WouldBlock => arrived = stream.len().min(arrived + size),
                Read::End if paused => {}
                Read::End => return (read, Read::End),
            }
        }
    }

    #[test]
    fn every_record_arrives_however_the_stream_is_cut() {
        let lengths = [1, 3, 1019, 1020, 16000, 0, 5000, 2, 16384];
        let mut stream = Vec::new();
        let mut expected = Vec::new();
        for (number, length) in lengths.into_iter().enumerate() {
            stream.extend(record(23, number as u8, length));
            if length > 0 {
                expected.push(vec![number as u8; length]);
            }
        }
        for ended in [false, true] {
            if ended {
                stream.extend(record(ALERT, 0, 26));
            }
            for size in [1, 5, 1023, 1024, 4000, 16389, 20000, stream.len()] {
                assert!(read_all(&stream, size) == (expected.clone(), Read::End), "{ended} {size}");
            }
        }
        // a record without its end is not passed on
        let whole = stream.len() - (HEAD + 26);
        for lost in [1, 16384, 16388] {
            let (read, _) = read_all(&stream[..whole - lost], 4000);
            assert!(read == expected[..expected.len() - 1], "{lost}");
        }
    }

    #[test]
    fn an_alert_ends_the_stream() {
        let mut stream = record(ALERT, 0, 26);
        stream.extend(record(23, 1, 3));
        assert_eq!(read_all(&stream, stream.len()), (Vec::new(), Read::End));
    }

    #[test]
    fn a_handshake_takes_nothing_of_the_next_record() {
        let stream = record(22, 1, 7);
        let mut records = Records::default();
        assert_eq!(records.lacking(), 5);
        records.observe(&stream[..3]);
        assert_eq!(records.lacking(), 2);
        records.observe(&stream[3..5]);
        assert_eq!(records.lacking(), 7);
        assert!(!records.is_foreign());
        records.observe(&stream[5..]);
        assert_eq!(records.lacking(), 5);
    }

    #[test]
    fn bytes_that_are_no_record_are_passed_on_at_once() {
        for bytes in [&b"HTTP/1.1 400"[..], &[23, 3, 3, 255, 255], &[99, 3, 3, 0, 1, 7], &[23, 9, 3, 0, 9]] {
            let mut records = Records::default();
            assert_eq!(records.portion(&bytes[..4]), Portion::Incomplete);
            assert_eq!(records.portion(bytes), Portion::Bytes(bytes.len()));
            records.observe(&bytes[..3]);
            assert_eq!(records.portion(&bytes[3..]), Portion::Bytes(bytes.len() - 3));
            assert!(!records.is_foreign());
            records.observe(&bytes[3..5]);
            assert!(records.is_foreign());
        }
    }

    #[test]
    fn only_a_whole_alert_at_the_end_counts() {
        let stream = [23, 3, 3, 0, 2, 7, 7, ALERT, 3, 3, 0, 3, 1, 2, 3];
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
