//! What the text of a program tells before it is compiled: indices, and whether it is too much for the compiler.

/// The longest program, in bytes: the compiler describes all fields that are known anew for each statement.
const MAX_PROGRAM: usize = 16 << 10;

/// How deep brackets, and signs before a value, may nest.
const MAX_NESTING: usize = 100;

/// How deep calls may stand in calls: each doubles the compiler's work.
const MAX_CALLS: usize = 12;

/// How many operators may make one expression.
const MAX_OPERATORS: usize = 200;

/// The first index above `most`: digits in brackets behind a name, a path or a call. What stands in strings and comments is
/// none, nor is an array of one number.
pub(super) fn beyond(source: &str, most: u64) -> Option<&str> {
    let bytes = source.as_bytes();
    let (mut at, mut before) = (0, b' ');
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'#' => at += until(bytes, at, b'\n', false),
            b'"' => at += until(bytes, at, b'"', true),
            b'\'' if matches!(before, b'r' | b's' | b't') => at += until(bytes, at, b'\'', true),
            b'[' if before.is_ascii_alphanumeric() || matches!(before, b'_' | b']' | b')' | b'"' | b'.') => {
                let inside = source.get(at + 1..).and_then(|rest| rest.split(']').next()).unwrap_or("");
                let digits = inside.trim().trim_start_matches('-').trim();
                let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit() || b == b'_');
                if is_number && digits.replace('_', "").parse::<u64>().ok().is_none_or(|number| number > most)
                {
                    return Some(inside);
                }
            }
            _ => {}
        }
        before = bytes.get(at).copied().unwrap_or(b' ');
        at += 1;
    }
    None
}

/// Why a program is too much for the compiler, which goes as deep as expressions do, and goes over calls in calls again and again. What
/// stands in strings and comments doesn't count, but for the places of a template.
pub(super) fn too_much(source: &str) -> Option<String> {
    if source.len() > MAX_PROGRAM {
        return Some(format!("the program has more than {MAX_PROGRAM} bytes: make several steps of it"));
    }
    let bytes = source.as_bytes();
    // How many operators there are around a place, within each bracket that is open; and whether that is a call's.
    let (mut open, mut here, mut calls, mut signs) = (Vec::new(), 0_usize, 0_usize, 0_usize);
    let (mut at, mut before, mut significant) = (0, b' ', b';');
    while let Some(byte) = bytes.get(at) {
        let from = at;
        match byte {
            b'#' => {
                at += until(bytes, at, b'\n', false);
                // The line's end has its own meaning.
                continue;
            }
            b'"' => {
                at += until(bytes, at, b'"', true);
                here += source.get(from..at).map_or(0, |text| text.matches("{{").count());
            }
            b'\'' if matches!(before, b'r' | b's' | b't') => at += until(bytes, at, b'\'', true),
            b'(' | b'[' | b'{' => {
                let follows_name = before.is_ascii_alphanumeric() || matches!(before, b'_' | b'!');
                // A closure's block is compiled with its call.
                let is_call = *byte == b'(' && follows_name || *byte == b'{' && significant == b'|';
                open.push((here, is_call));
                (here, calls) = (0, calls + usize::from(is_call));
            }
            b')' | b']' | b'}' => {
                if let Some((around, is_call)) = open.pop() {
                    (here, calls) = (around, calls - usize::from(is_call));
                }
            }
            b';' | b',' => here = 0,
            // A line that begins with an operator, or follows one, goes on.
            b'\n' if !is_operator(significant) && !next_goes_on(bytes, at) => here = 0,
            byte if is_operator(*byte) && !is_operator(before) => here += 1,
            b'e' if source.get(at..).is_some_and(|rest| rest.starts_with("else")) => here += 1,
            _ => {}
        }
        signs = match byte {
            b'!' | b'-' => signs + 1,
            byte if byte.is_ascii_whitespace() => signs,
            _ => 0,
        };
        if open.len() > MAX_NESTING || signs > MAX_NESTING {
            return Some(format!("brackets nest deeper than {MAX_NESTING}: take it apart"));
        }
        if calls > MAX_CALLS {
            return Some(format!(
                "calls stand in calls, more than {MAX_CALLS} deep: give what is inside a name"
            ));
        }
        let around: usize = open.iter().map(|(around, _)| around).sum();
        if here + around > MAX_OPERATORS {
            return Some(format!("more than {MAX_OPERATORS} operators make one expression: take it apart"));
        }
        before = bytes.get(at).copied().unwrap_or(b' ');
        if !before.is_ascii_whitespace() {
            significant = before;
        }
        at += 1;
    }
    None
}

