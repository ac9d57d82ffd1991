//! US social security numbers.
//!
//! The ranges: <https://www.ssa.gov/employer/randomization.html>.

use crate::detector::Detector;
use crate::hit::Verdict;
use crate::view::{View, digit};

/// `end` is behind the third group's first digit.
pub(super) fn verify(text: &View<'_>, end: usize) -> Verdict {
    let start = end.saturating_sub(8);
    let stop = text.run(end, 4, digit);
    if stop - start != 11 || start < text.floor() || !text.opens(start) || !text.closes(stop) {
        return Verdict::No;
    }
    if text.before(start) == b'-' || (text.get(stop) == b'-' && digit(text.get(stop + 1))) {
        return Verdict::No;
    }
    let area = text.slice(start, start + 3);
    let given = area != b"000"
        && area != b"666"
        && area.first() != Some(&b'9')
        && text.slice(start + 4, start + 6) != b"00"
        && text.slice(start + 7, stop) != b"0000";
    if given { Verdict::found(Detector::UsSsn, start..stop) } else { Verdict::No }
}
