//! `socket.url`: splits, builds, resolves and escapes URLs by LuaSocket's rules.
//!
//! The other files here work on bytes and do not use Lua.

mod absolute;
mod build;
mod components;
mod dots;
mod escape;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzz;
mod path;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::ffi::c_int;

use memchr::memchr_iter;

use crate::binding::{Call, Kind, Message, Outcome, Raise, buffer, check_memory, native, reserve};

use absolute::Base;
use components::Components;

/// The position of the argument of `parse` with defaults.
const DEFAULT: c_int = 2;

/// Pushes the module's table.
pub fn open(call: &mut Call<'_>) -> Outcome {
    call.prepare();
    call.new_table(0, 9);
    for (name, function) in
        [("parse", native(parse)), ("build", native(build)), ("absolute", native(absolute_url))]
    {
        // The names of components are created once, not for each URL.
        for name in NAMES {
            call.push_bytes(name.as_bytes());
        }
        call.push_function_keeping(function, NAMES.len() as c_int);
        call.set_field(-2, name.as_bytes());
    }
    call.set_functions(&[
        ("escape", native(escape_text)),
        ("unescape", native(unescape_text)),
        ("parse_path", native(parse_path)),
        ("build_path", native(build_path)),
        ("merge_path", native(merge_path)),
    ]);
    call.push_bytes(b"URL 1.0.3");
    call.set_field(-2, b"_VERSION");
    Ok(1)
}

/// Whether an argument counts as absent: `nil` and `false` do.
fn is_missing(call: &Call<'_>, index: c_int) -> bool {
    !call.truthy(index)
}

/// `parse(url, default)`
fn parse(call: &mut Call<'_>) -> Outcome {
    const RESULT: c_int = 3;
    call.set_top(DEFAULT);
    let has_default = !is_missing(call, DEFAULT);
    if has_default {
        call.table(DEFAULT)?;
    }
    let url = if is_missing(call, 1) { b"" } else { call.bytes(1)? };
    if url.is_empty() {
        return Ok(call.push_failure(&Message::new("invalid url")));
    }
    let mut parts = Components::parse(url);
    call.new_table(0, count(&parts));
    if has_default {
        copy_pairs(call, DEFAULT, RESULT);
        split_defaults(call, RESULT, &mut parts)?;
    }
    for (name, part) in named(&parts) {
        if let Some(part) = part {
            call.push_kept(name as c_int);
            call.push_bytes(part);
            call.set_raw(RESULT);
        }
    }
    // The split parts are below the top of the stack: their strings had to stay alive until now.
    call.push_value(RESULT);
    Ok(1)
}

/// Copies all pairs from one table to another, as Lua's `pairs` iterates them.
fn copy_pairs(call: &mut Call<'_>, from: c_int, to: c_int) {
    if call.has_metafield(from, c"__pairs") {
        const COPY: &str = "local from, to = ... for key, value in pairs(from) do to[key] = value end";
        call.push_value(from);
        call.push_value(to);
        call.run_source(c"=socket.url", COPY, 2);
        call.pop(1);
        return;
    }
    call.push_nil();
    while call.next(from) {
        call.push_value(-2);
        call.insert(-2);
        call.set_raw(to);
    }
}

/// Splits a default authority like a URL's own. Splits a default userinfo if there is an authority without
/// one. Both stay on the stack: nothing else keeps alive a string made from a number.
fn split_defaults<'c>(call: &mut Call<'c>, defaults: c_int, parts: &mut Components<'c>) -> Result<(), Raise> {
    let mut has_authority = parts.authority.is_some();
    if !has_authority && let Some(authority) = field(call, defaults, Name::Authority, DEFAULT)? {
        parts.split_authority(authority);
        has_authority = true;
    }
    if has_authority
        && parts.userinfo.is_none()
        && let Some(userinfo) = field(call, defaults, Name::Userinfo, DEFAULT)?
    {
        parts.split_userinfo(userinfo);
    }
    Ok(())
}

/// `build(components)`
fn build(call: &mut Call<'_>) -> Outcome {
    // In Lua a string can be indexed too, but it has no components.
    if call.kind(1) == Kind::String {
        call.push_bytes(b"");
        return Ok(1);
    }
    let Ok(parts) = fields(call) else { return build_odd(call) };
    spare(named(&parts).into_iter().filter_map(|(_, part)| part))?;
    call.push_vec(parts.build())?;
    Ok(1)
}

