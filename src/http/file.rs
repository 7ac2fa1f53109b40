//! Files that a server sends: opened inside a folder, or taken from an open Lua file.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

use rustix::fs::{FileType, Mode, OFlags, Stat, fstat, openat};
use rustix::io::Errno;

use crate::binding::{Call, ClassSpec, NativeFunction, Object, Outcome, Receiver, ScratchBuffer, native};
use crate::classes::HTTP_FILE;
use crate::socket::error::Failure;

use super::folder::{self, Links};

/// Accepts a file.
pub static FILE: Receiver<File> = Receiver::new("http{file}", &[&HTTP_FILE]);

/// An open file and the part of it to send; or a folder.
#[derive(Debug)]
pub struct File {
    descriptor: Option<OwnedFd>,
    start: u64,
    length: u64,
}

impl File {
    /// The part to send: descriptor, first byte, and length.
    pub fn part(&self) -> Result<(RawFd, u64, u64), Failure> {
        let descriptor = self.descriptor.as_ref().ok_or(Failure::Closed)?;
        Ok((descriptor.as_raw_fd(), self.start, self.length))
    }

    fn borrow(&self) -> Result<BorrowedFd<'_>, Failure> {
        self.descriptor.as_ref().map(AsFd::as_fd).ok_or(Failure::Closed)
    }
}

impl Object for File {
    fn finalize(&mut self) {
        self.descriptor = None;
    }
}

/// `folder(path)`: a folder for opening files in it; or nil and a message.
fn open_folder(call: &mut Call<'_>) -> Outcome {
    let path = call.bytes(1)?;
    let made = call.new_object(&HTTP_FILE, |_| {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let descriptor = openat(rustix::fs::CWD, path, flags, Mode::empty())?;
        Ok(File { descriptor: Some(descriptor), start: 0, length: 0 })
    });
    pushed(call, made)
}

fn pushed(call: &mut Call<'_>, made: Result<(), Errno>) -> Outcome {
    match made {
        Ok(()) => Ok(1),
        Err(error) => Ok(call.push_failure(&Failure::from(error).message())),
    }
}

/// `open(folder, path, links)`: a regular file in a folder, its size, and its modification time in seconds
/// and nanoseconds; or nil and `"missing"`, `"denied"` or `"folder"`. `links` is `"inside"`, `"never"` or
/// `"always"`.
fn open_file(call: &mut Call<'_>) -> Outcome {
    let path = call.bytes(2)?;
    let links = match call.option(3, "inside", &["inside", "never", "always"])? {
        0 => Links::Inside,
        1 => Links::Never,
        _ => Links::Always,
    };
    call.object(1, &FILE, |_| ())?;
    let mut found = None;
    let made = call.new_object(&HTTP_FILE, |call| {
        let opened = call.object(1, &FILE, |folder| {
            let folder = folder.borrow().map_err(|_| Errno::BADF)?;
            open_regular(folder, path, links)
        });
        let (descriptor, stat) = opened.unwrap_or(Err(Errno::BADF))?;
        found = Some((wide(stat.st_size), wide(stat.st_mtime), wide(stat.st_mtime_nsec)));
        Ok(File { descriptor: Some(descriptor), start: 0, length: stat.st_size as u64 })
    });
    match made {
        Ok(()) => {
            let (size, seconds, nanoseconds) = found.unwrap_or_default();
            call.push_integer(size);
            call.push_integer(seconds);
            call.push_integer(nanoseconds);
            Ok(4)
        }
        Err(error) => {
            call.push_nil();
            call.push_bytes(match error {
                Errno::ACCESS | Errno::PERM => b"denied",
                Errno::ISDIR => b"folder",
                _ => b"missing",
            });
            Ok(2)
        }
    }
}

/// Converts a number whose type depends on the system.
fn wide(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or_default()
}

/// Opens a regular file. Checks the type first, because opening a device or a pipe may have side effects.
fn open_regular(folder: BorrowedFd<'_>, path: &[u8], links: Links) -> Result<(OwnedFd, Stat), Errno> {
    let look = folder::open(folder, path, folder::LOOK, links)?;
    let seen = fstat(&look)?;
    match FileType::from_raw_mode(seen.st_mode) {
        FileType::RegularFile => {}
        FileType::Directory => return Err(Errno::ISDIR),
        _ => return Err(Errno::NOENT),
    }
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = folder::open(folder, path, flags, links)?;
    let stat = fstat(&file)?;
    if FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile {
        Ok((file, stat))
    } else {
        Err(Errno::NOENT)
    }
}

