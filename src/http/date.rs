//! HTTP dates (RFC 9110, 5.6.7), in seconds since 1970.

/// The seconds of a day.
const DAY: i64 = 86_400;
/// The years that can be written with four digits.
const YEARS: std::ops::RangeInclusive<i64> = 1..=9999;

const WEEK_DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const LONG_WEEK_DAYS: [&str; 7] =
    ["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The number of a month, from 1, by the first three letters of its name, in any case.
pub fn month(name: &[u8]) -> Option<i64> {
    let found = MONTHS.iter().position(|month| month.as_bytes().eq_ignore_ascii_case(name))?;
    i64::try_from(found).ok().map(|position| position + 1)
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_of(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 31,
    }
}

/// The days from 1970 to a date. Here a year starts in March, so that the leap day is its last day.
fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let in_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + in_year - 719_468
}

/// Year, month and day for a number of days since 1970.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let in_era = days.rem_euclid(146_097);
    let year = (in_era - in_era / 1460 + in_era / 36_524 - in_era / 146_096) / 365;
    let in_year = in_era - (365 * year + year / 4 - year / 100);
    let month = (5 * in_year + 2) / 153;
    let day = in_year - (153 * month + 2) / 5 + 1;
    let (year, month) =
        if month < 10 { (era * 400 + year, month + 3) } else { (era * 400 + year + 1, month - 9) };
    (year, month, day)
}

