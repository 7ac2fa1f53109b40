//! The TCP object, its classes and its parts.

use socket2::Type;

use crate::binding::{Class, Receiver};
use crate::classes::Slot;
use crate::socket::channel::SocketChannel;
use crate::socket::descriptor::Descriptor;
use crate::socket::error::Failure;
use crate::socket::family::Family;
use crate::socket::inet::{Inet, Name, WhichName};
use crate::socket::listening::Listening;
use crate::socket::race::Race;
use crate::socket::recorded::Recorded;
use crate::socket::stream_object::{Parts, StreamObject};

/// A TCP object before it is connected or listens.
pub static TCP_MASTER: Class<Tcp> = Class::new(Slot::TcpMaster, c"tcp{master}");
/// A connected TCP object.
pub static TCP_CLIENT: Class<Tcp> = Class::new(Slot::TcpClient, c"tcp{client}");
/// A listening TCP object.
pub static TCP_SERVER: Class<Tcp> = Class::new(Slot::TcpServer, c"tcp{server}");

pub(super) static ANY: Receiver<Tcp> = Receiver::new("tcp{any}", &[&TCP_MASTER, &TCP_CLIENT, &TCP_SERVER]);
pub(super) static MASTER: Receiver<Tcp> = Receiver::new("tcp{master}", &[&TCP_MASTER]);
static CLIENT: Receiver<Tcp> = Receiver::new("tcp{client}", &[&TCP_CLIENT]);
static SERVER: Receiver<Tcp> = Receiver::new("tcp{server}", &[&TCP_SERVER]);

/// A TCP socket in any of its classes.
#[derive(Debug)]
pub struct Tcp {
    pub(super) parts: Parts<SocketChannel>,
    pub(super) family: Family,
    pub(super) options: Recorded,
    pub(super) race: Option<Box<Race>>,
}

impl Tcp {
    pub(super) fn new(descriptor: Descriptor, family: Family) -> Self {
        Tcp {
            parts: Parts::new(SocketChannel { descriptor }),
            family,
            options: Recorded::open(Type::STREAM),
            race: None,
        }
    }
}

impl StreamObject for Tcp {
    type Channel = SocketChannel;
    const ANY: &'static Receiver<Self> = &ANY;
    const CLIENT: &'static Receiver<Self> = &CLIENT;

    fn parts(&mut self) -> &mut Parts<SocketChannel> {
        &mut self.parts
    }

    fn abandon(&mut self) {
        self.race = None;
        self.options.close();
    }

    fn recorded(&mut self) -> Option<&mut Recorded> {
        Some(&mut self.options)
    }
}

impl Inet for Tcp {
    fn name(&self, which: WhichName) -> Result<Name, Failure> {
        Name::read(&self.parts.channel.descriptor, self.family, which)
    }

    fn family(&self) -> Family {
        self.family
    }
}

impl Listening for Tcp {
    fn master() -> &'static Receiver<Self> {
        &MASTER
    }

    fn server() -> &'static Receiver<Self> {
        &SERVER
    }

    fn client_class() -> &'static Class<Self> {
        &TCP_CLIENT
    }

    fn server_class() -> &'static Class<Self> {
        &TCP_SERVER
    }

    fn accepted(&self, descriptor: Descriptor) -> Self {
        Tcp { options: Recorded::closed(Type::STREAM), ..Tcp::new(descriptor, self.family) }
    }
}
