//! Opens files inside a folder (server.files.3). On Windows, a link that changes between the check and the opening is not
//! noticed: no other user may write to the folder.

use std::fs;
use std::os::windows::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use rustix::fd::BorrowedFd;
use rustix::io::Errno;
use windows_sys::Win32::Foundation::{ERROR_ACCESS_DENIED, ERROR_FILE_NOT_FOUND, ERROR_NOT_SUPPORTED};
use windows_sys::Win32::Storage::FileSystem::FILE_ATTRIBUTE_DIRECTORY;

use crate::sys;

const MISSING: Errno = Errno::from_raw_os_error(ERROR_FILE_NOT_FOUND as i32);
const DENIED: Errno = Errno::from_raw_os_error(ERROR_ACCESS_DENIED as i32);
const UNSUPPORTED: Errno = Errno::from_raw_os_error(ERROR_NOT_SUPPORTED as i32);
/// Not an error of the system: the path is a folder.
const IS_FOLDER: Errno = Errno::from_raw_os_error(-(FILE_ATTRIBUTE_DIRECTORY as i32));

/// Names that mean a device in every folder.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];

/// Which symbolic links to follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Links {
    /// Links to something inside the folder.
    Inside,
    /// None.
    Never,
    /// All.
    Always,
}

/// An open file, or the path of a folder.
#[derive(Debug)]
pub enum Opened {
    /// The folder's path without links.
    Folder(PathBuf),
    /// The file.
    File(fs::File),
}

/// A file's size, and the time of its last change.
#[derive(Debug, Default)]
pub struct Facts {
    /// In bytes.
    pub size: u64,
    /// Since 1970.
    pub seconds: i64,
    /// The fraction of a second.
    pub nanoseconds: i64,
}

fn number(error: &std::io::Error) -> Errno {
    Errno::from_io_error(error).unwrap_or(sys::IO)
}

/// Opens a folder.
pub fn open_root(path: &[u8]) -> Result<Opened, Errno> {
    let path = fs::canonicalize(sys::path(path)).map_err(|error| number(&error))?;
    if path.is_dir() { Ok(Opened::Folder(path)) } else { Err(MISSING) }
}

/// Opens a regular file.
pub fn open_regular(folder: &Opened, path: &[u8], links: Links) -> Result<(Opened, Facts), Errno> {
    let Opened::Folder(root) = folder else { return Err(MISSING) };
    let mut wanted = root.clone();
    for name in path.split(|&byte| byte == b'/').filter(|name| !name.is_empty() && *name != b".") {
        let name = std::str::from_utf8(name).ok().filter(|name| is_plain(name)).ok_or(MISSING)?;
        wanted.push(name);
        if links == Links::Never && is_link(&wanted) {
            return Err(MISSING);
        }
    }
    let found = fs::canonicalize(&wanted).map_err(|error| number(&error))?;
    if links != Links::Always && !found.starts_with(root) {
        return Err(MISSING);
    }
    let seen = fs::metadata(&found).map_err(|error| number(&error))?;
    if seen.is_dir() {
        return Err(IS_FOLDER);
    }
    let file = fs::File::open(&found).map_err(|error| number(&error))?;
    let status = file.metadata().map_err(|error| number(&error))?;
    if !status.is_file() {
        return Err(MISSING);
    }
    let changed =
        status.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    let facts = Facts {
        size: status.len(),
        seconds: changed.as_secs() as i64,
        nanoseconds: i64::from(changed.subsec_nanos()),
    };
    Ok((Opened::File(file), facts))
}

fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|status| status.is_symlink())
}

/// Whether a name stands for itself. Windows gives many others a meaning: streams of a file, devices, and
/// spellings that it shortens.
fn is_plain(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_ascii_lowercase();
    let numbered = ["com", "lpt"].iter().filter_map(|device| stem.strip_prefix(device)).any(|number| {
        let mut letters = number.chars();
        matches!((letters.next(), letters.next()), (Some('0'..='9' | '\u{b9}' | '\u{b2}' | '\u{b3}'), None))
    });
    !name.chars().any(|letter| letter < ' ' || r#"\:*?"<>|~"#.contains(letter))
        && !name.ends_with(['.', ' '])
        && !DEVICES.contains(&stem.as_str())
        && !numbered
}

/// The word for a failure to open a file.
pub fn refusal(error: Errno) -> &'static [u8] {
    match error {
        DENIED => b"denied",
        IS_FOLDER => b"folder",
        _ => b"missing",
    }
}

/// A Lua file cannot be taken over here.
pub fn duplicate(_: BorrowedFd<'_>) -> Result<Opened, Errno> {
    Err(UNSUPPORTED)
}

/// Fills the free space of a buffer with the bytes at a position.
pub fn read_at(file: &Opened, into: &mut Vec<u8>, position: u64) -> Result<(), Errno> {
    let Opened::File(file) = file else { return Err(IS_FOLDER) };
    let length = into.len();
    into.resize(into.capacity(), 0);
    let filled = file.seek_read(into.get_mut(length..).unwrap_or_default(), position);
    into.truncate(length + filled.as_ref().copied().unwrap_or(0));
    match filled {
        Ok(_) => Ok(()),
        Err(error) => Err(number(&error)),
    }
}

/// Whether a path is a socket. Never on Windows.
pub fn is_socket(_: &[u8]) -> bool {
    false
}

/// Windows has no such permissions.
pub fn chmod(_: &[u8], _: u32) -> Result<(), Errno> {
    Err(UNSUPPORTED)
}

#[cfg(test)]
mod tests {
    use super::is_plain;

    #[test]
    fn names_with_a_meaning_are_refused() {
        for name in ["a", "a.txt", ".well-known", "console", "com", "com10", "a b", "nul2"] {
            assert!(is_plain(name), "{name}");
        }
        for name in [
            "a:b", "a::$DATA", "..", "a.", "a ", "con", "NUL.txt", "com1", "LPT9.log", "a\\b", "PROGRA~1",
            "a\u{1}", "nul .x",
        ] {
            assert!(!is_plain(name), "{name}");
        }
    }
}
