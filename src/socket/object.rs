//! Methods shared by all socket objects, for any transport.

use std::ffi::CStr;

use super::described::{Described, Streaming};
use super::descriptor::Use;
use super::error::Failure;
use super::stream::{InlineBuffer, Pattern, Progress, Received, Request, Stop};
use super::timeout::Timeout;
use crate::binding::{
    Call, Class, ClassSpec, Expected, Kind, NativeFunction, Object, Outcome, Raise, Receiver, native,
};
use crate::tasks::door;

/// `close()`: returns 1. It can be called more than once.
pub fn close<T: Described>(call: &mut Call<'_>) -> Outcome {
    wake_waiters::<T>(call)?;
    call.object(1, T::any(), |object| {
        object.abandon();
        object.descriptor().close();
    })?;
    success(call)
}

/// Wakes the tasks that wait for this object, because it is about to lose its descriptor.
pub fn wake_waiters<T: Described>(call: &mut Call<'_>) -> Result<(), Raise> {
    if door::is_active() {
        let number = call.object(1, T::any(), |object| object.descriptor().number())?;
        door::forget(call, number);
    }
    Ok(())
}

/// `__gc(object)`: closes an object that is no longer used. If a script calls it, it acts as `close`.
pub fn collect<T: Described>(call: &mut Call<'_>) -> Outcome {
    wake_waiters::<T>(call)?;
    call.object(1, T::any(), T::finalize)?;
    success(call)
}

/// `getfd()`: returns the number of the descriptor, or -1 if there is none.
pub fn getfd<T: Described>(call: &mut Call<'_>) -> Outcome {
    let number = call.object(1, T::any(), |object| object.descriptor().number())?;
    call.push_number(f64::from(number));
    Ok(1)
}

/// `setfd(number)`: stores the number and forgets the previous one, without closing it.
pub fn setfd<T: Described>(call: &mut Call<'_>) -> Outcome {
    let number = with(call, T::any(), call.number(2), |_, number| number)?;
    // NaN means no descriptor.
    let number = if number.is_nan() { -1 } else { number as i32 };
    wake_waiters::<T>(call)?;
    call.object(1, T::any(), |object| {
        object.abandon();
        object.descriptor().set(number);
    })?;
    Ok(0)
}

/// `dirty()`: returns whether the read-ahead buffer holds bytes.
pub fn dirty<T: Described>(call: &mut Call<'_>) -> Outcome {
    let dirty = call.object(1, T::any(), |object| object.is_dirty())?;
    call.push_boolean(dirty);
    Ok(1)
}

/// Runs `function` on the receiver with the parsed arguments. The receiver is checked first, so its error is
/// raised before an error of the arguments.
pub fn with<T: Object, A, R>(
    call: &mut Call<'_>,
    receiver: &Receiver<T>,
    arguments: Result<A, Raise>,
    function: impl FnOnce(&mut T, A) -> R,
) -> Result<R, Raise> {
    call.object(1, receiver, |object| arguments.map(|arguments| function(object, arguments)))?
}

/// `settimeout(seconds, mode)`
pub fn settimeout<T: Described>(call: &mut Call<'_>) -> Outcome {
    with(call, T::any(), Timeout::set(call), |object, set| set(object.timeout()))?;
    success(call)
}

/// `gettimeout()`: returns the block limit and the total limit in seconds; -1 means none.
pub fn gettimeout<T: Described>(call: &mut Call<'_>) -> Outcome {
    let timeout = call.object(1, T::any(), |object| *object.timeout())?;
    call.push_number(timeout.block);
    call.push_number(timeout.total);
    Ok(2)
}

/// Reads the arguments of `send`: returns the bytes to send, and the index before the first one.
fn part<'c>(call: &Call<'c>) -> Result<(&'c [u8], i64), Raise> {
    let data = call.bytes(2)?;
    let length = data.len() as i64;
    let first = call.optional_number(3, 1.0)? as i64;
    let last = call.optional_number(4, -1.0)? as i64;
    // The index rules of tcp.send.3: `first` is raised to 1 but never lowered to the length.
    let first = if first < 0 { length.saturating_add(first).saturating_add(1) } else { first }.max(1);
    let last = if last < 0 { length.saturating_add(last).saturating_add(1) } else { last }.min(length);
    let range = usize::try_from(first - 1).unwrap_or(usize::MAX)..usize::try_from(last).unwrap_or(0);
    Ok((data.get(range).unwrap_or_default(), first - 1))
}

/// `send(data, first, last)`: returns the index of the last byte sent, or nil, a message and that index.
pub fn send<T: Streaming>(call: &mut Call<'_>) -> Outcome {
    let (part, before) = with(call, T::client(), part(call), |_, part| part)?;
    let mut sent = 0;
    let outcome = door::repeat(call, 1, T::client(), Use::Writing, |object, _| {
        let (stream, channel, _) = object.parts();
        let (count, stop) = stream.send(channel, part.get(sent..).unwrap_or_default());
        sent += count;
        stop.map_or(Ok(()), Err)
    })?;
    let failure = outcome.err();
    let last_sent = before as f64 + sent as f64;
    match failure {
        None => {
            call.push_number(last_sent);
            call.push_nil();
            call.push_nil();
        }
        Some(failure) => {
            call.push_failure(&failure.message());
            call.push_number(last_sent);
        }
    }
    Ok(3)
}

