//! The length of an HTTP message, and whether its connection may be kept: RFC 9112, sections 6 and 9.3.
//!
//! All responses are framed here: with a pool, without one, and in module `http`. Requests are framed by
//! `request_head.rs`, where any ambiguity is an error. This file works on header values and does not use Lua.
//! The values of repeated fields are passed in joined with commas, which means the same (RFC 9110, 5.3).

/// The end of a message's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// There is no body.
    Empty,
    /// After this many bytes.
    Length(u64),
    /// After the last chunk and its trailers.
    Chunked,
    /// When the connection closes.
    UntilClose,
}

/// The framing of a message: the end of its body, and whether its connection may be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Framing {
    /// The end of the body.
    pub body: Body,
    /// Whether the connection may carry another message. False in any case of doubt.
    pub keep: bool,
}

/// Why a head cannot be framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// Content-Length values that differ.
    ContentLength,
}

impl Malformed {
    /// The message for scripts.
    pub fn message(self) -> &'static str {
        match self {
            Malformed::ContentLength => "invalid content-length",
        }
    }
}

/// The fields that frame a message.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fields<'a> {
    /// Transfer-Encoding.
    pub transfer_encoding: Option<&'a [u8]>,
    /// Content-Length.
    pub content_length: Option<&'a [u8]>,
    /// Connection.
    pub connection: Option<&'a [u8]>,
}

/// A protocol version, such as (1, 1).
pub type Version = (u8, u8);

const HTTP_1_1: Version = (1, 1);

/// The size in the first line of a response's chunk, or `None` if the line is invalid (add.27). Blanks around it and
/// leading zeros are ignored (add.47). A size of more than 15 further digits is not plausible.
pub fn chunk_size(line: &[u8]) -> Option<u64> {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let (_, line) = line.split_at(line.iter().take_while(|byte| is_blank(byte)).count());
    let (digits, rest) = line.split_at(line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count());
    if digits.is_empty() || !matches!(rest.iter().find(|byte| !is_blank(byte)), None | Some(b';')) {
        return None;
    }
    let zeros = digits.iter().take_while(|&&digit| digit == b'0').count();
    let (_, digits) = digits.split_at(zeros.min(digits.len() - 1));
    short_number(digits, 16)
}

/// A number of 1 to 15 digits, without other bytes.
pub(super) fn short_number(text: &[u8], radix: u32) -> Option<u64> {
    if text.is_empty() || text.len() > 15 {
        return None;
    }
    text.iter().try_fold(0, |number, &byte| {
        Some(number * u64::from(radix) + u64::from(char::from(byte).to_digit(radix)?))
    })
}

/// Frames the response to a request with this method.
///
/// - HEAD, 1xx, 204 and 304 have no body, regardless of their fields.
/// - Transfer-Encoding overrides Content-Length. If the last coding is chunked, the body is chunked. With any
///   other coding it ends when the connection closes. `identity` is not a coding.
/// - Equal lengths count as one. Lengths that differ are an error. A single value that is not a decimal
///   number counts as absent.
/// - A connection is kept only for HTTP/1.1 without `close`, after a body that does not end with the
///   connection, and without any doubt about the framing. Doubts are: a coding together with a length, an
///   invalid length, `identity`, chunked twice or not last, and a status below 102 or above 599.
pub fn response(
    method: &[u8],
    status: u16,
    version: Version,
    fields: &Fields<'_>,
) -> Result<Framing, Malformed> {
    let bodiless = method == b"HEAD" || (100..200).contains(&status) || status == 204 || status == 304;
    let (body, certain) = match body(fields) {
        Ok((body, certain)) => (body, certain),
        // Without a body, wrong fields cannot cause wrong framing. But the connection is no longer trusted.
        Err(_) if bodiless => (Body::Empty, false),
        Err(malformed) => return Err(malformed),
    };
    let body = if bodiless { Body::Empty } else { body };
    let keep = certain
        && version == HTTP_1_1
        && (102..600).contains(&status)
        && body != Body::UntilClose
        && !has_token(fields.connection, b"close");
    Ok(Framing { body, keep })
}

