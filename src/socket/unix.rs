//! The module table of `socket.unix`.

use super::{unix_datagram, unix_stream};
use crate::binding::{Call, Outcome, native};

/// Opens `socket.unix`: a table that is its own metatable and can be called (contract unix.1).
pub fn open(call: &mut Call<'_>) -> Outcome {
    call.prepare();
    unix_stream::define(call);
    unix_datagram::define(call);
    call.new_table(0, 5);
    call.set_functions(&[("dgram", native(unix_datagram::dgram)), ("stream", native(unix_stream::stream))]);
    call.run_source(c"=socket.unix", include_str!("unix.lua"), 1);
    Ok(1)
}