/// Reads the arguments of `receive`.
fn request<'c>(call: &Call<'c>, most: Option<f64>) -> Result<Request<'c>, Raise> {
    let prefix = call.optional_bytes(3)?.unwrap_or_default();
    let pattern = match most {
        Some(most) if most >= 1.0 => Pattern::Most(most as usize),
        Some(_) => return Err(Raise::argument(2, "invalid receive pattern")),
        None => pattern(call, 2)?,
    };
    Ok(Request { prefix, limit: limit(call, pattern, prefix)?, ..Request::new(pattern) })
}

/// Reads the number from a table pattern, `{ most = n }`.
fn most(call: &mut Call<'_>) -> Option<f64> {
    if call.kind(2) != Kind::Table {
        return None;
    }
    call.push_bytes(b"most");
    call.look_up_raw(2);
    let most = call.try_number(-1);
    call.pop(1);
    most
}

/// `receive(pattern, prefix, maxsize)`: returns the data, or nil, a message and the partial data.
pub fn receive<T: Streaming>(call: &mut Call<'_>) -> Outcome {
    let mut inline = InlineBuffer::new();
    let most = most(call);
    if receive_buffered::<T>(call, most, &mut inline) {
        call.push_bytes(&inline);
        call.push_nil();
        call.push_nil();
        door::settle_for(call, 1, T::client());
        return Ok(3);
    }
    let request = with(call, T::client(), request(call, most), |_, request| request)?;
    let received = receive_by(call, 1, T::client(), &request, &mut inline)?;
    let results = push_received(call, received, &inline)?;
    door::settle_for(call, 1, T::client());
    Ok(results)
}

/// Runs a receive request. Waits until it completes, fails or times out.
pub fn receive_by<T: Streaming>(
    call: &mut Call<'_>,
    index: i32,
    receiver: &Receiver<T>,
    request: &Request<'_>,
    inline: &mut InlineBuffer,
) -> Result<Received, Raise> {
    let mut progress = Progress::NEW;
    let outcome = door::repeat(call, index, receiver, Use::Reading, |object, pace| {
        attempt_receive(object, pace, request, &mut progress, inline)
    })?;
    match outcome {
        Ok(received) => Ok(received),
        Err(failure) if progress.has_begun() => {
            call.object(index, receiver, |object| object.parts().0.abandon(request, &progress, failure))
        }
        // Another operation is under way, or the object is gone. Only the prefix can be returned.
        Err(failure) => Ok(Received::of(request.prefix, failure)),
    }
}

/// Makes one attempt at a receive.
pub fn attempt_receive<T: Streaming>(
    object: &mut T,
    pace: &mut door::Pace,
    request: &Request<'_>,
    progress: &mut Progress,
    inline: &mut InlineBuffer,
) -> Result<Received, Stop> {
    let (stream, channel, timeout) = object.parts();
    stream.receive(channel, request, timeout, progress, inline).map_err(|(direction, deadline)| {
        pace.deadline = Some(deadline);
        Stop::WouldBlock(direction)
    })
}

/// Fast path of [`receive`]: the pattern is the only argument, and the whole answer is buffered. It calls Lua
/// as little as possible. It reports no errors; the general path reports them.
fn receive_buffered<T: Streaming>(call: &mut Call<'_>, most: Option<f64>, inline: &mut InlineBuffer) -> bool {
    let pattern = match (call.count(), call.kind(2)) {
        (1, _) => Pattern::Line,
        (2, Kind::Table) => match most {
            Some(most) if most >= 1.0 => Pattern::Most(most as usize),
            _ => return false,
        },
        (2, Kind::String) if call.try_bytes(2).is_some_and(|text| text.starts_with(b"*l")) => Pattern::Line,
        (2, Kind::Number) => match call.try_number(2) {
            Some(count) if count >= 1.0 => Pattern::Count(count as usize),
            _ => return false,
        },
        _ => return false,
    };
    call.try_object(1, T::client(), |object| object.parts().0.receive_buffered(pattern, usize::MAX, inline))
        == Some(true)
}

/// Pushes the three results of a receive: data, nil, nil; or nil, a message and the partial data.
fn push_received(call: &mut Call<'_>, received: Received, inline: &InlineBuffer) -> Outcome {
    if let Some(failure) = received.failure {
        call.push_nil();
        // Push the data first, while nothing else is owned. Then insert the message before it.
        call.push_vec(received.large)?;
        call.push_message(&failure.message());
        call.insert(-2);
        return Ok(3);
    }
    push_data(call, received, inline)?;
    call.push_nil();
    call.push_nil();
    Ok(3)
}

/// Pushes the data of a receive and frees it.
pub fn push_data(call: &mut Call<'_>, received: Received, inline: &InlineBuffer) -> Result<(), Raise> {
    if received.large.is_empty() {
        drop(received);
        call.push_bytes(inline);
        return Ok(());
    }
    call.push_vec(received.large)
}

