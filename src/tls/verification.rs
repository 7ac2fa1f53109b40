//! Verification of the peer's certificate.

/// The changes to verification by `verifyext`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extras {
    /// Goes on with a refused certificate, and keeps the errors.
    pub go_on: bool,
    /// Requires a certificate issued for servers, also from clients: between servers, each side is both.
    pub server_purpose: bool,
    /// Checks the peer's certificate against a revocation list.
    pub revocation: bool,
    /// Checks the whole chain against revocation lists.
    pub chain_revocation: bool,
}

impl Extras {
    /// The flags by their bits, in the order of the fields.
    pub fn from_bits(bits: u8) -> Self {
        Extras {
            go_on: bits & 1 != 0,
            server_purpose: bits & 2 != 0,
            revocation: bits & 4 != 0,
            chain_revocation: bits & 8 != 0,
        }
    }

    /// The union of both sets of flags.
    pub fn with(self, more: Extras) -> Self {
        Extras {
            go_on: self.go_on || more.go_on,
            server_purpose: self.server_purpose || more.server_purpose,
            revocation: self.revocation || more.revocation,
            chain_revocation: self.chain_revocation || more.chain_revocation,
        }
    }
}

/// The outcome of verifying the peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verification {
    /// There is no connection.
    Closed,
    /// The peer's certificate was not verified, or there is none.
    Skipped,
    /// The peer's certificate is trusted.
    Trusted,
    /// It is not trusted and the connection goes on; the reason.
    Refused(String),
    /// It is not trusted and the connection goes on; every error with its depth in the chain.
    Listed(Vec<(u32, String)>),
}
