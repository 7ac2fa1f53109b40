//! Contexts of OpenSSL made from settings, and their connections.

use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Private};
use openssl::ssl::{
    Ssl, SslContext, SslContextBuilder, SslFiletype, SslMethod, SslMode, SslOptions, SslRef,
    SslSessionCacheMode, SslStream, SslVerifyMode, SslVersion,
};
use openssl::x509::store::{X509Lookup, X509StoreBuilder};
use openssl::x509::verify::{X509CheckFlags, X509VerifyFlags};
use openssl::x509::{X509, X509PurposeId};

use super::super::adapter::{Adapter, RawSocket};
use super::super::authorities::system;
use super::super::backend::{Peer, Tlsa};
use super::super::keys::{self, Identity};
use super::super::settings::Settings;
use super::super::verification::Extras;
use super::sessions::{self, Sessions};
use super::stream::{Refusals, Stream};
use super::{callbacks, errors};
use crate::binding::Message;
use crate::socket::error::Failure;
use crate::sys::libc;
use crate::sys::openssl as more;

/// The protocol versions, oldest first.
const VERSIONS: [SslVersion; 4] =
    [SslVersion::TLS1, SslVersion::TLS1_1, SslVersion::TLS1_2, SslVersion::TLS1_3];

/// The default ciphers of clients: those of the crate's own connector, which follow Python's.
const CIPHERS: &str = "DEFAULT:!aNULL:!eNULL:!MD5:!3DES:!DES:!RC4:!IDEA:!SEED:!aDSS:!SRP:!PSK";

/// The session ID context of a server: a session is resumed only if its context is the same.
const SERVICE: &[u8] = b"luasocket-rs";

/// Certificates, leaf first, and the key.
type Presented = (Vec<X509>, PKey<Private>);

/// An OpenSSL context, and the data that its connections also need.
pub struct BackendContext {
    context: SslContext,
    /// Used if there are several certificates: OpenSSL takes a chain for each only on a connection.
    more: Vec<Presented>,
    sessions: Arc<Sessions>,
    /// Whether the system's authorities are looked up during handshakes.
    looks_up: bool,
}

impl BackendContext {
    /// The context for some settings.
    pub fn new(settings: &Settings) -> Result<BackendContext, Message> {
        let failed = |stack: ErrorStack| errors::reason(&stack);
        let method = if settings.server { SslMethod::tls_server() } else { SslMethod::tls_client() };
        let mut builder = SslContextBuilder::new(method).map_err(failed)?;
        builder.set_mode(
            SslMode::AUTO_RETRY
                | SslMode::ACCEPT_MOVING_WRITE_BUFFER
                | SslMode::ENABLE_PARTIAL_WRITE
                // Frees the buffers of idle connections.
                | SslMode::RELEASE_BUFFERS,
        );
        builder.set_options(SslOptions::NO_COMPRESSION | SslOptions::NO_SSLV2 | SslOptions::NO_SSLV3);
        builder.set_options(SslOptions::from_bits_retain(settings.options as _));
        let newest = VERSIONS.get(settings.newest).copied().filter(|_| settings.newest + 1 < VERSIONS.len());
        builder.set_min_proto_version(VERSIONS.get(settings.oldest).copied()).map_err(failed)?;
        builder.set_max_proto_version(newest).map_err(failed)?;
        set_ciphers(&mut builder, settings)?;
        let more_identities = present(&mut builder, &settings.identities)?;
        trust(&mut builder, settings)?;
        builder.set_verify(verify_mode(settings));
        if let Some(depth) = settings.depth {
            builder.set_verify_depth(depth);
        }
        set_groups(&mut builder, settings)?;
        if !settings.server && !settings.alpn.is_empty() {
            builder.set_alpn_protos(&settings.alpn).map_err(failed)?;
        }
        callbacks::set(&mut builder, settings);
        if let Some(hint) = &settings.psk_hint
            && !more::set_psk_hint(&mut builder, hint)
        {
            return Err(Message::new("invalid PSK configuration"));
        }
        if let Some(flags) = settings.dane
            && !more::enable_dane(&mut builder, flags)
        {
            return Err(Message::new("dane not supported by this OpenSSL"));
        }
        let sessions = Arc::<Sessions>::default();
        keep_sessions(&mut builder, settings, &sessions).map_err(failed)?;
        let own = settings.bundle.is_some() || settings.directory.is_some();
        let looks_up = settings.verify && !settings.server && !own && system().directory.is_some();
        Ok(BackendContext { context: builder.build(), more: more_identities, sessions, looks_up })
    }