/// The end of a response's body, for a response that has one, and whether it is beyond doubt.
pub fn body(fields: &Fields<'_>) -> Result<(Body, bool), Malformed> {
    let announced = fields.content_length.map(length);
    if let Some(value) = fields.transfer_encoding {
        match coding(value) {
            (Body::Length(_) | Body::Empty, _) => {}
            (body, certain) => return Ok((body, certain && announced.is_none())),
        }
    }
    let certain = fields.transfer_encoding.is_none();
    match announced {
        None => Ok((Body::UntilClose, certain)),
        Some(Ok(Some(length))) => Ok((Body::Length(length), certain)),
        Some(Ok(None)) => Ok((Body::UntilClose, false)),
        Some(Err(malformed)) => Err(malformed),
    }
}

/// The framing by a list of transfer codings, and whether the list is valid. `Empty` if it holds no coding.
fn coding(value: &[u8]) -> (Body, bool) {
    let mut body = Body::Empty;
    let mut certain = true;
    for coding in elements(value) {
        if coding.is_empty() || coding.eq_ignore_ascii_case(b"identity") {
            certain = false;
            continue;
        }
        // Chunked must be used once, as the last coding.
        certain &= body != Body::Chunked;
        body = if coding.eq_ignore_ascii_case(b"chunked") { Body::Chunked } else { Body::UntilClose };
    }
    (body, certain)
}

/// The length from a Content-Length value. `None` if it is not a number.
fn length(value: &[u8]) -> Result<Option<u64>, Malformed> {
    let mut elements = elements(value);
    let first = elements.next().and_then(number);
    for other in elements {
        match (first, number(other)) {
            (Some(first), Some(other)) if first == other => {}
            _ => return Err(Malformed::ContentLength),
        }
    }
    Ok(first)
}

/// A decimal number. One that is too large becomes `u64::MAX`.
fn number(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_u64, |number, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        Some(number.saturating_mul(10).saturating_add(digit))
    })
}

/// Whether a comma-separated list contains a token, in any case.
pub fn has_token(value: Option<&[u8]>, token: &[u8]) -> bool {
    value.is_some_and(|value| elements(value).any(|element| element.eq_ignore_ascii_case(token)))
}

