//! `search:` the cluster's address, credentials that go together, names that indexes can have.

use url::Url;

use super::findings::Findings;
use crate::sections::SearchSettings;
use crate::units::Period;

pub(super) fn check(search: &SearchSettings, findings: &mut Findings) {
    url(search, findings);
    credentials(search, findings);
    let (least, greatest) = (Period::from_secs(1), Period::from_secs(3_600));
    findings.period("search.request_timeout", search.request_timeout, least, greatest);
    findings.require(
        is_index_prefix(&search.index_prefix),
        "search.index_prefix",
        format!("`{}` can't begin an index's name", search.index_prefix.escape_debug()),
        "use 1 to 100 of a-z, 0-9, `_` and `.`, starting with a letter or digit",
    );
    findings.require(
        !is_index_prefix(&search.index_prefix) || !search.index_prefix.contains('-'),
        "search.index_prefix",
        format!(
            "`{}` has a dash in it, with which names have two readings: `forebay-eu-acme-...` is the prefix `forebay-eu` and the tenant \
             `acme`, or `forebay` and `eu-acme`, so that one installation's retention deletes what is another's",
            search.index_prefix.escape_debug()
        ),
        "write `_` or `.` in place of each dash; the indices that there are keep their names, and are no longer found or deleted: \
         docs/retention.md says what to do with them",
    );
    // The most that both clusters let one index have (index.max_number_of_shards).
    findings.number("search.shards", search.shards, 1, 1_024);
    findings.number("search.replicas", search.replicas, 0, 100);
}

fn url(search: &SearchSettings, findings: &mut Findings) {
    const REMEDY: &str = "write it with scheme and port, such as `https://search.example:9200`";
    let url = match Url::parse(&search.url) {
        Ok(url) => url,
        // The text itself isn't shown: where people put a password into it, it often doesn't parse either.
        Err(error) => return findings.add("search.url", format!("is not an address: {error}"), REMEDY),
    };
    let is_http = matches!(url.scheme(), "http" | "https") && url.has_host();
    findings.require(is_http, "search.url", format!("has the scheme `{}`", url.scheme()), REMEDY);
    findings.require(
        url.username().is_empty() && url.password().is_none(),
        "search.url",
        "has a user or a password in it, which ends in logs",
        "set search.username and search.password_file instead",
    );
    findings.require(
        search.ca_file.is_none() || url.scheme() == "https",
        "search.ca_file",
        "is of no use with an address that isn't https",
        "write `https` in search.url, or leave this out",
    );
}

fn credentials(search: &SearchSettings, findings: &mut Findings) {
    match (&search.username, &search.password_file) {
        (Some(_), None) => {
            findings.add("search.username", "has no password with it", "set search.password_file too");
        }
        (None, Some(_)) => {
            findings.add("search.password_file", "has no user with it", "set search.username too");
        }
        _ => {}
    }
    findings.require(
        search.api_key_file.is_none() || search.username.is_none(),
        "search.api_key_file",
        "is set together with a user",
        "keep the one that the cluster shall go by, and leave the other out",
    );
}

/// Part of what both clusters allow in an index's name, less what would hide the index (a dot in front). Dashes have a finding of
/// their own.
fn is_index_prefix(prefix: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'.' | b'-');
    (1..=100).contains(&prefix.len()) && prefix.bytes().all(allowed) && !prefix.starts_with(['_', '.', '-'])
}
