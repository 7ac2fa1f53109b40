//! The backend where OpenSSL is the system's TLS library: all of LuaSec's features, by the `openssl` crate.

mod callbacks;
mod context;
mod curves;
mod errors;
mod sessions;
mod stream;

pub use context::BackendContext;
use curves::exists as curve_exists;
pub use curves::names as curve_names;
pub use stream::Stream;

/// The backend's name, for scripts.
pub const NAME: &[u8] = b"openssl";
/// Whether the features that only OpenSSL has are available.
pub const COMPLETE: bool = true;
