//! Which topics exist, so that a fetch needs no query to find out.
//!
//! Topics are never deleted and keep their partitions (the routes leave both requests out), so what was once seen
//! stays true. Asking the storage for a partition that doesn't exist would make it panic: the catalogue stands before.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tansu_sans_io::fetch_request::FetchTopic;
use tansu_storage::{Storage, TopicId};
use uuid::Uuid;

/// A topic as fetches need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Topic {
    pub(crate) name: String,
    pub(crate) id: [u8; 16],
    pub(crate) partitions: usize,
}

/// Topics that were asked for before.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    topics: Mutex<HashMap<TopicKey, Topic>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum TopicKey {
    Name(String),
    Id([u8; 16]),
}

// === impl Catalog ===

impl Catalog {
    /// The topic that a fetch names, by name or by id; `None` when there is no such topic.
    ///
    /// # Errors
    /// The storage's, when it can't be asked.
    pub(crate) async fn find<S: Storage>(
        &self,
        storage: &S,
        wanted: &FetchTopic,
    ) -> Result<Option<Topic>, tansu_storage::Error> {
        let (key, id) = match (&wanted.topic, wanted.topic_id) {
            (Some(name), _) => (TopicKey::Name(name.clone()), TopicId::Name(name.clone())),
            (None, Some(id)) => (TopicKey::Id(id), TopicId::Id(Uuid::from_bytes(id))),
            (None, None) => return Ok(None),
        };
        if let Some(topic) = self.lock().get(&key) {
            return Ok(Some(topic.clone()));
        }
        let metadata = storage.metadata(Some(&[id])).await?;
        let found = metadata.topics().first().and_then(|topic| {
            Some(Topic {
                name: topic.name.clone()?,
                id: topic.topic_id?,
                partitions: topic.partitions.as_ref()?.len(),
            })
        });
        let found = found.filter(|topic| topic.partitions > 0);
        if let Some(topic) = &found {
            let _before = self.lock().insert(key, topic.clone());
        }
        Ok(found)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TopicKey, Topic>> {
        self.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
