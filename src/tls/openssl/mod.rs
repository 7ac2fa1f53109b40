//! The backend where OpenSSL is the system's TLS library: all of LuaSec's features, by the `openssl` crate.

mod callbacks;
mod curves;
mod errors;
mod maker;
mod sessions;
mod stream;

use curves::exists as curve_exists;
pub use curves::names as curve_names;
pub use maker::{Maker, Peer};
pub use sessions::Origin;
pub use stream::Stream;

/// The backend's name, for scripts.
pub const NAME: &[u8] = b"openssl";
/// Whether the features that only OpenSSL has are available.
pub const COMPLETE: bool = true;
