//! Files that a server sends: opened inside a folder, or taken from an open Lua file.

#[cfg(target_os = "linux")]
use std::os::fd::AsRawFd;

use rustix::io::Errno;

use crate::binding::{
    Call, Class, ClassSpec, NativeFunction, Object, Outcome, Receiver, ScratchBuffer, native,
};
use crate::classes::Slot;
use crate::socket::error::Failure;
use crate::sys::libc;

use super::folder::{self, Links, Opened};

/// A file that a server sends, or a folder of such files.
pub static HTTP_FILE: Class<File> = Class::new(Slot::HttpFile, c"http{file}");

/// Accepts a file.
pub static FILE: Receiver<File> = Receiver::new("http{file}", &[&HTTP_FILE]);

/// An open file and the part of it to send; or a folder.
#[derive(Debug)]
pub struct File {
    descriptor: Option<Opened>,
    start: u64,
    length: u64,
}

impl File {
    /// The part to send: descriptor, first byte, and length.
    #[cfg(target_os = "linux")]
    pub fn part(&self) -> Result<(i32, u64, u64), Failure> {
        let descriptor = self.descriptor.as_ref().ok_or(Failure::Closed)?;
        Ok((descriptor.as_raw_fd(), self.start, self.length))
    }

    fn borrow(&self) -> Result<&Opened, Failure> {
        self.descriptor.as_ref().ok_or(Failure::Closed)
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
        let descriptor = folder::open_root(path)?;
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
/// and nanoseconds; or nil and `"missing"`, `"denied"`, `"folder"`, or `"busy"` when the system lacks
/// descriptors or memory. `links` is `"inside"`, `"never"` or `"always"`.
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
            folder::open_regular(folder, path, links)
        });
        let (descriptor, facts) = opened.unwrap_or(Err(Errno::BADF))?;
        let length = facts.size;
        found = Some(facts);
        Ok(File { descriptor: Some(descriptor), start: 0, length })
    });
    match made {
        Ok(()) => {
            let facts = found.unwrap_or_default();
            call.push_integer(facts.size as i64);
            call.push_integer(facts.seconds);
            call.push_integer(facts.nanoseconds);
            Ok(4)
        }
        Err(error) => {
            call.push_nil();
            call.push_bytes(folder::refusal(error));
            Ok(2)
        }
    }
}

/// `file(luafile, position, length)`: `length` bytes of an open Lua file, starting at `position`. The Lua
/// file may be closed afterwards.
fn take_over(call: &mut Call<'_>) -> Outcome {
    let (start, length) = (call.number(2)? as u64, call.number(3)? as u64);
    let number = call.file_number(1);
    let made = call.new_object(&HTTP_FILE, |_| {
        let number = number.and_then(crate::socket::descriptor::borrow_number).ok_or(Errno::BADF)?;
        let descriptor = folder::duplicate(number)?;
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
        folder::read_at(file.borrow()?, &mut text, position).map_err(Failure::from)?;
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
    let is = folder::is_socket(call.bytes(1)?);
    call.push_boolean(is);
    Ok(1)
}

/// `chmod(path, mode)`: true, or nil and a message.
fn chmod(call: &mut Call<'_>) -> Outcome {
    let mode = call.number(2)? as u32;
    match folder::chmod(call.bytes(1)?, mode) {
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
