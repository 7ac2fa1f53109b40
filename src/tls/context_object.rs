//! Contexts as Lua objects.

use std::sync::Arc;

use super::backend::COMPLETE;
use super::context::Context;
use super::verification::Extras;
use crate::binding::{
    Call, Class, ClassSpec, Message, NativeFunction, Object, Outcome, Raise, Receiver, native,
};
use crate::classes::Slot;

/// A TLS configuration.
pub static TLS_CONTEXT: Class<ContextObject> = Class::new(Slot::TlsContext, c"tls{context}");

/// Accepts a context.
pub static CONTEXT: Receiver<ContextObject> = Receiver::new("tls{context}", &[&TLS_CONTEXT]);

/// A context as a Lua object.
#[derive(Clone)]
pub struct ContextObject {
    /// The part shared with other contexts of the same settings. None after garbage collection.
    pub context: Option<Arc<Context>>,
    /// The name to send and to verify, regardless of `sni`.
    pub host: Option<String>,
    /// The flags that `setverifyext` added.
    pub extras: Extras,
}

impl Object for ContextObject {
    fn finalize(&mut self) {
        *self = ContextObject { context: None, host: None, extras: Extras::default() };
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
    match call.try_object(index, &CONTEXT, |object| object.context.is_some()) {
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

/// `setverifyext(flag, ...)`: true; or false and a message. Applies to connections made afterwards.
fn setverifyext(call: &mut Call<'_>) -> Outcome {
    const KNOWN: [&[u8]; 4] = [b"lsec_continue", b"lsec_ignore_purpose", b"crl_check", b"crl_check_chain"];
    call.object(1, &CONTEXT, |_| ())?;
    let mut bits = 0;
    for index in 2..=call.count() {
        let flag = call.bytes(index)?;
        let position = KNOWN.iter().position(|known| *known == flag);
        match position.filter(|_| COMPLETE) {
            Some(position) => bits |= 1 << position,
            None => {
                let why = if position.is_some() {
                    "verifyext not supported by this TLS backend ("
                } else {
                    "invalid verify option ("
                };
                let mut message = Message::new(why);
                message.append(flag);
                message.append(b")");
                call.push_boolean(false);
                call.push_bytes(message.as_bytes());
                return Ok(2);
            }
        }
    }
    call.object(1, &CONTEXT, |object| object.extras = object.extras.with(Extras::from_bits(bits)))?;
    call.push_boolean(true);
    Ok(1)
}

/// `setciphers(context, ciphers)`: true; or false and a message. Applies to connections made afterwards.
pub fn set_ciphers(call: &mut Call<'_>) -> Outcome {
    check_context(call, 1)?;
    let ciphers = call.bytes(2)?;
    if !COMPLETE {
        call.push_boolean(false);
        call.push_bytes(b"ciphers not supported by this TLS backend");
        return Ok(2);
    }
    let outcome = call.object(1, &CONTEXT, |object| {
        let Some(context) = &object.context else { return Ok(()) };
        let mut settings = context.settings.clone();
        settings.ciphers = Some(String::from_utf8_lossy(ciphers).into_owned());
        if settings != context.settings {
            object.context = Some(Context::shared(settings)?);
        }
        Ok::<(), Message>(())
    })?;
    call.push_boolean(outcome.is_ok());
    let Err(message) = outcome else { return Ok(1) };
    call.push_bytes(message.as_bytes());
    Ok(2)
}

/// `close()` does nothing: a context holds no descriptor.
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
