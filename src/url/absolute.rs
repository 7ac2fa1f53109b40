//! Resolves relative references against a base URL, by LuaSocket's rules instead of RFC 3986's.

use memchr::{memchr, memchr2, memmem, memrchr};

use super::components::Components;
use super::dots::remove_dots;

/// The base for resolving a reference.
#[derive(Clone, Copy, Debug)]
pub enum Base<'a> {
    /// A URL as a string.
    Text(&'a [u8]),
    /// A URL in components.
    Parsed(Components<'a>),
}

/// Resolves `relative`. If one of the two is empty, returns the other.
pub fn absolute(base: Base<'_>, relative: &[u8]) -> Vec<u8> {
    let parts = match base {
        Base::Text(b"") => return tidy(relative),
        Base::Text(text) if relative.is_empty() => return tidy(text),
        Base::Text(text) => Components::parse(text),
        Base::Parsed(parts) if relative.is_empty() => return tidy_parts(&parts),
        Base::Parsed(parts) => parts,
    };
    let reference = Components::parse(relative);
    if reference.scheme.is_some() { tidy_text(relative, &reference) } else { resolve(&parts, reference) }
}

fn resolve(base: &Components<'_>, reference: Components<'_>) -> Vec<u8> {
    let mut authority = Vec::new();
    let path;
    let mut target = Components { scheme: base.scheme, ..reference };
    if target.authority.is_some() {
        return tidy_parts(&target);
    }
    target.authority = match (base.authority, base.host) {
        (Some(given), _) => Some(given),
        (None, Some(_)) => {
            base.write_authority(&mut authority);
            Some(&authority)
        }
        (None, None) => None,
    };
    match target.path {
        Some(relative) => {
            path = merge(base.path, relative);
            target.path = Some(&path);
        }
        None => {
            target.path = base.path;
            if target.params.is_none() {
                target.params = base.params;
                if target.query.is_none() {
                    target.query = base.query;
                }
            }
        }
    }
    tidy_parts(&target)
}

/// Resolves a path against a base path (RFC 3986, section 5.2.3) and removes dot segments.
pub fn merge(base: Option<&[u8]>, relative: &[u8]) -> Vec<u8> {
    let mut path = Vec::new();
    if relative.starts_with(b"/") {
        remove_dots(relative, &mut path);
        return path;
    }
    let folder = base.and_then(|path| path.get(..=memrchr(b'/', path)?)).unwrap_or(b"/");
    remove_dots(&[folder, relative].concat(), &mut path);
    path
}

/// Removes dot segments from the path of a URL given as a string.
fn tidy(url: &[u8]) -> Vec<u8> {
    tidy_text(url, &Components::parse(url))
}

fn tidy_text(url: &[u8], parts: &Components<'_>) -> Vec<u8> {
    let scheme = parts.scheme.map_or(0, |scheme| scheme.len() + 1);
    let authority = parts.authority.map_or(0, |authority| authority.len() + 2);
    let (prefix, rest) = url.split_at_checked(scheme + authority).unwrap_or((url, b""));
    let mut tidied = Vec::with_capacity(url.len());
    tidied.extend_from_slice(prefix);
    tidy_rest(rest, parts.authority.is_some(), &mut tidied);
    tidied
}

fn tidy_parts(parts: &Components<'_>) -> Vec<u8> {
    let room = parts.room();
    let mut rest = Vec::with_capacity(room);
    parts.write_rest(&mut rest);
    let mut url = Vec::with_capacity(room);
    parts.write_prefix(&mut url);
    tidy_rest(&rest, parts.has_authority(), &mut url);
    url
}

/// Removes dot segments from the text after scheme and authority: from the path and its parameters (RFC 3986,
/// section 5.2.4). Text directly after the authority, without a slash, stays: removing it would change the
/// authority.
fn tidy_rest(rest: &[u8], follows_authority: bool, url: &mut Vec<u8>) {
    let (path, tail) = split_at(rest, memchr2(b'?', b'#', rest));
    let (attached, removable) =
        if follows_authority { split_at(path, memchr(b'/', path)) } else { (&[][..], path) };
    url.extend_from_slice(attached);
    remove_dots(removable, url);
    write_tail(tail, url);
}

/// Query and fragment keep their `..`. `/./` becomes `/` there: LuaSocket's own tests require it.
fn write_tail(tail: &[u8], url: &mut Vec<u8>) {
    let mut rest = tail;
    while let Some(at) = memmem::find(rest, b"/./") {
        let (before, after) = split_at(rest, Some(at));
        url.extend_from_slice(before);
        rest = after.get(2..).unwrap_or_default();
    }
    url.extend_from_slice(rest);
}

/// Splits at a position. Without one, all text is in the first part.
fn split_at(text: &[u8], at: Option<usize>) -> (&[u8], &[u8]) {
    text.split_at_checked(at.unwrap_or(text.len())).unwrap_or((text, b""))
}
