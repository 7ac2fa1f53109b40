//! Names that the hosts file answers. Such a lookup takes no longer than reading a file, so it needs no
//! thread to keep a time limit.

use std::fs;
use std::net::IpAddr;
use std::sync::Mutex;

use crate::sys::libc;
use crate::sys::process::PerProcess;
use crate::sys::resolver::literal;

/// A larger file takes time to read, and is not kept in memory.
#[cfg_attr(not(unix), allow(dead_code))]
const LARGEST: u64 = 64 * 1024;

static FILES: PerProcess<Files> = PerProcess::new(Files::new);

/// The GNU C library's order of sources (nsswitch.conf), and the hosts file.
struct Files {
    order: Kept,
    hosts: Kept,
}

impl Files {
    fn new() -> Self {
        Files { order: Kept::new("/etc/nsswitch.conf"), hosts: Kept::new("/etc/hosts") }
    }
}

/// Whether the resolver answers a name from the hosts file before it queries anything else. It does not if
/// the file is not its first source, or has no address of the requested family.
pub fn answers(host: &[u8], family: i32) -> bool {
    if !cfg!(all(target_os = "linux", target_env = "gnu")) {
        return false;
    }
    let files = FILES.get();
    files.hosts.read(|text| has(text, host, family)) && files.order.read(begins_with_files)
}

/// Whether the text of a hosts file maps a name to an address of a family.
fn has(text: &[u8], host: &[u8], family: i32) -> bool {
    lines(text).any(|line| {
        let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        let fits = match words.next().and_then(literal) {
            Some(IpAddr::V4(_)) => family != libc::AF_INET6,
            Some(IpAddr::V6(_)) => family != libc::AF_INET,
            None => false,
        };
        fits && words.any(|name| name.eq_ignore_ascii_case(host))
    })
}

/// Whether nsswitch.conf lists the hosts file as the first source of hosts, and a success there ends the
/// lookup.
fn begins_with_files(text: &[u8]) -> bool {
    // The colon may be missing. The C library uses the last of several lines; we accept only a single line.
    let mut orders = lines(text)
        .filter_map(|line| line.trim_ascii().strip_prefix(b"hosts"))
        .filter(|rest| rest.first().is_none_or(|&byte| byte == b':' || byte.is_ascii_whitespace()));
    let (Some(order), None) = (orders.next(), orders.next()) else { return false };
    let order = order.trim_ascii();
    let order = order.strip_prefix(b":").unwrap_or(order).trim_ascii();
    let Some(rest) = order.strip_prefix(b"files") else { return false };
    rest.first().is_none_or(u8::is_ascii_whitespace) && !rest.trim_ascii().starts_with(b"[")
}

/// The lines of a text, without comments. The rest of a line after a NUL is not read either.
fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|&byte| byte == b'\n')
        .map(|line| line.split(|&byte| matches!(byte, b'#' | 0)).next().unwrap_or_default())
}

/// Differs if a file has changed or was replaced: device, inode number, length, and the times of the last
/// content change and status change.
type Stamp = (u64, u64, u64, [i64; 4]);

/// A file whose text is kept until it changes.
struct Kept {
    path: &'static str,
    text: Mutex<Option<(Stamp, Vec<u8>)>>,
}

impl Kept {
    fn new(path: &'static str) -> Self {
        Kept { path, text: Mutex::new(None) }
    }

    /// Applies `check` to the text of the file. Returns `false` if the file cannot be read now.
    fn read(&self, check: impl FnOnce(&[u8]) -> bool) -> bool {
        let Ok(mut kept) = self.text.lock() else { return false };
        let Some(stamp) = stamp(self.path) else { return false };
        if kept.as_ref().is_none_or(|(before, _)| *before != stamp) {
            *kept = fs::read(self.path).ok().map(|text| (stamp, text));
        }
        kept.as_ref().is_some_and(|(_, text)| check(text))
    }
}

#[cfg(unix)]
fn stamp(path: &str) -> Option<Stamp> {
    use std::os::unix::fs::MetadataExt;
    let file = fs::metadata(path).ok().filter(|file| file.is_file() && file.len() <= LARGEST)?;
    let times = [file.mtime(), file.mtime_nsec(), file.ctime(), file.ctime_nsec()];
    Some((file.dev(), file.ino(), file.len(), times))
}

/// Only the GNU C library reads these files.
#[cfg(not(unix))]
fn stamp(_: &str) -> Option<Stamp> {
    None
}

/// Tests both parsers for `fuzz/`: a name in one line is found, whatever the other lines contain.
#[cfg(any(test, feature = "fuzzing"))]
pub fn fuzz(data: &[u8]) {
    let _ = begins_with_files(data);
    for family in [libc::AF_UNSPEC, libc::AF_INET, libc::AF_INET6] {
        let _ = has(data, b"localhost", family);
    }
    let whole = [data, b"\n127.0.0.1 fuzzed-name\n"].concat();
    assert!(has(&whole, b"fuzzed-name", libc::AF_INET));
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANY: i32 = libc::AF_UNSPEC;
    const V4: i32 = libc::AF_INET;
    const V6: i32 = libc::AF_INET6;

    #[test]
    fn names_are_found_with_the_family_wanted() {
        let text = b"# 1.2.3.4 commented\n127.0.0.1\tlocalhost box # other\r\n::1 localhost six\n \n300.1.1.1 wrong\n5.6.7.8";
        for (host, expected) in [
            ("localhost", [true, true, true]),
            ("LocalHost", [true, true, true]),
            ("box", [true, true, false]),
            ("six", [true, false, true]),
            ("commented", [false; 3]),
            ("other", [false; 3]),
            ("wrong", [false; 3]),
            ("local", [false; 3]),
            ("localhost.", [false; 3]),
            ("127.0.0.1", [false; 3]),
            ("", [false; 3]),
        ] {
            assert_eq!([ANY, V4, V6].map(|family| has(text, host.as_bytes(), family)), expected, "{host}");
        }
        assert!(!has(b"", b"localhost", ANY));
        assert!(!has(b"127.0.0.1 local\0 hidden", b"hidden", ANY));
    }

    #[test]
    fn the_file_must_be_the_first_source() {
        for order in [
            "hosts: files dns",
            "passwd: x\n  hosts :\tfiles",
            "hosts:files myhostname",
            "hosts files",
            "hosts: files dns # [x]\n#hosts: dns",
            "hosts: files dns [NOTFOUND=return] y",
        ] {
            assert!(begins_with_files(order.as_bytes()), "{order}");
        }
        for order in [
            "",
            "hosts:",
            "#hosts: files",
            "hosts: dns files",
            "hosts: filesystem",
            "hosts: resolve [!UNAVAIL=return] files",
            "hosts: files [SUCCESS=continue] dns",
            "hosts: files[success=merge] dns",
            "hosts: files\nhosts: dns",
            "hosts: files\nhosts dns",
            "hosts",
            "hostsfiles: files",
        ] {
            assert!(!begins_with_files(order.as_bytes()), "{order}");
        }
    }
}
