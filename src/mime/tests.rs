//! Tests the codecs against scenarios of LuaSocket's behaviour (`lm.s.N`).

use super::line::{Break, normal, normalize, stuff, unstuffed, unwrapped, wrap};
use super::{base64, quoted_printable};

pub type Bytes = Vec<u8>;

/// The two results of a codec function in Lua. The second is `None` at the end.
pub type Results = (Option<Bytes>, Option<Bytes>);

fn ended(out: Bytes) -> Results {
    ((!out.is_empty()).then_some(out), None)
}

pub fn b64(c: &[u8], d: Option<&[u8]>) -> Results {
    let (mut encoder, mut out) = (base64::Encoder::default(), Vec::new());
    encoder.feed(c, &mut out);
    match d {
        Some(d) => encoder.feed(d, &mut out),
        None => {
            encoder.finish(&mut out);
            return ended(out);
        }
    }
    (Some(out), Some(encoder.open().to_vec()))
}

pub fn unb64(c: &[u8], d: Option<&[u8]>) -> Results {
    let (mut decoder, mut out) = (base64::Decoder::default(), Vec::new());
    decoder.feed(c, &mut out);
    let Some(d) = d else { return ended(out) };
    decoder.feed(d, &mut out);
    (Some(out), Some(decoder.open().to_vec()))
}

pub fn qp_with(c: &[u8], d: Option<&[u8]>, marker: &[u8]) -> Results {
    let (mut encoder, mut out) = (quoted_printable::Encoder::new(marker), Vec::new());
    encoder.feed(c, &mut out);
    match d {
        Some(d) => encoder.feed(d, &mut out),
        None => {
            encoder.finish(&mut out);
            return ended(out);
        }
    }
    (Some(out), Some(encoder.open().to_vec()))
}

fn qp(c: &[u8], d: Option<&[u8]>) -> Results {
    qp_with(c, d, b"\r\n")
}

pub fn unqp(c: &[u8], d: Option<&[u8]>) -> Results {
    let (mut decoder, mut out) = (quoted_printable::Decoder::default(), Vec::new());
    decoder.feed(c, &mut out);
    let Some(d) = d else { return ended(out) };
    decoder.feed(d, &mut out);
    (Some(out), Some(decoder.open().to_vec()))
}

fn given(a: &[u8], b: &[u8]) -> Results {
    (Some(a.to_vec()), Some(b.to_vec()))
}

fn last(a: &[u8]) -> Results {
    (Some(a.to_vec()), None)
}

const NOTHING: Results = (None, None);

#[test]
fn base64_scenarios_51_to_77() {
    assert_eq!(b64(b"a", None), last(b"YQ=="), "lm.s.51");
    assert_eq!(b64(b"ab", None), last(b"YWI="), "lm.s.52");
    assert_eq!(b64(b"abc", None), last(b"YWJj"), "lm.s.53");
    assert_eq!(b64(b"abcdefghij", None), last(b"YWJjZGVmZ2hpag=="), "lm.s.54");
    assert_eq!(b64(b"", None), NOTHING, "lm.s.55");
    assert_eq!(b64(b"", Some(b"")), given(b"", b""), "lm.s.56");
    assert_eq!(b64(b"a", Some(b"b")), given(b"", b"ab"), "lm.s.58");
    assert_eq!(b64(b"a", Some(b"bcd")), given(b"YWJj", b"d"), "lm.s.59");
    assert_eq!(b64(b"diego:password", None), last(b"ZGllZ286cGFzc3dvcmQ="), "lm.s.60");
    assert_eq!(b64(b"\xff\xfe\xfd", None), last(b"//79"), "lm.s.61");
    assert_eq!(b64(b"\0", None), last(b"AA=="), "lm.s.62");
    assert_eq!(unb64(b"YWJjZA==", None), last(b"abcd"), "lm.s.63");
    assert_eq!(unb64(b"YWJj\r\nYWJj", None), last(b"abcabc"), "lm.s.64");
    assert_eq!(unb64(b"Y W\tJ*j", None), last(b"abc"), "lm.s.65");
    assert_eq!(unb64(b"YQ", None), NOTHING, "lm.s.66");
    assert_eq!(unb64(b"YQ", Some(b"")), given(b"", b"YQ"), "lm.s.67");
    assert_eq!(unb64(b"YQ", Some(b"==")), given(b"a", b""), "lm.s.68");
    assert_eq!(unb64(b"YQ==YQ==", None), last(b"aa"), "lm.s.69");
    assert_eq!(unb64(b"====", None), last(b"\0"), "lm.s.70");
    assert_eq!(unb64(b"Y===", None), last(b"`"), "lm.s.71");
    assert_eq!(unb64(b"YQ=a", None), last(b"a"), "lm.s.72");
    assert_eq!(unb64(b"Y=Jj", None), last(b"`\x02c"), "lm.s.73");
    assert_eq!(unb64(b"-_-_", None), NOTHING, "lm.s.74");
    assert_eq!(unb64(b"", Some(b"")), given(b"", b""), "lm.s.75");
    assert_eq!(unb64(b"", None), NOTHING, "lm.s.76");
    assert_eq!(unb64(b"AA==", None), last(b"\0"), "lm.s.77");
}

