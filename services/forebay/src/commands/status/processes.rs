//! Asks processes for their metrics, and whether their parts are ready.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use forebay_access::Secret;
use reqwest::{Client, RequestBuilder, StatusCode};
use serde::Deserialize;
use tokio::net::lookup_host;
use tokio::task::JoinSet;

use crate::status::facts::ProcessFacts;
use crate::status::page::Page;
use crate::status::report::Part;

/// How long a process is waited for.
const WAIT: Duration = Duration::from_secs(3);
/// The largest answer that is read, in bytes.
const MAX_PAGE: usize = 16 << 20;
/// The most processes that are asked.
const MAX_PROCESSES: usize = 1_000;

/// Asks all processes at these addresses at once; their answers are in the order of their addresses.
pub(super) async fn ask(addresses: &[String], token: Option<&Secret>) -> Vec<ProcessFacts> {
    let mut found = Vec::new();
    let mut sockets = BTreeSet::new();
    for address in addresses {
        match resolve(address).await {
            Ok(addresses) => sockets.extend(addresses),
            Err(problem) => {
                found.push(ProcessFacts {
                    address: address.clone(),
                    page: Err(problem),
                    not_ready: Vec::new(),
                });
            }
        }
    }
    let client = match Client::builder().no_proxy().timeout(WAIT).build() {
        Ok(client) => client,
        Err(error) => {
            let page = Err(error.to_string());
            return vec![ProcessFacts { address: "all".to_owned(), page, not_ready: Vec::new() }];
        }
    };
    let token = token.map(|token| String::from_utf8_lossy(token.expose()).into_owned());
    let mut asked = JoinSet::new();
    for socket in sockets.into_iter().take(MAX_PROCESSES) {
        let _task = asked.spawn(process(client.clone(), socket, token.clone()));
    }
    while let Some(answer) = asked.join_next().await {
        found.extend(answer.ok());
    }
    found.sort_by(|a, b| a.address.cmp(&b.address));
    found
}

/// All addresses of a name. Those of one family only: a process that has both would be counted twice.
async fn resolve(address: &str) -> Result<Vec<SocketAddr>, String> {
    if address.starts_with("https://") {
        return Err("processes serve metrics by http: give HOST:PORT".to_owned());
    }
    let address = address.strip_prefix("http://").unwrap_or(address);
    let address = address.split('/').next().unwrap_or(address);
    if address.rsplit_once(':').is_none_or(|(_, port)| port.parse::<u16>().is_err()) {
        return Err("it has no port: give HOST:PORT, as telemetry.listen has them".to_owned());
    }
    // What listens everywhere is asked here.
    let address = address.replace("0.0.0.0:", "127.0.0.1:").replace("[::]:", "[::1]:");
    let found: Vec<SocketAddr> = match lookup_host(&address).await {
        Ok(found) => found.collect(),
        Err(error) => return Err(format!("its name leads nowhere: {error}")),
    };
    let family: Vec<SocketAddr> = found.iter().copied().filter(SocketAddr::is_ipv4).collect();
    Ok(if family.is_empty() { found } else { family })
}

async fn process(client: Client, address: SocketAddr, token: Option<String>) -> ProcessFacts {
    let mut metrics = client.get(format!("http://{address}/metrics"));
    if let Some(token) = token {
        metrics = metrics.bearer_auth(token);
    }
    let (metrics, ready) = tokio::join!(text(metrics), text(client.get(format!("http://{address}/readyz"))));
    let page = metrics.and_then(|(status, text)| {
        let page = Page::read(&text);
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                Err("its metrics are closed to this token".to_owned())
            }
            _ if page.is_empty() => Err("what answers is no process of Forebay".to_owned()),
            _ => Ok(page),
        }
    });
    let not_ready = ready.map(|(_, text)| not_ready(&text)).unwrap_or_default();
    ProcessFacts { address: address.to_string(), page, not_ready }
}

async fn text(request: RequestBuilder) -> Result<(StatusCode, String), String> {
    let words =
        |error: &reqwest::Error| if error.is_timeout() { "no answer" } else { "can't be reached" }.to_owned();
    let mut answer = request.send().await.map_err(|error| words(&error))?;
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| words(&error))? {
        if body.len() + chunk.len() > MAX_PAGE {
            return Err("its answer is too large".to_owned());
        }
        body.extend_from_slice(&chunk);
    }
    Ok((answer.status(), String::from_utf8_lossy(&body).into_owned()))
}

/// The parts that `/readyz` names.
fn not_ready(answer: &str) -> Vec<Part> {
    #[derive(Deserialize)]
    struct Answer {
        #[serde(default)]
        failing: Vec<Failing>,
    }
    #[derive(Deserialize)]
    struct Failing {
        component: String,
        reason: String,
    }
    let answer: Answer = serde_json::from_str(answer).unwrap_or(Answer { failing: Vec::new() });
    let part = |failing: Failing| Part { component: failing.component, reason: failing.reason };
    answer.failing.into_iter().map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probe_names_what_is_not_ready() {
        let answer = r#"{"failing":[{"component":"search","reason":"it refuses"}],"status":"failing"}"#;
        let part = Part { component: "search".to_owned(), reason: "it refuses".to_owned() };
        assert_eq!(not_ready(answer), [part]);
        for nothing in ["", "<html>", r#"{"status":"ok"}"#, r#"{"failing":7}"#] {
            assert_eq!(not_ready(nothing), [], "{nothing}");
        }
    }

    /// Scenario: an address as settings have it, a URL, a name with addresses of both families, no address at all.
    /// Guarantees: each process is asked once, and what can't be asked is told.
    #[tokio::test]
    async fn addresses_are_found() {
        let socket = |text: &str| text.parse::<SocketAddr>().unwrap();
        assert_eq!(resolve("0.0.0.0:9600").await.unwrap(), [socket("127.0.0.1:9600")]);
        assert_eq!(resolve("http://127.0.0.1:9600/metrics").await.unwrap(), [socket("127.0.0.1:9600")]);
        assert_eq!(resolve("[::]:9600").await.unwrap(), [socket("[::1]:9600")]);
        assert_eq!(resolve("localhost:9600").await.unwrap().len(), 1);
        for (wrong, told) in [
            ("no-port", "it has no port"),
            ("[::1]", "it has no port"),
            ("localhost:metrics", "it has no port"),
            ("https://127.0.0.1:9600", "by http"),
        ] {
            assert!(resolve(wrong).await.unwrap_err().contains(told), "{wrong}");
        }
    }
}
