//! The sources of trusted certificates: the system's store, and directories that the caller names.

use std::borrow::Cow;
#[cfg(tls_openssl)]
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::sys;

/// The state of a file or directory. It changes when the content changes.
pub type Stamp = [i64; 6];

/// The state of the file or directory at a path.
#[cfg(unix)]
pub fn stamp(path: &Path) -> Option<Stamp> {
    use std::os::unix::fs::MetadataExt;
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

/// The state of the file or directory at a path.
#[cfg(windows)]
pub fn stamp(path: &Path) -> Option<Stamp> {
    use std::os::windows::fs::MetadataExt;
    let status = fs::metadata(path).ok()?;
    let numbers = [status.file_size(), status.last_write_time(), status.creation_time()];
    let [size, written, created] = numbers.map(|number| number as i64);
    Some([i64::from(status.file_attributes()), size, written, created, 0, 0])
}

/// The paths of the system's trusted certificates.
#[derive(Debug, Default)]
pub struct System {
    /// A file that holds all certificates.
    pub file: Option<PathBuf>,
    /// A directory in which a certificate's file is named by the hash of its subject. `SSL_CERT_DIR` may name
    /// several, separated by colons.
    pub directory: Option<PathBuf>,
    /// Whether `SSL_CERT_DIR` names it.
    is_named: bool,
}

/// The system's store: from OpenSSL's environment variables, or in the usual places.
#[cfg(tls_openssl)]
pub fn system() -> &'static System {
    use std::sync::OnceLock;
    static SYSTEM: OnceLock<System> = OnceLock::new();
    SYSTEM.get_or_init(|| {
        let named = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let found = openssl_probe::probe();
        let directory = named("SSL_CERT_DIR");
        let is_named = directory.is_some();
        let directory = directory.or_else(|| found.cert_dir.into_iter().find(|path| is_hashed(path)));
        System { file: found.cert_file, directory, is_named }
    })
}

/// native-tls finds the store itself.
#[cfg(not(tls_openssl))]
pub fn system() -> &'static System {
    static NONE: System = System { file: None, directory: None, is_named: false };
    &NONE
}

impl System {
    /// The bundle file, if it has to be read as a whole. A lookup in the hashed directory takes a hundredth
    /// of the time, so the directory is preferred. This is safe only for a bundle that has the usual name, is
    /// in that directory and is not newer than it: the two were made together. Any other bundle may hold
    /// certificates that the directory lacks.
    #[cfg(tls_openssl)]
    pub fn file_to_read(&self) -> Option<&Path> {
        let file = self.file.as_deref()?;
        let Some(directory) = &self.directory else { return Some(file) };
        let changed = |path: &Path| fs::metadata(path).and_then(|status| status.modified()).ok();
        let belongs = file.file_name() == Some(OsStr::new("ca-certificates.crt"))
            && file.parent() == Some(directory)
            && changed(file) <= changed(directory);
        (!belongs).then_some(file)
    }

    /// Whether the system is known to have no authorities at all.
    pub fn is_empty(&self) -> bool {
        // Other TLS libraries do not tell where they look.
        cfg!(tls_openssl)
            && self.file.as_deref().and_then(stamp).is_none()
            && self.directories().all(|path| stamp(&path).is_none())
    }

    /// The directories, one by one.
    pub fn directories(&self) -> impl Iterator<Item = Cow<'_, Path>> {
        paths(self.directory.as_ref().map_or(&[][..], |list| list.as_os_str().as_encoded_bytes()))
    }
}

/// The state of the system's store. It changes when the store does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    file: Option<Stamp>,
    directories: Vec<Option<Stamp>>,
    /// The files of the directories that `SSL_CERT_DIR` names. The system's own directory has hundreds of
    /// files. Its tools replace files rather than write into them, so the directory's stamp shows each change.
    files: Option<Arc<Directory>>,
}

/// The state of the system's store now.
pub fn system_state() -> State {
    let system = system();
    let directories: Vec<_> = system.directories().map(|path| stamp(&path)).collect();
    let files = system.is_named.then(|| named_files(system, &directories));
    State { file: system.file.as_deref().and_then(stamp), directories, files }
}

