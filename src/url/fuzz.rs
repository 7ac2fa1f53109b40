//! Properties of the URL functions that hold for any bytes, for `fuzz/`.

use super::absolute::{Base, absolute, merge};
use super::components::Components;
use super::escape::{escape, unescape};
use super::path::{segments, write_segment};

/// Two URLs separated by a line end. Splits and builds both, and resolves the second against the first.
pub fn urls(data: &[u8]) {
    let mut parts = data.splitn(2, |byte| *byte == b'\n');
    let (base, reference) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let (cut, reference_cut) = (Components::parse(base), Components::parse(reference));
    assert!(cut.build().len() <= base.len() + 2, "only brackets may be added");
    let target = absolute(Base::Text(base), reference);
    assert!(target.len() <= base.len() + reference.len() + 4);
    assert!(absolute(Base::Parsed(cut), reference).len() <= base.len() + reference.len() + 4);
    if reference_cut.scheme.is_some() && !reference.is_empty() {
        let kept = Components { path: None, params: None, query: None, fragment: None, ..reference_cut };
        let authority = kept.authority.map_or(0, |authority| authority.len() + 2);
        let prefix = kept.scheme.map_or(0, |scheme| scheme.len() + 1) + authority;
        assert_eq!(target.get(..prefix), reference.get(..prefix), "scheme and authority stay");
    }
    let path = merge(cut.path, reference);
    assert!(path.len() <= base.len() + reference.len() + 2);

    let mut escaped = Vec::new();
    escape(data, &mut escaped);
    assert_eq!(unescape(&escaped), data, "escaping can be undone");
    assert!(unescape(data).len() <= data.len());
    for segment in segments(data) {
        let mut written = Vec::new();
        write_segment(segment, false, &mut written);
        assert_eq!(unescape(&written), segment, "a segment can be written and read");
    }
}
