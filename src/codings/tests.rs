//! Tests each coding with input that is split, damaged or expands a lot.

use std::io::Write;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use proptest::prelude::*;

use super::decoder::{DecodeError, Decoder};

/// Decodes input in pieces of length `step`, with an output buffer of length `room`.
fn decode(name: &str, input: &[u8], step: usize, room: usize) -> Result<Vec<u8>, DecodeError> {
    let mut decoder = Decoder::new(name.as_bytes()).ok_or(DecodeError)?;
    let mut decoded = Vec::new();
    let mut out = vec![0; room];
    for piece in input.chunks(step) {
        assert!(decoder.push(piece));
        loop {
            let count = decoder.decode(&mut out)?;
            if count == 0 {
                break;
            }
            decoded.extend_from_slice(out.get(..count).unwrap_or_default());
        }
    }
    decoder.finish().map(|()| decoded)
}

fn written<W: Write>(mut encoder: W, text: &[u8], end: fn(W) -> std::io::Result<Vec<u8>>) -> Vec<u8> {
    encoder.write_all(text).and_then(|()| end(encoder)).unwrap_or_default()
}

fn gzip(text: &[u8]) -> Vec<u8> {
    written(GzEncoder::new(Vec::new(), Compression::fast()), text, GzEncoder::finish)
}

fn zlib(text: &[u8]) -> Vec<u8> {
    written(ZlibEncoder::new(Vec::new(), Compression::fast()), text, ZlibEncoder::finish)
}

fn raw(text: &[u8]) -> Vec<u8> {
    written(DeflateEncoder::new(Vec::new(), Compression::fast()), text, DeflateEncoder::finish)
}

#[cfg(feature = "zstd")]
fn zstd(text: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(text, ruzstd::encoding::CompressionLevel::Fastest)
}

/// "hello hello hello hello\n", compressed by the brotli program.
#[cfg(feature = "brotli")]
const BROTLI: &[u8] = include_bytes!("hello.br");

#[test]
fn a_gzip_body_may_have_several_members_and_every_field_in_its_head() {
    let mut body = gzip(b"one ");
    body.extend_from_slice(&gzip(b""));
    // A header with the flag for text, an extra field, a name, a comment and a checksum.
    let mut head = vec![0x1f, 0x8b, 8, 0x1f, 1, 2, 3, 4, 0, 255, 3, 0, b'x', b'y', b'z'];
    head.extend_from_slice(b"name\0comment\0");
    let mut sum = flate2::Crc::new();
    sum.update(&head);
    head.extend_from_slice(&(sum.sum() as u16).to_le_bytes());
    body.extend_from_slice(&head);
    body.extend_from_slice(gzip(b"two").get(10..).unwrap_or_default());
    for step in [1, 2, 7, 1000] {
        assert_eq!(decode("gzip", &body, step, 3).as_deref(), Ok(&b"one two"[..]), "{step}");
    }
    assert_eq!(decode("x-gzip", &body, 5, 100).as_deref(), Ok(&b"one two"[..]));
}

#[test]
fn deflate_comes_with_its_wrapper_or_without() {
    for step in [1, 3, 1000] {
        assert_eq!(decode("deflate", &zlib(b"some text"), step, 4).as_deref(), Ok(&b"some text"[..]));
        assert_eq!(decode("deflate", &raw(b"some text"), step, 4).as_deref(), Ok(&b"some text"[..]));
    }
    assert_eq!(decode("deflate", b"\x78", 1, 10), Err(DecodeError));
}

#[cfg(feature = "brotli")]
#[test]
fn brotli_is_decoded_and_large_windows_are_refused() {
    for step in [1, 1000] {
        assert_eq!(decode("br", BROTLI, step, 5).as_deref(), Ok(&b"hello hello hello hello\n"[..]));
    }
    // The bits that announce a large window (RFC 9841).
    assert_eq!(decode("br", b"\x11\x1e\x03", 3, 5), Err(DecodeError));
}

