//! Opens files inside a folder and never outside of it, even if links change meanwhile (server.files.3).

use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{CWD, FileType, Mode, OFlags, fstat, openat, readlinkat, statat};
use rustix::io::Errno;

/// An open file or folder.
pub type Opened = OwnedFd;

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

/// Flags for opening something only to check its type.
#[cfg(target_os = "linux")]
const LOOK: OFlags = OFlags::PATH.union(OFlags::CLOEXEC);
/// Flags for opening something only to check its type: without blocking.
#[cfg(not(target_os = "linux"))]
const LOOK: OFlags = OFlags::RDONLY.union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);

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

/// Opens a folder.
pub fn open_root(path: &[u8]) -> Result<Opened, Errno> {
    openat(CWD, path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
}

/// Opens a regular file. Checks the type first, because opening a device or a pipe may have side effects.
pub fn open_regular(folder: &Opened, path: &[u8], links: Links) -> Result<(Opened, Facts), Errno> {
    let folder = folder.as_fd();
    let look = open(folder, path, LOOK, links)?;
    let seen = fstat(&look)?;
    match FileType::from_raw_mode(seen.st_mode) {
        FileType::RegularFile => {}
        FileType::Directory => return Err(Errno::ISDIR),
        _ => return Err(Errno::NOENT),
    }
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = open(folder, path, flags, links)?;
    let stat = fstat(&file)?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(Errno::NOENT);
    }
    let facts = Facts {
        size: stat.st_size as u64,
        seconds: wide(stat.st_mtime),
        nanoseconds: wide(stat.st_mtime_nsec),
    };
    Ok((file, facts))
}

/// Converts a number whose type depends on the system.
fn wide(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or_default()
}

/// The word for a failure to open a file.
pub fn refusal(error: Errno) -> &'static [u8] {
    match error {
        Errno::ACCESS | Errno::PERM => b"denied",
        Errno::ISDIR => b"folder",
        Errno::MFILE | Errno::NFILE | Errno::NOMEM => b"busy",
        _ => b"missing",
    }
}

/// Opens the file of a descriptor once more.
pub fn duplicate(number: BorrowedFd<'_>) -> Result<Opened, Errno> {
    rustix::io::fcntl_dupfd_cloexec(number, 0)
}

/// Fills the free space of a buffer with the bytes at a position.
pub fn read_at(file: &Opened, into: &mut Vec<u8>, position: u64) -> Result<(), Errno> {
    rustix::io::pread(file, rustix::buffer::spare_capacity(into), position).map(drop)
}

/// Whether a path is a socket.
pub fn is_socket(path: &[u8]) -> bool {
    rustix::fs::lstat(path).is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Socket)
}

/// Sets the permissions of a file.
pub fn chmod(path: &[u8], mode: u32) -> Result<(), Errno> {
    rustix::fs::chmod(path, Mode::from_raw_mode(mode as _))
}

/// Opens a path whose names are not `.` or `..`. An empty path is the folder.
fn open(folder: BorrowedFd<'_>, path: &[u8], flags: OFlags, links: Links) -> Result<OwnedFd, Errno> {
    let path = if path.is_empty() { b"." } else { path };
    if links == Links::Always {
        return openat(folder, path, flags, Mode::empty());
    }
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{ResolveFlags, openat2};
        let mut resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
        if links == Links::Never {
            resolve |= ResolveFlags::NO_SYMLINKS;
        }
        match openat2(folder, path, flags, Mode::empty(), resolve) {
            // `walk` handles these cases: a kernel before 5.6; a filter of system calls; a name that changed
            // meanwhile; a link to an absolute path, which may still lead inside the folder.
            Err(Errno::NOSYS | Errno::PERM | Errno::AGAIN | Errno::XDEV) => {}
            outcome => return outcome,
        }
    }
    walk(folder, path, flags, links)
}

