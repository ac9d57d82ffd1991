//! The standard patterns, and those of them that say without look-arounds what they mean.

/// Patterns of the collection that look around in it. The boundary of a word stands in for what may not come before
/// or after, or nothing where the pattern ends in what repeats.
const WITHOUT_LOOK_AROUNDS: [(&str, &str); 10] = [
    ("BASE10NUM", r"[+-]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)"),
    ("BASE16NUM", "[+-]?(?:0x)?[0-9A-Fa-f]+"),
    ("BASE16FLOAT", r"\b[+-]?(?:0x)?(?:[0-9A-Fa-f]+(?:\.[0-9A-Fa-f]*)?|\.[0-9A-Fa-f]+)\b"),
    ("QUOTEDSTRING", r#"(?:"(?:\\.|[^\\"])*"|'(?:\\.|[^\\'])*'|`(?:\\.|[^\\`])*`)"#),
    (
        "IPV4",
        r"\b(?:(?:[0-1]?[0-9]{1,2}|2[0-4][0-9]|25[0-5])[.]){3}(?:25[0-5]|2[0-4][0-9]|[0-1]?[0-9]{1,2})\b",
    ),
    ("TIME", "%{HOUR}:%{MINUTE}:%{SECOND}"),
    ("HAPROXYTIME", "%{HOUR:haproxy_hour}:%{MINUTE:haproxy_minute}:%{SECOND:haproxy_second}"),
    ("IPTABLES4_FRAG", "(?:CE|DF|MF)?"),
    ("MONGO_QUERY", r"\{ .* \}"),
    (
        "SYSLOGPAMSESSION",
        r"%{SYSLOGBASE} (?<message>%{WORD:pam_module}\(%{DATA:pam_caller}\): session %{WORD:pam_session_state} for user %{USERNAME:username}(?: by %{GREEDYDATA:pam_by})?)",
    ),
];

/// The definition of a standard pattern.
pub(super) fn find(name: &str) -> Option<&'static str> {
    let ours = WITHOUT_LOOK_AROUNDS.iter().find(|(known, _)| *known == name);
    if let Some((_, definition)) = ours {
        return Some(definition);
    }
    // The collection is sorted by name.
    let all = grok::patterns();
    let at = all.binary_search_by_key(&name, |(known, _)| known).ok()?;
    all.get(at).map(|(_, definition)| *definition)
}
