//! Indices that have as many fields as they may.
//!
//! From 8.14 on Elasticsearch is told by the template to keep a field too many unindexed. Other servers refuse each
//! document that has one. So such an index is told to take no new fields any more (`dynamic: false`), and the documents
//! are to be sent again: what they have beyond the known fields is kept, and isn't searched. That costs nothing until it
//! happens, and holds however many parsers there are and whatever they have counted.
//!
//! Source: <https://docs.opensearch.org/latest/mappings/mapping-explosion>,
//! <https://www.elastic.co/guide/en/elasticsearch/reference/current/dynamic.html>.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use elasticsearch::http::Method;
use forebay_bulk::{BulkAnswer, BulkRequest, ItemOutcome};
use serde_json::json;
use tracing::{info, warn};

use crate::client::{Client, Request};

/// What both servers say, and how the limit's value begins: `Limit of total fields [2500] has been exceeded`.
const WORDS: &str = "Limit of total fields [";

/// How many indices are remembered; with more it starts anew.
const MAX_REMEMBERED: usize = 1024;

/// The indices that were told to take no new fields, and when they had acknowledged that.
#[derive(Debug, Default)]
pub(crate) struct Full(Mutex<HashMap<String, Instant>>);

// === impl Full ===

impl Full {
    /// Has documents sent again that were refused for a field too many, once their index takes no new fields.
    ///
    /// A document that was sent after that and is still refused stays refused: then it isn't that which stops it.
    pub(crate) async fn relieve(
        &self,
        client: &Client,
        request: &BulkRequest,
        began: Instant,
        answer: &mut BulkAnswer,
    ) {
        let mut answered: HashMap<String, bool> = HashMap::new();
        for (item, outcome) in request.items().zip(&mut answer.outcomes) {
            let ItemOutcome::Refused(error) = outcome else { continue };
            if !error.reason.contains(WORDS) {
                continue;
            }
            let helps = match answered.get(&*item.target) {
                Some(helps) => *helps,
                None => {
                    let helps = self.close(client, &item.target, began).await;
                    let _none = answered.insert(item.target.into_owned(), helps);
                    helps
                }
            };
            if helps {
                *outcome = ItemOutcome::Retry(std::mem::take(error));
            }
        }
    }

    /// Whether a document of a request that began then may be taken when it is sent again.
    async fn close(&self, client: &Client, index: &str, began: Instant) -> bool {
        if let Some(closed) = self.closed().get(index) {
            return began < *closed;
        }
        let path = format!("/{index}/_mapping");
        let wanted = json!({"dynamic": "false"});
        let reply = client.send(Request::json(Method::Put, &path, &wanted)).await;
        if let Err(error) = reply.and_then(crate::client::Reply::success) {
            warn!(index, %error, "the index has as many fields as it may, and can't be told to ignore new ones");
            return false;
        }
        info!(
            index,
            "the index has as many fields as it may: new ones are kept from now on, and not searched"
        );
        let mut closed = self.closed();
        if closed.len() >= MAX_REMEMBERED {
            closed.clear();
        }
        let _earlier = closed.insert(index.to_owned(), Instant::now());
        true
    }

    fn closed(&self) -> std::sync::MutexGuard<'_, HashMap<String, Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