/// The files of the named directories. They are checked at most once a second, unless a directory itself has
/// changed: a program may make a context for each request.
fn named_files(system: &System, directories: &[Option<Stamp>]) -> Arc<Directory> {
    const OFTEN: Duration = Duration::from_secs(1);
    type Seen = (Instant, Vec<Option<Stamp>>, Arc<Directory>);
    static SEEN: Mutex<Option<Seen>> = Mutex::new(None);
    let mut seen = sys::lock(&SEEN);
    if let Some((when, stamps, files)) = &*seen
        && stamps == directories
        && when.elapsed() < OFTEN
    {
        return files.clone();
    }
    let list = system.directory.as_ref().map_or(&[][..], |list| list.as_os_str().as_encoded_bytes());
    let files = Arc::new(Directory::look(list));
    *seen = Some((Instant::now(), directories.to_vec(), files.clone()));
    files
}

/// Separates the directories in a list, as in OpenSSL.
const SEPARATOR: u8 = if cfg!(windows) { b';' } else { b':' };

/// The state of one or more directories of certificates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory {
    /// The paths.
    pub list: Vec<u8>,
    entries: Vec<(PathBuf, Stamp)>,
}

impl Directory {
    /// Reads the directories in a list separated as in OpenSSL. A directory that cannot be read
    /// has no entries.
    pub fn look(list: &[u8]) -> Self {
        let mut entries = Vec::new();
        for entry in paths(list).flat_map(fs::read_dir).flatten().flatten() {
            let path = entry.path();
            if (is_certificate_name(&path) || is_list(&path))
                && let Some(stamp) = stamp(&path)
            {
                entries.push((path, stamp));
            }
        }
        entries.sort();
        Directory { list: list.to_owned(), entries }
    }

    /// The content of all files in the directories.
    #[cfg(not(tls_openssl))]
    pub fn all_files(&self) -> impl Iterator<Item = Vec<u8>> {
        self.entries.iter().filter_map(|(path, _)| fs::read(path).ok())
    }

    /// The content of files that a lookup by hash does not find: those in directories without hashed names.
    #[cfg(tls_openssl)]
    pub fn files(&self) -> impl Iterator<Item = Vec<u8>> {
        let hashed: Vec<Cow<'_, Path>> = paths(&self.list).filter(|path| is_hashed(path)).collect();
        let files = self.entries.iter().map(|(path, _)| path);
        let unhashed = files.filter(move |path| {
            !path.parent().is_some_and(|parent| hashed.iter().any(|hashed| hashed == parent))
        });
        // A file without a certificate adds no trust, so it is harmless.
        unhashed.filter_map(|path| fs::read(path).ok())
    }
}

fn paths(list: &[u8]) -> impl Iterator<Item = Cow<'_, Path>> {
    list.split(|byte| *byte == SEPARATOR).filter(|path| !path.is_empty()).map(sys::path)
}

/// Whether a directory has names as `openssl rehash` makes them.
fn is_hashed(directory: &Path) -> bool {
    fs::read_dir(directory).is_ok_and(|mut entries| {
        entries.any(|entry| entry.is_ok_and(|entry| is_hash(Path::new(&entry.file_name()))))
    })
}

fn is_hash(path: &Path) -> bool {
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let number = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    stem.len() == 8
        && stem.bytes().all(|byte| byte.is_ascii_hexdigit())
        && !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// A hash and a number after `r`: a revocation list.
fn is_list(path: &Path) -> bool {
    let number = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    number.strip_prefix('r').is_some_and(|number| is_hash(&path.with_extension(number)))
}

/// `*.pem`, `*.crt`, or a hash and a number.
fn is_certificate_name(path: &Path) -> bool {
    matches!(path.extension().and_then(|extension| extension.to_str()), Some("pem" | "crt")) || is_hash(path)
}

#[cfg(all(test, not(tls_openssl)))]
mod tests {
    #[test]
    fn a_store_that_is_not_known_is_not_called_empty() {
        assert!(!super::system().is_empty());
    }
}