/// The elements of a comma-separated list, without surrounding blanks.
fn elements(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields<'a>(
        transfer_encoding: Option<&'a str>,
        content_length: Option<&'a str>,
        connection: Option<&'a str>,
    ) -> Fields<'a> {
        Fields {
            transfer_encoding: transfer_encoding.map(str::as_bytes),
            content_length: content_length.map(str::as_bytes),
            connection: connection.map(str::as_bytes),
        }
    }

    fn framing_of(coding: Option<&str>, length: Option<&str>) -> Result<Framing, Malformed> {
        response(b"GET", 200, HTTP_1_1, &fields(coding, length, None))
    }

    fn kept(body: Body) -> Result<Framing, Malformed> {
        Ok(Framing { body, keep: true })
    }

    fn closed(body: Body) -> Result<Framing, Malformed> {
        Ok(Framing { body, keep: false })
    }

    #[test]
    fn a_chunk_begins_with_its_size() {
        for (line, size) in [("4", 4), (" \t0fF \t;a", 255), ("0", 0), ("000000000000000010;", 16)] {
            assert_eq!(chunk_size(line.as_bytes()), Some(size), "{line:?}");
        }
        assert_eq!(chunk_size(b"fffffffffffffff"), Some((1 << 60) - 1));
        for line in ["", " ", ";", "x", "0x4", "4 4", "+4", "4,", "1000000000000000", "4\0"] {
            assert_eq!(chunk_size(line.as_bytes()), None, "{line:?}");
        }
    }

    #[test]
    fn a_body_ends_by_length_chunks_or_close() {
        assert_eq!(framing_of(None, Some("12")), kept(Body::Length(12)));
        assert_eq!(framing_of(None, Some(" 0 ")), kept(Body::Length(0)));
        assert_eq!(framing_of(Some("chunked"), None), kept(Body::Chunked));
        assert_eq!(framing_of(Some("gzip, Chunked"), None), kept(Body::Chunked));
        assert_eq!(framing_of(None, None), closed(Body::UntilClose));
    }

    // add.47
    #[test]
    fn equal_lengths_are_one_and_different_ones_an_error() {
        assert_eq!(framing_of(None, Some("3, 3")), kept(Body::Length(3)));
        assert_eq!(framing_of(None, Some("3,03,3")), kept(Body::Length(3)));
        for value in ["3, 4", "3,", ",3", "3, x", "x, x", ","] {
            assert_eq!(framing_of(None, Some(value)), Err(Malformed::ContentLength), "{value}");
        }
    }

    // http.bugs.16
    #[test]
    fn a_length_that_is_no_number_is_none() {
        for value in ["", " ", "-1", "+3", "0x3", "1e3", "2.5", "3 4", "\x003"] {
            assert_eq!(framing_of(None, Some(value)), closed(Body::UntilClose), "{value}");
        }
        assert_eq!(framing_of(None, Some("99999999999999999999")), kept(Body::Length(u64::MAX)));
    }

    #[test]
    fn a_coding_other_than_chunked_last_means_until_close() {
        for value in ["gzip", "chunked, gzip", "chunked;q=1", "xchunked", "chunked\0"] {
            assert_eq!(framing_of(Some(value), None), closed(Body::UntilClose), "{value}");
            assert_eq!(framing_of(Some(value), Some("3")), closed(Body::UntilClose), "{value}");
        }
    }

    #[test]
    fn a_doubtful_coding_is_read_and_the_connection_not_kept() {
        assert_eq!(framing_of(Some("chunked, chunked"), None), closed(Body::Chunked));
        assert_eq!(framing_of(Some("identity, chunked"), None), closed(Body::Chunked));
        assert_eq!(framing_of(Some("chunked"), Some("3")), closed(Body::Chunked));
        assert_eq!(framing_of(Some("chunked"), Some("3, 4")), closed(Body::Chunked));
        for value in ["identity", "identity, Identity", "", ","] {
            assert_eq!(framing_of(Some(value), Some("3")), closed(Body::Length(3)), "{value}");
            assert_eq!(framing_of(Some(value), None), closed(Body::UntilClose), "{value}");
        }
        assert_eq!(
            response(b"GET", 200, (1, 0), &fields(Some("chunked"), None, None)),
            closed(Body::Chunked)
        );
    }

    #[test]
    fn some_answers_have_no_body() {
        for (method, status, keep) in [
            ("HEAD", 200, true),
            ("GET", 204, true),
            ("GET", 304, true),
            ("GET", 103, true),
            ("GET", 100, false),
            ("GET", 101, false),
        ] {
            let got = response(method.as_bytes(), status, HTTP_1_1, &fields(None, Some("3"), None));
            assert_eq!(got, Ok(Framing { body: Body::Empty, keep }), "{method} {status}");
        }
        let got = response(b"HEAD", 200, HTTP_1_1, &fields(None, Some("3, 4"), None));
        assert_eq!(got, closed(Body::Empty));
    }

    #[test]
    fn some_messages_end_the_connection() {
        let length = |version, status, connection| {
            response(b"GET", status, version, &fields(None, Some("3"), connection))
                .map(|framing| framing.keep)
        };
        assert_eq!(length(HTTP_1_1, 200, None), Ok(true));
        assert_eq!(length(HTTP_1_1, 200, Some("keep-alive, Upgrade")), Ok(true));
        assert_eq!(length(HTTP_1_1, 200, Some("x , CLOSE")), Ok(false));
        assert_eq!(length((1, 0), 200, Some("keep-alive")), Ok(false));
        assert_eq!(length((1, 2), 200, None), Ok(false));
        assert_eq!(length((2, 0), 200, None), Ok(false));
        assert_eq!(length(HTTP_1_1, 99, None), Ok(false));
        assert_eq!(length(HTTP_1_1, 600, None), Ok(false));
    }
}
