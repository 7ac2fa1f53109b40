//! `getoption` and `setoption`: the options of each object, and the form of their values.

use std::ffi::{CStr, c_int};
use std::net::{Ipv4Addr, Ipv6Addr};

use super::described::Described;
use super::descriptor::Descriptor;
use super::error::Failure;
use super::object::with;
use super::recorded::Recorded;
use crate::binding::{Call, Kind, Message, Outcome, Raise};
use crate::sys::resolver::ipv4_number;
use crate::sys::{self, LingerPart};

/// The form of an option's value.
#[derive(Clone, Copy)]
pub enum OptionKind {
    /// A boolean.
    Flag,
    /// A number; anything else counts as zero.
    Number,
    /// `{on = boolean, timeout = seconds}`
    Linger,
    /// The pending error's text, or nil.
    Error,
    /// A network interface's name.
    #[cfg_attr(not(target_os = "linux"), allow(dead_code))]
    Device,
    /// An IPv4 address, `*` for any.
    Ipv4,
    /// `{multiaddr = address, interface = address}`
    Membership4,
    /// `{multiaddr = address, interface = index}`
    Membership6,
}

/// One option of an object.
pub struct SocketOption {
    name: &'static str,
    kind: OptionKind,
    level: c_int,
    number: c_int,
    get: bool,
    set: bool,
}

impl SocketOption {
    fn was_recorded(&self, recorded: &Recorded) -> bool {
        recorded.has(self.level, self.number)
    }
}

/// An option that can be read and set.
pub const fn both(name: &'static str, kind: OptionKind, level: c_int, number: c_int) -> SocketOption {
    SocketOption { name, kind, level, number, get: true, set: true }
}

/// An option that can only be set.
pub const fn set_only(name: &'static str, kind: OptionKind, level: c_int, number: c_int) -> SocketOption {
    SocketOption { name, kind, level, number, get: false, set: true }
}

/// An option that can only be read.
pub const fn get_only(name: &'static str, kind: OptionKind, level: c_int, number: c_int) -> SocketOption {
    SocketOption { name, kind, level, number, get: true, set: false }
}

/// A value in the system's format.
#[derive(Clone, Copy)]
struct Encoded {
    bytes: [u8; 20],
    length: usize,
}

impl Encoded {
    fn new(parts: &[&[u8]]) -> Self {
        let mut encoded = Encoded { bytes: [0; 20], length: 0 };
        for byte in parts.iter().copied().flatten() {
            if let Some(place) = encoded.bytes.get_mut(encoded.length) {
                *place = *byte;
                encoded.length += 1;
            }
        }
        encoded
    }

    fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

/// A value to be passed to the system.
enum Value<'c> {
    Encoded(Encoded),
    Text(&'c [u8]),
}

fn find(
    call: &Call<'_>,
    options: &'static [SocketOption],
    usable: fn(&SocketOption) -> bool,
) -> Result<&'static SocketOption, Raise> {
    let name = call.bytes(2)?;
    options.iter().find(|option| option.name.as_bytes() == name && usable(option)).ok_or_else(|| {
        let mut message = Message::new("unsupported option `");
        let shown = name.split(|byte| *byte == 0).next().unwrap_or_default();
        message.append(shown.get(..shown.len().min(35)).unwrap_or_default());
        message.append(b"'");
        Raise::Argument(2, message)
    })
}

