//! `socket.serial`: the function that opens a serial line, and its object `serial{client}`.

use std::ffi::OsStr;
use std::fs::OpenOptions;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;

use super::channel::{attempt, read_some};
use super::descriptor::Descriptor;
use super::error::{Direction, Failure};
use super::object::{define, stream_methods};
use super::stream::{Stop, Transport};
use super::stream_object::{Parts, StreamObject};
use crate::binding::{Call, Class, NativeFunction, Outcome, Receiver, native};
use crate::classes::Slot;
use crate::sys;
use crate::sys::libc;

/// A serial line.
pub static SERIAL_CLIENT: Class<Serial> = Class::new(Slot::SerialClient, c"serial{client}");

static ANY: Receiver<Serial> = Receiver::new("serial{any}", &[&SERIAL_CLIENT]);
static CLIENT: Receiver<Serial> = Receiver::new("serial{client}", &[&SERIAL_CLIENT]);

/// A serial line, or any other file that can be read and written.
#[derive(Debug)]
pub struct Serial {
    parts: Parts<FileChannel>,
}

/// A file as a transport. Unlike a socket it uses plain `read` and `write`.
#[derive(Debug)]
pub struct FileChannel {
    descriptor: Descriptor,
}

impl Transport for FileChannel {
    fn read(&mut self, into: &mut Vec<u8>, limit: usize) -> Result<usize, Stop> {
        read_some(&self.descriptor, |fd| sys::read_append(fd, into, limit))
    }

    fn write(&mut self, data: &[u8]) -> Result<usize, Stop> {
        attempt(&self.descriptor, Direction::Write, |fd| sys::write_quietly(fd, data))
    }
}

impl AsMut<Descriptor> for FileChannel {
    fn as_mut(&mut self) -> &mut Descriptor {
        &mut self.descriptor
    }
}

impl Serial {
    fn new(descriptor: Descriptor) -> Self {
        Serial { parts: Parts::new(FileChannel { descriptor }) }
    }

    /// Opens a line without waiting for its carrier. The line does not become the controlling terminal.
    fn open(path: &[u8]) -> Result<Serial, i32> {
        let flags = libc::O_NOCTTY | libc::O_NONBLOCK;
        let path = OsStr::from_bytes(path);
        match OpenOptions::new().read(true).write(true).custom_flags(flags).open(path) {
            Ok(file) => Ok(Serial::new(file.into())),
            // Only a path with a zero byte fails before the system call. No file has such a path.
            Err(error) => Err(error.raw_os_error().unwrap_or(libc::ENOENT)),
        }
    }
}

impl StreamObject for Serial {
    type Channel = FileChannel;
    const ANY: &'static Receiver<Self> = &ANY;
    const CLIENT: &'static Receiver<Self> = &CLIENT;

    fn parts(&mut self) -> &mut Parts<FileChannel> {
        &mut self.parts
    }
}

/// `serial(path)`: returns the open line, or nil, a message and an error number.
fn serial(call: &mut Call<'_>) -> Outcome {
    let path = call.bytes(1)?;
    match call.new_object(&SERIAL_CLIENT, |_| Serial::open(path)) {
        Ok(()) => Ok(1),
        Err(code) => {
            call.push_failure(&Failure::Errno(code).message());
            call.push_number(f64::from(code));
            Ok(3)
        }
    }
}

const METHODS: &[(&str, NativeFunction)] = &stream_methods::<Serial>();

/// Opens `socket.serial`, which is a function (contract serial.1).
pub fn open(call: &mut Call<'_>) -> Outcome {
    call.prepare();
    define(call, &[&SERIAL_CLIENT], &["serial{any}"], METHODS);
    call.push_function(native(serial));
    Ok(1)
}
