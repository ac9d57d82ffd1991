//! Who answers: the distribution and version of the cluster.

use forebay_bulk::{AnswerError, RequestFailure};
use forebay_store::StoreInfo;
use serde::Deserialize;

use crate::client::{Client, Request};

/// A cluster's software.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Server {
    pub(crate) distribution: Distribution,
    pub(crate) version: String,
}

/// Two families that parted at version 7.10.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Distribution {
    Elasticsearch,
    OpenSearch,
}

#[derive(Deserialize)]
struct Root {
    version: Version,
}

#[derive(Deserialize)]
struct Version {
    number: String,
    distribution: Option<String>,
}

// === impl Server ===

impl Server {
    /// Asks the cluster.
    pub(crate) async fn ask(client: &Client) -> Result<Self, RequestFailure> {
        let body = client.send(Request::get("/")).await?.success()?;
        Self::read(&body).map_err(|error| AnswerError::Malformed(error.to_string()).into())
    }

    fn read(body: &[u8]) -> Result<Self, serde_json::Error> {
        let Version { number, distribution } = serde_json::from_slice::<Root>(body)?.version;
        let distribution = match distribution.as_deref() {
            Some("opensearch") => Distribution::OpenSearch,
            _ => Distribution::Elasticsearch,
        };
        Ok(Self { distribution, version: number })
    }

    /// Whether it is at least this version of its own family.
    pub(crate) fn is_at_least(&self, major: u32, minor: u32) -> bool {
        let mut parts = self.version.split('.').map(|part| part.parse().unwrap_or(0));
        (parts.next().unwrap_or(0), parts.next().unwrap_or(0)) >= (major, minor)
    }
}

// === impl Distribution ===

impl Distribution {
    /// Its name, in lower case.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Elasticsearch => "elasticsearch",
            Self::OpenSearch => "opensearch",
        }
    }
}

impl From<Server> for StoreInfo {
    fn from(server: Server) -> Self {
        Self { name: server.distribution.name().to_owned(), version: server.version }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(distribution: Distribution, version: &str) -> Server {
        Server { distribution, version: version.to_owned() }
    }

    #[test]
    fn the_two_families_are_told_apart() {
        let elasticsearch =
            br#"{"name":"n","version":{"number":"9.5.3","build_flavor":"default"},"tagline":"t"}"#;
        let opensearch =
            br#"{"name":"n","version":{"distribution":"opensearch","number":"3.8.0"},"tagline":"t"}"#;
        assert_eq!(Server::read(elasticsearch).unwrap(), server(Distribution::Elasticsearch, "9.5.3"));
        assert_eq!(Server::read(opensearch).unwrap(), server(Distribution::OpenSearch, "3.8.0"));
        assert!(Server::read(b"<html>").is_err());
    }

    #[test]
    fn versions_compare_as_numbers() {
        let server = server(Distribution::Elasticsearch, "8.14.0-SNAPSHOT");
        assert!(server.is_at_least(8, 14) && server.is_at_least(8, 9) && server.is_at_least(7, 17));
        assert!(!server.is_at_least(8, 15) && !server.is_at_least(9, 0));
    }
}
