//! Client sessions to resume. They are kept per context, by name and port. So a session is never offered to
//! another name, with other settings, or together with another certificate.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use openssl::error::ErrorStack;
use openssl::ex_data::Index;
use openssl::ssl::{Ssl, SslRef, SslSession, SslVersion};

use super::super::backend::Origin;

/// The most origins with sessions, and the most sessions for each. A TLS 1.3 server sends two single-use
/// tickets.
const MOST_ORIGINS: usize = 256;
const MOST_EACH: usize = 4;

/// The sessions of one context.
#[derive(Default)]
pub struct Sessions(Mutex<HashMap<Origin, Vec<SslSession>>>);

impl Sessions {
    /// The session to offer to an origin. A TLS 1.3 session is used once: otherwise an observer could link
    /// two connections (RFC 8446, C.4).
    pub fn take(&self, origin: &Origin) -> Option<SslSession> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = all.get_mut(origin)?;
        let newest = kept.last()?;
        if newest.protocol_version() == SslVersion::TLS1_3 { kept.pop() } else { Some(newest.clone()) }
    }

    /// Keeps a session.
    pub fn put(&self, origin: &Origin, session: SslSession) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !all.contains_key(origin) && all.len() >= MOST_ORIGINS {
            // Removes any origin: there are many, and the only loss is one full handshake.
            if let Some(other) = all.keys().next().cloned() {
                all.remove(&other);
            }
        }
        let kept = all.entry(origin.clone()).or_default();
        if session.protocol_version() != SslVersion::TLS1_3 {
            kept.clear();
        } else if kept.len() >= MOST_EACH {
            kept.remove(0);
        }
        kept.push(session);
    }
}

/// The index of the origin in the connection's extra data (`ex_data`).
pub fn origin_index() -> Result<Index<Ssl, Arc<Origin>>, ErrorStack> {
    static INDEX: Mutex<Option<Index<Ssl, Arc<Origin>>>> = Mutex::new(None);
    let mut index = INDEX.lock().unwrap_or_else(PoisonError::into_inner);
    match *index {
        Some(index) => Ok(index),
        None => Ok(*index.insert(Ssl::new_ex_index()?)),
    }
}

/// The origin of a connection, if its sessions are kept.
pub fn origin_of(ssl: &SslRef) -> Option<Arc<Origin>> {
    ssl.ex_data(origin_index().ok()?).cloned()
}
