//! Where a program failed, in lines: VRL says it in bytes.

/// The line that a byte of a text is in, from 1 on.
pub(super) fn of(source: &str, at: usize) -> usize {
    1 + source.bytes().take(at).filter(|byte| *byte == b'\n').count()
}

/// A message of VRL's, with the lines of its calls.
pub(super) fn instead_of_bytes(source: &str, message: &str) -> String {
    const CALL: &str = "function call error for \"";
    let (mut out, mut rest) = (String::with_capacity(message.len()), message);
    // One call in the other: each has its place before the words of the one inside. What follows them may be the event's.
    while let Some(call) = rest.strip_prefix(CALL)
        && let Some((name, after)) = call.split_once("\" at (")
        && let Some((span, inner)) = after.split_once("): ")
        && let Some(start) = span.split(':').next().and_then(|start| start.parse().ok())
    {
        out.push_str(&format!("{CALL}{name}\" in line {}: ", of(source, start)));
        rest = inner;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_call_has_its_line_and_what_is_quoted_stays() {
        let source = "a = 1\nb = f(g(h))\n";
        let message = "function call error for \"f\" at (10:17): function call error for \"g\" at (12:16): no: function call error for \"x\" at (0:1): y";
        assert_eq!(
            instead_of_bytes(source, message),
            "function call error for \"f\" in line 2: function call error for \"g\" in line 2: no: function call error for \"x\" at (0:1): y"
        );
        assert_eq!(instead_of_bytes(source, "can't add"), "can't add");
        assert_eq!((of(source, 0), of(source, 5), of(source, 6), of(source, 99)), (1, 1, 2, 3));
    }
}