    /// A connection to a server.
    pub fn client(
        &self,
        settings: &Settings,
        peer: &Peer<'_>,
        socket: Rc<RawSocket>,
    ) -> Result<Stream, Failure> {
        let failed = |stack: ErrorStack| Failure::Other(errors::reason(&stack));
        if self.looks_up {
            can_look_up()?;
        }
        let (mut ssl, refusals) = self.begin(settings, peer.extras).map_err(failed)?;
        if let Some(name) = peer.name {
            let address = name.parse::<IpAddr>().ok();
            if address.is_none() {
                ssl.set_hostname(name).map_err(failed)?;
            }
            // With `lsec_continue` the program checks the names itself.
            if peer.verify_name && peer.dane.is_none() && refusals.is_none() {
                let param = ssl.param_mut();
                param.set_hostflags(X509CheckFlags::NO_PARTIAL_WILDCARDS);
                match address {
                    Some(address) => param.set_ip(address),
                    None => param.set_host(name),
                }
                .map_err(failed)?;
            }
        }
        if let Some((name, records)) = peer.dane {
            if !set_dane(&mut ssl, name, records) {
                return Err(Failure::Text("invalid TLSA records"));
            }
        } else if let Some(origin) = peer.origin.clone().filter(|_| settings.resume && refusals.is_none()) {
            let (session, resumption) = self.sessions.take(origin, Instant::now());
            if let Some(session) = session {
                more::offer_session(&mut ssl, &session);
            }
            sessions::keep(&mut ssl, resumption).map_err(failed)?;
        }
        let inner = SslStream::new(ssl, Adapter(socket)).map_err(failed)?;
        Ok(Stream::new(inner, false, refusals))
    }

    /// A connection from a client; `None` if there is neither a certificate nor a pre-shared key.
    pub fn server(
        &self,
        settings: &Settings,
        extras: Extras,
        socket: Rc<RawSocket>,
    ) -> Result<Option<Stream>, Failure> {
        if !settings.asks_psk && !settings.identities.iter().any(Identity::is_whole) {
            return Ok(None);
        }
        let failed = |stack: ErrorStack| Failure::Other(errors::reason(&stack));
        let (ssl, refusals) = self.begin(settings, extras).map_err(failed)?;
        let inner = SslStream::new(ssl, Adapter(socket)).map_err(failed)?;
        Ok(Some(Stream::new(inner, true, refusals)))
    }

    /// Whether OpenSSL can use a TLSA record.
    pub fn accepts_tlsa(&self, kind: [u8; 3], data: &[u8]) -> bool {
        Ssl::new(&self.context).is_ok_and(|mut ssl| set_dane(&mut ssl, "localhost", &[(kind, data.to_vec())]))
    }

