//! Where events come from: a file, standard input, a topic, the dead letters, or the samples beside the rules.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufReader};
use std::str::FromStr;

use forebay_deadletters::DeadLettersError;
use forebay_kafka::{ReadFrom, StoredRecord, TopicReader, dead_letter};
use forebay_record::{RawEvent, Tenant};
use forebay_rule_tools::{Captured, captured, testing};
use forebay_rules::RuleFiles;
use forebay_settings::Settings;
use forebay_settings::sections::KafkaSettings;
use jiff::Timestamp;
use tokio::task::spawn_blocking;

use crate::commands::dlq::explain;
use crate::exit::Failure;
use crate::output::note;
use crate::output::term::safe;

/// How many dead letters of each partition are looked through: not all of them failed in the parser.
const MIN_LETTERS: i64 = 1_000;

/// The attribute with the path of a file that lines come from.
const PATH: &str = "log.file.path";

/// Where events come from, as it is typed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Origin {
    /// Lines of a file.
    File(String),
    /// Lines of standard input.
    Stdin,
    /// The newest records of a topic of raw events.
    Topic(String),
    /// The newest dead letters.
    DeadLetters,
}

/// What events from outside of Kafka are said to be.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct LikeArgs {
    /// The tenant of the lines (default: ingest.default_tenant)
    #[arg(long, value_name = "NAME")]
    pub(crate) tenant: Option<String>,

    /// The format that the lines are declared to be in (default: none)
    #[arg(long)]
    pub(crate) format: Option<String>,

    /// What the lines are said to come from
    #[arg(long, value_name = "NAME", default_value = "http")]
    pub(crate) source: String,

    /// An attribute of the lines, as a shipper sends it: k8s.namespace.name=shop. May be given several times; log.file.path is the
    /// file's own path, if it isn't given
    #[arg(long = "attribute", value_name = "NAME=VALUE", value_parser = attribute)]
    pub(crate) attributes: Vec<(String, String)>,
}

/// An attribute, as it is typed.
fn attribute(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write a name, `=` and a value".to_owned()),
    }
}

/// Events, and those that come later.
#[derive(Debug)]
pub(crate) struct Source {
    origin: Option<Origin>,
    like: LikeArgs,
    kafka: KafkaSettings,
    tenant: String,
    most: usize,
    /// Places of records that were read.
    seen: HashSet<(i32, i64)>,
}

impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(match (text, text.strip_prefix("topic:")) {
            ("-", _) => Self::Stdin,
            ("dlq", _) => Self::DeadLetters,
            (_, Some("")) => return Err("name the topic: topic:forebay.raw".to_owned()),
            (_, Some(topic)) => Self::Topic(topic.to_owned()),
            (file, None) => Self::File(file.to_owned()),
        })
    }
}

impl Origin {
    /// Whether Kafka is needed.
    pub(crate) const fn is_remote(&self) -> bool {
        matches!(self, Self::Topic(_) | Self::DeadLetters)
    }
}

// === impl Source ===

impl Source {
    /// At most so many events.
    pub(crate) fn new(
        origin: Option<Origin>,
        like: LikeArgs,
        settings: &Settings,
        most: usize,
    ) -> Result<Self, Failure> {
        let tenant = like.tenant.clone().unwrap_or_else(|| settings.ingest.default_tenant.clone());
        let _valid = Tenant::new(tenant.as_str()).map_err(|error| Failure::usage(error.to_string()))?;
        let kafka = settings.kafka.clone();
        let origin = match origin {
            Some(Origin::Topic(topic)) if topic == kafka.topics.dead_letters => Some(Origin::DeadLetters),
            origin => origin,
        };
        Ok(Self { origin, like, kafka, tenant, most, seen: HashSet::new() })
    }

    /// The events. `files` are those of the rules: their samples serve where nothing else is named.
    pub(crate) async fn read(&mut self, files: &RuleFiles) -> Result<Vec<Captured>, Failure> {
        let events = match self.origin.clone() {
            None => {
                let mut events = testing::events(files, &self.tenant);
                events.truncate(self.most);
                if events.is_empty() {
                    return Err(Failure::usage(
                        "there is nothing to try the rules on: no samples lie beside them",
                    )
                    .hint(
                        "name events with --from: a file of lines, - for standard input, topic:NAME, dlq",
                    ));
                }
                return Ok(events);
            }
            Some(Origin::File(name)) => {
                let file = File::open(&name).map_err(|error| unreadable(&name, &error))?;
                self.lines(file, name).await?
            }
            Some(Origin::Stdin) => self.lines(io::stdin(), "standard input".to_owned()).await?,
            Some(Origin::Topic(_) | Origin::DeadLetters) => self.newer().await?,
        };
        if events.is_empty() {
            return Err(Failure::failed("there are no events to try the rules on"));
        }
        Ok(events)
    }

