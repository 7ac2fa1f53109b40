//! The Netscape file format, which curl, wget and browser tools share: lines of seven fields separated by
//! tabs.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::cookie::{Cookie, LONGEST_LIFE};

const HTTP_ONLY: &[u8] = b"#HttpOnly_";

/// Parses the cookies of a file. Skips invalid lines.
pub fn parse(text: &[u8], now: i64) -> Vec<Cookie> {
    text.split(|byte| *byte == b'\n').filter_map(|line| parse_line(line, now)).collect()
}

fn parse_line(line: &[u8], now: i64) -> Option<Cookie> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let (line, http_only) = match line.strip_prefix(HTTP_ONLY) {
        Some(line) => (line, true),
        None if line.starts_with(b"#") => return None,
        None => (line, false),
    };
    let mut fields = line.splitn(7, |byte| *byte == b'\t');
    let mut next = || fields.next();
    let (domain, below, path, secure) = (next()?, flag(next()?)?, next()?, flag(next()?)?);
    let (expires, name, value) = (std::str::from_utf8(next()?).ok()?.parse::<i64>().ok()?, next()?, next()?);
    let domain = domain.strip_prefix(b".").unwrap_or(domain).to_ascii_lowercase();
    if domain.is_empty()
        || !path.starts_with(b"/")
        || [&domain, path, name, value].into_iter().any(has_control)
    {
        return None;
    }
    let expires = match expires {
        0 => None,
        time => Some(time.min(now.saturating_add(LONGEST_LIFE))),
    };
    Some(Cookie {
        name: name.to_vec(),
        value: value.to_vec(),
        domain,
        path: path.to_vec(),
        expires,
        secure,
        http_only,
        host_only: !below,
        same_site: None,
    })
}

/// Whether a field contains a control character other than a tab.
fn has_control(field: &[u8]) -> bool {
    field.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t')
}

fn flag(field: &[u8]) -> Option<bool> {
    match field.to_ascii_uppercase().as_slice() {
        b"TRUE" => Some(true),
        b"FALSE" => Some(false),
        _ => None,
    }
}

/// Formats a file with these cookies. Skips those that the format cannot hold: with a tab before the
/// value, or with another control character, which would end the line or the field for other readers.
pub fn compose(cookies: &[&Cookie]) -> Vec<u8> {
    let mut text = b"# Netscape HTTP Cookie File\n".to_vec();
    for cookie in cookies {
        let before_value = [&cookie.domain, &cookie.path, &cookie.name];
        if before_value.into_iter().any(|field| field.contains(&b'\t') || has_control(field))
            || has_control(&cookie.value)
        {
            continue;
        }
        if cookie.http_only {
            text.extend_from_slice(HTTP_ONLY);
        }
        let (dot, below): (&[u8], &[u8]) = if cookie.host_only { (b"", b"FALSE") } else { (b".", b"TRUE") };
        let secure: &[u8] = if cookie.secure { b"TRUE" } else { b"FALSE" };
        let expires = cookie.expires.unwrap_or(0).to_string();
        let domain = [dot, &cookie.domain].concat();
        let fields = [&domain, below, &cookie.path, secure, expires.as_bytes(), &cookie.name, &cookie.value];
        text.extend_from_slice(&fields.join(&b'\t'));
        text.push(b'\n');
    }
    text
}

/// Writes a file that only its owner may read. Writes a new file next to it, then renames it.
pub fn write(path: &Path, text: &[u8]) -> io::Result<()> {
    let (beside, mut file) = create_beside(path)?;
    let written = file.write_all(text).and_then(|()| file.sync_all());
    drop(file);
    written.and_then(|()| fs::rename(&beside, path)).inspect_err(|_| {
        let _ = fs::remove_file(&beside);
    })
}

fn create_beside(path: &Path) -> io::Result<(PathBuf, fs::File)> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    for attempt in 0..100 {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{}-{attempt}", std::process::id()));
        match options.open(&name) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            opened => return opened.map(|file| (PathBuf::from(name), file)),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}
