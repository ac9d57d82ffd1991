//! What a dry run foretells: what the current rules, and the search cluster where it can tell, say to events that would be
//! replayed.
//!
//! The rules are applied to every raw event. The cluster is asked about a sample of the documents, so many of each kind of
//! failure, without writing any.

use std::collections::BTreeMap;
use std::sync::Arc;

use forebay_record::EventKey;
use forebay_store::{Candidate, RequestFailure, Store, Verdict};
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;

use crate::job::count;

/// How many documents of a kind the cluster is asked about.
pub const SAMPLE: u64 = 200;

/// How many it is asked about at once.
const TOGETHER: usize = 100;

/// How many bytes of documents it is asked about at once, about.
const TOGETHER_BYTES: usize = 4 * 1024 * 1024;

/// What the current rules say to events that are to be replayed.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Forecast {
    /// Raw events that become documents now. What the search cluster will say to those is another question.
    pub pass: u64,
    /// Raw events that would be dead letters again, by the type of the error.
    pub fail: BTreeMap<String, u64>,
    /// Of each of these types, the reason that the first one was given.
    pub reasons: BTreeMap<String, String>,
    /// Raw events that a rule would drop, by its reason.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub dropped: BTreeMap<String, u64>,
    /// Documents that parsed before: only the search cluster can tell whether it takes them now.
    pub needs_cluster: u64,
    /// What the cluster says to those that it was asked about, if it was.
    pub cluster: Option<ClusterForecast>,
}

/// What the search cluster says to a sample of the documents: at most [`SAMPLE`] of each kind of failure.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct ClusterForecast {
    /// Documents that it would take, as its mappings are now.
    pub take: u64,
    /// Documents that it would refuse, by the type of the error.
    pub refuse: BTreeMap<String, u64>,
    /// Of each of these types, the reason that the first one was given.
    pub reasons: BTreeMap<String, String>,
    /// Why it could not be asked, or not about more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unasked: Option<String>,
}

/// Asks the cluster about samples.
#[derive(Debug)]
pub(crate) struct Asking {
    store: Option<Arc<dyn Store>>,
    handle: Handle,
    asked: BTreeMap<String, u64>,
    waiting: Vec<(Vec<u8>, Vec<u8>)>,
    bytes: usize,
    said: ClusterForecast,
}

// === impl Asking ===

impl Asking {
    pub(crate) fn new(store: Option<Arc<dyn Store>>, handle: Handle) -> Self {
        let (asked, waiting, said) = Default::default();
        Self { store, handle, asked, waiting, bytes: 0, said }
    }

    /// Notes a document with the key of its record, if its kind is not asked about often enough. May block.
    pub(crate) fn add(&mut self, kind: &str, key: &[u8], document: &[u8]) {
        if self.store.is_none() || self.said.unasked.is_some() {
            return;
        }
        let before = self.asked.get(kind).copied().unwrap_or(0);
        if before >= SAMPLE {
            return;
        }
        count(&mut self.asked, kind, 1);
        self.bytes += document.len();
        self.waiting.push((key.to_vec(), document.to_vec()));
        if self.waiting.len() >= TOGETHER || self.bytes >= TOGETHER_BYTES {
            self.ask();
        }
    }

    /// What the cluster said; `None` when there was none to ask. Blocks.
    pub(crate) fn finish(&mut self) -> Option<ClusterForecast> {
        self.ask();
        self.store.as_ref().map(|_| self.said.clone())
    }

    fn ask(&mut self) {
        let waiting = std::mem::take(&mut self.waiting);
        self.bytes = 0;
        let Some(store) = self.store.clone().filter(|_| !waiting.is_empty()) else { return };
        let candidates: Vec<Candidate<'_>> = waiting
            .iter()
            .filter_map(|(key, document)| {
                let EventKey { target, id, .. } = EventKey::read(key).ok()?;
                Some(Candidate { target, id, document })
            })
            .collect();
        self.ask_about(&*store, &candidates);
    }

