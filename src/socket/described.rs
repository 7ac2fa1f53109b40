//! The two kinds of socket objects, for code that works with all of them.

use super::descriptor::Descriptor;
use super::error::{Direction, Failure};
use super::recorded::Recorded;
use super::stream::{Stream, Transport};
use super::timeout::Timeout;
use crate::binding::{Object, Receiver};

/// An object around one descriptor.
pub trait Described: Object {
    /// Accepts every class of the family.
    fn any() -> &'static Receiver<Self>;
    /// The descriptor.
    fn descriptor(&mut self) -> &mut Descriptor;
    /// The limits of its operations.
    fn timeout(&mut self) -> &mut Timeout;

    /// Whether the read-ahead buffer holds bytes.
    fn is_dirty(&mut self) -> bool {
        false
    }

    /// Called when an operation would block. Returns false if the operation can continue
    /// without waiting for the descriptor.
    fn has_to_wait(&mut self, _: Direction) -> bool {
        true
    }

    /// The failure to report when a wait exceeds its limit.
    fn late(&mut self, _: Direction) -> Failure {
        Failure::Timeout
    }

    /// Drops the state that belongs to the descriptor. Called when the descriptor is closed or given away.
    fn abandon(&mut self) {}

    /// The recorded options, for descriptors that the object creates later.
    fn recorded(&mut self) -> Option<&mut Recorded> {
        None
    }
}

/// A [`Described`] object that carries a byte stream once it is connected.
pub trait Streaming: Described {
    /// The transport that moves the bytes.
    type Channel: Transport;
    /// Accepts the class that is connected.
    fn client() -> &'static Receiver<Self>;
    /// Everything an operation needs.
    fn parts(&mut self) -> (&mut Stream, &mut Self::Channel, Timeout);
}
