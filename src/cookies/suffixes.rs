//! The public suffixes: domains under which anyone may register names. A cookie for one would be sent to
//! other people's sites.

use std::fs;
use std::sync::OnceLock;

use publicsuffix::{List, Psl};

/// The path of the list on Debian and other systems.
const SYSTEM: &str = "/usr/share/publicsuffix/public_suffix_list.dat";
/// Used on systems without a list.
const SHIPPED: &[u8] = include_bytes!("../../data/public_suffix_list.dat");

/// The list that a jar uses.
#[derive(Debug)]
pub enum Suffixes {
    /// The system's list, or else the one built in. Read on first use, once per process.
    Usual,
    /// The list from another file.
    Own(Box<List>),
    /// No list: any domain is accepted.
    Any,
}

fn usual() -> Option<&'static List> {
    static LIST: OnceLock<Option<List>> = OnceLock::new();
    let read = || {
        let system = fs::read(SYSTEM).ok().and_then(|text| List::from_bytes(&text).ok());
        system.or_else(|| List::from_bytes(SHIPPED).ok())
    };
    LIST.get_or_init(read).as_ref()
}

impl Suffixes {
    /// Whether a domain, in lower case, is a public suffix.
    pub fn contain(&self, domain: &[u8]) -> bool {
        let list = match self {
            Suffixes::Any => return false,
            Suffixes::Own(list) => Some(&**list),
            Suffixes::Usual => usual(),
        };
        // By the list's default rule, a domain of one label is a public suffix.
        list.and_then(|list| list.suffix(domain)).is_none_or(|suffix| suffix.as_bytes() == domain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_asked() {
        for list in [Suffixes::Usual, Suffixes::Own(Box::new(List::from_bytes(SHIPPED).unwrap_or_default()))]
        {
            for suffix in ["com", "co.uk", "github.io", "xn--55qx5d.cn", "anything.ck", "unheardof"] {
                assert!(list.contain(suffix.as_bytes()), "{suffix}");
            }
            for domain in ["example.com", "a.co.uk", "www.ck", "a.b.github.io", "a.unheardof"] {
                assert!(!list.contain(domain.as_bytes()), "{domain}");
            }
        }
        assert!(!Suffixes::Any.contain(b"com"));
    }
}