/// Handles a table that `build` cannot use: raises the error. If its only component is a path, returns that
/// path unchanged, as LuaSocket does.
fn build_odd(call: &mut Call<'_>) -> Outcome {
    call.table(1)?;
    for name in [Name::Scheme, Name::Authority, Name::Host, Name::Params, Name::Query, Name::Fragment] {
        push_component(call, 1, name);
        if !is_missing(call, -1) {
            return fields(call).map(|_| 0);
        }
    }
    push_component(call, 1, Name::Path);
    Ok(1)
}

/// `absolute(base, relative)`
fn absolute_url(call: &mut Call<'_>) -> Outcome {
    call.set_top(2);
    let base = match call.kind(1) {
        Kind::Table => Base::Parsed(fields(call)?),
        _ if is_missing(call, 1) => Base::Text(b""),
        _ => Base::Text(call.bytes(1)?),
    };
    let relative = match base {
        Base::Text(b"") => call.bytes(2)?,
        _ if is_missing(call, 2) => b"",
        _ => call.bytes(2)?,
    };
    match &base {
        Base::Text(text) => spare([*text, relative])?,
        Base::Parsed(parts) => {
            spare(named(parts).into_iter().filter_map(|(_, part)| part).chain([relative]))?;
        }
    }
    call.push_vec(absolute::absolute(base, relative))?;
    Ok(1)
}

/// Checks that the result for these strings will fit in memory, so that we can raise "not enough memory".
fn spare<'a>(texts: impl IntoIterator<Item = &'a [u8]>) -> Result<(), Raise> {
    // For shorter URLs, the check would take as long as the work itself.
    const LARGE: usize = 1024;
    /// The memory per segment of a growing list of segments.
    const SEGMENT: usize = 72;
    let mut length = 0_usize;
    let mut slashes = 0_usize;
    for text in texts {
        length = length.saturating_add(text.len());
        if text.len() >= LARGE {
            slashes = slashes.saturating_add(memchr_iter(b'/', text).count());
        }
    }
    if length < LARGE {
        return Ok(());
    }
    check_memory(length.saturating_mul(4).saturating_add(slashes.saturating_mul(SEGMENT)))
}

/// `escape(text)`
fn escape_text(call: &mut Call<'_>) -> Outcome {
    let text = call.bytes(1)?;
    let mut escaped = buffer(text.len().saturating_mul(3))?;
    escape::escape(text, &mut escaped);
    call.push_vec(escaped)?;
    Ok(1)
}

/// `unescape(text)`
fn unescape_text(call: &mut Call<'_>) -> Outcome {
    let text = call.bytes(1)?;
    push_unescaped(call, text)?;
    Ok(1)
}

fn push_unescaped(call: &mut Call<'_>, text: &[u8]) -> Result<(), Raise> {
    spare([text])?;
    match escape::unescape(text) {
        Cow::Borrowed(plain) => call.push_bytes(plain),
        Cow::Owned(decoded) => call.push_vec(decoded)?,
    }
    Ok(())
}

/// `parse_path(path)`
fn parse_path(call: &mut Call<'_>) -> Outcome {
    const RESULT: c_int = 2;
    call.set_top(1);
    let path = if is_missing(call, 1) { b"" } else { call.bytes(1)? };
    call.new_table(path::segments(path).count(), 2);
    for (position, segment) in (1..).zip(path::segments(path)) {
        push_unescaped(call, segment)?;
        call.set_element(RESULT, position);
    }
    for (name, present) in
        [(b"is_absolute".as_slice(), path.starts_with(b"/")), (b"is_directory", path.ends_with(b"/"))]
    {
        if present {
            call.push_integer(1);
            call.set_field(RESULT, name);
        }
    }
    Ok(1)
}

/// `build_path(segments, count, unsafe)`. The Lua file gets the length, so that metamethods apply as in its
/// Lua version.
fn build_path(call: &mut Call<'_>) -> Outcome {
    call.set_top(3);
    call.table(1)?;
    let count = call.integer(2)?;
    let as_it_is = call.truthy(3);
    call.push_field(1, c"is_absolute");
    let is_absolute = call.truthy(-1);
    call.push_field(1, c"is_directory");
    let is_directory = call.truthy(-1);

    let mut path = Vec::new();
    let mut wrong = None;
    if is_absolute {
        path.push(b'/');
    }
    call.protected(&[1], |call| {
        for position in 1..=count {
            call.push_element(1, position);
            let Some(segment) = call.try_bytes(-1) else {
                let kind = call.kind_name(-1);
                wrong =
                    Some(Message::format(format_args!("string expected at index {position}, got {kind}")));
                return Ok(0);
            };
            reserve(&mut path, segment.len().saturating_mul(3).saturating_add(2))?;
            if position > 1 {
                path.push(b'/');
            }
            path::write_segment(segment, as_it_is, &mut path);
            call.pop(1);
        }
        Ok(0)
    })?;
    if let Some(message) = wrong {
        return Err(Raise::Argument(1, message));
    }
    if is_directory && count > 0 {
        path.push(b'/');
    }
    call.push_vec(path)?;
    Ok(1)
}

