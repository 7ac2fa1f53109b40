//! Compares the codecs with models that process one byte at a time: the corpus and random bytes, in random
//! chunks.

#![allow(clippy::indexing_slicing)]

use super::line::{Break, normalize, stuff, wrap};
use super::tests::{Bytes, Results, b64, qp_with, unb64, unqp, wrapped};
use super::{base64, quoted_printable};
use crate::corpus::unescape;
use proptest::prelude::*;

/// Decodes base64 one character at a time, as item 2 of the contract describes.
fn unb64_model(data: &[u8]) -> (Bytes, Bytes) {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let known: Bytes = data.iter().copied().filter(|b| *b == b'=' || alphabet.contains(b)).collect();
    let groups = known.chunks_exact(4);
    let open = groups.remainder().to_vec();
    let mut out = Vec::new();
    for group in groups {
        let bits =
            group.iter().fold(0, |bits, b| bits << 6 | alphabet.iter().position(|a| a == b).unwrap_or(0));
        let count = if group[2] == b'=' {
            1
        } else if group[3] == b'=' {
            2
        } else {
            3
        };
        out.extend([(bits >> 16) as u8, (bits >> 8) as u8, bits as u8].iter().take(count));
    }
    (out, open)
}

/// Encodes quoted-printable one byte at a time, by the byte and the two after it.
fn qp_model(data: &[u8]) -> (Bytes, Bytes) {
    let mut out = Vec::new();
    let mut i = 0;
    while i < data.len() {
        let rest = &data[i..];
        match rest {
            [b'\r'] | [b' ' | b'\t'] | [b' ' | b'\t', _] => return (out, rest.to_vec()),
            [b'\r', b'\n', ..] => {
                out.extend(b"<>");
                i += 1;
            }
            [b @ (b' ' | b'\t'), b'\r', b'\n', ..] => out.extend(format!("={b:02X}").bytes()),
            [b @ (b'\t' | b' '..=b'<' | b'>'..=b'~'), ..] => out.push(*b),
            [b, ..] => out.extend(format!("={b:02X}").bytes()),
            [] => {}
        }
        i += 1;
    }
    (out, Vec::new())
}

/// The text after a `=` that is a soft line break. `None` if it is not one; `Some(None)` if more bytes are
/// needed to decide.
fn soft_model(text: &[u8]) -> Option<Option<&[u8]>> {
    let blanks = text.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
    match &text[blanks..] {
        _ if blanks > 76 => None,
        [] | [b'\r'] => Some(None),
        [b'\r', b'\n', rest @ ..] | [b'\n', rest @ ..] => Some(Some(rest)),
        _ => None,
    }
}

/// Decodes quoted-printable one atom at a time.
fn unqp_model(mut data: &[u8]) -> (Bytes, Bytes) {
    let mut out = Vec::new();
    loop {
        data = match data {
            [] | [b'\r'] => return (out, data.to_vec()),
            [b'=', rest @ ..] if soft_model(rest).is_some() => match soft_model(rest) {
                Some(Some(after)) => after,
                _ => return (out, data.to_vec()),
            },
            [b'='] | [b'=', _] => return (out, data.to_vec()),
            [b'=', h, l, rest @ ..] => {
                let digits = [*h, *l].map(char::from);
                match digits.map(|d| d.to_digit(16)) {
                    [Some(h), Some(l)] => out.push((h * 16 + l) as u8),
                    _ => out.extend([b'=', *h, *l]),
                }
                rest
            }
            [b'\r', b'\n', rest @ ..] => {
                out.extend(b"\r\n");
                rest
            }
            [b'\r', _, rest @ ..] => rest,
            [b @ (b'\t' | b'\n' | b' '..=b'~'), rest @ ..] => {
                out.push(*b);
                rest
            }
            [_, rest @ ..] => rest,
        };
    }
}

fn wrap_model(kind: Break, mut left: i32, text: &[u8], length: i32) -> (Bytes, i32) {
    let mut out = Vec::new();
    for &byte in text {
        let needs_break = match (kind, byte) {
            (_, b'\r') => continue,
            (_, b'\n') => {
                out.extend(b"\r\n");
                left = length;
                continue;
            }
            (Break::Hard, _) => left <= 0,
            (Break::Soft, b'=') => left <= 3,
            (Break::Soft, _) => left <= 1,
        };
        if needs_break {
            out.extend_from_slice(if kind == Break::Soft { b"=\r\n" } else { b"\r\n" });
            left = length;
        }
        out.push(byte);
        left -= 1;
    }
    (out, left)
}

