//! Properties of any URL: those of the corpus, damaged ones, and random bytes.

use proptest::collection::vec;
use proptest::prelude::*;

use super::absolute::{Base, absolute};
use super::components::Components;
use super::dots::remove_dots;
use super::escape::{escape, unescape};
use super::path::{segments, write_segment};

fn corpus() -> Vec<&'static [u8]> {
    include_str!("corpus.txt").lines().map(str::as_bytes).collect()
}

/// A URL of the corpus, unchanged or with significant bytes inserted or removed; or random bytes.
fn url() -> impl Strategy<Value = Vec<u8>> {
    let change = (any::<u16>(), any::<bool>(), proptest::sample::select(b"/.:@?#;[]%\0 a0\\".to_vec()));
    let damaged = (proptest::sample::select(corpus()), vec(change, 0..6)).prop_map(|(url, changes)| {
        let mut url = url.to_vec();
        for (place, inserts, byte) in changes {
            let place = usize::from(place) % (url.len() + 1);
            if inserts {
                url.insert(place, byte);
            } else if place < url.len() {
                url.remove(place);
            }
        }
        url
    });
    let pieces = vec(proptest::sample::select(vec!["/", "..", ".", "//", "a", "?", "#", ";", ":"]), 0..12);
    prop_oneof![
        6 => damaged,
        2 => pieces.prop_map(|pieces| pieces.concat().into_bytes()),
        1 => vec(any::<u8>(), 0..60),
    ]
}

fn parts<'a>(of: &Components<'a>) -> [Option<&'a [u8]>; 11] {
    let Components { scheme, authority, userinfo, user, password, host, port, path, params, query, fragment } =
        *of;
    [scheme, authority, userinfo, user, password, host, port, path, params, query, fragment]
}

fn has(text: Option<&[u8]>, bytes: &[u8]) -> bool {
    text.is_some_and(|text| text.iter().any(|byte| bytes.contains(byte)))
}

fn check_parse(url: &[u8]) -> Result<(), TestCaseError> {
    let parsed = Components::parse(url);
    for part in parts(&parsed).into_iter().flatten() {
        prop_assert!(url.windows(part.len().max(1)).any(|window| window == part) || part.is_empty());
    }
    prop_assert!(!has(parsed.scheme, b":/?#@"));
    prop_assert!(!has(parsed.params, b"?#") && !has(parsed.query, b"#") && !has(parsed.path, b";?#"));
    prop_assert!(!has(parsed.authority, b"/") && !has(parsed.password, b":") && !has(parsed.port, b":"));
    // `parse` drops the brackets of a host; `build` adds them only if the host has a colon.
    if !has(parsed.host, b"[]:") && !has(parsed.authority, b"[]") {
        prop_assert_eq!(parsed.build(), url);
    }
    Ok(())
}

/// A reference without scheme and authority keeps the scheme and authority of its base.
fn check_absolute(base: &[u8], reference: &[u8]) -> Result<(), TestCaseError> {
    let target = absolute(Base::Text(base), reference);
    prop_assert!(target.len() <= base.len() + reference.len() + 4);
    prop_assert_eq!(&target, &absolute(Base::Text(base), reference));
    if base.is_empty() || reference.is_empty() {
        return Ok(());
    }
    let (from, to) = (Components::parse(base), Components::parse(reference));
    prop_assert_eq!(&target, &absolute(Base::Parsed(from), reference));
    if to.scheme.is_none() && to.authority.is_none() && from.scheme.is_some() && from.host.is_some() {
        let origin = Components { scheme: from.scheme, authority: from.authority, ..Components::default() };
        prop_assert!(target.starts_with(&origin.build()), "{}", target.escape_ascii());
    }
    Ok(())
}

#[test]
fn every_pair_of_the_corpus_resolves() {
    for base in corpus() {
        assert!(check_parse(base).is_ok(), "{}", base.escape_ascii());
        for reference in corpus() {
            let result = check_absolute(base, reference);
            assert!(result.is_ok(), "{} + {}: {result:?}", base.escape_ascii(), reference.escape_ascii());
        }
    }
}

proptest! {
    #[test]
    fn a_parsed_url_is_made_of_its_components(url in url()) {
        check_parse(&url)?;
    }

    #[test]
    fn a_reference_resolves(base in url(), reference in url()) {
        check_absolute(&base, &reference)?;
    }

    #[test]
    fn dots_are_removed_once_for_all(path in "(/|\\.\\.?|a|bc){0,12}") {
        let mut once = Vec::new();
        remove_dots(path.as_bytes(), &mut once);
        prop_assert!(once.len() <= path.len() + 1);
        prop_assert!(!once.windows(3).any(|window| window == b"/./"));
    }

    #[test]
    fn unescape_reverses_escape(text in vec(any::<u8>(), 0..200)) {
        let mut escaped = Vec::new();
        escape(&text, &mut escaped);
        prop_assert!(escaped.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_%".contains(byte)));
        prop_assert_eq!(unescape(&escaped).into_owned(), text);
    }

    #[test]
    fn unescaping_anything_only_shortens(text in "[%0-9a-fA-Fg]{0,60}") {
        let plain = unescape(text.as_bytes());
        prop_assert_eq!((text.len() - plain.len()) % 2, 0);
        let percents = text.bytes().filter(|&byte| byte == b'%').count();
        prop_assert!(plain.len() + 2 * percents >= text.len());
    }

    #[test]
    fn segments_come_back_from_a_path(list in vec(vec(any::<u8>(), 1..12), 0..8)) {
        let mut path = Vec::new();
        for segment in &list {
            path.push(b'/');
            write_segment(segment, false, &mut path);
        }
        let back: Vec<_> = segments(&path).map(|segment| unescape(segment).into_owned()).collect();
        prop_assert_eq!(back, list);
    }
}