fn is_operator(byte: u8) -> bool {
    matches!(byte, b'+' | b'-' | b'*' | b'/' | b'%' | b'=' | b'|' | b'&' | b'?' | b'<' | b'>' | b'!')
}

/// Whether the first thing behind a line's end belongs to the expression before.
fn next_goes_on(bytes: &[u8], at: usize) -> bool {
    let rest = bytes.get(at..).unwrap_or_default();
    let next = rest.iter().find(|byte| !byte.is_ascii_whitespace());
    next.is_some_and(|next| is_operator(*next)) || rest.trim_ascii_start().starts_with(b"else")
}

/// How far it is to the end of what begins at `at`, with backslashes in it or not.
fn until(bytes: &[u8], at: usize, end: u8, escapes: bool) -> usize {
    let mut length = 1;
    while let Some(byte) = bytes.get(at + length) {
        if *byte == b'\\' && escapes {
            length += 1;
        } else if *byte == end {
            return length;
        }
        length += 1;
    }
    length
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guarantees: what takes the compiler's stack, or ages, is refused; programs as people write them aren't.
    #[test]
    fn what_is_too_much_for_the_compiler_is_refused() {
        let nested = |n: usize| format!(".x = {}1{}", "(".repeat(n), ")".repeat(n));
        assert!(too_much(&nested(100)).is_none() && too_much(&nested(101)).is_some());
        assert!(too_much(&format!(".x = {}true", "! ".repeat(101))).is_some());
        assert!(too_much(&format!(".x = \"{}\"", "(".repeat(500))).is_none());
        let calls = |n: usize| format!(".x = {}1{}", "abs(".repeat(n), ")".repeat(n));
        assert!(too_much(&calls(12)).is_none() && too_much(&calls(13)).is_some());
        let closures =
            (0..13).fold("1".to_owned(), |inner, _| format!("for_each([1]) -> |_i, _v| {{ {inner} }}"));
        assert!(too_much(&closures).is_some());
        assert!(too_much(&".a = .b + 1 # why\n".repeat(300)).is_none());
        for long in [
            format!(".x = {}", ["1"; 300].join(" + ")),
            format!(".x = {}", ["1"; 300].join("\n + ")),
            format!(".x = {}", ["1"; 300].join(" +\n")),
            format!(".x = \"{}\"", "{{ a }}".repeat(300)),
            format!("if .a {{ 1 }} {} else {{ 2 }}", "else if .b { 3 }".repeat(300)),
            format!(".x = {}", ".y = ".repeat(300)),
            format!(".x = ({})", [&["1"; 150].join("+"), "(1", &["1"; 150].join("+")].join("+") + ")"),
        ] {
            assert!(too_much(&long).is_some(), "{long}");
        }
        let lines =
            ".a = to_int!(.a) + 1 # as people write\nif .a == 1 && .b { del(.c) } else { .d = [1, 2] }\n";
        assert!(too_much(&lines.repeat(150)).is_none());
        assert!(too_much(&lines.repeat(250)).is_some_and(|reason| reason.contains("several steps")));
    }

    #[test]
    fn an_index_is_told_from_arrays_strings_and_comments() {
        for (source, expected) in [
            (".a[1000000000] = 1", Some("1000000000")),
            (".a[0][ 20_000 ] = 1", Some(" 20_000 ")),
            ("x = .\"a b\"[-99999]", Some("-99999")),
            ("f(.a)[99999999999999999999999]", Some("99999999999999999999999")),
            (".a[10000] = 1", None),
            (".a = [1000000000]", None),
            (".a = includes([20000], 1)", None),
            (".a = \"x[20000]\" + s'y[20000]' # z[20000]", None),
            (".a = r'[0-9]\\'[20000]' ", None),
            ("", None),
            ("\"", None),
        ] {
            assert_eq!(beyond(source, 10_000), expected, "{source}");
        }
    }
}