/// Opens a path one name at a time. Each name is opened in its parent folder, and the system never follows a
/// link.
fn walk(folder: BorrowedFd<'_>, path: &[u8], flags: OFlags, links: Links) -> Result<OwnedFd, Errno> {
    const MOST_LINKS: usize = 40;
    const FOLDER: OFlags =
        OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
    let mut names: VecDeque<Vec<u8>> = split(path).collect();
    let mut parents: Vec<OwnedFd> = Vec::new();
    let mut followed = 0;
    while let Some(name) = names.pop_front() {
        let here = parents.last().map_or(folder, AsFd::as_fd);
        if name == b".." {
            // The parent of the folder is outside.
            parents.pop().ok_or(Errno::XDEV)?;
            continue;
        }
        let found = statat(here, name.as_slice(), rustix::fs::AtFlags::SYMLINK_NOFOLLOW)?;
        if FileType::from_raw_mode(found.st_mode) == FileType::Symlink {
            followed += 1;
            if links == Links::Never || followed > MOST_LINKS {
                return Err(Errno::LOOP);
            }
            let target = readlinkat(here, name.as_slice(), Vec::new())?;
            let target = target.as_bytes();
            let target = if target.first() == Some(&b'/') {
                parents.clear();
                inside(folder, target)?
            } else {
                target.to_vec()
            };
            for name in split(&target).collect::<Vec<_>>().into_iter().rev() {
                names.push_front(name);
            }
            continue;
        }
        if names.is_empty() {
            return openat(here, name.as_slice(), flags | OFlags::NOFOLLOW, Mode::empty());
        }
        let next = openat(here, name.as_slice(), FOLDER, Mode::empty())?;
        parents.push(next);
    }
    let here = parents.last().map_or(folder, AsFd::as_fd);
    openat(here, c".", flags, Mode::empty())
}

/// The rest of an absolute path after the folder. The folder is the shortest prefix that names it.
fn inside(folder: BorrowedFd<'_>, target: &[u8]) -> Result<Vec<u8>, Errno> {
    let wanted = fstat(folder)?;
    let mut beginning = Vec::new();
    let mut names = split(target);
    while let Some(name) = names.next() {
        beginning.push(b'/');
        beginning.extend_from_slice(&name);
        let found = statat(CWD, beginning.as_slice(), rustix::fs::AtFlags::empty())?;
        if (found.st_dev, found.st_ino) == (wanted.st_dev, wanted.st_ino) {
            return Ok(names.collect::<Vec<_>>().join(&b'/'));
        }
    }
    Err(Errno::XDEV)
}

fn split(path: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    path.split(|&byte| byte == b'/').filter(|name| !name.is_empty() && *name != b".").map(<[u8]>::to_vec)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    type Opener = fn(BorrowedFd<'_>, &[u8], OFlags, Links) -> Result<OwnedFd, Errno>;

    fn opened(opener: Opener, root: &std::path::Path, path: &str, links: Links) -> bool {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY;
        let Ok(folder) = openat(CWD, root, flags, Mode::empty()) else { return false };
        opener(folder.as_fd(), path.as_bytes(), OFlags::RDONLY, links).is_ok()
    }

    #[test]
    fn links_are_followed_inside_alone() -> std::io::Result<()> {
        let base = std::env::temp_dir().join(format!("luasocket-folder-{}", std::process::id()));
        let root = base.join("root");
        fs::create_dir_all(root.join("sub"))?;
        fs::write(root.join("sub/a"), "a")?;
        fs::write(base.join("secret"), "s")?;
        symlink("sub/a", root.join("inside"))?;
        symlink("../sub/a", root.join("sub/up"))?;
        symlink(root.join("sub/a"), root.join("absolute"))?;
        symlink("../secret", root.join("outside"))?;
        symlink(base.join("secret"), root.join("outside2"))?;
        symlink("..", root.join("folder"))?;
        symlink("loop", root.join("loop"))?;
        for opener in [open as Opener, walk as Opener] {
            for path in ["sub/a", "inside", "sub/up", "absolute", "sub", "folder/root/sub/a"] {
                assert_eq!(opened(opener, &root, path, Links::Inside), path != "folder/root/sub/a", "{path}");
            }
            for path in ["outside", "outside2", "folder/secret", "loop", "none"] {
                assert!(!opened(opener, &root, path, Links::Inside), "{path}");
            }
            assert!(opened(opener, &root, "sub/a", Links::Never));
            assert!(!opened(opener, &root, "inside", Links::Never));
        }
        assert!(opened(open, &root, "outside", Links::Always));
        fs::remove_dir_all(base)
    }
}
