//! Contexts: what many connections share. They are cached for the whole process, because
//! loading the system's certificates takes the TLS library far longer than a handshake.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use native_tls::{Certificate, Identity, Protocol, TlsAcceptor, TlsConnector};

use super::{error, keys};
use crate::binding::Message;

/// How many contexts are kept; the one used longest ago goes first.
const KEPT: usize = 32;

static CACHE: Mutex<VecDeque<Arc<Context>>> = Mutex::new(VecDeque::new());

/// A protocol version, by its position among those there are.
pub const VERSIONS: [Protocol; 4] = [Protocol::Tlsv10, Protocol::Tlsv11, Protocol::Tlsv12, Protocol::Tlsv13];

/// Everything that makes one context different from another: files by their content, a
/// directory by its entries and their times.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// For accepting connections, not for making them.
    pub server: bool,
    /// The oldest version allowed, as an index into [`VERSIONS`].
    pub oldest: usize,
    /// The newest version allowed.
    pub newest: usize,
    /// PEM of the own certificate and those that lead up to its root.
    pub chain: Vec<u8>,
    /// PEM of the private key, which needs no password any more.
    pub key: Vec<u8>,
    /// PEM of the trusted certificates.
    pub bundle: Option<Vec<u8>>,
    /// A directory of trusted certificates.
    pub directory: Option<Directory>,
    /// What the system's bundle of trusted certificates looked like, where it is the one to use.
    pub system: Option<Stamp>,
    /// Whether the peer's certificate must be trusted.
    pub verify: bool,
    /// Whether it must be for the host, where a host is known.
    pub verify_host: bool,
    /// The protocols offered or accepted inside, best first.
    pub alpn: Vec<String>,
    /// Whether an end of the stream without notice is an orderly one.
    pub ignore_eof: bool,
}

/// What tells a file from one that has taken its place.
pub type Stamp = [i64; 6];

fn stamp(path: &Path) -> Option<Stamp> {
    let status = fs::metadata(path).ok()?;
    Some([
        status.ino() as i64,
        status.size() as i64,
        status.mtime(),
        status.mtime_nsec(),
        status.ctime(),
        status.ctime_nsec(),
    ])
}

/// The system's bundle: the file that the TLS library has found for this process.
#[cfg(not(target_vendor = "apple"))]
fn system_path() -> Option<&'static Path> {
    static PATH: OnceLock<Option<PathBuf>> = OnceLock::new();
    PATH.get_or_init(|| openssl_probe::probe().cert_file).as_deref()
}

/// The keychain is asked anew for each connection.
#[cfg(target_vendor = "apple")]
fn system_path() -> Option<&'static Path> {
    None
}

/// What the system's bundle looks like.
pub fn system_bundle() -> Option<Stamp> {
    system_path().and_then(stamp)
}

/// Whether the system's bundle could be read now. The TLS library goes on without one that it cannot open, and would
/// trust nobody from then on: right for a file that is not there, wrong when this process has no descriptor left.
fn look_at_system_bundle() -> Result<(), Message> {
    let opened = system_path().map_or(Ok(()), |path| fs::File::open(path).map(drop));
    match opened.err().and_then(|error| error.raw_os_error()) {
        Some(code @ (libc::EMFILE | libc::ENFILE | libc::ENOMEM)) => {
            Err(keys::authority_error(&crate::sys::error_text(code)))
        }
        _ => Ok(()),
    }
}

/// What a directory, or several, looked like.
#[derive(Debug, PartialEq, Eq)]
pub struct Directory {
    list: Vec<u8>,
    entries: Vec<(PathBuf, Stamp)>,
}

impl Directory {
    /// Looks at directories, a colon between two as OpenSSL has it; one that cannot be read has no entries.
    pub fn look(list: &[u8]) -> Self {
        let mut entries = Vec::new();
        let paths = list.split(|byte| *byte == b':').filter(|path| !path.is_empty());
        for entry in paths.flat_map(|path| fs::read_dir(OsStr::from_bytes(path))).flatten().flatten() {
            let path = entry.path();
            if is_certificate_name(&path)
                && let Some(stamp) = stamp(&path)
            {
                entries.push((path, stamp));
            }
        }
        entries.sort();
        Directory { list: list.to_owned(), entries }
    }

    fn certificates(&self) -> impl Iterator<Item = Certificate> {
        // A file in the directory that is no certificate trusts nobody, so it does no harm.
        let files = self.entries.iter().filter_map(|(path, _)| fs::read(path).ok());
        files.filter_map(|pem| Certificate::stack_from_pem(&pem).ok()).flatten()
    }
}

/// `*.pem`, `*.crt`, or a hash and a number as OpenSSL's rehash makes them.
fn is_certificate_name(path: &Path) -> bool {
    let Some(extension) = path.extension().and_then(|extension| extension.to_str()) else { return false };
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let hashed = stem.len() == 8 && stem.bytes().all(|byte| byte.is_ascii_hexdigit());
    matches!(extension, "pem" | "crt") || hashed && extension.bytes().all(|byte| byte.is_ascii_digit())
}

