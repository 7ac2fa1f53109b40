//! The methods of TLS objects that report on a connection: version and cipher, certificates, keying material.

use super::backend::{COMPLETE, Info, Stream as TlsStream};
use super::certificate;
use super::connection::{CONNECTION, push_optional, unsupported};
use super::verification::Verification;
use crate::binding::{Call, Message, Outcome, Raise};

/// `getalpn()`: the negotiated protocol (ALPN), or nil.
pub(super) fn getalpn(call: &mut Call<'_>) -> Outcome {
    let alpn =
        call.object(1, &CONNECTION, |connection| connection.channel.stream().and_then(TlsStream::alpn))?;
    push_optional(call, alpn)
}

/// The fields of `info`.
const FIELDS: [&[u8]; 9] = [
    b"protocol",
    b"cipher",
    b"bits",
    b"algbits",
    b"key",
    b"authentication",
    b"encryption",
    b"mac",
    b"export",
];

/// `info(field)`: version and cipher, as a table or as one field.
pub(super) fn info(call: &mut Call<'_>) -> Outcome {
    let established = call.object(1, &CONNECTION, |connection| connection.channel.is_established())?;
    if !established {
        return closed(call);
    }
    let field = if call.kind(2).is_absent() { None } else { Some(call.bytes(2)?) };
    let info =
        call.object(1, &CONNECTION, |connection| connection.channel.stream().and_then(TlsStream::info))?;
    let info = info.unwrap_or_default();
    call.protected(&[], |call| {
        if let Some(field) = field {
            push_field(call, &info, field);
            return Ok(1);
        }
        call.new_table(0, 10);
        for field in FIELDS {
            push_field(call, &info, field);
            call.set_field(-2, field);
        }
        Ok(1)
    })
}

fn push_field(call: &mut Call<'_>, info: &Info, field: &[u8]) {
    let text = match field {
        b"protocol" => &info.protocol,
        b"cipher" => &info.cipher,
        b"key" => &info.key,
        b"authentication" => &info.authentication,
        b"encryption" => &info.encryption,
        b"mac" => &info.mac,
        b"bits" if info.bits > 0.0 => return call.push_number(info.bits),
        b"algbits" if info.algorithm_bits > 0.0 => return call.push_number(info.algorithm_bits),
        b"export" if !info.cipher.is_empty() => return call.push_boolean(false),
        _ => return call.push_nil(),
    };
    if text.is_empty() { call.push_nil() } else { call.push_bytes(text.as_bytes()) }
}

fn closed(call: &mut Call<'_>) -> Outcome {
    Ok(call.push_failure(&Message::new("closed")))
}

fn push_certificate(call: &mut Call<'_>, n: usize, own: bool) -> bool {
    let pushed = call.new_object(&certificate::CERTIFICATE, |call| {
        let der = call.try_object(1, &CONNECTION, |connection| connection.certificate(n, own));
        der.flatten().map(certificate::Certificate::new).ok_or(())
    });
    pushed.is_ok()
}

/// `getpeercertificate(n)`, `getlocalcertificate(n)`: one certificate, or nil.
pub(super) fn one_certificate(call: &mut Call<'_>, own: bool) -> Outcome {
    let established = call.object(1, &CONNECTION, |connection| connection.channel.is_established())?;
    if !established {
        return closed(call);
    }
    let n = call.optional_number(2, 1.0)?;
    if n.is_nan() || n < 1.0 {
        return Ok(call.push_failure(&Message::new("invalid certificate index")));
    }
    if !push_certificate(call, n as usize, own) {
        call.push_nil();
    }
    Ok(1)
}

/// `getpeerchain()`, `getlocalchain()`: a list of certificates, leaf first.
pub(super) fn chain(call: &mut Call<'_>, own: bool) -> Outcome {
    let established = call.object(1, &CONNECTION, |connection| connection.channel.is_established())?;
    if !established {
        return closed(call);
    }
    call.set_top(1);
    call.new_table(1, 0);
    let mut n = 0;
    while push_certificate(call, n + 1, own) {
        n += 1;
        call.set_element(2, n as i64);
    }
    Ok(1)
}

