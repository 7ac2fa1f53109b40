//! The methods of TLS objects by name.

use std::ffi::CStr;

use super::connection::{self, Connection, TLS_CONNECTION};
use super::inspection;
use crate::binding::{Call, ClassSpec, NativeFunction, Outcome, native};
use crate::socket::object;

const METHODS: &[(&str, NativeFunction)] = &[
    ("close", native(connection::close)),
    ("dirty", native(object::dirty::<Connection>)),
    ("dohandshake", native(connection::dohandshake)),
    ("exportkeyingmaterial", native(inspection::exportkeyingmaterial)),
    ("getalpn", native(inspection::getalpn)),
    ("getfd", native(object::getfd::<Connection>)),
    ("getfinished", native(inspection::getfinished)),
    ("getlocalcertificate", native(|call| inspection::one_certificate(call, true))),
    ("getlocalchain", native(|call| inspection::chain(call, true))),
    ("getpeercertificate", native(|call| inspection::one_certificate(call, false))),
    ("getpeerchain", native(|call| inspection::chain(call, false))),
    ("getpeerfinished", native(inspection::getpeerfinished)),
    ("getpeerverification", native(inspection::getpeerverification)),
    ("getsniname", native(connection::getsniname)),
    ("getstats", native(object::getstats::<Connection>)),
    ("info", native(inspection::info)),
    ("reused", native(inspection::reused)),
    ("receive", native(object::receive::<Connection>)),
    ("send", native(object::send::<Connection>)),
    ("setdane", native(connection::setdane)),
    ("setstats", native(object::setstats::<Connection>)),
    ("settimeout", native(object::settimeout::<Connection>)),
    ("settlsa", native(connection::settlsa)),
    ("sni", native(connection::sni)),
    ("want", native(connection::want)),
];

const METAMETHODS: &[(&str, NativeFunction)] =
    &[("__close", native(connection::close)), ("__tostring", native(connection::to_string))];

/// The methods that make a connection of a request and use it.
const OF_CONNECTIONS: [(&CStr, NativeFunction); 5] = [
    (c"dohandshake", native(connection::dohandshake)),
    (c"receive", native(object::receive::<Connection>)),
    (c"send", native(object::send::<Connection>)),
    (c"settimeout", native(object::settimeout::<Connection>)),
    (c"sni", native(connection::sni)),
];

/// `has_own_methods(object)`: whether an object is a TLS object, and none of the methods that make a connection
/// and use it was replaced.
pub fn has_own_methods(call: &mut Call<'_>) -> Outcome {
    object::has_own_methods::<Connection>(call, &OF_CONNECTIONS)
}

/// Defines the class.
pub fn define(call: &mut Call<'_>) {
    call.define_class(&ClassSpec {
        class: &TLS_CONNECTION,
        groups: &[],
        methods: METHODS,
        metamethods: METAMETHODS,
        named: false,
    });
}
