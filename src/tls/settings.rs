//! The settings of a context, read field by field from a table that Lua has checked.
//!
//! A new parameter needs a field of [`Given`] and one of [`Settings`], and their lines in [`Given::read`] and
//! [`Given::settle`].

use arrayvec::ArrayVec;

use super::authorities::{self, Directory};
use super::keys::{self, Identity};
use super::options;
use super::verification::Extras;
use crate::binding::{Call, Kind, Message, Raise};

/// The most certificates that one context presents.
const MOST_IDENTITIES: usize = 16;

/// All that distinguishes one context from another. Files are compared by content, a directory by its entries
/// and their times.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// For accepting connections rather than making them.
    pub server: bool,
    /// The oldest version allowed, counted from TLS 1.0.
    pub oldest: usize,
    /// The newest version allowed.
    pub newest: usize,
    /// The certificates of this side, each with its key.
    pub identities: Vec<Identity>,
    /// PEM of the trusted certificates, and of revocation lists.
    pub bundle: Option<Vec<u8>>,
    /// The path of that file.
    pub bundle_path: Option<Vec<u8>>,
    /// A directory of trusted certificates.
    pub directory: Option<Directory>,
    /// The state of the system's authorities, if they are trusted.
    pub system: Option<authorities::State>,
    /// Whether the peer's certificate must be trusted.
    pub verify: bool,
    /// Whether the certificate must match the host, if a host is known.
    pub verify_host: bool,
    /// Whether a client must present a certificate (a server).
    pub require: bool,
    /// Whether a client's certificate is requested in the first handshake only (a server).
    pub once: bool,
    /// The changes to verification by `verifyext`.
    pub extras: Extras,
    /// The most intermediate certificates in a chain.
    pub depth: Option<u32>,
    /// The ALPN protocols offered or accepted, best first, each with a length byte before it.
    pub alpn: Vec<u8>,
    /// Ciphers up to TLS 1.2, in OpenSSL's syntax.
    pub ciphers: Option<String>,
    /// Cipher suites of TLS 1.3.
    pub suites: Option<String>,
    /// The groups for the key exchange, best first.
    pub groups: Option<String>,
    /// The value of `curve`, a single curve.
    pub curve: Option<String>,
    /// OpenSSL's options, as a set of bits.
    pub options: u64,
    /// Whether an end of stream without close_notify counts as orderly.
    pub ignore_eof: bool,
    /// Whether sessions are kept and resumed (a client).
    pub resume: bool,
    /// The file to write the connections' secrets to, for programs that analyse traffic.
    pub key_log: Option<Vec<u8>>,
    /// The flags of DANE, if DANE verifies the peer.
    pub dane: Option<u64>,
    /// The number of this context in Lua's table of callbacks; zero for none.
    pub callbacks: u64,
    /// Whether a callback chooses the ALPN protocol (a server).
    pub asks_alpn: bool,
    /// Whether a callback returns the Diffie-Hellman parameters (a server).
    pub asks_dh: bool,
    /// Whether a callback returns pre-shared keys.
    pub asks_psk: bool,
    /// The hint that a server sends to clients with pre-shared keys.
    pub psk_hint: Option<Vec<u8>>,
}

/// The fields of Lua's table. The table keeps the strings alive.
pub struct Given<'c> {
    server: bool,
    oldest: usize,
    newest: usize,
    identities: ArrayVec<[Option<&'c [u8]>; 3], MOST_IDENTITIES>,
    too_many: bool,
    /// Whether a certificate must have its key.
    whole: bool,
    cafile: Option<&'c [u8]>,
    capath: Option<&'c [u8]>,
    verify: bool,
    verify_host: bool,
    require: bool,
    once: bool,
    extras: Extras,
    depth: Option<u32>,
    alpn: &'c [u8],
    ciphers: Option<&'c [u8]>,
    suites: Option<&'c [u8]>,
    groups: Option<&'c [u8]>,
    curve: Option<&'c [u8]>,
    options: &'c [u8],
    ignore_eof: bool,
    resume: bool,
    key_log: Option<&'c [u8]>,
    dane: Option<u64>,
    callbacks: u64,
    asks_alpn: bool,
    asks_dh: bool,
    asks_psk: bool,
    psk_hint: Option<&'c [u8]>,
    /// The name to send and to verify, regardless of `sni`.
    pub host: Option<&'c [u8]>,
}