/// `object:getoption(name)`
pub fn get<T: Described>(call: &mut Call<'_>, options: &'static [SocketOption]) -> Outcome {
    let mut value = [0u8; 64];
    let found = find(call, options, |option| option.get);
    let (option, length) = with(call, T::any(), found, |object, option| {
        let sample = sample(object, option, SocketOption::was_recorded);
        let descriptor = sample.as_ref().unwrap_or_else(|| object.descriptor());
        let fd = descriptor.borrow().ok();
        let length = fd.and_then(|fd| sys::option_bytes(fd, option.level, option.number, &mut value).ok());
        (option, length)
    })?;
    let Some(bytes) = length.and_then(|length| value.get(..length)) else {
        return Ok(call.push_failure(&Message::new("getsockopt failed")));
    };
    // Linux returns some of the IPv4 multicast options as a single byte.
    let integer = |at: usize| {
        let word = bytes.get(at..at + 4).and_then(|word| word.try_into().ok()).map(c_int::from_ne_bytes);
        word.or_else(|| bytes.first().map(|byte| c_int::from(*byte))).unwrap_or(0)
    };
    match option.kind {
        OptionKind::Flag => call.push_boolean(integer(0) != 0),
        OptionKind::Number => call.push_number(f64::from(integer(0))),
        OptionKind::Linger => {
            let part = |at: usize| {
                let part = bytes.get(at * size_of::<LingerPart>()..)?.first_chunk()?;
                Some(LingerPart::from_ne_bytes(*part))
            };
            let (on, seconds) = (part(0).unwrap_or(0) != 0, part(1).unwrap_or(0));
            call.new_table(0, 2);
            call.push_boolean(on);
            call.set_field(-2, b"on");
            call.push_integer(i64::from(seconds));
            call.set_field(-2, b"timeout");
        }
        OptionKind::Error => match integer(0) {
            0 => call.push_nil(),
            code => call.push_bytes(Failure::Errno(code).message().as_bytes()),
        },
        OptionKind::Device => {
            let name = CStr::from_bytes_until_nul(bytes).map_or(bytes, CStr::to_bytes);
            call.push_bytes(name);
        }
        OptionKind::Ipv4 | OptionKind::Membership4 | OptionKind::Membership6 => {
            let address: [u8; 4] = bytes.get(..4).and_then(|word| word.try_into().ok()).unwrap_or_default();
            call.push_bytes(Message::format(format_args!("{}", Ipv4Addr::from(address))).as_bytes());
        }
    }
    Ok(1)
}

/// `object:setoption(name, value)`
pub fn set<T: Described>(call: &mut Call<'_>, options: &'static [SocketOption]) -> Outcome {
    let prepared = prepare(call, options);
    let done = with(call, T::any(), prepared, |object, (option, value)| {
        let bytes = match &value {
            Value::Encoded(value) => value.as_bytes(),
            Value::Text(text) => text,
        };
        let sample = sample(object, option, |_, _| true);
        let descriptor = sample.as_ref().unwrap_or_else(|| object.descriptor());
        let fd = descriptor.borrow();
        let set = fd.is_ok_and(|fd| sys::set_option_bytes(fd, option.level, option.number, bytes).is_ok());
        if set && let Some(recorded) = object.recorded() {
            recorded.keep(option.level, option.number, bytes);
        }
        set
    })?;
    if !done {
        return Ok(call.push_failure(&Message::new("setsockopt failed")));
    }
    call.push_number(1.0);
    Ok(1)
}

/// A descriptor to use while the object has not created its own yet (add.42).
fn sample<T: Described>(
    object: &mut T,
    option: &SocketOption,
    wanted: fn(&SocketOption, &Recorded) -> bool,
) -> Option<Descriptor> {
    if !object.descriptor().is_none() {
        return None;
    }
    let recorded = object.recorded()?;
    if !recorded.is_open() || !wanted(option, recorded) {
        return None;
    }
    recorded.sample(option.level).ok()
}

/// Finds the option that the arguments name, and reads its value.
fn prepare<'c>(
    call: &mut Call<'c>,
    options: &'static [SocketOption],
) -> Result<(&'static SocketOption, Value<'c>), Raise> {
    let option = find(call, options, |option| option.set)?;
    let value = match option.kind {
        OptionKind::Device => Value::Text(device(call.bytes(3)?)?),
        kind => Value::Encoded(encode(call, kind)?),
    };
    Ok((option, value))
}

/// Checks the name of a device. The system would ignore everything after a zero byte, so such a name is
/// refused.
fn device(name: &[u8]) -> Result<&[u8], Raise> {
    if name.contains(&0) { Err(Raise::argument(3, "invalid device name")) } else { Ok(name) }
}