#[cfg(feature = "zstd")]
#[test]
fn zstd_has_frames_skipped_parts_and_a_largest_window() {
    let mut body = zstd(b"one ");
    body.extend_from_slice(&[0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
    body.extend_from_slice(&zstd(b"two"));
    for step in [1, 4, 1000] {
        assert_eq!(decode("zstd", &body, step, 2).as_deref(), Ok(&b"one two"[..]), "{step}");
    }
    // A window of 16 MB: exponent 14, mantissa 0.
    assert_eq!(decode("zstd", &[0x28, 0xb5, 0x2f, 0xfd, 0, 14 << 3, 1, 0, 0], 9, 10), Err(DecodeError));
}

/// A text of several blocks in each coding of this build.
fn bodies(text: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("gzip", gzip(text)),
        ("deflate", zlib(text)),
        ("deflate", raw(text)),
        #[cfg(feature = "zstd")]
        ("zstd", zstd(text)),
    ]
}

#[test]
fn a_stream_that_is_cut_or_followed_by_rubbish_fails() {
    let text: Vec<u8> = (0..2000_u32).flat_map(u32::to_le_bytes).collect();
    for (name, body) in bodies(&text) {
        assert_eq!(decode(name, &body, 100, 1 << 16).as_deref(), Ok(&text[..]), "{name}");
        for cut in [1, 2, 5, body.len() / 2, body.len() - 1] {
            let part = body.get(..cut).unwrap_or_default();
            assert_eq!(decode(name, part, 100, 1 << 16), Err(DecodeError), "{name} {cut}");
        }
        let mut longer = body.clone();
        longer.push(b'x');
        assert_eq!(decode(name, &longer, 1 << 16, 1 << 16), Err(DecodeError), "{name}");
        assert_eq!(decode(name, &longer, 1, 1 << 16), Err(DecodeError), "{name}");
        assert_eq!(decode(name, b"", 1, 10).as_deref(), Ok(&b""[..]), "{name}");
    }
    #[cfg(feature = "brotli")]
    for cut in 1..BROTLI.len() {
        assert_eq!(decode("br", BROTLI.get(..cut).unwrap_or_default(), 3, 10), Err(DecodeError), "{cut}");
    }
}

#[test]
fn a_wrong_check_sum_fails() {
    let mut body = gzip(b"text");
    for place in [8, 4] {
        let position = body.len() - place;
        if let Some(byte) = body.get_mut(position) {
            *byte ^= 1;
        }
        assert_eq!(decode("gzip", &body, 5, 10), Err(DecodeError));
    }
    let mut wrapped = zlib(b"text");
    if let Some(byte) = wrapped.last_mut() {
        *byte ^= 1;
    }
    assert_eq!(decode("deflate", &wrapped, 5, 10), Err(DecodeError));
}

#[test]
fn a_bomb_comes_in_pieces() {
    let body = gzip(&vec![0; 20 << 20]);
    let mut out = vec![0; 1 << 16];
    let decoded = Decoder::new(b"gzip").map(|mut decoder| (decoder.push(&body), decoder.decode(&mut out)));
    assert_eq!(decoded, Some((true, Ok(1 << 16))));
}

proptest! {
    #[test]
    fn any_text_comes_back_however_it_is_cut(
        text in prop::collection::vec(any::<u8>(), 0..4000),
        step in 1_usize..500,
        room in 1_usize..500,
    ) {
        for (name, body) in bodies(&text) {
            prop_assert_eq!(decode(name, &body, step, room), Ok(text.clone()), "{}", name);
        }
    }

    #[test]
    fn any_bytes_are_decoded_or_refused(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        step in 1_usize..50,
        flips in prop::collection::vec((0_usize..200, 0_u8..8), 0..4),
    ) {
        let mut inputs = bodies(&bytes);
        for (_, body) in &mut inputs {
            for (place, bit) in &flips {
                if let Some(byte) = body.get_mut(*place) {
                    *byte ^= 1 << bit;
                }
            }
        }
        inputs.extend(["gzip", "deflate", "br", "zstd"].map(|name| (name, bytes.clone())));
        for (name, input) in inputs {
            // The result does not depend on how the input is split.
            prop_assert_eq!(decode(name, &input, step, 100), decode(name, &input, 1000, 64), "{}", name);
        }
    }
}
