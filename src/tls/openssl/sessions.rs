//! Client sessions to resume. They are kept per context, by name and port. So a session is never offered to
//! another name, with other settings, or together with another certificate.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use openssl::error::ErrorStack;
use openssl::ex_data::Index;
use openssl::ssl::{Ssl, SslRef, SslSession, SslVersion};

use super::super::backend::Origin;

/// The most origins with sessions, and the most sessions for each. A TLS 1.3 server sends two single-use
/// tickets.
const MOST_ORIGINS: usize = 256;
const MOST_EACH: usize = 4;
/// The longest time for which resumed handshakes may follow one full handshake. Otherwise a server could renew
/// its sessions without end, even after its certificate has expired (RFC 5246, F.1.4, proposes this limit).
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// The origin of a connection, to keep its sessions under.
pub struct Resumption {
    origin: Origin,
    /// When the certificate of the offered session was verified, if one was offered.
    verified: Option<Instant>,
}

struct Kept {
    session: SslSession,
    verified: Instant,
}

/// The sessions of one context.
#[derive(Default)]
pub struct Sessions(Mutex<HashMap<Origin, Vec<Kept>>>);

impl Sessions {
    /// The session to offer to an origin. A TLS 1.3 session is used once: otherwise an observer could link
    /// two connections (RFC 8446, C.4).
    pub fn take(&self, origin: Origin, now: Instant) -> (Option<SslSession>, Resumption) {
        let mut all = crate::sys::lock(&self.0);
        let mut taken = None;
        if let Some(kept) = all.get_mut(&origin) {
            kept.retain(|kept| now.saturating_duration_since(kept.verified) < LONGEST);
            let once =
                kept.last().is_some_and(|newest| newest.session.protocol_version() == SslVersion::TLS1_3);
            taken = if once {
                kept.pop().map(|kept| (kept.session, kept.verified))
            } else {
                kept.last().map(|kept| (kept.session.clone(), kept.verified))
            };
        }
        let (session, verified) = taken.unzip();
        (session, Resumption { origin, verified })
    }

    /// Keeps a session of a connection.
    pub fn put(&self, ssl: &SslRef, session: SslSession) {
        if let Some(Resumption { origin, verified }) = resumption_of(ssl) {
            let verified = verified.filter(|_| ssl.session_reused()).unwrap_or_else(Instant::now);
            self.add(origin, session, verified);
        }
    }

    fn add(&self, origin: &Origin, session: SslSession, verified: Instant) {
        let mut all = crate::sys::lock(&self.0);
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
        kept.push(Kept { session, verified });
    }
}

/// The index of the resumption in the connection's extra data (`ex_data`).
fn index() -> Result<Index<Ssl, Resumption>, ErrorStack> {
    static INDEX: Mutex<Option<Index<Ssl, Resumption>>> = Mutex::new(None);
    let mut index = crate::sys::lock(&INDEX);
    match *index {
        Some(index) => Ok(index),
        None => Ok(*index.insert(Ssl::new_ex_index()?)),
    }
}

/// Keeps the sessions that a connection will get.
pub fn keep(ssl: &mut SslRef, resumption: Resumption) -> Result<(), ErrorStack> {
    ssl.set_ex_data(index()?, resumption);
    Ok(())
}

fn resumption_of(ssl: &SslRef) -> Option<&Resumption> {
    ssl.ex_data(index().ok()?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used)]

    use std::os::unix::net::UnixStream;
    use std::thread;
    use std::time::{Duration, Instant};

    use openssl::ssl::{Ssl, SslContext, SslMethod, SslSession, SslVersion};

    use super::{LONGEST, Origin, Sessions};

    /// A session of TLS 1.2, with a cipher that needs no certificate.
    fn session() -> SslSession {
        let ssl = || {
            let mut builder = SslContext::builder(SslMethod::tls()).expect("context");
            builder.set_cipher_list("ADH:@SECLEVEL=0").expect("ciphers");
            builder.set_max_proto_version(Some(SslVersion::TLS1_2)).expect("version");
            builder.set_tmp_dh(&openssl::dh::Dh::get_2048_256().expect("parameters")).expect("key exchange");
            Ssl::new(&builder.build()).expect("connection")
        };
        let (client, server) = UnixStream::pair().expect("sockets");
        let (client_ssl, server_ssl) = (ssl(), ssl());
        let peer = thread::spawn(move || server_ssl.accept(server).map(drop).map_err(drop));
        let stream = client_ssl.connect(client).map_err(drop).expect("handshake");
        peer.join().expect("thread").expect("handshake");
        stream.ssl().session().expect("session").to_owned()
    }

    #[test]
    fn a_session_ends_a_day_after_its_full_handshake() {
        let sessions = Sessions::default();
        let origin = Origin { name: "localhost".to_owned(), port: 443 };
        let start = Instant::now();
        sessions.add(&origin, session(), start);
        let (offered, resumption) = sessions.take(origin.clone(), start + LONGEST - Duration::from_secs(1));
        assert!(offered.is_some());
        // A session that the resumed connection gets counts from the full handshake too.
        assert_eq!(resumption.verified, Some(start));
        let (offered, resumption) = sessions.take(origin, start + LONGEST);
        assert!(offered.is_none());
        assert_eq!(resumption.verified, None);
    }
}