/// `file(luafile, position, length)`: `length` bytes of an open Lua file, starting at `position`. The Lua
/// file may be closed afterwards.
fn take_over(call: &mut Call<'_>) -> Outcome {
    let (start, length) = (call.number(2)? as u64, call.number(3)? as u64);
    let number = call.file_number(1);
    let made = call.new_object(&HTTP_FILE, |_| {
        let number = number.and_then(crate::socket::descriptor::borrow_number).ok_or(Errno::BADF)?;
        let descriptor = rustix::io::fcntl_dupfd_cloexec(number, 0)?;
        Ok(File { descriptor: Some(descriptor), start, length })
    });
    pushed(call, made)
}

/// `isfile(value)`
fn is_file(call: &mut Call<'_>) -> Outcome {
    let is = call.try_object(1, &FILE, |_| ()).is_some();
    call.push_boolean(is);
    Ok(1)
}

/// `close()`
fn close(call: &mut Call<'_>) -> Outcome {
    call.object(1, &FILE, File::finalize)?;
    Ok(0)
}

/// `length()`: the number of bytes to send.
fn length(call: &mut Call<'_>) -> Outcome {
    let length = call.object(1, &FILE, |file| file.length)?;
    call.push_integer(length as i64);
    Ok(1)
}

/// `range(first, length)`: limits the part to `length` bytes from `first`.
fn range(call: &mut Call<'_>) -> Outcome {
    let (first, length) = (call.number(2)? as u64, call.number(3)? as u64);
    call.object(1, &FILE, |file| {
        file.start = file.start.saturating_add(first);
        file.length = length;
    })?;
    Ok(0)
}

/// `read(offset, most)`: bytes of the part; nil and a message at its end.
fn read(call: &mut Call<'_>) -> Outcome {
    let (offset, most) = (call.number(2)? as u64, call.number(3)? as u64);
    let mut text = ScratchBuffer::take();
    let outcome = call.object(1, &FILE, |file| {
        let most = most.min(file.length.saturating_sub(offset)).min(1 << 20) as usize;
        text.try_reserve(most).map_err(|_| Failure::Errno(libc::ENOMEM))?;
        let position = file.start.saturating_add(offset);
        let space = rustix::buffer::spare_capacity(&mut *text);
        rustix::io::pread(file.borrow()?, space, position).map_err(Failure::from)?;
        text.truncate(most);
        if text.is_empty() { Err(Failure::Text("file ended")) } else { Ok(()) }
    })?;
    match outcome {
        Ok(()) => {
            call.push_vec(text)?;
            Ok(1)
        }
        Err(failure) => {
            drop(text);
            Ok(call.push_failure(&failure.message()))
        }
    }
}

/// `issocket(path)`: whether the path is a socket.
fn is_socket(call: &mut Call<'_>) -> Outcome {
    let found = rustix::fs::lstat(call.bytes(1)?);
    let is = found.is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Socket);
    call.push_boolean(is);
    Ok(1)
}

/// `chmod(path, mode)`: true, or nil and a message.
fn chmod(call: &mut Call<'_>) -> Outcome {
    let mode = Mode::from_raw_mode(call.number(2)? as u32);
    match rustix::fs::chmod(call.bytes(1)?, mode) {
        Ok(()) => {
            call.push_boolean(true);
            Ok(1)
        }
        Err(error) => Ok(call.push_failure(&Failure::from(error).message())),
    }
}

/// The functions of the module.
pub const FUNCTIONS: &[(&str, NativeFunction)] = &[
    ("chmod", native(chmod)),
    ("file", native(take_over)),
    ("folder", native(open_folder)),
    ("isfile", native(is_file)),
    ("issocket", native(is_socket)),
    ("open", native(open_file)),
];

const METHODS: &[(&str, NativeFunction)] =
    &[("close", native(close)), ("length", native(length)), ("range", native(range)), ("read", native(read))];

/// Defines the class.
pub fn define(call: &mut Call<'_>) {
    call.define_class(&ClassSpec {
        class: &HTTP_FILE,
        groups: &[],
        methods: METHODS,
        metamethods: &[],
        named: false,
    });
}
