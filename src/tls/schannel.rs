//! SChannel's error codes in words. The system has a text for few of them, and in its own language.

/// SEC_E_INVALID_TOKEN: the peer speaks another protocol.
pub const INVALID_TOKEN: u32 = 0x8009_0308;

/// The code in an error's text: the standard library writes `(os error -2146762481)`, SChannel's crate
/// `-2146762481`.
pub fn code(text: &str) -> Option<u32> {
    let start = text.find("os error ")? + "os error ".len();
    let rest = text.get(start..)?;
    let end = rest.find(|letter: char| letter != '-' && !letter.is_ascii_digit()).unwrap_or(rest.len());
    rest.get(..end)?.parse::<i32>().ok().map(|code| code as u32)
}

/// Why a certificate was refused, as an error's text tells it.
pub fn refusal_in(text: &str) -> Option<&'static str> {
    // The crate compares the chain with the authorities that the program has named.
    if text.contains("user-specified roots") {
        return Some("unable to get local issuer certificate");
    }
    code(text).and_then(refusal)
}

/// Why a certificate was refused, in OpenSSL's words. `None` if the code is not about a certificate.
pub fn refusal(code: u32) -> Option<&'static str> {
    Some(match code {
        // CERT_E_EXPIRED, SEC_E_CERT_EXPIRED
        0x800b_0101 | 0x8009_0328 => "certificate has expired",
        // CERT_E_UNTRUSTEDROOT, SEC_E_UNTRUSTED_ROOT
        0x800b_0109 | 0x8009_0325 => "self-signed certificate in certificate chain",
        // CERT_E_CHAINING, SEC_E_CERT_UNKNOWN
        0x800b_010a | 0x8009_0327 => "unable to get local issuer certificate",
        // CERT_E_CN_NO_MATCH, SEC_E_WRONG_PRINCIPAL
        0x800b_010f | 0x8009_0322 => "hostname mismatch",
        // CERT_E_REVOKED, CRYPT_E_REVOKED
        0x800b_010c | 0x8009_2010 => "certificate revoked",
        // CERT_E_REVOCATION_FAILURE, CRYPT_E_NO_REVOCATION_CHECK, CRYPT_E_REVOCATION_OFFLINE
        0x800b_010e | 0x8009_2012 | 0x8009_2013 => "unable to get certificate CRL",
        // CERT_E_WRONG_USAGE, CERT_E_PURPOSE
        0x800b_0110 | 0x800b_0106 => "unsuitable certificate purpose",
        // TRUST_E_BASIC_CONSTRAINTS, TRUST_E_CERT_SIGNATURE, CERT_E_UNTRUSTEDCA, CERT_E_UNTRUSTEDTESTROOT
        0x8009_6019 => "invalid CA certificate",
        0x8009_6004 => "certificate signature failure",
        0x800b_0112 | 0x800b_010d => "certificate not trusted",
        _ => return None,
    })
}

/// The meaning of any other failure.
pub fn words(code: u32) -> Option<&'static str> {
    Some(match code {
        // SEC_E_UNSUPPORTED_FUNCTION
        0x8009_0302 => "not supported by this TLS backend",
        INVALID_TOKEN => "wrong version number",
        // SEC_E_NO_CREDENTIALS
        0x8009_030e => "no certificate or key that this side can use",
        // SEC_E_MESSAGE_ALTERED
        0x8009_030f => "decryption failed or bad record mac",
        // SEC_E_INCOMPLETE_MESSAGE
        0x8009_0318 => "unexpected eof while reading",
        // SEC_E_ILLEGAL_MESSAGE
        0x8009_0326 => "the peer sent an alert or an illegal message",
        // SEC_E_DECRYPT_FAILURE
        0x8009_0330 => "decryption failed or bad record mac",
        // SEC_E_ALGORITHM_MISMATCH
        0x8009_0331 => "no protocol version or cipher in common",
        // SEC_E_CERT_UNKNOWN and others are about certificates: see `refusal`.
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{code, refusal, refusal_in, words};

    #[test]
    fn the_code_is_found_in_a_text() {
        assert_eq!(
            code("OS Error -2146762481 (FormatMessageW() returned error 317) (os error -2146762481)"),
            Some(0x800b_010f)
        );
        assert_eq!(code("something else"), None);
        assert_eq!(code("os error "), None);
        assert_eq!(refusal(0x800b_010f), Some("hostname mismatch"));
        assert_eq!(words(0x8009_0302), Some("not supported by this TLS backend"));
        assert_eq!(refusal(0x8009_0302), None);
        assert_eq!(refusal_in("(os error -2146762481)"), Some("hostname mismatch"));
        assert!(refusal_in("unable to find any user-specified roots in the final cert chain").is_some());
    }
}
