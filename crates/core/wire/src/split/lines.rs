//! Lines: NDJSON (<https://github.com/ndjson/ndjson-spec>) and plain text. Lines end with `\n` or `\r\n`; the last one
//! may go without. Blank lines are no events, but they count.

use super::Item;

/// The lines of `body` from `start` on that are not blank.
pub fn lines(body: &[u8], start: usize) -> impl Iterator<Item = Item> {
    let mut from = start;
    let ends = memchr::memchr_iter(b'\n', body.get(start..).unwrap_or_default()).map(move |at| start + at);
    ends.chain(std::iter::once(body.len())).zip(1..).filter_map(move |(end, line)| {
        let span = from..end;
        from = end + 1;
        let text = body.get(span.clone())?;
        let carriage_return = usize::from(text.ends_with(b"\r"));
        let blank = text.iter().all(u8::is_ascii_whitespace);
        (!blank).then(|| Item { line, span: span.start..span.end - carriage_return })
    })
}