    fn begin(&self, settings: &Settings, extras: Extras) -> Result<(Ssl, Option<Refusals>), ErrorStack> {
        let mut ssl = Ssl::new(&self.context)?;
        for (chain, key) in &self.more {
            if let Some((leaf, rest)) = chain.split_first() {
                ssl.set_certificate(leaf)?;
                ssl.set_private_key(key)?;
                for certificate in rest {
                    ssl.add_chain_cert(certificate.clone())?;
                }
            }
        }
        let extras = settings.extras.with(extras);
        // A resumed session skips verification. Its ticket may come from a connection whose certificate was
        // refused (`go_on`), or was verified under other flags: contexts of the same settings share tickets.
        if settings.server && (extras.go_on || extras != settings.extras) {
            more::refuse_sessions(&mut ssl);
        }
        if extras.server_purpose {
            ssl.param_mut().set_purpose(X509PurposeId::SSL_SERVER)?;
        }
        if extras.revocation || extras.chain_revocation {
            let chain = if extras.chain_revocation {
                X509VerifyFlags::CRL_CHECK_ALL
            } else {
                X509VerifyFlags::empty()
            };
            // CRL_CHECK_ALL has no effect without CRL_CHECK.
            ssl.param_mut().set_flags(X509VerifyFlags::CRL_CHECK | chain)?;
        }
        let refusals = extras.go_on.then(Refusals::default);
        if let Some(refusals) = &refusals {
            ssl.set_verify_callback(verify_mode(settings), callbacks::go_on(refusals));
        }
        Ok((ssl, refusals))
    }
}

fn set_dane(ssl: &mut SslRef, name: &str, records: &[Tlsa]) -> bool {
    more::set_dane_name(ssl, name) && records.iter().all(|(kind, data)| more::add_tlsa(ssl, *kind, data))
}

fn verify_mode(settings: &Settings) -> SslVerifyMode {
    let mut mode = SslVerifyMode::NONE;
    mode.set(SslVerifyMode::PEER, settings.verify);
    mode.set(SslVerifyMode::FAIL_IF_NO_PEER_CERT, settings.require);
    mode.set(SslVerifyMode::CLIENT_ONCE, settings.once);
    mode
}

fn set_ciphers(builder: &mut SslContextBuilder, settings: &Settings) -> Result<(), Message> {
    let failed = |stack: ErrorStack| worded("error setting cipher list (", &errors::reason(&stack), ")");
    if let Some(ciphers) = &settings.ciphers {
        builder.set_cipher_list(ciphers).map_err(failed)?;
    } else if !settings.server && !settings.asks_psk {
        builder.set_cipher_list(CIPHERS).map_err(failed)?;
    }
    match &settings.suites {
        Some(suites) => builder.set_ciphersuites(suites).map_err(failed),
        None => Ok(()),
    }
}

fn set_groups(builder: &mut SslContextBuilder, settings: &Settings) -> Result<(), Message> {
    if let Some(groups) = &settings.groups {
        let refused = worded("unknown elliptic curve in \"", &Message::new(groups), "\"");
        return builder.set_groups_list(groups).map_err(|_| refused);
    }
    if let Some(curve) = &settings.curve {
        let refused = worded("elliptic curve '", &Message::new(curve), "' not supported");
        if !super::curve_exists(curve) {
            return Err(refused);
        }
        return builder.set_groups_list(curve).map_err(|_| refused);
    }
    Ok(())
}

/// Sets the certificates to present. Returns those that must be set on each connection.
fn present(builder: &mut SslContextBuilder, identities: &[Identity]) -> Result<Vec<Presented>, Message> {
    let failed = |stack: ErrorStack| keys::certificate_error(&errors::reason(&stack));
    let mut all = Vec::new();
    for identity in identities.iter().filter(|identity| identity.is_whole()) {
        let chain = X509::stack_from_pem(&identity.chain).map_err(failed)?;
        let key = PKey::private_key_from_pem(&identity.key).map_err(failed)?;
        all.push((chain, key));
    }
    let single = all.len() == 1;
    for (chain, key) in &all {
        let Some((leaf, rest)) = chain.split_first() else { continue };
        // All are set here too, so that a weak one is refused at once.
        builder.set_certificate(leaf).map_err(failed)?;
        builder.set_private_key(key).map_err(failed)?;
        if single {
            for certificate in rest {
                builder.add_extra_chain_cert(certificate.clone()).map_err(failed)?;
            }
        }
    }
    Ok(if single { Vec::new() } else { all })
}

