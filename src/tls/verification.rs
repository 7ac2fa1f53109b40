//! How the peer's certificate is verified.

/// What `verifyext` changes about verification.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extras {
    /// Goes on with a certificate that is refused, and keeps the reasons.
    pub go_on: bool,
    /// Asks for a certificate that was issued for a server, of clients as well: between servers each is both.
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

    /// These and those.
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
    /// The peer's certificate was not looked at, or there is none.
    Skipped,
    /// The peer's certificate is trusted.
    Trusted,
    /// It is not, and the connection goes on: why.
    Refused(String),
    /// It is not, and the connection goes on: every reason with its depth in the chain.
    Listed(Vec<(u32, String)>),
}
