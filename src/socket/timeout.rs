//! Block and total timeouts, and the time that is left of them during one operation.

use std::time::{Duration, Instant};

use crate::binding::{Call, Expected, Raise};
use crate::sys;

/// The limits of an object, in seconds; negative means none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timeout {
    /// The longest wait inside one operation.
    pub block: f64,
    /// The longest time that one whole operation may take.
    pub total: f64,
}

impl Default for Timeout {
    fn default() -> Self {
        Timeout { block: -1.0, total: -1.0 }
    }
}

/// The limit of a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Do not wait, and do not even check whether the descriptor is ready.
    No,
    /// Wait at most this long. Zero means a single check.
    For(Duration),
    /// Wait without a limit.
    Forever,
}

impl Wait {
    /// A wait of `seconds`, cut to milliseconds. NaN counts as zero. A time too long for any clock means
    /// forever.
    pub fn seconds(seconds: f64) -> Self {
        if seconds.is_nan() || seconds <= 0.0 {
            return Wait::For(Duration::ZERO);
        }
        let milliseconds = (seconds * 1000.0).floor();
        if milliseconds >= i64::MAX as f64 {
            return Wait::Forever;
        }
        Wait::For(Duration::from_millis(milliseconds as u64))
    }
}

/// The limits of one operation, counted from its start on the monotonic clock (FIX-19).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Deadline {
    timeout: Timeout,
    start: Option<Instant>,
}

impl Timeout {
    /// Starts an operation.
    pub fn start(self) -> Deadline {
        // Without a limit, or with "do not wait", the clock is not read.
        let timed = self.block != 0.0 && !(self.block < 0.0 && self.total < 0.0);
        Deadline { timeout: self, start: timed.then(Instant::now) }
    }

    /// Reads the arguments of `settimeout`: the value at index 2 and the mode at index 3. Returns a function
    /// that sets the limit.
    pub fn set(call: &Call<'_>) -> Result<impl Fn(&mut Timeout) + use<>, Raise> {
        let value = if call.kind(2).is_absent() {
            -1.0
        } else {
            call.try_number(2).ok_or(Raise::Type(2, Expected::Number))?
        };
        let total = match call.optional_bytes(3)?.map(|mode| mode.first().copied()) {
            None | Some(Some(b'b')) => false,
            Some(Some(b't' | b'r')) => true,
            Some(_) => return Err(Raise::argument(3, "invalid timeout mode")),
        };
        Ok(move |timeout: &mut Timeout| {
            if total {
                timeout.total = value;
            } else {
                timeout.block = value;
            }
        })
    }
}

impl Deadline {
    /// No limit at all.
    pub const NEVER: Deadline = Deadline { timeout: Timeout { block: -1.0, total: -1.0 }, start: None };

    /// A limit of this many seconds from now.
    pub fn after(seconds: f64) -> Self {
        Timeout { block: seconds, total: -1.0 }.start()
    }

    /// A limit of `seconds` from now (negative: none) that ends at the time `until` of the monotonic clock at the latest.
    /// It is never zero, which would mean not to wait at all.
    pub fn within(seconds: f64, until: Option<f64>) -> Self {
        const LEAST: f64 = 1e-9;
        let left = until.map(|until| (until - sys::monotonic_clock().as_secs_f64()).max(LEAST));
        match (seconds >= 0.0, left) {
            (true, Some(left)) => Deadline::after(seconds.max(LEAST).min(left)),
            (true, None) => Deadline::after(seconds.max(LEAST)),
            (false, Some(left)) => Deadline::after(left),
            (false, None) => Deadline::NEVER,
        }
    }

    /// The same limits for an operation that counts as a single wait, even if it waits several times.
    pub fn as_one_wait(self) -> Self {
        let Timeout { block, total } = self.timeout;
        if block > 0.0 && total >= 0.0 {
            Deadline { timeout: Timeout { block: block.min(total), total: -1.0 }, start: self.start }
        } else {
            self
        }
    }

    /// Whether the operation must not wait at all: a block timeout of exactly zero.
    pub fn is_nonblocking(&self) -> bool {
        self.timeout.block == 0.0
    }

    /// Whether the time is up.
    pub fn is_over(&self) -> bool {
        matches!(self.remaining(), Wait::No | Wait::For(Duration::ZERO))
    }

    /// The limit of the next wait. A block timeout alone counts from the start of the operation. It does
    /// not restart with each wait (contract time.3, time.4).
    pub fn remaining(&self) -> Wait {
        let Timeout { block, total } = self.timeout;
        if self.is_nonblocking() {
            return Wait::No;
        }
        let elapsed = self.start.map_or(0.0, |start| start.elapsed().as_secs_f64());
        if block.is_nan() || total.is_nan() {
            return Wait::For(Duration::ZERO);
        }
        match (block >= 0.0, total >= 0.0) {
            (false, false) => Wait::Forever,
            (false, true) => Wait::seconds(total - elapsed),
            (true, false) => Wait::seconds(block - elapsed),
            (true, true) => Wait::seconds(block.min(total - elapsed)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remaining(block: f64, total: f64) -> Wait {
        Timeout { block, total }.start().remaining()
    }

    #[test]
    fn no_limit_waits_forever() {
        assert_eq!(remaining(-1.0, -1.0), Wait::Forever);
        assert_eq!(remaining(1e300, -1.0), Wait::Forever);
    }

    #[test]
    fn a_zero_block_timeout_never_waits_whatever_the_total() {
        assert_eq!(remaining(0.0, 10.0), Wait::No);
    }

    #[test]
    fn a_zero_total_looks_once() {
        assert_eq!(remaining(-1.0, 0.0), Wait::For(Duration::ZERO));
    }

    #[test]
    fn not_a_number_looks_once() {
        assert_eq!(remaining(f64::NAN, -1.0), Wait::For(Duration::ZERO));
    }

    #[test]
    fn a_limit_and_an_end() {
        let is_short =
            |deadline: Deadline| matches!(deadline.remaining(), Wait::For(left) if left.as_secs() < 2);
        assert_eq!(Deadline::within(-1.0, None), Deadline::NEVER);
        assert!(is_short(Deadline::within(1.0, None)));
        assert!(is_short(Deadline::within(100.0, Some(sys::monotonic_clock().as_secs_f64() + 1.0))));
        assert!(is_short(Deadline::within(-1.0, Some(sys::monotonic_clock().as_secs_f64() + 1.0))));
        assert_eq!(Deadline::within(0.0, None).remaining(), Wait::For(Duration::ZERO));
        assert_eq!(Deadline::within(1.0, Some(0.0)).remaining(), Wait::For(Duration::ZERO));
    }

    #[test]
    fn the_smaller_limit_counts() {
        assert_eq!(remaining(0.25, 100.0), Wait::For(Duration::from_millis(250)));
    }
}
