//! `socket.serial`: the function that opens a serial line, and its object `serial{client}`.

use std::ffi::OsStr;
use std::fs::OpenOptions;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;

use super::channel::{open_descriptor, retry};
use super::described::{Described, Streaming};
use super::descriptor::Descriptor;
use super::error::{Direction, Failure};
use super::object::{collect, stream_methods};
use super::stream::{Stop, Stream, Transport};
use super::timeout::Timeout;
use crate::binding::{Call, Class, ClassSpec, NativeFunction, Object, Outcome, Receiver, native};
use crate::classes::Slot;
use crate::sys;

/// A serial line.
pub static SERIAL_CLIENT: Class<Serial> = Class::new(Slot::SerialClient, c"serial{client}");

static ANY: Receiver<Serial> = Receiver::new("serial{any}", &[&SERIAL_CLIENT]);
static CLIENT: Receiver<Serial> = Receiver::new("serial{client}", &[&SERIAL_CLIENT]);

/// A serial line, or any other file that can be read and written.
#[derive(Debug)]
pub struct Serial {
    stream: Stream,
    channel: FileChannel,
    timeout: Timeout,
}

/// A file as a transport. Unlike a socket it uses plain `read` and `write`.
#[derive(Debug)]
pub struct FileChannel {
    descriptor: Descriptor,
}

impl Transport for FileChannel {
    fn read(&mut self, into: &mut Vec<u8>, limit: usize) -> Result<usize, Stop> {
        let fd = open_descriptor(&self.descriptor)?;
        loop {
            match sys::read_append(fd, into, limit) {
                Ok(0) => return Err(Stop::Failed(Failure::Closed)),
                Ok(count) => return Ok(count),
                Err(error) => retry(error, Direction::Read)?,
            }
        }
    }

    fn write(&mut self, data: &[u8]) -> Result<usize, Stop> {
        let fd = open_descriptor(&self.descriptor)?;
        loop {
            match sys::write_quietly(fd, data) {
                Ok(count) => return Ok(count),
                Err(error) => retry(error, Direction::Write)?,
            }
        }
    }
}

impl Serial {
    fn new(descriptor: Descriptor) -> Self {
        Serial { stream: Stream::default(), channel: FileChannel { descriptor }, timeout: Timeout::default() }
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

impl Object for Serial {
    fn finalize(&mut self) {
        self.channel.descriptor.close();
        self.stream.free();
    }
}

impl Described for Serial {
    fn any() -> &'static Receiver<Self> {
        &ANY
    }

    fn descriptor(&mut self) -> &mut Descriptor {
        &mut self.channel.descriptor
    }

    fn timeout(&mut self) -> &mut Timeout {
        &mut self.timeout
    }

    fn is_dirty(&self) -> bool {
        self.stream.is_dirty()
    }
}

impl Streaming for Serial {
    type Channel = FileChannel;

    fn client() -> &'static Receiver<Self> {
        &CLIENT
    }

    fn parts(&mut self) -> (&mut Stream, &mut FileChannel, Timeout) {
        (&mut self.stream, &mut self.channel, self.timeout)
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

const METAMETHODS: &[(&str, NativeFunction)] = &[("__gc", native(collect::<Serial>))];

/// Opens `socket.serial`, which is a function (contract serial.1).
pub fn open(call: &mut Call<'_>) -> Outcome {
    call.prepare();
    let groups = &["serial{any}"];
    let metamethods = METAMETHODS;
    let spec = ClassSpec { class: &SERIAL_CLIENT, groups, methods: METHODS, metamethods, named: true };
    call.define_class(&spec);
    call.push_function(native(serial));
    Ok(1)
}