/// The Unix time of a date. `None` if the date does not exist; the second may be a leap second.
pub fn unix_time(date: (i64, i64, i64), time: (i64, i64, i64)) -> Option<i64> {
    let ((year, month, day), (hour, minute, second)) = (date, time);
    let exists = YEARS.contains(&year)
        && (1..=12).contains(&month)
        && (1..=days_of(year, month)).contains(&day)
        && (0..=23).contains(&hour)
        && (0..=59).contains(&minute)
        && (0..=60).contains(&second);
    exists.then(|| days_since_epoch(year, month, day) * DAY + hour * 3600 + minute * 60 + second)
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`. `None` if the year does not have four digits.
pub fn format(time: i64) -> Option<String> {
    let (days, second) = (time.div_euclid(DAY), time.rem_euclid(DAY));
    if days.unsigned_abs() > 4_000_000 {
        return None;
    }
    let (year, month, day) = civil(days);
    let week_day = usize::try_from(days.rem_euclid(7)).ok().and_then(|day| WEEK_DAYS.get(day))?;
    let name = usize::try_from(month - 1).ok().and_then(|month| MONTHS.get(month))?;
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    YEARS
        .contains(&year)
        .then(|| format!("{week_day}, {day:02} {name} {year:04} {hour:02}:{minute:02}:{second:02} GMT"))
}

/// The part of a text that is not parsed yet.
struct Rest<'t>(&'t [u8]);

impl Rest<'_> {
    fn literal(&mut self, text: &str) -> Option<()> {
        let (start, rest) = self.0.split_at_checked(text.len())?;
        self.0 = rest;
        (start == text.as_bytes()).then_some(())
    }

    fn digits(&mut self, count: usize) -> Option<i64> {
        let (start, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        start.iter().try_fold(0, |number, digit| {
            digit.is_ascii_digit().then(|| number * 10 + i64::from(digit - b'0'))
        })
    }

    fn month(&mut self) -> Option<i64> {
        let (start, rest) = self.0.split_at_checked(3)?;
        self.0 = rest;
        month(start)
    }

    fn week_day(&mut self, names: &[&str]) -> Option<()> {
        let found = names.iter().find(|name| {
            self.0.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name.as_bytes()))
        })?;
        self.literal_length(found.len())
    }

    fn literal_length(&mut self, count: usize) -> Option<()> {
        self.0 = self.0.get(count..)?;
        Some(())
    }

    fn time(&mut self) -> Option<(i64, i64, i64)> {
        let hour = self.digits(2)?;
        self.literal(":")?;
        let minute = self.digits(2)?;
        self.literal(":")?;
        Some((hour, minute, self.digits(2)?))
    }
}

/// The Unix time of a date in one of the three formats. A two-digit year is at most 50 years after `now`.
pub fn parse(text: &[u8], now: i64) -> Option<i64> {
    let text = text.trim_ascii();
    let read = |form: fn(&mut Rest<'_>, i64) -> Option<i64>| {
        let mut rest = Rest(text);
        form(&mut rest, now).filter(|_| rest.0.is_empty())
    };
    read(usual).or_else(|| read(obsolete)).or_else(|| read(of_c))
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`
fn usual(rest: &mut Rest<'_>, _: i64) -> Option<i64> {
    rest.week_day(&WEEK_DAYS)?;
    rest.literal(", ")?;
    let day = rest.digits(2)?;
    rest.literal(" ")?;
    let month = rest.month()?;
    rest.literal(" ")?;
    let year = rest.digits(4)?;
    rest.literal(" ")?;
    let time = rest.time()?;
    rest.literal(" GMT")?;
    unix_time((year, month, day), time)
}

/// `Sunday, 06-Nov-94 08:49:37 GMT`
fn obsolete(rest: &mut Rest<'_>, now: i64) -> Option<i64> {
    rest.week_day(&LONG_WEEK_DAYS)?;
    rest.literal(", ")?;
    let day = rest.digits(2)?;
    rest.literal("-")?;
    let month = rest.month()?;
    rest.literal("-")?;
    let short = rest.digits(2)?;
    rest.literal(" ")?;
    let time = rest.time()?;
    rest.literal(" GMT")?;
    let (current, ..) = civil(now.div_euclid(DAY));
    let mut year = current - current.rem_euclid(100) + short + 100;
    // The latest year with these digits that is not more than 50 years ahead.
    while year > current + 50 {
        year -= 100;
    }
    unix_time((year, month, day), time)
}

/// `Sun Nov  6 08:49:37 1994`, as C's `asctime` writes it.
fn of_c(rest: &mut Rest<'_>, _: i64) -> Option<i64> {
    rest.week_day(&WEEK_DAYS)?;
    rest.literal(" ")?;
    let month = rest.month()?;
    rest.literal(" ")?;
    let day = if rest.0.first() == Some(&b' ') {
        rest.literal(" ")?;
        rest.digits(1)?
    } else {
        rest.digits(2)?
    };
    rest.literal(" ")?;
    let time = rest.time()?;
    rest.literal(" ")?;
    unix_time((rest.digits(4)?, month, day), time)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: i64 = 1_764_000_000; // 2025

    #[test]
    fn the_three_forms_are_one_time() {
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "Mon, 06 nov 1994 08:49:37 GMT",
        ] {
            assert_eq!(parse(text.as_bytes(), NOW), Some(784_111_777), "{text}");
        }
        assert_eq!(format(784_111_777).as_deref(), Some("Sun, 06 Nov 1994 08:49:37 GMT"));
        assert_eq!(format(1_408_986_974).as_deref(), Some("Mon, 25 Aug 2014 17:16:14 GMT"));
    }

    #[test]
    fn an_impossible_date_is_refused() {
        for text in [
            "asdf",
            "",
            "Sun, 31 Apr 1994 08:49:37 GMT",
            "Sun, 29 Feb 1900 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:49:37 GMT",
            "Sun, 06 Nov 1994 08:60:37 GMT",
            "Sun, 06 Nov 1994 08:49:61 GMT",
            "Sun, 06 Nov 0000 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 GMT x",
            "Sun, 06 Nov 1994 08:49:37",
        ] {
            assert_eq!(parse(text.as_bytes(), NOW), None, "{text}");
        }
        assert_eq!(
            parse(b"Sun, 29 Feb 2000 23:59:60 GMT", NOW),
            parse(b"Wed, 01 Mar 2000 00:00:00 GMT", NOW)
        );
    }

    #[test]
    fn a_short_year_is_at_most_fifty_years_ahead() {
        let year = |short: i64| parse(format!("Sunday, 06-Nov-{short:02} 08:49:37 GMT").as_bytes(), NOW);
        let full = |year: i64| unix_time((year, 11, 6), (8, 49, 37));
        assert_eq!(year(74), full(2074));
        assert_eq!(year(75), full(2075));
        assert_eq!(year(76), full(1976));
        assert_eq!(year(99), full(1999));
        assert_eq!(year(0), full(2000));
    }

    #[test]
    fn the_first_and_the_last_year() {
        assert_eq!(format(-62_135_596_800).as_deref(), Some("Mon, 01 Jan 0001 00:00:00 GMT"));
        assert_eq!(format(-62_135_596_801), None);
        assert_eq!(format(253_402_300_799).as_deref(), Some("Fri, 31 Dec 9999 23:59:59 GMT"));
        assert_eq!(format(253_402_300_800), None);
        assert_eq!(format(i64::MIN), None);
        assert_eq!(format(i64::MAX), None);
    }

    proptest! {
        #[test]
        fn a_formatted_date_is_parsed_to_the_same_time(time in -62_135_596_800_i64..253_402_300_800) {
            let text = format(time).unwrap_or_default();
            prop_assert_eq!(parse(text.as_bytes(), NOW), Some(time));
        }

        #[test]
        fn anything_may_be_read(text in "[A-Z][a-z]{2,7},?[ -][0-9A-Za-z: -]{0,30}", now: i32) {
            let _ = parse(text.as_bytes(), now.into());
        }
    }
}