    /// What is too much for one request is asked about in halves, so that one large document costs no other its verdict.
    fn ask_about(&mut self, store: &dyn Store, candidates: &[Candidate<'_>]) {
        if self.said.unasked.is_some() {
            return;
        }
        match self.handle.block_on(store.would_take(candidates)) {
            Ok(Some(verdicts)) => verdicts.into_iter().for_each(|verdict| self.said.add(verdict)),
            Ok(None) => self.said.unasked = Some("it has no way to tell without writing".to_owned()),
            Err(RequestFailure::TooLarge) if candidates.len() > 1 => {
                let (former, latter) = candidates.split_at(candidates.len() / 2);
                self.ask_about(store, former);
                self.ask_about(store, latter);
            }
            Err(error @ RequestFailure::TooLarge) => {
                let error_type = "document_too_large".to_owned();
                self.said.add(Verdict::Refuses { error_type, reason: error.to_string() });
            }
            Err(error) => self.said.unasked = Some(error.to_string()),
        }
    }
}

impl ClusterForecast {
    fn add(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Takes => self.take += 1,
            Verdict::Refuses { error_type, reason } => {
                count(&mut self.refuse, &error_type, 1);
                let _first_stays = self.reasons.entry(error_type).or_insert(reason);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use forebay_store::{
        BulkAnswer, BulkRequest, Change, SearchError, SearchPage, SearchRequest, StoreInfo, Targets,
    };

    use super::*;
    use crate::decide::tests::event_key;

    /// Refuses documents with an `x` in them; has no verdict for an empty one, and none at all above 1,000 bytes.
    #[derive(Debug)]
    struct Picky;

    #[async_trait]
    impl Store for Picky {
        async fn write(&self, _: &BulkRequest) -> Result<BulkAnswer, RequestFailure> {
            panic!("not asked for")
        }

        async fn search(&self, _: &SearchRequest) -> Result<SearchPage, SearchError> {
            panic!("not asked for")
        }

        async fn ping(&self) -> Result<StoreInfo, RequestFailure> {
            panic!("not asked for")
        }

        async fn bootstrap(&self, _: bool) -> Result<Vec<Change>, RequestFailure> {
            panic!("not asked for")
        }

        async fn targets(&self) -> Result<Targets, RequestFailure> {
            panic!("not asked for")
        }

        async fn close(&self, _: &str) -> Result<(), RequestFailure> {
            panic!("not asked for")
        }

        async fn delete(&self, _: &str) -> Result<(), RequestFailure> {
            panic!("not asked for")
        }

        async fn would_take(
            &self,
            documents: &[Candidate<'_>],
        ) -> Result<Option<Vec<Verdict>>, RequestFailure> {
            if documents.iter().any(|candidate| candidate.document.is_empty()) {
                return Ok(None);
            }
            if documents.iter().map(|candidate| candidate.document.len()).sum::<usize>() > 1000 {
                return Err(RequestFailure::TooLarge);
            }
            let verdict = |candidate: &Candidate<'_>| match candidate.document.contains(&b'x') {
                true => Verdict::Refuses { error_type: "mapping".to_owned(), reason: "an x".to_owned() },
                false => Verdict::Takes,
            };
            Ok(Some(documents.iter().map(verdict).collect()))
        }
    }

    fn asking(store: Option<Arc<dyn Store>>, documents: &[(&str, &[u8])]) -> Option<ClusterForecast> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut asking = Asking::new(store, runtime.handle().clone());
        documents.iter().for_each(|(kind, document)| asking.add(kind, &event_key(0), document));
        asking.finish()
    }

    /// Scenario: more documents of one kind than are asked about, some of another.
    /// Guarantees: the cluster sees a sample of the one and all of the other.
    #[test]
    fn each_kind_has_its_sample() {
        let many = vec![("a", &b"{}"[..]); 1000];
        let few = vec![("b", &br#"{"x":1}"#[..]); 3];
        let said = asking(Some(Arc::new(Picky)), &[many, few].concat()).unwrap();
        assert_eq!(
            (said.take, said.refuse["mapping"], said.reasons["mapping"].as_str()),
            (SAMPLE, 3, "an x")
        );
        assert_eq!(said.unasked, None);
    }

    /// Scenario: two documents are larger than the cluster takes, and stand among others that are together.
    /// Guarantees: these two would be refused for that; each of the others has its verdict.
    #[test]
    fn a_large_document_costs_no_other_its_verdict() {
        let large = vec![b' '; 1001];
        let mut documents = vec![("a", &b"{ }"[..]); 150];
        documents[7].1 = &large;
        documents[120].1 = &large;
        documents[121].1 = br#"{"x":1}"#;
        let said = asking(Some(Arc::new(Picky)), &documents).unwrap();
        assert_eq!((said.take, said.refuse["document_too_large"], said.refuse["mapping"]), (147, 2, 1));
        assert_eq!(said.unasked, None);
    }

    #[test]
    fn who_cannot_tell_is_not_asked_again() {
        assert_eq!(asking(None, &[("a", b"{}")]), None);
        let said = asking(Some(Arc::new(Picky)), &[("a", &b""[..]); 500]).unwrap();
        assert!(said.take == 0 && said.unasked.is_some());
    }
}
