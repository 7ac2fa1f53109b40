//! The module table of `socket.core`.

use std::time::Duration;

use super::{dns, protect, select, tcp, udp};
use crate::binding::{Call, NativeFunction, Outcome, native};
use crate::sys;
use crate::tasks::door;

const FUNCTIONS: &[(&str, NativeFunction)] = &[
    ("__unload", native(unload)),
    ("connect", native(tcp::connect_new)),
    ("gettime", native(gettime)),
    ("select", native(select::select)),
    ("skip", native(skip)),
    ("sleep", native(sleep)),
    ("tcp", native(tcp::tcp)),
    ("tcp4", native(tcp::tcp4)),
    ("tcp6", native(tcp::tcp6)),
    ("udp", native(udp::udp)),
    ("udp4", native(udp::udp4)),
    ("udp6", native(udp::udp6)),
];

/// Opens `socket.core`. Each call creates a new module table; the classes are shared (contract mod.9).
pub fn open(call: &mut Call<'_>) -> Outcome {
    call.prepare();
    sys::prepare_process();
    tcp::define(call);
    udp::define(call);
    call.new_table(0, 24);
    call.push_bytes(b"LuaSocket 3.1.0");
    call.set_field(-2, b"_VERSION");
    for (name, value) in [("_SETSIZE", sys::SET_SIZE), ("_SOCKETINVALID", -1), ("_DATAGRAMSIZE", 8192)] {
        call.push_integer(value);
        call.set_field(-2, name.as_bytes());
    }
    call.set_functions(FUNCTIONS);
    dns::push_table(call);
    call.set_field(-2, b"dns");
    protect::define(call);
    Ok(1)
}

fn unload(_: &mut Call<'_>) -> Outcome {
    Ok(0)
}

/// `gettime()`: returns the seconds since 1970 on the wall clock, with a fraction.
fn gettime(call: &mut Call<'_>) -> Outcome {
    let now = sys::wall_clock();
    // Whole microseconds, as in LuaSocket.
    call.push_number(now.as_secs() as f64 + f64::from(now.subsec_micros()) * 1e-6);
    Ok(1)
}

/// `skip(count, ...)`: returns the values after the first `count`.
fn skip(call: &mut Call<'_>) -> Outcome {
    let count = call.integer(1)?;
    let given = call.count();
    let results = i64::from(given).saturating_sub(1).saturating_sub(count);
    Ok(i32::try_from(results.clamp(0, i64::from(given))).unwrap_or(0))
}

/// `sleep(seconds)`: continues to sleep after a signal. Returns nothing, or nil and a message if the sleeping
/// task is cancelled or a deadline ends the sleep.
fn sleep(call: &mut Call<'_>) -> Outcome {
    let seconds = call.number(1)?;
    let time = if seconds > 0.0 {
        Duration::try_from_secs_f64(seconds.min(f64::from(i32::MAX))).unwrap_or_default()
    } else if door::is_switching() {
        Duration::ZERO
    } else {
        return Ok(0);
    };
    match door::sleep(call, time) {
        Ok(()) => Ok(0),
        Err(failure) => Ok(call.push_failure(&failure.message())),
    }
}
