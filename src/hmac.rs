//! `socket_hmac`: keyed digests to log in to mail servers.

use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;

use crate::binding::{Call, Outcome, native};

/// Opens the internal module: `md5(key, text)`.
pub fn open(call: &mut Call<'_>) -> Outcome {
    call.prepare();
    call.new_table(0, 1);
    call.set_functions(&[("md5", native(md5_digest))]);
    Ok(1)
}

/// `md5(key, text)`: the HMAC-MD5 of a text, in hexadecimal (RFC 2104). CRAM-MD5 uses it.
fn md5_digest(call: &mut Call<'_>) -> Outcome {
    let key = call.bytes(1)?;
    let text = call.bytes(2)?;
    let digest = digest(key, text);
    call.push_bytes(&digest);
    Ok(1)
}

fn digest(key: &[u8], text: &[u8]) -> [u8; 32] {
    let mut hexadecimal = [b'0'; 32];
    // A key of any length is valid.
    if let Ok(mut mac) = Hmac::<Md5>::new_from_slice(key) {
        mac.update(text);
        for (pair, byte) in hexadecimal.chunks_exact_mut(2).zip(mac.finalize().into_bytes()) {
            for (digit, nibble) in pair.iter_mut().zip([byte >> 4, byte & 15]) {
                *digit = char::from_digit(nibble.into(), 16).map_or(b'0', |digit| digit as u8);
            }
        }
    }
    hexadecimal
}

#[cfg(test)]
mod tests {
    use super::digest;

    #[test]
    fn the_example_of_rfc_2195() {
        let text = b"<1896.697170952@postoffice.reston.mci.net>";
        assert_eq!(&digest(b"tanstaaftanstaaf", text), b"b913a602c7eda7a495b4e6e7334d3890");
    }

    #[test]
    fn a_key_longer_than_a_block() {
        let text = b"Test Using Larger Than Block-Size Key - Hash Key First";
        assert_eq!(&digest(&[0xaa; 80], text), b"6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd");
    }
}