/// How a connector treats the name of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// Sent, and compared with the certificate.
    Checked,
    /// Sent only.
    Sent,
    /// There is none.
    Absent,
}

/// A configuration that was checked, and what the TLS library made of it.
pub struct Context {
    /// What it was made from.
    pub settings: Settings,
    /// The own certificates in DER, leaf first.
    pub chain: Vec<Vec<u8>>,
    identity: Option<Identity>,
    roots: Vec<Certificate>,
    acceptor: Option<TlsAcceptor>,
    connectors: [OnceLock<TlsConnector>; 3],
}

impl Context {
    /// The context for some settings: one from the cache, or a new one.
    pub fn shared(settings: Settings) -> Result<Arc<Context>, Message> {
        let mut cache = CACHE.lock().unwrap_or_else(PoisonError::into_inner);
        let known = cache.iter().position(|context| context.settings == settings);
        let context = match known.and_then(|position| cache.remove(position)) {
            Some(context) => context,
            None => Arc::new(Context::new(settings)?),
        };
        cache.push_back(context.clone());
        if cache.len() > KEPT {
            cache.pop_front();
        }
        Ok(context)
    }

    fn new(settings: Settings) -> Result<Context, Message> {
        let mut identity = None;
        let mut chain = Vec::new();
        let mut key = Vec::new();
        if !settings.key.is_empty() {
            key = keys::private_key(&settings.key, None)?;
        }
        if !settings.chain.is_empty() {
            chain = keys::certificates(&settings.chain)?;
        }
        if !key.is_empty() && !chain.is_empty() {
            identity = Some(keys::identity(&settings.chain, &key)?);
        }
        let mut roots = Vec::new();
        if let Some(bundle) = &settings.bundle {
            roots = Certificate::stack_from_pem(bundle)
                .map_err(|error| keys::authority_error(&error::setup(&error)))?;
            if roots.is_empty() {
                return Err(keys::authority_error(&Message::new("no certificate or crl found")));
            }
        }
        if let Some(directory) = &settings.directory {
            roots.extend(directory.certificates());
        }
        let mut acceptor = None;
        if let Some(identity) = &identity {
            // A client's too: building this one is quick, and finds a key that is too weak.
            let mut builder = TlsAcceptor::builder(identity.clone());
            let (oldest, newest) = settings.versions();
            builder.min_protocol_version(oldest).max_protocol_version(newest).accept_alpn(&settings.alpn);
            let built = builder.build().map_err(|error| keys::certificate_error(&error::setup(&error)))?;
            acceptor = settings.server.then_some(built);
        }
        Ok(Context { settings, chain, identity, roots, acceptor, connectors: Default::default() })
    }

    /// What accepts connections; `None` without a certificate of its own.
    pub fn acceptor(&self) -> Option<&TlsAcceptor> {
        self.acceptor.as_ref()
    }

    /// How a connection from this context treats the name of the host.
    pub fn naming(&self, named: bool) -> Naming {
        match named {
            false => Naming::Absent,
            true if self.settings.verify && self.settings.verify_host => Naming::Checked,
            true => Naming::Sent,
        }
    }

    /// What makes connections, built when it is needed first. A failure is not kept: next time there may be
    /// descriptors and memory again.
    pub fn connector(&self, naming: Naming) -> Result<&TlsConnector, Message> {
        let [checked, sent, absent] = &self.connectors;
        let place = match naming {
            Naming::Checked => checked,
            Naming::Sent => sent,
            Naming::Absent => absent,
        };
        if let Some(connector) = place.get() {
            return Ok(connector);
        }
        if self.settings.verify && self.has_built_in_roots() {
            look_at_system_bundle()?;
        }
        let connector = self.build(naming).map_err(|error| error::setup(&error))?;
        Ok(place.get_or_init(|| connector))
    }

    /// Whoever names authorities trusts these alone.
    fn has_built_in_roots(&self) -> bool {
        self.settings.bundle.is_none() && self.settings.directory.is_none()
    }

    fn build(&self, naming: Naming) -> native_tls::Result<TlsConnector> {
        let settings = &self.settings;
        let mut builder = TlsConnector::builder();
        let (oldest, newest) = settings.versions();
        builder.min_protocol_version(oldest).max_protocol_version(newest);
        if let Some(identity) = &self.identity {
            builder.identity(identity.clone());
        }
        builder.disable_built_in_roots(!self.has_built_in_roots());
        for root in &self.roots {
            builder.add_root_certificate(root.clone());
        }
        builder.danger_accept_invalid_certs(!settings.verify);
        builder.danger_accept_invalid_hostnames(naming != Naming::Checked);
        builder.use_sni(naming != Naming::Absent);
        let alpn: Vec<&str> = settings.alpn.iter().map(String::as_str).collect();
        builder.request_alpns(&alpn);
        builder.build()
    }
}

impl Settings {
    fn versions(&self) -> (Option<Protocol>, Option<Protocol>) {
        let newest = VERSIONS.get(self.newest).copied().filter(|_| self.newest + 1 < VERSIONS.len());
        (VERSIONS.get(self.oldest).copied(), newest)
    }
}
