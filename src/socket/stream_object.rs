//! Stream objects: TCP, Unix and serial objects have the same parts, and use them in the same way.

use super::described::{Described, Streaming};
use super::descriptor::Descriptor;
use super::recorded::Recorded;
use super::stream::{Stream, Transport};
use super::timeout::Timeout;
use crate::binding::{Object, Receiver};

/// The parts of a stream object.
#[derive(Debug)]
pub struct Parts<C> {
    /// The read-ahead buffer and the counters.
    pub stream: Stream,
    /// The transport, with the descriptor.
    pub channel: C,
    /// The limits of the operations.
    pub timeout: Timeout,
}

impl<C> Parts<C> {
    /// The parts of an object that has not been used yet.
    pub fn new(channel: C) -> Self {
        Parts { stream: Stream::default(), channel, timeout: Timeout::default() }
    }
}

/// A stream object. The traits of the shared methods follow from its parts.
pub trait StreamObject: Sized + 'static {
    /// The transport that moves the bytes.
    type Channel: Transport + AsMut<Descriptor>;
    /// Accepts every class of the family.
    const ANY: &'static Receiver<Self>;
    /// Accepts the class that is connected.
    const CLIENT: &'static Receiver<Self>;

    /// The parts.
    fn parts(&mut self) -> &mut Parts<Self::Channel>;

    /// See [`Described::abandon`].
    fn abandon(&mut self) {}

    /// See [`Described::recorded`].
    fn recorded(&mut self) -> Option<&mut Recorded> {
        None
    }
}

impl<T: StreamObject> Object for T {
    fn finalize(&mut self) {
        StreamObject::abandon(self);
        let parts = StreamObject::parts(self);
        parts.channel.as_mut().close();
        parts.stream.free();
    }
}

impl<T: StreamObject> Described for T {
    fn any() -> &'static Receiver<Self> {
        T::ANY
    }

    fn descriptor(&mut self) -> &mut Descriptor {
        StreamObject::parts(self).channel.as_mut()
    }

    fn timeout(&mut self) -> &mut Timeout {
        &mut StreamObject::parts(self).timeout
    }

    fn is_dirty(&mut self) -> bool {
        StreamObject::parts(self).stream.is_dirty()
    }

    fn abandon(&mut self) {
        StreamObject::abandon(self);
    }

    fn recorded(&mut self) -> Option<&mut Recorded> {
        StreamObject::recorded(self)
    }
}

impl<T: StreamObject> Streaming for T {
    type Channel = T::Channel;

    fn client() -> &'static Receiver<Self> {
        T::CLIENT
    }

    fn parts(&mut self) -> (&mut Stream, &mut T::Channel, Timeout) {
        let parts = StreamObject::parts(self);
        (&mut parts.stream, &mut parts.channel, parts.timeout)
    }
}
