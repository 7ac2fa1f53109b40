//! `socket_cookies`: cookie jars.

mod cookie;
mod date;
mod file;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzz;
mod jar;
mod suffixes;
#[cfg(test)]
mod tests;

use std::time::SystemTime;

use publicsuffix::List;

use crate::binding::{Call, Class, ClassSpec, Kind, Message, Object, Outcome, Receiver, native};
use crate::classes::Slot;
use crate::sys;

use cookie::{Cookie, Origin, Refusal};
use jar::Store;
use suffixes::Suffixes;

/// A cookie jar.
pub static JAR: Class<Jar> = Class::new(Slot::Jar, c"cookie jar");

static JARS: Receiver<Jar> = Receiver::new("cookie jar", &[&JAR]);

static SPEC: ClassSpec<Jar> = ClassSpec {
    class: &JAR,
    groups: &[],
    methods: &[
        ("clear", native(clear)),
        ("cookies", native(cookies)),
        ("header", native(header)),
        ("load", native(load)),
        ("save", native(save)),
        ("set", native(set)),
    ],
    metamethods: &[],
    named: false,
};

/// The content of the Lua object.
#[derive(Debug)]
pub struct Jar {
    store: Store,
    suffixes: Suffixes,
}

impl Object for Jar {
    fn finalize(&mut self) {
        self.store = Store::default();
        self.suffixes = Suffixes::Any;
    }
}

/// Opens the internal module: `jar([suffixes])`, `is_jar(value)`.
pub fn open(call: &mut Call<'_>) -> Outcome {
    call.prepare();
    call.define_class(&SPEC);
    call.new_table(0, 3);
    call.set_functions(&[("is_jar", native(is_jar)), ("jar", native(make))]);
    call.push_bytes(crate::VERSION);
    call.set_field(-2, b"version");
    Ok(1)
}

/// The Unix time now.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// `cannot open '<file>': <the system's text>`
fn file_error(verb: &str, name: &[u8], text: &Message) -> Vec<u8> {
    [b"cannot ", verb.as_bytes(), b" '", name, b"': ", text.as_bytes()].concat()
}

/// The system's text for an error.
fn io_text(error: &std::io::Error) -> Message {
    match error.raw_os_error() {
        Some(code) => sys::error_text(code),
        None => Message::format(format_args!("{error}")),
    }
}

/// Pushes true, or nil and a message.
fn finish(call: &mut Call<'_>, outcome: Result<(), Vec<u8>>) -> Outcome {
    match outcome {
        Ok(()) => {
            call.push_boolean(true);
            Ok(1)
        }
        Err(message) => {
            call.push_nil();
            call.push_vec(message).map(|()| 2)
        }
    }
}

/// `jar([suffixes])`: a jar with the default list, with the list in a file, or with none if the argument is
/// false.
fn make(call: &mut Call<'_>) -> Outcome {
    call.set_top(1);
    let name = match call.kind(1) {
        Kind::Nil | Kind::Boolean => None,
        _ => Some(call.bytes(1)?),
    };
    let made = call.new_object(&JAR, |call| {
        let suffixes = match name {
            Some(name) => read_list(name)?,
            None if call.kind(1) == Kind::Boolean && !call.truthy(1) => Suffixes::Any,
            None => Suffixes::Usual,
        };
        Ok(Jar { store: Store::default(), suffixes })
    });
    match made {
        Ok(()) => Ok(1),
        Err(message) => finish(call, Err(message)),
    }
}

fn read_list(name: &[u8]) -> Result<Suffixes, Vec<u8>> {
    let text = std::fs::read(sys::path(name)).map_err(|error| file_error("open", name, &io_text(&error)))?;
    let list = List::from_bytes(&text)
        .map_err(|error| file_error("read", name, &Message::format(format_args!("{error}"))))?;
    Ok(Suffixes::Own(Box::new(list)))
}

/// `is_jar(value)`
fn is_jar(call: &mut Call<'_>) -> Outcome {
    let found = call.try_object(1, &JARS, |_| ()).is_some();
    call.push_boolean(found);
    Ok(1)
}

