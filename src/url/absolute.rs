//! Relative references resolved against a base URL, by LuaSocket's rules rather than RFC 3986's.

use memchr::{memchr, memrchr};

use super::components::Components;
use super::dots::remove_dots;

/// What a reference is resolved against.
#[derive(Clone, Copy, Debug)]
pub enum Base<'a> {
    /// A URL as text.
    Text(&'a [u8]),
    /// A URL in components.
    Parsed(Components<'a>),
}

/// Resolves `relative`. An empty base gives the reference, an empty reference the base.
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
    let mut merged = Vec::new();
    let mut path = Vec::new();
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
        Some(relative) if relative.starts_with(b"/") => {
            remove_dots(relative, &mut path);
            target.path = Some(&path);
        }
        Some(relative) => {
            let folder = base.path.and_then(|path| path.get(..=memrchr(b'/', path)?)).unwrap_or(b"/");
            merged.reserve(folder.len() + relative.len());
            merged.extend_from_slice(folder);
            merged.extend_from_slice(relative);
            remove_dots(&merged, &mut path);
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

/// Removes dot segments from a whole URL given as text.
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

/// Removes dot segments from what follows scheme and authority, query and fragment included:
/// LuaSocket's callers rely on it. What touches the authority without a slash stays as it is,
/// because its removal would change the authority.
fn tidy_rest(rest: &[u8], follows_authority: bool, url: &mut Vec<u8>) {
    let attached = if follows_authority { memchr(b'/', rest).unwrap_or(rest.len()) } else { 0 };
    let (attached, removable) = rest.split_at_checked(attached).unwrap_or((rest, b""));
    url.extend_from_slice(attached);
    remove_dots(removable, url);
}