impl<'c> Given<'c> {
    /// Reads the table, the only argument. The result owns no memory, so Lua may raise meanwhile.
    pub fn read(call: &mut Call<'c>) -> Result<Self, Raise> {
        call.table(1)?;
        call.set_top(1);
        let mut identities = ArrayVec::new();
        call.push_bytes(b"identities");
        call.look_up_raw(1);
        let count = call.raw_length(2);
        for position in 1..=count.min(MOST_IDENTITIES) {
            call.push_raw_element(2, position as i64);
            let mut field = |name| call.text_field(3, name);
            let _ = identities.try_push([field(c"certificate"), field(c"key"), field(c"password")]);
            call.pop(1);
        }
        call.set_top(1);
        let flag = |call: &mut Call<'c>, name| {
            call.push_field(1, name);
            let flag = call.truthy(-1);
            call.pop(1);
            flag
        };
        let number = |call: &mut Call<'c>, name| {
            call.push_field(1, name);
            let number = call.try_number(-1);
            call.pop(1);
            number
        };
        Ok(Given {
            server: flag(call, c"server"),
            oldest: number(call, c"oldest").unwrap_or(0.0) as usize,
            newest: number(call, c"newest").unwrap_or(0.0) as usize,
            identities,
            too_many: count > MOST_IDENTITIES,
            whole: flag(call, c"whole"),
            cafile: call.text_field(1, c"cafile"),
            capath: call.text_field(1, c"capath"),
            verify: flag(call, c"verify"),
            verify_host: flag(call, c"verifyhost"),
            require: flag(call, c"require"),
            once: flag(call, c"once"),
            extras: Extras::from_bits(number(call, c"verifyext").unwrap_or(0.0) as u8),
            depth: number(call, c"depth").map(|depth| depth as u32),
            alpn: call.text_field(1, c"alpn").unwrap_or_default(),
            ciphers: call.text_field(1, c"ciphers"),
            suites: call.text_field(1, c"ciphersuites"),
            groups: call.text_field(1, c"curveslist"),
            curve: call.text_field(1, c"curve"),
            options: call.text_field(1, c"options").unwrap_or_default(),
            ignore_eof: flag(call, c"ignoreeof"),
            resume: flag(call, c"session"),
            key_log: call.text_field(1, c"keylog"),
            dane: number(call, c"dane").map(|flags| flags as u64),
            callbacks: number(call, c"callbacks").unwrap_or(0.0) as u64,
            asks_alpn: flag(call, c"asksalpn"),
            asks_dh: flag(call, c"asksdh"),
            asks_psk: flag(call, c"askspsk"),
            psk_hint: call.text_field(1, c"pskhint"),
            host: call.text_field(1, c"host"),
        })
    }

    /// The settings, with the files read. Keys are decrypted here, so that contexts need not keep the
    /// password.
    pub fn settle(&self) -> Result<Settings, Message> {
        if self.too_many {
            return Err(Message::new("too many certificates"));
        }
        let mut identities = Vec::new();
        for [certificate, key, password] in &self.identities {
            if certificate.is_some() || key.is_some() {
                let identity = Identity::load(*certificate, *key, *password)?;
                if self.whole && !identity.is_whole() {
                    let missing = if identity.key.is_empty() { "`key`" } else { "`certificate`" };
                    return Err(Message::format(format_args!(
                        "a client certificate needs {missing} as well"
                    )));
                }
                identities.push(identity);
            }
        }
        let own_authorities = self.cafile.is_some() || self.capath.is_some();
        let text = |text: Option<&[u8]>| text.map(|text| String::from_utf8_lossy(text).into_owned());
        Ok(Settings {
            server: self.server,
            oldest: self.oldest,
            newest: self.newest,
            identities,
            bundle: self.cafile.map(|path| keys::read(path, keys::authority_error)).transpose()?,
            bundle_path: self.cafile.map(<[u8]>::to_vec),
            directory: self.capath.map(Directory::look),
            system: (!self.server && !own_authorities).then(authorities::system_state),
            verify: self.verify,
            verify_host: self.verify_host,
            require: self.require,
            once: self.once,
            extras: self.extras,
            depth: self.depth,
            alpn: self.alpn.to_vec(),
            ciphers: text(self.ciphers),
            suites: text(self.suites),
            groups: text(self.groups),
            curve: text(self.curve),
            options: options::bits(self.options),
            ignore_eof: self.ignore_eof,
            resume: self.resume && !self.server,
            key_log: self.key_log.map(<[u8]>::to_vec),
            dane: self.dane,
            callbacks: self.callbacks,
            asks_alpn: self.asks_alpn,
            asks_dh: self.asks_dh,
            asks_psk: self.asks_psk,
            psk_hint: self.psk_hint.map(<[u8]>::to_vec),
        })
    }
}

impl<'c> Call<'c> {
    /// The string in a field of the table at `index`; `None` for other types. No metamethod is called, so that the
    /// table keeps the string alive.
    fn text_field(&mut self, index: i32, name: &std::ffi::CStr) -> Option<&'c [u8]> {
        if self.kind(index) != Kind::Table {
            return None;
        }
        self.push_bytes(name.to_bytes());
        self.look_up_raw(index);
        let text = if self.kind(-1) == Kind::String { self.try_bytes(-1) } else { None };
        self.pop(1);
        text
    }
}