/// Reads the pattern argument: a number of bytes, `*l` or `*a` (contract tcp.receive.2).
fn pattern(call: &Call<'_>, index: i32) -> Result<Pattern, Raise> {
    let kind = call.kind(index);
    if kind.is_absent() {
        return Ok(Pattern::Line);
    }
    // Check strings first. To see that a string is not a number takes Lua as long as the rest of a buffered
    // line.
    if kind == Kind::String {
        match call.try_bytes(index) {
            Some([b'*', b'l', ..]) => return Ok(Pattern::Line),
            Some([b'*', b'a', ..]) => return Ok(Pattern::All),
            _ => {}
        }
    }
    match call.try_number(index) {
        Some(count) if count >= 0.0 => Ok(Pattern::Count(count as usize)),
        None if kind != Kind::String => Err(Raise::Type(index, Expected::String)),
        _ => Err(Raise::argument(index, "invalid receive pattern")),
    }
}

/// Reads the `maxsize` argument (add.2, add.3).
fn limit(call: &Call<'_>, pattern: Pattern, prefix: &[u8]) -> Result<usize, Raise> {
    if call.kind(4).is_absent() {
        return Ok(usize::MAX);
    }
    let limit = call.number(4)?;
    if limit.is_nan() || limit < 1.0 {
        return Err(Raise::argument(4, "invalid maxsize"));
    }
    let limit = limit as usize;
    if prefix.len() >= limit {
        return Err(Raise::argument(3, "prefix too long for maxsize"));
    }
    if matches!(pattern, Pattern::Count(count) if count > limit) {
        return Err(Raise::argument(2, "pattern exceeds maxsize"));
    }
    Ok(limit)
}

/// `getstats()`: returns bytes received, bytes sent, and the age in seconds.
pub fn getstats<T: Streaming>(call: &mut Call<'_>) -> Outcome {
    let (received, sent, age) = call.object(1, T::client(), |object| object.parts().0.stats())?;
    call.push_number(received as f64);
    call.push_number(sent as f64);
    call.push_number(age);
    Ok(3)
}

/// `setstats(received, sent, age)`: overwrites the values that are given.
pub fn setstats<T: Streaming>(call: &mut Call<'_>) -> Outcome {
    let counter = |index| match call.kind(index) {
        Kind::None | Kind::Nil => Ok(None),
        _ => call.number(index).map(|value| Some(value as i64)),
    };
    let counters = counter(2).and_then(|received| Ok((received, counter(3)?)));
    let age = call.try_number(4);
    with(call, T::client(), counters, |object, (received, sent)| {
        object.parts().0.set_stats(received, sent, age);
    })?;
    success(call)
}

/// Returns to Lua whether argument 1 is one of these objects, and none of these methods was replaced.
pub fn has_own_methods<T: Described>(call: &mut Call<'_>, methods: &[(&CStr, NativeFunction)]) -> Outcome {
    call.set_top(1);
    let mut own = call.try_object(1, T::any(), |_| ()).is_some();
    for &(name, method) in methods {
        if own {
            call.push_field(1, name);
            own = call.is_function(-1, method);
            call.pop(1);
        }
    }
    call.push_boolean(own);
    Ok(1)
}

/// Defines the classes of one kind of object. They have the same methods.
pub fn define<T: Described>(
    call: &mut Call<'_>,
    classes: &[&'static Class<T>],
    groups: &'static [&'static str],
    methods: &'static [(&'static str, NativeFunction)],
) {
    for &class in classes {
        let metamethods = const { &[("__gc", native(collect::<T>))] };
        call.define_class(&ClassSpec { class, groups, methods, metamethods, named: true });
    }
}

/// Makes an object and pushes it, or nil and a message.
pub fn push_new<T: Object>(
    call: &mut Call<'_>,
    class: &Class<T>,
    make: impl FnOnce() -> Result<T, Failure>,
) -> Outcome {
    match call.new_object(class, |_| make()) {
        Ok(()) => Ok(1),
        Err(failure) => Ok(call.push_failure(&failure.message())),
    }
}

/// Pushes LuaSocket's success value: 1, a float on a Lua that has a float subtype (contract num.1).
pub fn success(call: &mut Call<'_>) -> Outcome {
    call.push_number(1.0);
    Ok(1)
}

/// Pushes 1, or nil and a message.
pub fn report(call: &mut Call<'_>, result: Result<(), Failure>) -> Outcome {
    match result {
        Ok(()) => success(call),
        Err(failure) => Ok(call.push_failure(&failure.message())),
    }
}

/// The methods of every stream object, by name.
#[cfg(unix)]
pub const fn stream_methods<T: Streaming>() -> [(&'static str, NativeFunction); 9] {
    [
        ("close", native(close::<T>)),
        ("dirty", native(dirty::<T>)),
        ("getfd", native(getfd::<T>)),
        ("getstats", native(getstats::<T>)),
        ("receive", native(receive::<T>)),
        ("send", native(send::<T>)),
        ("setfd", native(setfd::<T>)),
        ("setstats", native(setstats::<T>)),
        ("settimeout", native(settimeout::<T>)),
    ]
}
