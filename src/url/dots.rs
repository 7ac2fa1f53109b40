//! Removes dot segments in one pass, with the result of LuaSocket's steps.

use memchr::memmem;

/// The text between two slashes. An empty segment inside the text counts as a real one, which `..` can
/// remove. Empty text before a leading slash or after a trailing slash is not a segment.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Segment<'a> {
    Edge,
    Empty,
    Named(&'a [u8]),
}

const UP: Segment<'static> = Segment::Named(b"..");
const HERE: Segment<'static> = Segment::Named(b".");

/// Appends `text` to `out` without its dot segments.
///
/// LuaSocket rewrites the text until nothing matches. The observable steps are:
/// 1. `/./` becomes `/`;
/// 2. the leftmost segment followed by `/../` and a segment is removed with the `..`; this repeats.
///    `..` itself counts as a segment, so two surplus ones cancel out;
/// 3. a segment and `/..` at the end are removed;
/// 4. a `/..` or `/.` left at the end becomes `/`, then one `/../` left at the start becomes `/`.
///
/// The leftmost match is the one that ends first, and replacing it creates no new match before it. So a stack
/// of segments gives the same result in linear time.
pub fn remove_dots(text: &[u8], out: &mut Vec<u8>) {
    if memmem::find(text, b"/.").is_none() {
        out.extend_from_slice(text);
        return;
    }
    let mut kept: Vec<Segment<'_>> = Vec::with_capacity(16);
    let mut pieces = text.split(|byte| *byte == b'/').peekable();
    while let Some(piece) = pieces.next() {
        let inside = !kept.is_empty() && pieces.peek().is_some();
        let segment = match piece {
            b"." if inside => continue,
            b"" if inside => Segment::Empty,
            b"" => Segment::Edge,
            name => Segment::Named(name),
        };
        if segment != Segment::Edge && ends_in_parent(&kept) {
            kept.truncate(kept.len() - 2);
        }
        kept.push(segment);
    }
    finish(&mut kept);
    write(&kept, out);
}

/// Whether the last two entries are a segment and the `..` that removes it.
fn ends_in_parent(kept: &[Segment<'_>]) -> bool {
    matches!(kept, [.., before, last] if *last == UP && *before != Segment::Edge)
}

/// Steps 3 and 4.
fn finish(kept: &mut Vec<Segment<'_>>) {
    let slash_last = matches!(kept.as_slice(), [_, .., Segment::Edge]);
    let body = kept.get(..kept.len() - usize::from(slash_last)).unwrap_or_default();
    if ends_in_parent(body) {
        kept.truncate(body.len() - 2);
        kept.push(Segment::Edge);
    }
    if let [_, .., last] = kept.as_mut_slice()
        && (*last == UP || *last == HERE)
    {
        *last = Segment::Edge;
    }
    if let [Segment::Edge, second, _, ..] = kept.as_slice()
        && *second == UP
    {
        kept.remove(1);
    }
}

fn write(kept: &[Segment<'_>], out: &mut Vec<u8>) {
    for (position, segment) in kept.iter().enumerate() {
        if position > 0 {
            out.push(b'/');
        }
        if let Segment::Named(name) = segment {
            out.extend_from_slice(name);
        }
    }
}
