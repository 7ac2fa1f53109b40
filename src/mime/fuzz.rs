//! Properties of the codecs that hold for any bytes, for `fuzz/`.

use super::{base64, line, quoted_printable};

/// A line codec: takes a state and a text, and returns the next state.
type Step<'a> = &'a dyn Fn(i32, &[u8], &mut Vec<u8>) -> i32;

/// The first byte sets where the rest is cut in two. Both pieces together must give the same output as the
/// whole.
pub fn codecs(data: &[u8]) {
    let Some((&cut, text)) = data.split_first() else { return };
    let (first, second) = text.split_at(usize::from(cut).min(text.len()));

    let decoded = |pieces: &[&[u8]]| {
        let (mut decoder, mut out) = (base64::Decoder::default(), Vec::new());
        pieces.iter().for_each(|piece| decoder.feed(piece, &mut out));
        (out, decoder.open().to_vec())
    };
    assert_eq!(decoded(&[first, second]), decoded(&[text]), "base64 in pieces");
    let (mut encoder, mut encoded) = (base64::Encoder::default(), Vec::new());
    encoder.feed(first, &mut encoded);
    encoder.feed(second, &mut encoded);
    encoder.finish(&mut encoded);
    assert_eq!(decoded(&[&encoded]).0, text, "base64 there and back");

    let decoded = |pieces: &[&[u8]]| {
        let (mut decoder, mut out) = (quoted_printable::Decoder::default(), Vec::new());
        pieces.iter().for_each(|piece| decoder.feed(piece, &mut out));
        (out, decoder.open().to_vec())
    };
    let (whole, open) = decoded(&[text]);
    assert_eq!(decoded(&[first, second]), (whole.clone(), open.clone()), "quoted-printable in pieces");
    assert!(whole.len() + open.len() <= text.len());
    let (mut encoder, mut encoded) = (quoted_printable::Encoder::new(b"=0D=0A"), Vec::new());
    encoder.feed(first, &mut encoded);
    encoder.feed(second, &mut encoded);
    encoder.finish(&mut encoded);
    assert_eq!(decoded(&[&encoded]).0, text, "quoted-printable there and back");

    let pieces = |step: Step<'_>, start: i32| {
        let (mut out, mut whole) = (Vec::new(), Vec::new());
        let state = step(step(start, first, &mut out), second, &mut out);
        assert_eq!((state, out), (step(start, text, &mut whole), whole), "lines in pieces");
    };
    pieces(&line::stuff, 2);
    pieces(&|last, text, out| line::normalize(last, text, b"\r\n", out), 0);
    pieces(&|left, text, out| line::wrap(line::Break::Hard, left, text, 76, out), 76);
    pieces(&|left, text, out| line::wrap(line::Break::Soft, left, text, 76, out), 76);
}