/// Refuses a value of the wrong type. LuaSocket's own check reports the plain type. Lua's auxiliary library
/// would report the name in the metatable.
fn check_kind(call: &Call<'_>, kind: Kind, name: &str) -> Result<(), Raise> {
    if call.kind(3) == kind {
        return Ok(());
    }
    Err(Raise::Argument(3, Message::format(format_args!("{name} expected, got {}", call.kind_name(3)))))
}

fn encode(call: &mut Call<'_>, kind: OptionKind) -> Result<Encoded, Raise> {
    Ok(match kind {
        OptionKind::Flag => {
            check_kind(call, Kind::Boolean, "boolean")?;
            Encoded::new(&[&c_int::from(call.truthy(3)).to_ne_bytes()])
        }
        OptionKind::Number => Encoded::new(&[&(call.try_number(3).unwrap_or(0.0) as c_int).to_ne_bytes()]),
        OptionKind::Linger => {
            check_kind(call, Kind::Table, "table")?;
            call.push_field(3, c"on");
            if call.kind(-1) != Kind::Boolean {
                return Err(Raise::argument(3, "boolean 'on' field expected"));
            }
            let on = LingerPart::from(call.truthy(-1));
            call.push_field(3, c"timeout");
            let seconds =
                call.try_number(-1).ok_or_else(|| Raise::argument(3, "number 'timeout' field expected"))?;
            call.pop(2);
            Encoded::new(&[&on.to_ne_bytes(), &(seconds as LingerPart).to_ne_bytes()])
        }
        OptionKind::Ipv4 => {
            let address = any_or_ipv4(call.bytes(3)?).ok_or_else(|| Raise::argument(3, "ip expected"))?;
            Encoded::new(&[&address.octets()])
        }
        OptionKind::Membership4 => {
            check_kind(call, Kind::Table, "table")?;
            let group = address_field(call, c"multiaddr", ipv4_number)?;
            let interface = address_field(call, c"interface", any_or_ipv4)?;
            Encoded::new(&[&group.octets(), &interface.octets()])
        }
        OptionKind::Membership6 => {
            check_kind(call, Kind::Table, "table")?;
            let ipv6 = |text: &[u8]| std::str::from_utf8(text).ok()?.parse::<Ipv6Addr>().ok();
            let group = address_field(call, c"multiaddr", ipv6)?;
            call.push_field(3, c"interface");
            let index = if call.kind(-1).is_absent() {
                0.0
            } else {
                call.try_number(-1).ok_or_else(|| Raise::argument(3, "number 'interface' field expected"))?
            };
            call.pop(1);
            // Replace an index that is out of range by one that no interface has. Zero would mean any
            // interface.
            let index = if index > -1.0 && index <= f64::from(u32::MAX) { index as u32 } else { u32::MAX };
            Encoded::new(&[&group.octets(), &index.to_ne_bytes()])
        }
        OptionKind::Error | OptionKind::Device => Encoded::new(&[]),
    })
}

/// Reads an address from a field of the table argument.
fn address_field<A>(
    call: &mut Call<'_>,
    name: &CStr,
    read: impl FnOnce(&[u8]) -> Option<A>,
) -> Result<A, Raise> {
    let name_text = name.to_str().unwrap_or_default();
    call.push_field(3, name);
    let address = call
        .with_bytes(-1, read)
        .ok_or_else(|| {
            Raise::Argument(3, Message::format(format_args!("string '{name_text}' field expected")))
        })?
        .ok_or_else(|| {
            Raise::Argument(3, Message::format(format_args!("invalid '{name_text}' ip address")))
        })?;
    call.pop(1);
    Ok(address)
}

fn any_or_ipv4(text: &[u8]) -> Option<Ipv4Addr> {
    if text == b"*" { Some(Ipv4Addr::UNSPECIFIED) } else { ipv4_number(text) }
}
