//! What is in the topic: the ids of the events, found in their bodies, whatever the protocol has made of them, or, where the
//! protocol has a place for it, as the event's own id.

use anyhow::Result;
use forebay_kafka::{ReadFrom, TopicReader};
use forebay_record::RawEvent;
use forebay_settings::sections::KafkaSettings;
use memchr::memmem;

/// What every id begins with. Two digits follow, which say whose it is, a hyphen, and the event's number.
pub const MARK: &str = "compat-";

/// An event in the topic.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Found {
    /// The id that its client gave it.
    pub id: String,
    /// The id that it has in Kafka.
    pub key: String,
    /// The tenant that ingest gave it.
    pub tenant: String,
}

/// Reads the whole topic; events without an id of ours are left out.
///
/// # Errors
/// When it can't be read.
pub async fn all(settings: &KafkaSettings) -> Result<Vec<Found>> {
    let settings = settings.clone();
    tokio::task::spawn_blocking(move || {
        let mut reader = TopicReader::open(&settings, &settings.topics.raw, ReadFrom::Beginning)?;
        let mut found = Vec::new();
        while let Some(record) = reader.next_record()? {
            let event = RawEvent::read(&record.value)?;
            if let Some(id) = id_in(event.body).or_else(|| id_in(event.id.as_bytes())) {
                found.push(Found {
                    id: id.to_owned(),
                    key: event.id.to_owned(),
                    tenant: event.tenant.to_owned(),
                });
            }
        }
        Ok(found)
    })
    .await?
}

/// The first id in a body.
fn id_in(body: &[u8]) -> Option<&str> {
    memmem::find_iter(body, MARK).find_map(|at| {
        let rest = body.get(at..)?;
        let whose = rest.get(MARK.len()..MARK.len() + 2)?;
        let number = rest.get(MARK.len() + 3..)?;
        let digits = number.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let is_one =
            whose.iter().all(u8::is_ascii_digit) && rest.get(MARK.len() + 2) == Some(&b'-') && digits > 0;
        is_one.then(|| std::str::from_utf8(rest.get(..MARK.len() + 3 + digits)?).ok())?
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Guarantees: an id is found whole, whatever stands around it.
        #[test]
        fn an_id_is_found_in_any_surroundings(
            before in "[^c]{0,20}", whose in 0..100_u8, number in any::<u32>(), after in "[^0-9].{0,20}|"
        ) {
            let id = format!("{MARK}{whose:02}-{number}");
            let body = format!("{before}{id}{after}");
            prop_assert_eq!(id_in(body.as_bytes()), Some(id.as_str()));
        }
    }

    #[test]
    fn what_only_looks_like_an_id_is_none() {
        for body in ["", "compat-", "compat-1", "compat-12", "compat-12-", "compat-1x-3", "compat:12-3"] {
            assert_eq!(id_in(body.as_bytes()), None, "{body}");
        }
        assert_eq!(id_in(b"app compat compat-12- compat-12-7 compat-12-8"), Some("compat-12-7"));
    }
}