/// `jar:set(url, field)`: true, or nil and why the cookie was refused.
fn set(call: &mut Call<'_>) -> Outcome {
    let (url, field) = (call.bytes(2)?, call.bytes(3)?);
    let outcome = call.object(1, &JARS, |jar| {
        let origin = Origin::parse(url).ok_or(Refusal::Url)?;
        let now = now();
        let cookie = Cookie::parse(field, &origin, now, |domain| jar.suffixes.contain(domain))?;
        jar.store.receive(cookie, &origin, now)
    })?;
    match outcome {
        Ok(()) => {
            call.push_boolean(true);
            Ok(1)
        }
        Err(refusal) => Ok(call.push_failure(&Message::new(refusal.as_text()))),
    }
}

/// `jar:header(url)`: the value of the Cookie field, or nil if there is none.
fn header(call: &mut Call<'_>) -> Outcome {
    let url = call.bytes(2)?;
    let header = call.object(1, &JARS, |jar| {
        Origin::parse(url).map(|origin| jar.store.header(&origin, now())).unwrap_or_default()
    })?;
    if header.is_empty() {
        drop(header);
        call.push_nil();
        return Ok(1);
    }
    call.push_vec(header).map(|()| 1)
}

/// `jar:cookies([url])`: an array of records.
fn cookies(call: &mut Call<'_>) -> Outcome {
    call.set_top(2);
    let url = call.optional_bytes(2)?;
    let found: Vec<Cookie> = call.object(1, &JARS, |jar| {
        let found = match url {
            None => jar.store.all(now()),
            Some(url) => Origin::parse(url)
                .map(|origin| jar.store.for_origin(&origin, now(), false))
                .unwrap_or_default(),
        };
        found.into_iter().cloned().collect()
    })?;
    call.protected(&[], |call| {
        call.new_table(found.len(), 0);
        for (position, cookie) in (1..).zip(&found) {
            push_cookie(call, cookie);
            call.set_element(-2, position);
        }
        Ok(1)
    })
}

fn push_cookie(call: &mut Call<'_>, cookie: &Cookie) {
    call.new_table(0, 9);
    let texts: [(&[u8], &[u8]); 4] = [
        (b"name", &cookie.name),
        (b"value", &cookie.value),
        (b"domain", &cookie.domain),
        (b"path", &cookie.path),
    ];
    for (name, value) in texts {
        call.push_bytes(value);
        call.set_field(-2, name);
    }
    let flags: [(&[u8], bool); 3] =
        [(b"secure", cookie.secure), (b"httponly", cookie.http_only), (b"hostonly", cookie.host_only)];
    for (name, value) in flags {
        call.push_boolean(value);
        call.set_field(-2, name);
    }
    if let Some(time) = cookie.expires {
        call.push_integer(time);
        call.set_field(-2, b"expires");
    }
    if let Some(text) = cookie.same_site {
        call.push_bytes(text.as_bytes());
        call.set_field(-2, b"samesite");
    }
}

/// `jar:clear([domain])`
fn clear(call: &mut Call<'_>) -> Outcome {
    call.set_top(2);
    let domain = call.optional_bytes(2)?;
    call.object(1, &JARS, |jar| jar.store.clear(domain))?;
    call.push_boolean(true);
    Ok(1)
}

/// `jar:load(file)`: true, or nil and a message.
fn load(call: &mut Call<'_>) -> Outcome {
    let name = call.bytes(2)?;
    let outcome = call.object(1, &JARS, |jar| {
        let text =
            std::fs::read(sys::path(name)).map_err(|error| file_error("open", name, &io_text(&error)))?;
        let now = now();
        for cookie in file::parse(&text, now) {
            jar.store.keep(cookie, now);
        }
        Ok(())
    })?;
    finish(call, outcome)
}

/// `jar:save(file)`: true, or nil and a message.
fn save(call: &mut Call<'_>) -> Outcome {
    let name = call.bytes(2)?;
    let outcome = call.object(1, &JARS, |jar| {
        let text = file::compose(&jar.store.all(now()));
        file::write(&sys::path(name), &text).map_err(|error| file_error("write", name, &io_text(&error)))
    })?;
    finish(call, outcome)
}
