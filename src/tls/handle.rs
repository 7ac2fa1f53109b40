//! Contexts as scripts hold them.

use std::sync::Arc;

use super::context::Context;
use crate::binding::{Call, ClassSpec, Message, NativeFunction, Object, Outcome, Raise, Receiver, native};
use crate::classes::TLS_CONTEXT;

/// Accepts a context.
pub static CONTEXT: Receiver<Handle> = Receiver::new("tls{context}", &[&TLS_CONTEXT]);

/// A context as scripts hold it.
#[derive(Clone)]
pub struct Handle {
    /// What it shares with other contexts of the same settings; None once it was collected.
    pub context: Option<Arc<Context>>,
    /// The name to send and to verify, whatever `sni` says.
    pub host: Option<String>,
}

impl Object for Handle {
    fn finalize(&mut self) {
        *self = Handle { context: None, host: None };
    }
}

/// `iscontext(value)`
pub fn is_context(call: &mut Call<'_>) -> Outcome {
    let is_context = check_context(call, 1).is_ok();
    call.push_boolean(is_context);
    Ok(1)
}

/// Raises unless there is a context at `index`.
pub fn check_context(call: &mut Call<'_>, index: i32) -> Result<(), Raise> {
    match call.try_object(index, &CONTEXT, |handle| handle.context.is_some()) {
        Some(true) => Ok(()),
        _ => Err(Raise::argument(index, "invalid context")),
    }
}

fn to_string(call: &mut Call<'_>) -> Outcome {
    call.object(1, &CONTEXT, |_| ())?;
    let address = call.describe(1).map_or(std::ptr::null(), |(_, address)| address);
    call.push_bytes(Message::format(format_args!("SSL context: {address:p}")).as_bytes());
    Ok(1)
}

/// `setverifyext(...)`: true without flags; every flag is refused, because each changes who is trusted.
fn setverifyext(call: &mut Call<'_>) -> Outcome {
    const KNOWN: [&[u8]; 4] = [b"lsec_continue", b"lsec_ignore_purpose", b"crl_check", b"crl_check_chain"];
    call.object(1, &CONTEXT, |_| ())?;
    if call.count() < 2 {
        call.push_boolean(true);
        return Ok(1);
    }
    let flag = call.bytes(2)?;
    let mut message = Message::new(if KNOWN.contains(&flag) {
        "verifyext not supported by this TLS backend ("
    } else {
        "invalid verify option ("
    });
    message.append(flag);
    message.append(b")");
    call.push_boolean(false);
    call.push_bytes(message.as_bytes());
    Ok(2)
}

/// Closing a context has nothing to do: it holds no descriptor.
fn close(call: &mut Call<'_>) -> Outcome {
    call.object(1, &CONTEXT, |_| ())?;
    Ok(0)
}

const METHODS: &[(&str, NativeFunction)] = &[("setverifyext", native(setverifyext))];

const METAMETHODS: &[(&str, NativeFunction)] =
    &[("__close", native(close)), ("__tostring", native(to_string))];

/// Defines the class.
pub fn define(call: &mut Call<'_>) {
    call.define_class(&ClassSpec {
        class: &TLS_CONTEXT,
        groups: &[],
        methods: METHODS,
        metamethods: METAMETHODS,
        named: false,
    });
}