    /// Records that came since the last look; never any from a file.
    pub(crate) async fn newer(&mut self) -> Result<Vec<Captured>, Failure> {
        let letters = match &self.origin {
            Some(Origin::Topic(_)) => false,
            Some(Origin::DeadLetters) => true,
            _ => return Ok(Vec::new()),
        };
        let topic = match &self.origin {
            Some(Origin::Topic(topic)) => topic.clone(),
            _ => self.kafka.topics.dead_letters.clone(),
        };
        let most = i64::try_from(self.most).unwrap_or(i64::MAX);
        let last = if letters { most.max(MIN_LETTERS) } else { most };
        let (kafka, name) = (self.kafka.clone(), topic.clone());
        let reading = spawn_blocking(move || -> Result<Vec<StoredRecord>, DeadLettersError> {
            let mut reader = TopicReader::open(&kafka, &name, ReadFrom::Last(last))?;
            let mut records = Vec::new();
            while let Some(record) = reader.next_record()? {
                records.push(record);
            }
            Ok(records)
        });
        let read = reading.await.map_err(|error| Failure::failed(error.to_string()))?;
        let mut records = read.map_err(|error| explain(&error))?;
        records.retain(|record| self.seen.insert((record.partition, record.offset)));
        records.sort_by_key(|record| (record.timestamp_ms, record.partition, record.offset));
        Ok(self.events(records, &topic, letters))
    }

    /// Those of the records that are raw events, the newest of them.
    fn events(&self, records: Vec<StoredRecord>, topic: &str, letters: bool) -> Vec<Captured> {
        let (mut events, mut others) = (Vec::new(), 0_usize);
        for record in records {
            let is_raw = !letters
                || dead_letter::read(&record)
                    .is_ok_and(|letter| letter.source_topic == self.kafka.topics.raw);
            let place = format!("{topic} {}:{}", record.partition, record.offset);
            match Captured::record(record.value, place) {
                Ok(event) if is_raw => events.push(event),
                _ => others += 1,
            }
        }
        if others > 0 {
            let what = if letters { "of documents, which rules made already" } else { "no raw events" };
            let records = super::counted(others, if letters { "dead letter" } else { "record" });
            note(format!("left out: {records}, {what}"));
        }
        events.split_off(events.len().saturating_sub(self.most))
    }

    async fn lines(
        &self,
        text: impl io::Read + Send + 'static,
        name: String,
    ) -> Result<Vec<Captured>, Failure> {
        let (mut like, tenant, most) = (self.like.clone(), self.tenant.clone(), self.most);
        if let Some(Origin::File(file)) = &self.origin
            && like.attributes.iter().all(|(name, _)| name != PATH)
        {
            // As whoever follows the file sends it.
            let path = std::path::absolute(file).map_err(|error| unreadable(file, &error))?;
            like.attributes.push((PATH.to_owned(), path.to_string_lossy().into_owned()));
        }
        let shown = name.clone();
        let reading = spawn_blocking(move || {
            let attributes = like.attributes.iter().map(|(name, value)| (name.as_str(), value.as_str()));
            let like = RawEvent {
                tenant: &tenant,
                attributes: attributes.collect(),
                source: &like.source,
                format: like.format.as_deref().unwrap_or_default(),
                received_at: u64::try_from(Timestamp::now().as_nanosecond()).unwrap_or(0),
                ..RawEvent::default()
            };
            captured::lines(BufReader::new(text), &name, &like, most)
        });
        let read = reading.await.map_err(|error| Failure::failed(error.to_string()))?;
        read.map_err(|error| unreadable(&shown, &error))
    }
}

fn unreadable(name: &str, error: &io::Error) -> Failure {
    Failure::failed(format!("can't read {}: {error}", safe(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_told_by_its_looks() {
        let of = |text: &str| text.parse::<Origin>();
        assert_eq!(of("-"), Ok(Origin::Stdin));
        assert_eq!(of("dlq"), Ok(Origin::DeadLetters));
        assert_eq!(of("topic:a.b"), Ok(Origin::Topic("a.b".to_owned())));
        assert_eq!(of("./dlq"), Ok(Origin::File("./dlq".to_owned())));
        assert!(of("topic:").is_err());
    }

    #[test]
    fn an_attribute_is_a_name_and_a_value() {
        let pair = |name: &str, value: &str| Ok((name.to_owned(), value.to_owned()));
        assert_eq!(attribute("log.file.path=/var/log/a=b.log"), pair("log.file.path", "/var/log/a=b.log"));
        assert_eq!(attribute("a="), pair("a", ""));
        assert!(attribute("a").is_err() && attribute("=a").is_err());
    }
}
