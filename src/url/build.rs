//! Builds URLs from their components.

use memchr::memchr;

use super::components::Components;

impl Components<'_> {
    /// Builds the URL from the components present. Escapes and checks nothing.
    pub fn build(&self) -> Vec<u8> {
        let mut url = Vec::with_capacity(self.room());
        self.write_prefix(&mut url);
        self.write_rest(&mut url);
        url
    }

    /// Writes scheme and authority.
    pub(super) fn write_prefix(&self, url: &mut Vec<u8>) {
        if let Some(scheme) = self.scheme {
            url.extend_from_slice(scheme);
            url.push(b':');
        }
        if self.has_authority() {
            url.extend_from_slice(b"//");
            self.write_authority(url);
        }
    }

    /// Whether the built URL has an authority.
    pub(super) fn has_authority(&self) -> bool {
        self.host.is_some() || self.authority.is_some()
    }

    /// Writes the authority. `host`, if present, is used instead of the field `authority`.
    pub(super) fn write_authority(&self, url: &mut Vec<u8>) {
        let Some(host) = self.host else {
            url.extend_from_slice(self.authority.unwrap_or_default());
            return;
        };
        if let Some(user) = self.user {
            url.extend_from_slice(user);
            write_after(url, b":", self.password);
            url.push(b'@');
        } else if let Some(userinfo) = self.userinfo {
            url.extend_from_slice(userinfo);
            url.push(b'@');
        }
        if memchr(b':', host).is_some() && host.first() != Some(&b'[') {
            url.push(b'[');
            url.extend_from_slice(host);
            url.push(b']');
        } else {
            url.extend_from_slice(host);
        }
        write_after(url, b":", self.port);
    }

    /// Writes the components after the authority.
    pub(super) fn write_rest(&self, url: &mut Vec<u8>) {
        write_after(url, b"", self.path);
        write_after(url, b";", self.params);
        write_after(url, b"?", self.query);
        write_after(url, b"#", self.fragment);
    }

    /// Enough room for the URL with all separators.
    pub(super) fn room(&self) -> usize {
        const SEPARATORS: usize = 11;
        [
            self.scheme,
            self.authority,
            self.userinfo,
            self.user,
            self.password,
            self.host,
            self.port,
            self.path,
            self.params,
            self.query,
            self.fragment,
        ]
        .into_iter()
        .flatten()
        .fold(SEPARATORS, |sum, part| sum.saturating_add(part.len()))
    }
}

fn write_after(url: &mut Vec<u8>, separator: &[u8], part: Option<&[u8]>) {
    if let Some(part) = part {
        url.extend_from_slice(separator);
        url.extend_from_slice(part);
    }
}