/// Sets the trusted certificates: only those that the settings name, or else the system's authorities.
fn trust(builder: &mut SslContextBuilder, settings: &Settings) -> Result<(), Message> {
    let failed = |stack: ErrorStack| keys::authority_error(&errors::reason(&stack));
    let mut store = X509StoreBuilder::new().map_err(failed)?;
    let add = |store: &mut X509StoreBuilder, pem: &[u8]| -> Result<usize, ErrorStack> {
        if keys::is_encrypted_certificate(pem) {
            return Ok(0);
        }
        let certificates = X509::stack_from_pem(pem)?;
        let count = certificates.len();
        for certificate in certificates {
            store.add_cert(certificate)?;
        }
        Ok(count)
    };
    if let Some(bundle) = &settings.bundle {
        let mut count = add(&mut store, bundle).map_err(failed)?;
        if let Some(path) = settings.bundle_path.as_deref()
            && memchr::memmem::find(bundle, b"-----BEGIN X509 CRL-----").is_some()
        {
            let path = String::from_utf8_lossy(path).into_owned();
            let lookup = store.add_lookup(X509Lookup::file()).map_err(failed)?;
            count +=
                usize::try_from(lookup.load_crl_file(path, SslFiletype::PEM).map_err(failed)?).unwrap_or(0);
        }
        if count == 0 {
            return Err(keys::authority_error(&Message::new("no certificate or crl found")));
        }
    }
    if let Some(directory) = &settings.directory {
        let list = String::from_utf8_lossy(&directory.list).replace('\0', "");
        store
            .add_lookup(X509Lookup::hash_dir())
            .and_then(|lookup| lookup.add_dir(&list, SslFiletype::PEM))
            .map_err(failed)?;
        for pem in directory.files() {
            let _ = add(&mut store, &pem);
        }
    }
    if !settings.server && settings.bundle.is_none() && settings.directory.is_none() {
        let places = system();
        if let Some(directory) = places.directory.as_deref().and_then(|path| path.to_str()) {
            let lookup = store.add_lookup(X509Lookup::hash_dir()).map_err(failed)?;
            lookup.add_dir(directory, SslFiletype::PEM).map_err(failed)?;
        }
        // Without verification the result is still reported, but it does not justify reading the whole
        // bundle.
        if let Some(file) = places.file_to_read().filter(|_| settings.verify) {
            match std::fs::read(file) {
                Ok(pem) => {
                    let _ = add(&mut store, &pem);
                }
                // A missing file is no error. Lack of descriptors or memory is one.
                Err(error) => {
                    if let Some(code @ (libc::EMFILE | libc::ENFILE | libc::ENOMEM)) = error.raw_os_error() {
                        return Err(keys::authority_error(&crate::sys::error_text(code)));
                    }
                }
            }
        }
    }
    builder.set_cert_store(store.build());
    Ok(())
}

/// Fails if the process has no descriptor left: OpenSSL would then find no authority and trust no
/// certificate.
fn can_look_up() -> Result<(), Failure> {
    let opened = system().directories().next().map(|path| std::fs::File::open(path).map(drop));
    match opened.and_then(Result::err).and_then(|error| error.raw_os_error()) {
        Some(code @ (libc::EMFILE | libc::ENFILE | libc::ENOMEM)) => {
            Err(Failure::Other(keys::authority_error(&crate::sys::error_text(code))))
        }
        _ => Ok(()),
    }
}

fn keep_sessions(
    builder: &mut SslContextBuilder,
    settings: &Settings,
    sessions: &Arc<Sessions>,
) -> Result<(), ErrorStack> {
    if settings.resume {
        builder.set_session_cache_mode(SslSessionCacheMode::CLIENT | SslSessionCacheMode::NO_INTERNAL);
        let sessions = sessions.clone();
        builder.set_new_session_callback(move |ssl, session| sessions.put(ssl, session));
    } else {
        builder.set_session_cache_mode(SslSessionCacheMode::OFF);
    }
    if settings.server { builder.set_session_id_context(SERVICE) } else { Ok(()) }
}

fn worded(before: &str, text: &Message, after: &str) -> Message {
    let mut message = Message::new(before);
    message.append(text.as_bytes());
    message.append(after.as_bytes());
    message
}
