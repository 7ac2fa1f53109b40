//! The elliptic curves of OpenSSL, by name.

use ::openssl::asn1::Asn1Object;
use ::openssl::ec::EcGroup;
use ::openssl::nid::Nid;
use ::openssl::pkey::Id;
use ::openssl::pkey_ctx::PkeyCtx;

use crate::sys::openssl;

/// The NIST names of curves that have another name in ASN.1.
const NIST: [(&str, Nid); 3] =
    [("P-256", Nid::X9_62_PRIME256V1), ("P-384", Nid::SECP384R1), ("P-521", Nid::SECP521R1)];

/// Names of curves that an OpenSSL build may have (SEC 2, X9.62, RFC 5639, WAP).
#[rustfmt::skip]
const KNOWN: [&str; 87] = [
    "Oakley-EC2N-3", "Oakley-EC2N-4", "P-256", "P-384", "P-521", "SM2", "X25519", "X448",
    "brainpoolP160r1", "brainpoolP160t1", "brainpoolP192r1", "brainpoolP192t1", "brainpoolP224r1", "brainpoolP224t1",
    "brainpoolP256r1", "brainpoolP256t1", "brainpoolP320r1", "brainpoolP320t1", "brainpoolP384r1", "brainpoolP384t1",
    "brainpoolP512r1", "brainpoolP512t1",
    "c2pnb163v1", "c2pnb163v2", "c2pnb163v3", "c2pnb176v1", "c2pnb208w1", "c2pnb272w1", "c2pnb304w1", "c2pnb368w1",
    "c2tnb191v1", "c2tnb191v2", "c2tnb191v3", "c2tnb239v1", "c2tnb239v2", "c2tnb239v3", "c2tnb359v1", "c2tnb431r1",
    "prime192v1", "prime192v2", "prime192v3", "prime239v1", "prime239v2", "prime239v3", "prime256v1",
    "secp112r1", "secp112r2", "secp128r1", "secp128r2", "secp160k1", "secp160r1", "secp160r2", "secp192k1",
    "secp224k1", "secp224r1", "secp256k1", "secp384r1", "secp521r1",
    "sect113r1", "sect113r2", "sect131r1", "sect131r2", "sect163k1", "sect163r1", "sect163r2", "sect193r1",
    "sect193r2", "sect233k1", "sect233r1", "sect239k1", "sect283k1", "sect283r1", "sect409k1", "sect409r1",
    "sect571k1", "sect571r1",
    "wap-wsg-idm-ecid-wtls1", "wap-wsg-idm-ecid-wtls10", "wap-wsg-idm-ecid-wtls11", "wap-wsg-idm-ecid-wtls12",
    "wap-wsg-idm-ecid-wtls3", "wap-wsg-idm-ecid-wtls4", "wap-wsg-idm-ecid-wtls5", "wap-wsg-idm-ecid-wtls6",
    "wap-wsg-idm-ecid-wtls7", "wap-wsg-idm-ecid-wtls8", "wap-wsg-idm-ecid-wtls9",
];

fn nid(name: &str) -> Option<Nid> {
    let nist = NIST.iter().find(|(known, _)| *known == name).map(|(_, nid)| *nid);
    nist.or_else(|| Asn1Object::from_str(name).ok().map(|object| object.nid()))
}

/// Whether the parameter `curve` accepts this name.
pub fn exists(name: &str) -> bool {
    nid(name).is_some_and(|nid| EcGroup::from_curve_name(nid).is_ok())
}

/// The names of the available curves. This makes no curve and no context, and does not look up every number by its
/// name: that took longer than all else when TLS is loaded.
pub fn names() -> Vec<&'static str> {
    let builtin = openssl::builtin_curves();
    let short_names: Vec<_> = builtin.iter().filter_map(|nid| nid.short_name().ok()).collect();
    let is_available = |name: &&str| {
        // X25519 and X448 are kinds of keys, and not among the curves. This asks OpenSSL's providers.
        if name.starts_with('X') {
            return nid(name).is_some_and(|number| PkeyCtx::new_id(Id::from_raw(number.as_raw())).is_ok());
        }
        let nist = NIST.iter().find(|(known, _)| known == name);
        nist.is_some_and(|(_, number)| builtin.contains(number)) || short_names.contains(name)
    };
    KNOWN.into_iter().filter(is_available).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used)]

    use ::openssl::ssl::{SslContextBuilder, SslMethod};

    use super::*;

    #[test]
    fn the_listed_curves_are_those_that_can_be_used() {
        let usable = |name: &&str| {
            let mut context = SslContextBuilder::new(SslMethod::tls()).expect("a context");
            exists(name) || name.starts_with('X') && context.set_groups_list(name).is_ok()
        };
        let expected: Vec<_> = KNOWN.into_iter().filter(usable).collect();
        assert!(expected.contains(&"P-256"));
        assert_eq!(names(), expected);
    }
}
