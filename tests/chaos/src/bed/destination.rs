//! What takes the documents, at work.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context as _, Result};
use forebay_testkit::fake_bulk::{FakeBulk, ItemFault};
use forebay_testkit::servers::{Kind, Server};
use tokio::sync::Mutex;

use super::{Ground, Search};
use crate::events::Fate;

/// What takes the documents.
#[derive(Debug)]
pub enum Destination {
    /// Elasticsearch or OpenSearch.
    Server(Mutex<Server>),
    /// A fake in this process.
    Fake(FakeBulk),
}

// === impl Destination ===

impl Destination {
    /// Starts it; it comes with its address.
    ///
    /// # Errors
    /// When it doesn't start.
    pub(super) async fn start(ground: &Ground) -> Result<(Self, SocketAddr)> {
        let server = match ground.search {
            Search::Fake => return Self::fake().await,
            Search::Server(Kind::OpenSearch) => Server::opensearch(),
            Search::Server(Kind::Elasticsearch | Kind::Kafka) => Server::elasticsearch(),
        };
        let server = if ground.for_speed { server.for_speed() } else { server };
        let server = server.heap("1g").start().await?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, server.port()));
        Ok((Self::Server(Mutex::new(server)), address))
    }

    async fn fake() -> Result<(Self, SocketAddr)> {
        let fake = FakeBulk::start().await?;
        // As a mapping in which `size` is a number.
        let is_bad = |id: &str| Fate::of(id, false) == Some(Fate::Letter);
        fake.fail_items(ItemFault::MappingConflict("size"), move |item| is_bad(item.id));
        let address = fake.url().trim_start_matches("http://").parse().context("the fake's address")?;
        Ok((Self::Fake(fake), address))
    }

    /// The server.
    ///
    /// # Errors
    /// When it is a fake.
    pub fn server(&self) -> Result<&Mutex<Server>> {
        match self {
            Self::Server(server) => Ok(server),
            Self::Fake(_) => anyhow::bail!("a fake search server can't be broken"),
        }
    }

    /// What the server has printed.
    #[must_use]
    pub fn log(&mut self) -> String {
        match self {
            Self::Server(server) => server.get_mut().log(),
            Self::Fake(_) => String::new(),
        }
    }
}
