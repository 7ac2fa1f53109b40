//! Dates in cookies, which are parsed more leniently than other dates (RFC 6265, 5.1.1).

use crate::http::date::{month, unix_time};

fn is_delimiter(byte: u8) -> bool {
    matches!(byte, 0x09 | 0x20..=0x2f | 0x3b..=0x40 | 0x5b..=0x60 | 0x7b..=0x7e)
}

/// The number at the start of a token, if it has `least` to `most` digits.
fn number(token: &[u8], least: usize, most: usize) -> Option<(i64, &[u8])> {
    let count = token.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if !(least..=most).contains(&count) {
        return None;
    }
    let (digits, rest) = token.split_at_checked(count)?;
    Some((digits.iter().fold(0, |number, digit| number * 10 + i64::from(digit - b'0')), rest))
}

fn time(token: &[u8]) -> Option<(i64, i64, i64)> {
    let (hour, rest) = number(token, 1, 2)?;
    let (minute, rest) = number(rest.strip_prefix(b":")?, 1, 2)?;
    let (second, _) = number(rest.strip_prefix(b":")?, 1, 2)?;
    Some((hour, minute, second))
}

/// The Unix time of a date, or `None` if the text is not a date.
pub fn parse(text: &[u8]) -> Option<i64> {
    let (mut clock, mut day, mut in_year, mut year) = (None, None, None, None);
    for token in text.split(|byte| is_delimiter(*byte)).filter(|token| !token.is_empty()) {
        if clock.is_none() && time(token).is_some() {
            clock = time(token);
        } else if day.is_none() && number(token, 1, 2).is_some() {
            day = number(token, 1, 2);
        } else if in_year.is_none() && token.get(..3).and_then(month).is_some() {
            in_year = token.get(..3).and_then(month);
        } else if year.is_none() {
            year = number(token, 2, 4);
        }
    }
    let (clock, (day, _), in_year, (year, _)) = (clock?, day?, in_year?, year?);
    let year = match year {
        70..=99 => year + 1900,
        0..=69 => year + 2000,
        _ => year,
    };
    if year < 1601 || clock.2 > 59 {
        return None;
    }
    unix_time((year, in_year, day), clock)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn dates_are_read_freely() {
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "6 november 1994 8:49:37",
            "94;nov_rubbish/08:49:37GMT*06",
        ] {
            let expected = if text.starts_with("94") { None } else { Some(784_111_777) };
            assert_eq!(parse(text.as_bytes()), expected, "{text}");
        }
        assert_eq!(parse(b"06 nov 69 08:49:37"), Some(3_150_953_377));
        assert_eq!(parse(b"06 nov 70 08:49:37"), Some(26_729_377));
        for text in ["", "06 nov 1600 08:49:37", "31 feb 1994 08:49:37", "06 nov 1994", "6 nov 1994 8:49:61"]
        {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }
}