/// The output of short texts is made on the stack.
#[test]
fn short_texts_are_encoded_like_long_ones() {
    let text: Bytes = (0..=255).collect();
    for length in (0..=base64::SHORT).step_by(3) {
        let text = text.get(..length).unwrap_or_default();
        assert_eq!(base64::with_short(text, <[u8]>::to_vec), b64(text, None).0.unwrap_or_default());
    }
}

#[test]
fn quoted_printable_scenarios_78_to_95() {
    assert_eq!(qp(b"ma\xe7\xe3", None), last(b"ma=E7=E3"), "lm.s.78");
    assert_eq!(qp(b"a ", None), last(b"a=20=\r\n"), "lm.s.79");
    assert_eq!(qp(b"a ", Some(b"")), given(b"a", b" "), "lm.s.80");
    assert_eq!(qp(b"a \r\n", Some(b"")), given(b"a=20\r\n", b""), "lm.s.81");
    assert_eq!(qp(b"a \t \r\n", Some(b"")), given(b"a \t=20\r\n", b""), "lm.s.82");
    assert_eq!(qp_with(b"a\r\n", Some(b""), b"|"), given(b"a|", b""), "lm.s.83");
    assert_eq!(qp(b"a\n", Some(b"")), given(b"a=0A", b""), "lm.s.84");
    assert_eq!(qp(b"a\r", Some(b"")), given(b"a", b"\r"), "lm.s.85");
    assert_eq!(qp(b"a\r", None), last(b"a=0D=\r\n"), "lm.s.86");
    assert_eq!(qp(b"a\r", Some(b"\n")), given(b"a\r\n", b""), "lm.s.87");
    assert_eq!(qp(b"a\r", Some(b"b")), given(b"a=0Db", b""), "lm.s.88");
    assert_eq!(qp(b" ", Some(b"\r")), given(b"", b" \r"), "lm.s.89");
    assert_eq!(qp(b"a b", None), last(b"a=20b=\r\n"), "lm.s.90");
    assert_eq!(qp(b"=", None), last(b"=3D"), "lm.s.91");
    assert_eq!(qp(b"", None), NOTHING, "lm.s.92");
    assert_eq!(qp_with(b"\r\n", Some(b""), b"=0D=0A"), given(b"=0D=0A", b""), "lm.s.94");
    assert_eq!(qp(b"\0\x7f~!", Some(b"")), given(b"=00=7F~!", b""), "lm.s.95");
}

#[test]
fn quoted_printable_scenarios_96_to_110() {
    assert_eq!(unqp(b"ma=E7=E3=", None), last(b"ma\xe7\xe3"), "lm.s.96");
    assert_eq!(unqp(b"ma=E7=E3=", Some(b"")), given(b"ma\xe7\xe3", b"="), "lm.s.97");
    assert_eq!(unqp(b"a=3d", Some(b"")), given(b"a=", b""), "lm.s.98");
    assert_eq!(unqp(b"a=zz", Some(b"")), given(b"a=zz", b""), "lm.s.99");
    assert_eq!(unqp(b"a=3", Some(b"")), given(b"a", b"=3"), "lm.s.100");
    assert_eq!(unqp(b"a=3", None), last(b"a"), "lm.s.101");
    assert_eq!(unqp(b"a=\r\nb", Some(b"")), given(b"ab", b""), "lm.s.102");
    assert_eq!(unqp(b"a=\nb", Some(b"")), given(b"ab", b""), "add.54, lm.s.103");
    assert_eq!(unqp(b"a\nb", Some(b"")), given(b"a\nb", b""), "add.54, lm.s.104");
    assert_eq!(unqp(b"a\rb", Some(b"")), given(b"a", b""), "lm.s.105");
    assert_eq!(unqp(b"a\r", Some(b"\nb")), given(b"a\r\nb", b""), "lm.s.106");
    assert_eq!(unqp(b"\0\x7f\xc8x", Some(b"")), given(b"x", b""), "lm.s.107");
    assert_eq!(unqp(b"=4", Some(b"1")), given(b"A", b""), "lm.s.108");
    assert_eq!(unqp(b"==41", Some(b"")), given(b"==41", b""), "lm.s.109");
    assert_eq!(unqp(b"a  \r\n", Some(b"")), given(b"a  \r\n", b""), "lm.s.110");
}

