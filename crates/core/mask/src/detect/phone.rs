//! Telephone numbers: E.164, and what people write instead.
//!
//! E.164 has 15 digits at most, the country's code included. Written forms: ITU-T E.123, DIN 5008, and the North
//! American Numbering Plan (<https://www.nanpa.com/numbering>), whose area and exchange don't begin with 0 or 1.

use crate::detector::Detector;
use crate::hit::Verdict;
use crate::view::{View, digit};

/// The most digits, by E.164.
const MAX: usize = 15;
/// The fewest with a country's code; some countries have fewer, and so have too many other numbers.
const MIN_INTERNATIONAL: usize = 8;
/// The fewest with a leading zero.
const MIN_NATIONAL: usize = 9;
/// As many digits together are a whole number: what follows is something else.
const WHOLE: usize = 9;

/// Countries whose numbers are shorter than most: code, digits with the code.
const SHORT: [(&[u8], usize); 5] = [(b"45", 10), (b"47", 10), (b"65", 10), (b"852", 11), (b"354", 10)];

/// `end` is behind the first digit, before which a plus stands (`%2B` in a URL).
pub(super) fn verify_international(text: &View<'_>, end: usize) -> Verdict {
    let first = end - 1;
    let start = if text.before(first) == b'+' { first.saturating_sub(1) } else { first.saturating_sub(3) };
    if start < text.floor() || !text.opens(start) {
        return Verdict::No;
    }
    let short = SHORT.iter().find(|(code, _)| text.starts_with(first, code));
    let enough = short.map_or(11, |(_, digits)| *digits);
    let mut stop = text.run(first, MAX + 1, digit);
    let mut count = stop - first;
    // As many digits together are the whole number: what follows is something else.
    let whole = count >= WHOLE;
    while !whole && count < enough {
        // `+33 1 ...`: the area's code is a single digit in some countries.
        let least = if count <= 3 { 1 } else { 2 };
        let Some((group, group_end)) = next_group(text, stop, least) else { break };
        if count + (group_end - group) > MAX {
            break;
        }
        count += group_end - group;
        stop = group_end;
    }
    if (MIN_INTERNATIONAL..=MAX).contains(&count) && ends(text, stop) {
        Verdict::found(Detector::Phone, start..stop)
    } else {
        Verdict::No
    }
}

/// `end` is behind `(212)`.
pub(super) fn verify_brackets(text: &View<'_>, end: usize) -> Verdict {
    let start = end.saturating_sub(5);
    let exchange = if matches!(text.get(end), b' ' | b'-') { end + 1 } else { end };
    north_american(text, start, end.saturating_sub(4), exchange)
}

/// `end` is behind `212-555-0`.
pub(super) fn verify_groups(text: &View<'_>, end: usize) -> Verdict {
    let start = end.saturating_sub(9);
    if text.get(start + 3) != text.get(start + 7) {
        return Verdict::No;
    }
    north_american(text, start, start, start + 4)
}

/// Area and exchange begin at these places, three digits each; four more follow.
fn north_american(text: &View<'_>, start: usize, area: usize, exchange: usize) -> Verdict {
    let middle = text.run(exchange, 4, digit);
    let stop = text.run(middle + 1, 5, digit);
    let given = |at| (b'2'..=b'9').contains(&text.get(at));
    let shape =
        middle - exchange == 3 && matches!(text.get(middle), b'-' | b'.' | b' ') && stop - middle == 5;
    if !shape || !given(area) || !given(exchange) || !ends(text, stop) {
        return Verdict::No;
    }
    let trunk = start.saturating_sub(2);
    let with_trunk =
        text.get(trunk) == b'1' && matches!(text.before(start), b'-' | b' ' | b'.') && text.opens(trunk);
    let start = if with_trunk && trunk >= text.floor() { trunk } else { start };
    let begins = start >= text.floor() && text.opens(start) && !matches!(text.before(start), b'-' | b'.');
    if begins { Verdict::found(Detector::Phone, start..stop) } else { Verdict::No }
}

/// `end` is behind a digit, a separator, and some digits of which the first is 0.
pub(super) fn verify_national(text: &View<'_>, end: usize) -> Verdict {
    let first_end = end - 2;
    let start = text.run_back(first_end, 6, digit);
    let clear = matches!(
        text.before(start),
        0 | b' ' | b'\t' | b'\n' | b'"' | b'\'' | b'(' | b'[' | b'>' | b'=' | b':' | b',' | b';'
    );
    if !clear || text.get(start) != b'0' {
        return Verdict::No;
    }
    let abroad = text.get(start + 1) == b'0';
    if abroad && !(b'1'..=b'9').contains(&text.get(start + 2)) {
        return Verdict::No;
    }
    let (mut count, mut stop, mut separator) = (first_end - start, first_end, 0);
    let mut fours = count == 4;
    while count < 10 {
        let Some((group, group_end)) = next_group(text, stop, 2) else { break };
        // One kind of separator, except behind the area's code.
        let this = text.get(stop);
        if group != stop + 1 || (separator != 0 && this != separator && separator != b'/') {
            break;
        }
        if count + (group_end - group) > MAX - 2 {
            break;
        }
        separator = if separator == b'/' && this == b'/' { break } else { this };
        fours &= group_end - group == 4;
        count += group_end - group;
        stop = group_end;
        if group_end - group >= 6 {
            break;
        }
    }
    let least = if abroad { MIN_NATIONAL + 2 } else { MIN_NATIONAL };
    if count >= least && !fours && ends(text, stop) {
        Verdict::found(Detector::Phone, start..stop)
    } else {
        Verdict::No
    }
}

/// The next group of digits: a separator (`-`, ` `, `.`, `/`, and brackets around a group), then `least` to 12 digits,
/// or a single one in brackets.
fn next_group(text: &View<'_>, stop: usize, least: usize) -> Option<(usize, usize)> {
    let separators = text.run(stop, 2, |byte| matches!(byte, b' ' | b'-' | b'.' | b'/' | b'(' | b')'));
    let between = text.slice(stop, separators);
    if between.len() == 2 && !between.iter().any(|byte| matches!(byte, b'(' | b')')) {
        return None;
    }
    let end = text.run(separators, 13, digit);
    let bracketed = text.before(separators) == b'(' && text.get(end) == b')';
    let least = if bracketed { 1 } else { least };
    (separators > stop && (least..=12).contains(&(end - separators))).then_some((separators, end))
}

/// Whether a number may end here.
fn ends(text: &View<'_>, stop: usize) -> bool {
    text.closes(stop) && !(matches!(text.get(stop), b'.' | b'-') && digit(text.get(stop + 1)))
}