/// `getpeerverification()`: true; or false and why the peer is not verified. The reason is a string, or with
/// `lsec_continue` a table of the errors of each certificate in the chain.
pub(super) fn getpeerverification(call: &mut Call<'_>) -> Outcome {
    let verification = call.object(1, &CONNECTION, |connection| connection.channel.verification())?;
    call.protected(&[], |call| {
        call.push_boolean(verification == Verification::Trusted);
        match &verification {
            Verification::Trusted => return Ok(1),
            Verification::Skipped => call.push_bytes(b"certificate not verified"),
            Verification::Closed => call.push_bytes(b"closed"),
            Verification::Refused(why) => call.push_bytes(why.as_bytes()),
            Verification::Listed(list) => push_reasons(call, list),
        }
        Ok(2)
    })
}

/// Pushes the errors: an array for each depth of the chain, counted from 1.
fn push_reasons(call: &mut Call<'_>, list: &[(u32, String)]) {
    call.new_table(0, list.len());
    for (position, (depth, _)) in list.iter().enumerate() {
        if list.iter().take(position).any(|(earlier, _)| earlier == depth) {
            continue;
        }
        call.new_table(1, 0);
        let here = list.iter().filter(|(other, _)| other == depth);
        for (number, (_, why)) in (1..).zip(here) {
            call.push_bytes(why.as_bytes());
            call.set_element(-2, number);
        }
        call.set_element(-2, i64::from(*depth) + 1);
    }
}

/// `getfinished()`: the latest Finished message of this side.
pub(super) fn getfinished(call: &mut Call<'_>) -> Outcome {
    let established = call.object(1, &CONNECTION, |connection| connection.channel.is_established())?;
    if !established {
        return closed(call);
    }
    finished(call, TlsStream::finished)
}

/// `getpeerfinished()`: the latest Finished message of the peer; no value before the handshake.
pub(super) fn getpeerfinished(call: &mut Call<'_>) -> Outcome {
    let established = call.object(1, &CONNECTION, |connection| connection.channel.is_established())?;
    if established { finished(call, TlsStream::peer_finished) } else { Ok(0) }
}

fn finished(call: &mut Call<'_>, get: fn(&TlsStream) -> Option<Vec<u8>>) -> Outcome {
    if !COMPLETE {
        return unsupported(call);
    }
    let message = call.object(1, &CONNECTION, |connection| connection.channel.stream().and_then(get))?;
    push_optional(call, message)
}

/// `exportkeyingmaterial(label, length, context)`: key material that only the two ends can derive (RFC 5705).
pub(super) fn exportkeyingmaterial(call: &mut Call<'_>) -> Outcome {
    const LONGEST: f64 = (1 << 20) as f64;
    let established = call.object(1, &CONNECTION, |connection| connection.channel.is_established())?;
    if !established {
        return Ok(0);
    }
    let label = call.bytes(2)?;
    let length = call.number(3)?;
    let context = call.optional_bytes(4)?;
    if !(1.0..=LONGEST).contains(&length) {
        return Err(Raise::argument(3, "invalid length"));
    }
    let label = std::str::from_utf8(label).map_err(|_| Raise::argument(2, "invalid label"))?;
    let exported = call.object(1, &CONNECTION, |connection| {
        connection.channel.stream().map(|stream| stream.export(label, length as usize, context))
    })?;
    match exported {
        None => Ok(0),
        Some(Ok(bytes)) => push_optional(call, Some(bytes)),
        Some(Err(message)) => Ok(call.push_failure(&message)),
    }
}

/// `reused()`: whether the handshake resumed a session; nil before it is done.
pub(super) fn reused(call: &mut Call<'_>) -> Outcome {
    let reused =
        call.object(1, &CONNECTION, |connection| connection.channel.stream().map(TlsStream::is_resumed))?;
    match reused {
        Some(reused) => call.push_boolean(reused),
        None => call.push_nil(),
    }
    Ok(1)
}