fn eol_model(mut last: i32, text: &[u8], marker: &[u8]) -> (Bytes, i32) {
    let mut out = Vec::new();
    for &byte in text {
        let is_end = |b: i32| b == 13 || b == 10;
        let c = i32::from(byte);
        if !is_end(c) {
            out.push(byte);
            last = 0;
        } else if is_end(last) {
            if c == last {
                out.extend(marker);
            }
            last = 0;
        } else {
            out.extend(marker);
            last = c;
        }
    }
    (out, last)
}

fn dot_model(mut state: i32, text: &[u8]) -> (Bytes, i32) {
    let mut out = Vec::new();
    for &byte in text {
        out.push(byte);
        state = match (byte, state) {
            (b'\r', _) => 1,
            (b'\n', 1) => 2,
            (b'.', 2) => {
                out.push(b'.');
                0
            }
            _ => 0,
        };
    }
    (out, state)
}

/// The texts of the corpus. The file uses the escapes of Rust's byte strings.
fn corpus() -> Vec<Bytes> {
    include_str!("corpus.txt").lines().map(unescape).collect()
}

/// Bytes where the special ones are frequent, with runs long enough for the fast paths.
fn text() -> impl Strategy<Value = Bytes> {
    let piece = prop_oneof![
        4 => proptest::sample::select(corpus()),
        4 => proptest::collection::vec(any::<u8>(), 0..8),
        8 => proptest::sample::select(vec!["\r\n", "\r", "\n", ".", " ", "\t", "=", "=3D", "=\r\n", "\r\n.", "YQ=="])
            .prop_map(|s| s.as_bytes().to_vec()),
        4 => proptest::collection::vec(proptest::sample::select(b"abcdefgh0123XYZ+/".to_vec()), 0..120),
        1 => proptest::collection::vec(any::<u8>(), 0..120),
    ];
    proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

/// A text and the sizes of its chunks.
fn chunked() -> impl Strategy<Value = (Bytes, Vec<usize>)> {
    (text(), proptest::collection::vec(prop_oneof![3 => 0_usize..5, 1 => 0_usize..200], 1..40))
}

/// Splits a text into chunks of these sizes. The last chunk is the rest.
fn chunks<'a>(text: &'a [u8], sizes: &[usize]) -> Vec<&'a [u8]> {
    let mut rest = text;
    let mut parts = Vec::new();
    for &size in sizes {
        let (part, behind) = rest.split_at(size.min(rest.len()));
        parts.push(part);
        rest = behind;
    }
    parts.push(rest);
    parts
}

type Coded = (Bytes, Bytes);

