//! Requests that had no answer: what passes by itself, and what doesn't. Pure.

use super::answer::Refusal;

/// What to do, by all causes of the error, the outermost first. `is_tls` says how ingest was spoken to.
pub(crate) fn refusal(causes: &[String], is_tls: bool) -> Refusal {
    let has = |part: &str| causes.iter().any(|cause| cause.contains(part));
    let never = |what: &str, hint: &str| Refusal::Never { what: what.to_owned(), hint: hint.to_owned() };
    if has("CaUsedAsEndEntity") {
        let hint = "give ingest one that an authority signed, and name that authority with --ca-file; one that signs itself is to \
                    be made with `-addext basicConstraints=critical,CA:FALSE`";
        return never("ingest's certificate is an authority's, and not a server's", hint);
    }
    if has("UnknownIssuer") || has("BadSignature") {
        return never(
            "ingest's certificate is of no authority that is known",
            "name its authority with --ca-file",
        );
    }
    // The innermost cause is what a person understands: "connection refused".
    let cause = causes.last().map_or("", String::as_str);
    if let Some(why) = cause.strip_prefix("invalid peer certificate: ") {
        let what = format!("ingest's certificate can't be trusted: {why}");
        let hint = "give ingest one that is valid now and for this address; --ca-file names its authority";
        return never(&what, hint);
    }
    if !is_tls && has("invalid HTTP version") {
        return never("what answers there doesn't speak HTTP", "does it speak TLS? try https://");
    }
    if is_tls && has("InvalidContentType") {
        return never("what answers there doesn't speak TLS", "try http://");
    }
    Refusal::Later { what: format!("ingest can't be reached: {cause}"), after: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guarantees: what stays as it is isn't tried again, and the hint says what to change.
    #[test]
    fn what_does_not_pass_is_told_at_once() {
        let hint = |cause: &str, is_tls| match refusal(&["outer".to_owned(), cause.to_owned()], is_tls) {
            Refusal::Never { what, hint } => format!("{what}: {hint}"),
            Refusal::Later { what, .. } => what,
        };
        let other = "invalid peer certificate: Other(OtherError(CaUsedAsEndEntity))";
        assert!(hint(other, true).starts_with("ingest's certificate is an authority's"));
        let expired = hint("invalid peer certificate: certificate expired", true);
        assert!(expired.contains("can't be trusted: certificate expired: give ingest one"), "{expired}");
        assert_eq!(hint("connection refused", true), "ingest can't be reached: connection refused");
        assert!(hint("invalid HTTP version parsed", true).starts_with("ingest can't be reached"));
    }
}
