//! The functions that VRL programs may call.
//!
//! The crate is built without those that reach the network, the environment or the file system. Of the others, these are
//! left out: what would put content of events into our own logs, what nests as deep as an event says, and what inflates. All others
//! that may make a huge value out of a small one in a single call, where no limit is looked at, work out first how
//! large it will be ([`bounded`]).

mod bounded;
mod redact;
mod replace_with;
mod sizes;
mod unnest;
mod weight;

use std::sync::LazyLock;

use vrl::compiler::Function;

pub(crate) use bounded::MostBytes;
pub(crate) use weight::{count, exceeds};

/// What is left out, and why.
pub(crate) const LEFT_OUT: &[(&str, &str)] = &[
    ("log", "it would write the content of events into Forebay's own log"),
    ("decode_gzip", "a small value may inflate to a huge one"),
    ("decode_zlib", "a small value may inflate to a huge one"),
    ("decode_zstd", "a small value may inflate to a huge one"),
    ("decode_snappy", "a small value may inflate to a huge one"),
    ("decode_lz4", "a small value may inflate to a huge one"),
    ("parse_xml", "what nests deep would exhaust the stack; the format `windows_event` reads XML of Windows"),
    ("parse_ruby_hash", "what nests deep would exhaust the stack"),
    (
        "unflatten",
        "a long name would nest so deep that it exhausts the stack; names with dots are nested already",
    ),
    ("format_number", "a number of digits from the event may make a huge text"),
    ("set", "an index from the event may make a huge array; use `merge` or `from_entries`"),
    ("get_timezone_name", "it reads the environment"),
    ("get_hostname", "it asks the system; every parser would answer something else"),
    ("get_env_var", "it reads the environment"),
    ("http_request", "it reaches the network"),
    ("dns_lookup", "it reaches the network"),
    ("reverse_dns", "it reaches the network"),
    ("parse_proto", "it reads files"),
    ("encode_proto", "it reads files"),
    ("validate_json_schema", "it reads files"),
];

static FUNCTIONS: LazyLock<Vec<Box<dyn Function>>> = LazyLock::new(|| {
    let mut functions = vrl::stdlib::all();
    functions.retain(|function| !is_left_out(function.identifier()));
    functions
        .into_iter()
        .map(|function| Box::new(bounded::Bounded::new(function)) as Box<dyn Function>)
        .collect()
});

/// All functions that there are.
pub(crate) fn all() -> &'static [Box<dyn Function>] {
    &FUNCTIONS
}

fn is_left_out(name: &str) -> bool {
    LEFT_OUT.iter().any(|(left_out, _)| *left_out == name)
}

/// What to say about a program that calls something that is left out.
pub(crate) fn remark(source: &str) -> Option<String> {
    let called = |name: &str| {
        source.match_indices(name).any(|(at, _)| {
            let before = source.get(..at).and_then(|text| text.chars().next_back());
            let after = source.get(at + name.len()..).unwrap_or("").trim_start_matches('!');
            !before.is_some_and(|c| c.is_alphanumeric() || c == '_') && after.starts_with('(')
        })
    };
    let (name, why) = LEFT_OUT.iter().find(|(name, _)| called(name))?;
    Some(format!("the function `{name}` is not to be had in rules: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guarantees: nothing that leaves the process is among the functions, whatever the crate is built with.
    #[test]
    fn nothing_reaches_outside() {
        for (name, _) in LEFT_OUT {
            assert!(all().iter().all(|function| function.identifier() != *name), "{name}");
        }
        assert!(all().len() > 150, "{}", all().len());
        assert_eq!(remark("x = reverse_log(1)\nmylog(2)"), None);
        assert!(remark(". = decode_gzip!(.a)").unwrap().contains("decode_gzip"));
    }
}