/// The output of each codec for a text in two chunks, and of its model for the whole text.
fn coded(first: &[u8], second: &[u8]) -> [(&'static str, Coded, Coded); 7] {
    let text = [first, second].concat();
    let both = |results: Results| (results.0.unwrap_or_default(), results.1.unwrap_or_default());
    let carried = |(out, state): (Bytes, i32)| (out, state.to_le_bytes().to_vec());
    let halves = |step: &dyn Fn(i32, &[u8], &mut Bytes) -> i32, state: i32| {
        let mut out = Vec::new();
        let state = step(state, first, &mut out);
        let state = step(state, second, &mut out);
        carried((out, state))
    };
    let wrapping = |kind| halves(&|left, text, out| wrap(kind, left, text, 8, out), 8);
    [
        ("unb64", both(unb64(first, Some(second))), unb64_model(&text)),
        ("qp", both(qp_with(first, Some(second), b"<>")), qp_model(&text)),
        ("unqp", both(unqp(first, Some(second))), unqp_model(&text)),
        ("wrp", wrapping(Break::Hard), carried(wrap_model(Break::Hard, 8, &text, 8))),
        ("qpwrp", wrapping(Break::Soft), carried(wrap_model(Break::Soft, 8, &text, 8))),
        (
            "eol",
            halves(&|last, text, out| normalize(last, text, b"<>", out), 0),
            carried(eol_model(0, &text, b"<>")),
        ),
        ("dot", halves(&stuff, 2), carried(dot_model(2, &text))),
    ]
}

#[test]
fn every_text_of_the_corpus_split_anywhere() {
    let corpus = corpus();
    assert!(corpus.len() >= 90);
    for text in corpus {
        assert_eq!(
            unb64_model(&b64(&text, None).0.unwrap_or_default()).0,
            text,
            "b64 {}",
            text.escape_ascii()
        );
        for (first, second) in (0..=text.len()).map(|at| text.split_at(at)) {
            for (name, result, expected) in coded(first, second) {
                assert_eq!(result, expected, "{name} {} | {}", first.escape_ascii(), second.escape_ascii());
            }
        }
    }
}

proptest! {
    #[test]
    fn base64_round_trip((text, sizes) in chunked()) {
        let (mut encoder, mut out) = (base64::Encoder::default(), Vec::new());
        for chunk in chunks(&text, &sizes) {
            encoder.feed(chunk, &mut out);
        }
        encoder.finish(&mut out);
        prop_assert_eq!(Some(out.clone()).filter(|out| !out.is_empty()), b64(&text, None).0);
        prop_assert_eq!(unb64_model(&out).0, text);
    }

    #[test]
    fn base64_decoding((text, sizes) in chunked()) {
        let (mut decoder, mut out) = (base64::Decoder::default(), Vec::new());
        for chunk in chunks(&text, &sizes) {
            decoder.feed(chunk, &mut out);
        }
        prop_assert_eq!((out, decoder.open().to_vec()), unb64_model(&text));
    }

    #[test]
    fn base64_decoding_of_wrapped_text((text, sizes) in chunked(), width in 1_i32..100) {
        let encoded = b64(&text, None).0.unwrap_or_default();
        let (wrapped, _) = wrapped(Break::Hard, width, &encoded, width);
        let (mut decoder, mut out) = (base64::Decoder::default(), Vec::new());
        for chunk in chunks(&wrapped, &sizes) {
            decoder.feed(chunk, &mut out);
        }
        prop_assert_eq!(out, text);
    }

    #[test]
    fn quoted_printable_encoding((text, sizes) in chunked()) {
        let (mut encoder, mut out) = (quoted_printable::Encoder::new(b"<>"), Vec::new());
        for chunk in chunks(&text, &sizes) {
            encoder.feed(chunk, &mut out);
        }
        prop_assert_eq!((out, encoder.open().to_vec()), qp_model(&text));
    }

    #[test]
    fn quoted_printable_decoding((text, sizes) in chunked()) {
        let (mut decoder, mut out) = (quoted_printable::Decoder::default(), Vec::new());
        for chunk in chunks(&text, &sizes) {
            decoder.feed(chunk, &mut out);
        }
        prop_assert_eq!((out, decoder.open().to_vec()), unqp_model(&text));
    }

    #[test]
    fn wrapping((text, sizes) in chunked(), soft in any::<bool>(), left in -3_i32..90, length in -3_i32..90) {
        let kind = if soft { Break::Soft } else { Break::Hard };
        let (mut out, mut now) = (Vec::new(), left);
        for chunk in chunks(&text, &sizes) {
            now = wrap(kind, now, chunk, length, &mut out);
        }
        prop_assert_eq!((out, now), wrap_model(kind, left, &text, length));
    }

    #[test]
    fn line_ends((text, sizes) in chunked(), context in proptest::sample::select(vec![0, 13, 10, 7])) {
        let (mut out, mut now) = (Vec::new(), context);
        for chunk in chunks(&text, &sizes) {
            now = normalize(now, chunk, b"<>", &mut out);
        }
        prop_assert_eq!((out, now), eol_model(context, &text, b"<>"));
    }

    #[test]
    fn dot_stuffing((text, sizes) in chunked(), state in 0_i32..4) {
        let (mut out, mut now) = (Vec::new(), state);
        for chunk in chunks(&text, &sizes) {
            now = stuff(now, chunk, &mut out);
        }
        prop_assert_eq!((out, now), dot_model(state, &text));
    }
}
