//! Callbacks: Lua functions that run during a handshake. Lua keeps them in one table, under the number of
//! their context. They take and return plain values.

use std::ffi::CStr;

use crate::binding::{Call, Kind, with_lent};

/// The registry key of the table.
static TABLE: u8 = 0;

/// An argument of a callback.
pub enum Argument<'a> {
    /// A string or nil.
    Bytes(Option<&'a [u8]>),
    /// A number.
    Number(f64),
    /// A boolean.
    Boolean(bool),
}

/// Pushes the table of callbacks. Creates it the first time.
pub fn push_table(call: &mut Call<'_>) {
    call.push_registered(&TABLE);
    if call.kind(-1) != Kind::Table {
        call.pop(1);
        call.new_table(0, 0);
        call.push_value(-1);
        call.register(&TABLE);
    }
}

/// Keeps the value at 2, which holds contexts, alive as long as the connection at 1.
pub fn keep(call: &mut Call<'_>) {
    call.push_registered(&TABLE);
    call.push_field(-1, c"kept");
    if call.kind(-1) == Kind::Table {
        call.push_value(1);
        call.look_up_raw(-2);
        // The connection's own callbacks, if there are any, are in this table at 1.
        if call.kind(-1) != Kind::Table {
            call.pop(1);
            call.new_table(2, 0);
            call.push_value(1);
            call.push_value(-2);
            call.set_raw(-4);
        }
        call.push_value(2);
        call.set_element(-2, 2);
        call.pop(1);
    }
    call.pop(2);
}

/// Calls the callback of a context for `purpose`. Returns its first two results, if they are strings. Returns
/// `None` if the callback raised an error; the handshake raises it again.
pub fn ask(context: u64, purpose: &CStr, arguments: &[Argument<'_>]) -> Option<[Option<Vec<u8>>; 2]> {
    with_lent(|call| {
        let count = call.protected(&[], |call| {
            call.push_registered(&TABLE);
            call.push_element(-1, context as i64);
            if call.kind(-1) != Kind::Table {
                return Ok(0);
            }
            call.push_field(-1, purpose);
            for argument in arguments {
                match *argument {
                    Argument::Bytes(Some(text)) => call.push_bytes(text),
                    Argument::Bytes(None) => call.push_nil(),
                    Argument::Number(number) => call.push_number(number),
                    Argument::Boolean(boolean) => call.push_boolean(boolean),
                }
            }
            call.call_value(arguments.len() as i32, 2);
            Ok(2)
        })?;
        let text = |index| match call.kind(index) {
            Kind::String if count == 2 => call.with_bytes(index, <[u8]>::to_vec),
            _ => None,
        };
        let results = [text(-2), text(-1)];
        call.pop(count);
        Ok(results)
    })
}