/// `merge_path(base, relative)`: used by the Lua file when a program has replaced `parse` or `build`.
fn merge_path(call: &mut Call<'_>) -> Outcome {
    let base = call.optional_bytes(1)?;
    let relative = call.bytes(2)?;
    spare([base.unwrap_or_default(), relative])?;
    call.push_vec(absolute::merge(base, relative))?;
    Ok(1)
}

/// Reads the components from the table at argument 1. The values stay on the stack, because the slices borrow
/// from them.
fn fields<'c>(call: &mut Call<'c>) -> Result<Components<'c>, Raise> {
    call.table(1)?;
    call.set_top(2);
    let mut parts = Components {
        scheme: field(call, 1, Name::Scheme, 1)?,
        host: field(call, 1, Name::Host, 1)?,
        path: field(call, 1, Name::Path, 1)?,
        params: field(call, 1, Name::Params, 1)?,
        query: field(call, 1, Name::Query, 1)?,
        fragment: field(call, 1, Name::Fragment, 1)?,
        ..Components::default()
    };
    if parts.host.is_none() {
        parts.authority = field(call, 1, Name::Authority, 1)?;
        return Ok(parts);
    }
    push_component(call, 1, Name::Authority);
    parts.authority = call.try_bytes(-1);
    parts.port = port(call)?;
    parts.user = field(call, 1, Name::User, 1)?;
    if parts.user.is_some() {
        parts.password = field(call, 1, Name::Password, 1)?;
    } else {
        parts.userinfo = field(call, 1, Name::Userinfo, 1)?;
    }
    Ok(parts)
}

/// A port may be any value that `tostring` accepts.
fn port<'c>(call: &mut Call<'c>) -> Result<Option<&'c [u8]>, Raise> {
    push_component(call, 1, Name::Port);
    if is_missing(call, -1) {
        return Ok(None);
    }
    call.stringify(-1);
    Ok(call.try_bytes(-1))
}

/// Pushes a field and reads it: a string or a number, `None` if absent. Any other type is an error for
/// `argument`.
fn field<'c>(
    call: &mut Call<'c>,
    table: c_int,
    name: Name,
    argument: c_int,
) -> Result<Option<&'c [u8]>, Raise> {
    push_component(call, table, name);
    if is_missing(call, -1) {
        return Ok(None);
    }
    call.try_bytes(-1).map(Some).ok_or_else(|| {
        let kind = call.kind_name(-1);
        let name = NAMES.get(name as usize).copied().unwrap_or_default();
        Raise::Argument(
            argument,
            Message::format(format_args!("string expected in field '{name}', got {kind}")),
        )
    })
}

/// Pushes the field of a component, with metamethods.
fn push_component(call: &mut Call<'_>, table: c_int, name: Name) {
    call.push_kept(name as c_int);
    call.look_up(table);
}

/// The fields of the components. Each number is a position in [`NAMES`].
#[derive(Clone, Copy)]
enum Name {
    Scheme,
    Authority,
    Userinfo,
    User,
    Password,
    Host,
    Port,
    Path,
    Params,
    Query,
    Fragment,
}

const NAMES: [&str; 11] = [
    "scheme",
    "authority",
    "userinfo",
    "user",
    "password",
    "host",
    "port",
    "path",
    "params",
    "query",
    "fragment",
];

/// All components with their names.
fn named<'a>(parts: &Components<'a>) -> [(Name, Option<&'a [u8]>); 11] {
    [
        (Name::Scheme, parts.scheme),
        (Name::Authority, parts.authority),
        (Name::Userinfo, parts.userinfo),
        (Name::User, parts.user),
        (Name::Password, parts.password),
        (Name::Host, parts.host),
        (Name::Port, parts.port),
        (Name::Path, parts.path),
        (Name::Params, parts.params),
        (Name::Query, parts.query),
        (Name::Fragment, parts.fragment),
    ]
}

fn count(parts: &Components<'_>) -> usize {
    named(parts).iter().filter(|(_, part)| part.is_some()).count()
}