/// RFC 2045, section 6.7: blanks before the line end do not count. A line may end with LF alone.
#[test]
fn soft_line_breaks_as_they_are_found() {
    let blanks = [b' ', b'\t'].repeat(38);
    assert_eq!(unqp(b"a= \t\r\nb=\nc= \nd", Some(b"")), given(b"abcd", b""), "add.54");
    assert_eq!(unqp(&[b"a=", &blanks[..], b"\r\nb"].concat(), None), last(b"ab"), "add.54: 76 blanks");
    let too_many = [b"a=", &blanks[..], b" \r\nb"].concat();
    assert_eq!(unqp(&too_many, None), last(&too_many), "add.54: 77 blanks");
    assert_eq!(unqp(b"a= \t", Some(b"")), given(b"a", b"= \t"), "add.54: open");
    assert_eq!(unqp(b"a= \t", Some(b"\r")), given(b"a", b"= \t\r"), "add.54: open at CR");
    assert_eq!(unqp(b"= \t\r", Some(b"\nb")), given(b"b", b""), "add.54: in pieces");
    assert_eq!(
        unqp(b"= \t\r", Some(b"b")),
        given(b"= \t", b""),
        "add.54: a CR alone takes the next byte along"
    );
    assert_eq!(unqp(b"= ", Some(b"x=41")), given(b"= xA", b""), "add.54: no break");
    assert_eq!(unqp(b"=  ", Some(b"=41")), given(b"=  A", b""), "add.54: no break, what follows is decoded");
    assert_eq!(unqp(b"a=  ", None), last(b"a"), "add.54: at the end");
}

/// mime.bugs.1: the C library treats output that starts with NUL as empty.
#[test]
fn output_that_starts_with_nul_is_not_lost() {
    assert_eq!(unqp(b"=00abc", None), last(b"\0abc"));
}

pub fn wrapped(kind: Break, left: i32, text: &[u8], length: i32) -> (Bytes, i32) {
    let mut out = Vec::new();
    let same = unwrapped(kind, left, text);
    let left = wrap(kind, left, text, length, &mut out);
    assert!(same.is_none_or(|same| same == left && out == text), "unwrapped");
    (out, left)
}

#[test]
fn wrapping_scenarios_111_to_125() {
    let wrp = |left, text: &[u8], length| wrapped(Break::Hard, left, text, length);
    assert_eq!(wrp(4, b"abcdefgh", 4), (b"abcd\r\nefgh".to_vec(), 0), "lm.s.111");
    assert_eq!(wrp(2, b"abcdefgh", 4), (b"ab\r\ncdef\r\ngh".to_vec(), 2), "lm.s.112");
    assert_eq!(wrp(0, b"abc", 4), (b"\r\nabc".to_vec(), 1), "lm.s.113");
    assert_eq!(Break::Hard.end(4, 4), None, "lm.s.114");
    assert_eq!(Break::Hard.end(3, 4), Some(&b"\r\n"[..]), "lm.s.115");
    assert_eq!(wrp(4, b"ab\ncd", 4), (b"ab\r\ncd".to_vec(), 2), "lm.s.116");
    assert_eq!(wrp(4, b"a\rb", 4), (b"ab".to_vec(), 2), "lm.s.117");
    assert_eq!(wrp(76, b"abc", 76), (b"abc".to_vec(), 73), "lm.s.118");
    let qpwrp = |left, text: &[u8], length| wrapped(Break::Soft, left, text, length);
    assert_eq!(qpwrp(4, b"abcdefgh", 4), (b"abc=\r\ndef=\r\ngh".to_vec(), 2), "lm.s.119");
    assert_eq!(qpwrp(6, b"ab=3D=3Dc", 6), (b"ab=3D=\r\n=3Dc".to_vec(), 2), "lm.s.120");
    assert_eq!(qpwrp(4, b"=3D", 6), (b"=3D".to_vec(), 1), "lm.s.121");
    assert_eq!(qpwrp(3, b"=3D", 6), (b"=\r\n=3D".to_vec(), 3), "lm.s.122");
    assert_eq!(Break::Soft.end(6, 6), None, "lm.s.123");
    assert_eq!(Break::Soft.end(5, 6), Some(&b"=\r\n"[..]), "lm.s.124");
    assert_eq!(qpwrp(6, b"ab\r\ncd", 6), (b"ab\r\ncd".to_vec(), 4), "lm.s.125");
}

