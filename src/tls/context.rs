//! Contexts, which connections share. They are cached for the whole process: the TLS library can take far
//! longer to make a context than to do a handshake.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use super::backend::BackendContext;
use super::keys;
use super::settings::Settings;
use crate::binding::Message;

/// The most contexts in the cache. The least recently used one is removed first.
const KEPT: usize = 32;

static CACHE: Mutex<VecDeque<Arc<Context>>> = Mutex::new(VecDeque::new());

/// A checked configuration, and the TLS library's context for it.
pub struct Context {
    /// The settings that the context was made from.
    pub settings: Settings,
    /// The certificates of this side in DER: a chain for each, leaf first.
    pub chains: Vec<Vec<Vec<u8>>>,
    /// The backend's context.
    pub backend: BackendContext,
}

impl Context {
    /// The context for these settings, from the cache or newly made.
    pub fn shared(settings: Settings) -> Result<Arc<Context>, Message> {
        // Callbacks belong to one Lua state and context, so such a context cannot be shared.
        if settings.callbacks != 0 {
            return Ok(Arc::new(Context::new(settings)?));
        }
        let mut cache = crate::sys::lock(&CACHE);
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
        let backend = BackendContext::new(&settings)?;
        let whole = settings.identities.iter().filter(|identity| identity.is_whole());
        let chains = whole.map(|identity| keys::certificates(&identity.chain)).collect::<Result<_, _>>()?;
        Ok(Context { settings, chains, backend })
    }

    /// Whether the peer is verified against the system's authorities.
    pub fn trusts_system(&self) -> bool {
        let settings = &self.settings;
        !settings.server && settings.verify && settings.bundle.is_none() && settings.directory.is_none()
    }
}
