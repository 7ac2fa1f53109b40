//! `socket_http_client`: the native functions of the client in module `http`.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::SystemTime;

use super::date;
use crate::binding::{Call, Kind, Outcome, native};

/// Opens the internal module.
pub fn open(call: &mut Call<'_>) -> Outcome {
    call.prepare();
    call.new_table(0, 3);
    call.set_functions(&[
        ("boundary", native(boundary)),
        ("format_date", native(format_date)),
        ("parse_date", native(parse_date)),
    ]);
    Ok(1)
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// `boundary()`: 24 letters and digits that cannot be guessed.
fn boundary(call: &mut Call<'_>) -> Outcome {
    const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut text = [b'0'; 24];
    for part in text.chunks_mut(8) {
        // The keys of a hash map are random numbers from the system.
        let mut random = RandomState::new().build_hasher().finish();
        for place in part {
            *place = LETTERS.get((random % 62) as usize).copied().unwrap_or(b'0');
            random /= 62;
        }
    }
    call.push_bytes(&text);
    Ok(1)
}

/// `format_date([time])`: a Unix time, by default now, as an HTTP date. Nil if the year does not have four
/// digits.
fn format_date(call: &mut Call<'_>) -> Outcome {
    call.set_top(1);
    let time = if call.kind(1) == Kind::Nil {
        now()
    } else {
        let number = call.number(1)?.floor();
        if number.is_nan() {
            call.push_nil();
            return Ok(1);
        }
        number as i64
    };
    match date::format(time) {
        Some(text) => call.push_vec(text.into_bytes()).map(|()| 1),
        None => {
            call.push_nil();
            Ok(1)
        }
    }
}

/// `parse_date(text)`: the Unix time of a date in one of HTTP's three forms, or nil.
fn parse_date(call: &mut Call<'_>) -> Outcome {
    match date::parse(call.bytes(1)?, now()) {
        Some(time) => call.push_integer(time),
        None => call.push_nil(),
    }
    Ok(1)
}
