//! Contexts: what many connections share. They are cached for the whole process, because making one can take the TLS
//! library far longer than a handshake.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use super::backend::Maker;
use super::keys;
use super::settings::Settings;
use crate::binding::Message;

/// How many contexts are kept; the one used longest ago goes first.
const KEPT: usize = 32;

static CACHE: Mutex<VecDeque<Arc<Context>>> = Mutex::new(VecDeque::new());

/// A configuration that was checked, and what the TLS library made of it.
pub struct Context {
    /// What it was made from.
    pub settings: Settings,
    /// The certificates of this side in DER, each with those that lead up to its root.
    pub chains: Vec<Vec<Vec<u8>>>,
    /// The TLS library's part.
    pub maker: Maker,
}

impl Context {
    /// The context for some settings: one from the cache, or a new one.
    pub fn shared(settings: Settings) -> Result<Arc<Context>, Message> {
        // Callbacks belong to one program's context.
        if settings.callbacks != 0 {
            return Ok(Arc::new(Context::new(settings)?));
        }
        let mut cache = CACHE.lock().unwrap_or_else(PoisonError::into_inner);
        let known = cache.iter().position(|context| context.settings == settings);
        let context = match known.and_then(|position| cache.remove(position)) {
            Some(context) => context,
            None => Arc::new(Context::new(settings)?),
        };
        cache.push_back(context.clone());
        if cache.len() > KEPT {
            cache.pop_front();
        }
        Ok(context)
    }

    fn new(settings: Settings) -> Result<Context, Message> {
        let maker = Maker::new(&settings)?;
        let whole = settings.identities.iter().filter(|identity| identity.is_whole());
        let chains = whole.map(|identity| keys::certificates(&identity.chain)).collect::<Result<_, _>>()?;
        Ok(Context { settings, chains, maker })
    }

    /// Whether the system's authorities decide about the peer.
    pub fn trusts_system(&self) -> bool {
        let settings = &self.settings;
        !settings.server && settings.verify && settings.bundle.is_none() && settings.directory.is_none()
    }
}
