//! Sessions that clients resume: kept for each context, by the name and the port that they were made for, so that none
//! is offered to another name, with other settings or beside another certificate.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use openssl::error::ErrorStack;
use openssl::ex_data::Index;
use openssl::ssl::{Ssl, SslRef, SslSession, SslVersion};

/// How many origins have sessions, and how many sessions each has. A server of TLS 1.3 sends two tickets for one use each.
const MOST_ORIGINS: usize = 256;
const MOST_EACH: usize = 4;

/// Whom a session was made with.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    /// The name that was verified.
    pub name: String,
    /// The port that was connected to.
    pub port: u16,
}

/// The sessions of one context.
#[derive(Default)]
pub struct Sessions(Mutex<HashMap<Origin, Vec<SslSession>>>);

impl Sessions {
    /// The session to offer to an origin. One of TLS 1.3 is used once, so that nobody on the way can tell that two
    /// connections belong together (RFC 8446, C.4).
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
            // Any one: they are many, and all that is lost is a full handshake.
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

/// The place of the origin in a connection's own data.
pub fn origin_index() -> Result<Index<Ssl, Arc<Origin>>, ErrorStack> {
    static INDEX: Mutex<Option<Index<Ssl, Arc<Origin>>>> = Mutex::new(None);
    let mut index = INDEX.lock().unwrap_or_else(PoisonError::into_inner);
    match *index {
        Some(index) => Ok(index),
        None => Ok(*index.insert(Ssl::new_ex_index()?)),
    }
}

/// The origin of a connection whose sessions are kept.
pub fn origin_of(ssl: &SslRef) -> Option<Arc<Origin>> {
    ssl.ex_data(origin_index().ok()?).cloned()
}
