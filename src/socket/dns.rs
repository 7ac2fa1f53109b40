//! `socket.dns`: the resolver's answers as tables. These calls take as long as the resolver does. In a task,
//! other tasks run meanwhile.

use super::error::Failure;
use super::hosts;
use super::resolve::answer;
use super::service::Service;
use super::timeout::Wait;
use crate::binding::{Call, Message, NativeFunction, Outcome, Raise, native};
use crate::sys;
use crate::sys::libc;
use crate::sys::resolver::{
    Hints, HostEntry, explain_host_error, host_entry, literal, lookup, name_of, numeric,
};

const FUNCTIONS: &[(&str, NativeFunction)] = &[
    ("getaddrinfo", native(getaddrinfo)),
    ("gethostname", native(gethostname)),
    ("getnameinfo", native(getnameinfo)),
    ("tohostname", native(tohostname)),
    ("toip", native(toip)),
];

/// Pushes the table `dns`.
pub fn push_table(call: &mut Call<'_>) {
    call.new_table(0, FUNCTIONS.len());
    call.set_functions(FUNCTIONS);
}

const STREAM: Hints = Hints { family: libc::AF_UNSPEC, kind: libc::SOCK_STREAM, flags: 0 };

/// `getaddrinfo(host)`: returns `{{family = "inet", addr = "127.0.0.1"}, …}`
fn getaddrinfo(call: &mut Call<'_>) -> Outcome {
    push_addresses(call, Wait::Forever)
}

/// `lookup(host, seconds)`: the same within a time limit, if `seconds` is given. For the client of HTTP.
pub fn lookup_within(call: &mut Call<'_>) -> Outcome {
    let limit = call.try_number(2).map_or(Wait::Forever, Wait::seconds);
    push_addresses(call, limit)
}

fn push_addresses(call: &mut Call<'_>, limit: Wait) -> Outcome {
    let host = call.bytes(1)?;
    let found = match literal(host) {
        Some(ip) => Ok(vec![(ip, 0).into()]),
        None if hosts::answers(host, libc::AF_UNSPEC) => lookup(Some(host), None, STREAM),
        None => {
            let name = host.to_vec();
            match answer(call, limit, move || lookup(Some(&name), None, STREAM)) {
                Ok(found) => found,
                Err(failure) => return fail(call, failure),
            }
        }
    };
    let addresses = match found {
        Ok(addresses) => addresses,
        Err(error) => return fail(call, Failure::Resolve(error)),
    };
    let mut texts = Vec::with_capacity(addresses.len());
    for address in &addresses {
        match numeric(address) {
            Ok(text) => texts.push((if address.is_ipv6() { "inet6" } else { "inet" }, text)),
            Err(error) => {
                drop((texts, addresses));
                return fail(call, Failure::Resolve(error));
            }
        }
    }
    call.protected(&[], |call| {
        call.new_table(texts.len(), 0);
        for (position, (family, text)) in (1..).zip(&texts) {
            call.new_table(0, 2);
            call.push_bytes(family.as_bytes());
            call.set_field(-2, b"family");
            call.push_bytes(text);
            call.set_field(-2, b"addr");
            call.set_element(-2, position);
        }
        Ok(1)
    })
}

/// `getnameinfo(host, service)`: returns the names of a host's addresses, and the service's name if one
/// is given.
fn getnameinfo(call: &mut Call<'_>) -> Outcome {
    let (host, service) = (call.optional_bytes(1)?, call.optional_bytes(2)?);
    if host.is_none() && service.is_none() {
        return Err(Raise::Error(Message::new("host and serv cannot be both nil")));
    }
    // Do not look up a name that was not requested.
    let flags = if host.is_none() { libc::NI_NUMERICHOST } else { 0 }
        | if service.is_none() { libc::NI_NUMERICSERV } else { 0 };
    let text = match service.map(|service| Service::read(service).text()).transpose() {
        Ok(text) => text,
        Err(failure) => return fail(call, failure),
    };
    let (has_host, has_service) = (host.is_some(), service.is_some());
    let host = host.map(<[u8]>::to_vec);
    let work = move || {
        lookup(host.as_deref(), text.as_deref(), STREAM).and_then(|addresses| {
            addresses.iter().map(|address| name_of(address, flags)).collect::<Result<Vec<_>, _>>()
        })
    };
    let found = match answer(call, Wait::Forever, work) {
        Ok(found) => found,
        Err(failure) => return fail(call, failure),
    };
    match found {
        Ok(names) => call.protected(&[], |call| {
            call.new_table(names.len(), 0);
            if has_host {
                for (position, (name, _)) in (1..).zip(&names) {
                    call.push_bytes(name);
                    call.set_element(-2, position);
                }
            }
            match names.first() {
                Some((_, name)) if has_service => call.push_bytes(name),
                _ => return Ok(1),
            }
            Ok(2)
        }),
        Err(error) => fail(call, Failure::Resolve(error)),
    }
}

/// `toip(name)`: returns the first IPv4 address, and a table with everything known about the host.
fn toip(call: &mut Call<'_>) -> Outcome {
    host(call, |call, entry| match entry.addresses.first() {
        Some(ip) => call.push_bytes(Message::format(format_args!("{ip}")).as_bytes()),
        None => call.push_nil(),
    })
}

/// `tohostname(address)`: returns the canonical name, and a table with everything known about the host.
fn tohostname(call: &mut Call<'_>) -> Outcome {
    host(call, |call, entry| call.push_bytes(&entry.name))
}

fn host(call: &mut Call<'_>, push_first: fn(&mut Call<'_>, &HostEntry)) -> Outcome {
    let name = call.bytes(1)?;
    let found = if hosts::answers(name, libc::AF_INET) {
        Ok(host_entry(name))
    } else {
        let name = name.to_vec();
        answer(call, Wait::Forever, move || host_entry(&name))
    };
    let entry = match found {
        Ok(Ok(entry)) => entry,
        Ok(Err(code)) => return Ok(call.push_failure(&explain_host_error(code))),
        Err(failure) => return fail(call, failure),
    };
    call.protected(&[], |call| {
        push_first(call, &entry);
        call.new_table(0, 3);
        call.push_bytes(&entry.name);
        call.set_field(-2, b"name");
        call.new_table(entry.aliases.len(), 0);
        for (position, alias) in (1..).zip(&entry.aliases) {
            call.push_bytes(alias);
            call.set_element(-2, position);
        }
        call.set_field(-2, b"alias");
        call.new_table(entry.addresses.len(), 0);
        for (position, ip) in (1..).zip(&entry.addresses) {
            call.push_bytes(Message::format(format_args!("{ip}")).as_bytes());
            call.set_element(-2, position);
        }
        call.set_field(-2, b"ip");
        Ok(2)
    })
}

/// `gethostname()`: returns the name of this machine.
fn gethostname(call: &mut Call<'_>) -> Outcome {
    match sys::host_name() {
        Ok(name) => call.push_vec(name).map(|()| 1),
        Err(error) => fail(call, error.into()),
    }
}

fn fail(call: &mut Call<'_>, failure: Failure) -> Outcome {
    Ok(call.push_failure(&failure.message()))
}
