//! `socket_idna`: international host names in their ASCII form (add.32).

use ::url::Host;

use crate::binding::{Call, Message, Outcome, native};

/// Opens the internal module: `to_ascii(host)`.
pub fn open(call: &mut Call<'_>) -> Outcome {
    call.prepare();
    call.new_table(0, 1);
    call.set_functions(&[("to_ascii", native(to_ascii))]);
    Ok(1)
}

/// `to_ascii(host)`: the ASCII form of a host name in UTF-8, or nil and "invalid host '…'".
fn to_ascii(call: &mut Call<'_>) -> Outcome {
    let host = call.bytes(1)?;
    match convert(host) {
        Some(ascii) => call.push_vec(ascii.into_bytes()).map(|()| 1),
        None => {
            let mut message = Message::new("invalid host '");
            message.append(host);
            message.append(b"'");
            Ok(call.push_failure(&message))
        }
    }
}

/// The ASCII form of a host name in UTF-8. `None` when the name has no such form.
pub fn convert(host: &[u8]) -> Option<String> {
    // The WHATWG parser also decodes percent signs. LuaSocket does not.
    let text = std::str::from_utf8(host).ok().filter(|text| !text.contains('%'))?;
    match Host::parse(text).ok()? {
        Host::Domain(name) => Some(name),
        Host::Ipv4(_) | Host::Ipv6(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::convert;

    #[test]
    fn international_names_become_ascii() {
        assert_eq!(convert("bücher.example".as_bytes()).as_deref(), Some("xn--bcher-kva.example"));
        assert_eq!(convert(b"\xff\xfe"), None);
        assert_eq!(convert("a%41.ü".as_bytes()), None);
    }

    proptest! {
        #[test]
        fn a_converted_name_is_a_host_name(host in prop_oneof![any::<String>(), "[a-zäß。.:/@%\u{200d}\u{0}-]{0,12}"]) {
            if let Some(ascii) = convert(host.as_bytes()) {
                prop_assert!(ascii.bytes().all(|byte| byte.is_ascii_graphic() && !b"/?#@:[]\\%<>^|".contains(&byte)));
                prop_assert!(!ascii.bytes().any(|byte| byte.is_ascii_uppercase()));
                prop_assert_eq!(convert(ascii.as_bytes()), Some(ascii));
            }
        }
    }
}