/// mime.bugs.6: extreme lengths cause neither overflow nor endless loops.
#[test]
fn extreme_line_lengths_are_safe() {
    assert_eq!(wrapped(Break::Hard, i32::MIN, b"ab", i32::MIN), (b"\r\na\r\nb".to_vec(), i32::MIN));
    assert_eq!(wrapped(Break::Soft, i32::MAX, b"ab", i32::MAX), (b"ab".to_vec(), i32::MAX - 2));
    assert_eq!(wrapped(Break::Soft, 0, b"a=", 0), (b"=\r\na=\r\n=".to_vec(), -1));
}

fn eol(context: i32, text: &[u8], marker: &[u8]) -> (Bytes, i32) {
    let mut out = Vec::new();
    let same = normal(context, text);
    let context = normalize(context, text, marker, &mut out);
    assert!(same.is_none_or(|same| same == context && out == text), "normal");
    (out, context)
}

#[test]
fn line_end_scenarios_126_to_136() {
    let crlf = b"\r\n";
    assert_eq!(eol(0, b"a\nb\r\nc\rd", crlf), (b"a\r\nb\r\nc\r\nd".to_vec(), 0), "lm.s.126");
    assert_eq!(eol(0, b"\n\n", crlf), (b"\r\n\r\n".to_vec(), 0), "lm.s.127");
    assert_eq!(eol(0, b"\r\n\r\n", crlf), (b"\r\n\r\n".to_vec(), 0), "lm.s.128");
    assert_eq!(eol(0, b"a\n\rb", crlf), (b"a\r\nb".to_vec(), 0), "lm.s.129");
    assert_eq!(eol(0, b"a\r", crlf), (b"a\r\n".to_vec(), 13), "lm.s.130");
    assert_eq!(eol(13, b"\nb", crlf), (b"b".to_vec(), 0), "lm.s.131");
    assert_eq!(eol(13, b"\rb", crlf), (b"\r\nb".to_vec(), 0), "lm.s.132");
    assert_eq!(eol(13, b"", crlf), (b"".to_vec(), 13), "lm.s.133");
    assert_eq!(eol(0, b"a\r\nb", b"\n"), (b"a\nb".to_vec(), 0), "lm.s.135");
    assert_eq!(eol(0, b"\r\n\n", crlf), (b"\r\n\r\n".to_vec(), 10), "lm.s.136");
}

fn dot(state: i32, text: &[u8]) -> (Bytes, i32) {
    let mut out = Vec::new();
    let same = unstuffed(state, text);
    let state = stuff(state, text, &mut out);
    assert_eq!(same, (out == text).then_some(state), "unstuffed");
    (out, state)
}

#[test]
fn dot_stuffing_scenarios_137_to_145() {
    assert_eq!(dot(2, b"."), (b"..".to_vec(), 0), "lm.s.137");
    assert_eq!(dot(0, b"."), (b".".to_vec(), 0), "lm.s.138");
    assert_eq!(dot(1, b"\n."), (b"\n..".to_vec(), 0), "lm.s.139");
    assert_eq!(dot(2, b".\r\nStuffing\r\n.\r\n."), (b"..\r\nStuffing\r\n..\r\n..".to_vec(), 0), "lm.s.140");
    assert_eq!(dot(0, b"a\n."), (b"a\n.".to_vec(), 0), "lm.s.141");
    assert_eq!(dot(0, b"a\r\n"), (b"a\r\n".to_vec(), 2), "lm.s.142");
    assert_eq!(dot(0, b"a\r"), (b"a\r".to_vec(), 1), "lm.s.143");
    assert_eq!(dot(2, b".."), (b"...".to_vec(), 0), "lm.s.145");
}
