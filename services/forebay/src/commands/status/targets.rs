//! Which indices aren't written: asked of the indexers, from their metrics.

use std::collections::BTreeMap;
use std::time::Duration;

use forebay_access::Secret;
use forebay_settings::sections::telemetry::MetricsAccess;
use reqwest::StatusCode;

use crate::target::Target;

use super::report::{Indexer, ShutTarget, Targets};

/// How long an indexer is waited for.
const WAIT: Duration = Duration::from_secs(3);
/// The largest page of metrics that is read, in bytes.
const MAX_PAGE: usize = 16 << 20;

const SINCE: &str = "forebay_target_shut_since_seconds";
const BYTES: &str = "forebay_target_held_bytes";
const DOCUMENTS: &str = "forebay_target_held_documents";

/// Asks the indexers at these addresses; without any, the one that the settings or the running `forebay dev` know. `token` is shown
/// where metrics ask for one.
pub(crate) async fn ask(target: &Target, addresses: &[String], token: Option<&Secret>) -> Targets {
    let token =
        token.filter(|_| target.dev.is_some() || target.settings.telemetry.metrics == MetricsAccess::Token);
    let known = || match &target.dev {
        Some(dev) => dev.metrics.to_string(),
        None => target.settings.telemetry.listen.indexer.clone(),
    };
    let addresses = if addresses.is_empty() { vec![known()] } else { addresses.to_vec() };
    let mut targets = Targets::default();
    for address in addresses {
        let problem = match page(&address, token).await {
            Ok(page) => {
                targets.shut.extend(shut(&page));
                None
            }
            Err(error) => Some(error),
        };
        targets.indexers.push(Indexer { address, problem });
    }
    // Several indexers may hold documents for one index; the one that waits longest is shown first.
    targets.shut.sort_by(|a, b| (a.since, &a.target).cmp(&(b.since, &b.target)));
    targets
}

async fn page(address: &str, token: Option<&Secret>) -> Result<String, String> {
    // What listens everywhere is asked here.
    let address = address.replace("0.0.0.0:", "127.0.0.1:").replace("[::]:", "[::1]:");
    let words =
        |error: &reqwest::Error| if error.is_timeout() { "no answer" } else { "can't be reached" }.to_owned();
    let client =
        reqwest::Client::builder().no_proxy().timeout(WAIT).build().map_err(|error| words(&error))?;
    let mut request = client.get(format!("http://{address}/metrics"));
    if let Some(token) = token {
        request = request.bearer_auth(String::from_utf8_lossy(token.expose()));
    }
    let mut answer = request.send().await.map_err(|error| words(&error))?;
    if matches!(answer.status(), StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
        return Err("its metrics are closed to this token".to_owned());
    }
    let mut page = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| words(&error))? {
        if page.len() + chunk.len() > MAX_PAGE {
            return Err("what answers is no indexer".to_owned());
        }
        page.extend_from_slice(&chunk);
    }
    Ok(String::from_utf8_lossy(&page).into_owned())
}

/// The indices that a page of metrics says aren't written.
fn shut(page: &str) -> Vec<ShutTarget> {
    let mut held: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    let mut found = Vec::new();
    for (name, labels, value) in page.lines().filter_map(series) {
        let label = |name: &str| labels.get(name).cloned().unwrap_or_default();
        match name {
            BYTES => held.entry(label("target")).or_default().0 = whole(value),
            DOCUMENTS => held.entry(label("target")).or_default().1 = whole(value),
            SINCE if value > 0.0 => found.push(ShutTarget {
                target: label("target"),
                state: label("state"),
                reason: label("reason"),
                since: whole(value),
                ..ShutTarget::default()
            }),
            _ => {}
        }
    }
    for target in &mut found {
        (target.bytes, target.documents) = held.get(&target.target).copied().unwrap_or_default();
    }
    found
}

/// A line of Prometheus' text format: name, labels, value.
fn series(line: &str) -> Option<(&str, BTreeMap<&str, String>, f64)> {
    let (name, rest) = line.split_once('{')?;
    if ![SINCE, BYTES, DOCUMENTS].contains(&name) {
        return None;
    }
    let mut labels = BTreeMap::new();
    let mut rest = rest;
    while let Some((label, quoted)) = rest.split_once("=\"") {
        let (value, after) = unquote(quoted)?;
        let _before = labels.insert(label.trim_start_matches(','), value);
        rest = after;
        if rest.starts_with('}') {
            break;
        }
    }
    Some((name, labels, rest.strip_prefix('}')?.trim().parse().ok()?))
}

/// The text up to the closing quotation mark, and what follows that.
fn unquote(quoted: &str) -> Option<(String, &str)> {
    let mut text = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((text, quoted.get(at + 1..)?)),
            '\\' => text.push(match characters.next()?.1 {
                'n' => '\n',
                other => other,
            }),
            other => text.push(other),
        }
    }
    None
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a gauge that is never negative")]
fn whole(value: f64) -> u64 {
    value.max(0.0) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_says_which_indices_are_not_written() {
        let page = "\
# HELP forebay_target_held_bytes Bytes set aside for an index that isn't written.
# TYPE forebay_target_held_bytes gauge
forebay_target_held_bytes{target=\"forebay-b\"} 2048
forebay_target_held_documents{target=\"forebay-b\"} 12
forebay_target_held_bytes{target=\"forebay-c\"} 0
forebay_target_shut_since_seconds{target=\"forebay-b\",reason=\"refused\",state=\"held\"} 1795255200.5
forebay_target_shut_since_seconds{target=\"forebay-b\",reason=\"refused\",state=\"diverted\"} 0
forebay_target_shut_since_seconds{target=\"odd\\\"}\\\\ one\",reason=\"refused_share\",state=\"held\"} 7
forebay_records_received_total{stage=\"indexer\"} 5
";
        let found = shut(page);
        let expected = ShutTarget {
            target: "forebay-b".to_owned(),
            state: "held".to_owned(),
            reason: "refused".to_owned(),
            since: 1_795_255_200,
            documents: 12,
            bytes: 2048,
        };
        assert_eq!(found[0], expected);
        assert_eq!((found.len(), found[1].target.as_str()), (2, "odd\"}\\ one"));
    }

    #[test]
    fn what_is_no_page_of_metrics_says_nothing() {
        for page in
            ["", "<html>", "forebay_target_held_bytes{", "forebay_target_held_bytes{target=\"x", "é{\\"]
        {
            assert_eq!(shut(page), []);
        }
    }
}
