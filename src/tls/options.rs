//! OpenSSL's options by the names that LuaSec uses.

/// Names with their bits in OpenSSL 3 (`openssl/ssl.h`). Options without bits have no effect in OpenSSL 3.
const OPTIONS: [(&str, u64); 53] = [
    ("all", 0x8000_0850),
    ("allow_client_renegotiation", 0x100),
    ("allow_no_dhe_kex", 0x400),
    ("allow_unsafe_legacy_renegotiation", 0x4_0000),
    ("cipher_server_preference", 0x40_0000),
    ("cisco_anyconnect", 0x8000),
    ("cleanse_plaintext", 0x2),
    ("cookie_exchange", 0x2000),
    ("cryptopro_tlsext_bug", 0x8000_0000),
    ("disable_tlsext_ca_names", 0x200),
    ("dont_insert_empty_fragments", 0x800),
    ("enable_ktls", 0x8),
    ("enable_middlebox_compat", 0x10_0000),
    ("ephemeral_rsa", 0),
    ("ignore_unexpected_eof", 0x80),
    ("legacy_server_connect", 0x4),
    ("microsoft_big_sslv3_buffer", 0),
    ("microsoft_sess_id_bug", 0),
    ("msie_sslv2_rsa_padding", 0),
    ("netscape_ca_dn_bug", 0),
    ("netscape_challenge_bug", 0),
    ("netscape_demo_cipher_change_bug", 0),
    ("netscape_reuse_cipher_change_bug", 0),
    ("no_anti_replay", 0x100_0000),
    ("no_compression", 0x2_0000),
    ("no_dtls_mask", 0xc00_0000),
    ("no_dtlsv1", 0x400_0000),
    ("no_dtlsv1_2", 0x800_0000),
    ("no_encrypt_then_mac", 0x8_0000),
    ("no_extended_master_secret", 0x1),
    ("no_query_mtu", 0x1000),
    ("no_renegotiation", 0x4000_0000),
    ("no_session_resumption_on_renegotiation", 0x1_0000),
    ("no_ssl_mask", 0x3e00_0000),
    ("no_sslv2", 0),
    ("no_sslv3", 0x200_0000),
    ("no_ticket", 0x4000),
    ("no_tlsv1", 0x400_0000),
    ("no_tlsv1_1", 0x1000_0000),
    ("no_tlsv1_2", 0x800_0000),
    ("no_tlsv1_3", 0x2000_0000),
    ("pkcs1_check_1", 0),
    ("pkcs1_check_2", 0),
    ("prioritize_chacha", 0x20_0000),
    ("safari_ecdhe_ecdsa_bug", 0x40),
    ("single_dh_use", 0),
    ("single_ecdh_use", 0),
    ("ssleay_080_client_dh_bug", 0),
    ("sslref2_reuse_cert_type_bug", 0),
    ("tls_block_padding_bug", 0),
    ("tls_d5_bug", 0),
    ("tls_rollback_bug", 0x80_0000),
    ("tlsext_padding", 0x10),
];

/// The names.
pub fn names() -> impl ExactSizeIterator<Item = &'static str> {
    OPTIONS.iter().map(|(name, _)| *name)
}

/// The bits of a list of names separated by spaces.
pub fn bits(names: &[u8]) -> u64 {
    let bit =
        |name: &[u8]| OPTIONS.iter().find(|(known, _)| known.as_bytes() == name).map_or(0, |(_, bits)| *bits);
    names.split(|byte| *byte == b' ').fold(0, |bits, name| bits | bit(name))
}

#[cfg(test)]
mod tests {
    use super::bits;

    #[test]
    fn names_are_their_bits_together() {
        assert_eq!(bits(b"all dont_insert_empty_fragments no_tlsv1"), 0x8400_0850);
        assert_eq!(bits(b""), 0);
    }
}
