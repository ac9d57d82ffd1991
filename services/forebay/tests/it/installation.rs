//! An installation on a real Kafka: topics of its own, and letters in them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use forebay_kafka::{
    Acks, Admin, Producer, ProducerOptions, ReadFrom, StoredRecord, TopicReader, admin, dead_letter,
};
use forebay_record::{DeadLetter, ErrorDomain, EventKey, Stage};
use forebay_settings::Settings;
use forebay_testkit::procs::settings_file;
use forebay_testkit::servers::shared;
use tempfile::TempDir;

use crate::support::{Ran, run};

/// Where the administrator's token is, in the folder for files.
const TOKEN_FILE: &str = "operator.token";

/// Has commands ask for an administrator, `ops`, and makes him.
pub(crate) fn ask_operators(settings: &mut Settings, folder: &Path) {
    let file = folder.join("operators.yaml");
    let who = ["--tenant", "acme", "--name", "ops", "--role", "admin", "--may-choose", "*"];
    let made = run(&[&["token", "create", "--file", file.to_str().unwrap()], &who[..]].concat());
    assert_eq!(made.code, 0, "{}", made.err);
    std::fs::write(folder.join(TOKEN_FILE), made.out).unwrap();
    settings.telemetry.access_file = Some(file);
}

/// Topics of their own on the Kafka that the tests share.
pub(crate) struct Installation {
    pub(crate) settings: Settings,
    pub(crate) config: PathBuf,
    _folder: TempDir,
}

impl Installation {
    pub(crate) async fn start(name: &str) -> Self {
        Self::start_with(name, |_, _| {}).await
    }

    /// The same, with settings that `change` makes, which is given a folder for files.
    pub(crate) async fn start_with(name: &str, change: impl FnOnce(&mut Settings, &Path)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = Settings::default();
        settings.kafka.bootstrap_servers = shared::kafka().await.unwrap().address();
        let topics = &mut settings.kafka.topics;
        topics.raw = format!("{name}.raw");
        topics.events = format!("{name}.events");
        topics.dead_letters = format!("{name}.dlq");
        topics.parked = format!("{name}.parked");
        topics.audit = format!("{name}.audit");
        topics.partitions = 3;
        change(&mut settings, folder.path());
        let admin = Admin::new(&settings.kafka).unwrap();
        let plans = admin.plan(&admin::wanted_topics(&settings.kafka)).await.unwrap();
        admin.apply(&plans).await.unwrap();
        let config = folder.path().join("forebay.yaml");
        settings_file(&config, &settings).unwrap();
        Self { settings, config, _folder: folder }
    }

    /// The command against this installation, given by its administrator where there is one.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        let token = self.config.with_file_name(TOKEN_FILE);
        let by = ["--token-file", token.to_str().unwrap()];
        let by = if token.exists() { &by[..] } else { &[] };
        run(&[&["--config", self.config.to_str().unwrap()], by, arguments].concat())
    }

    /// Writes letters about documents with these ids.
    pub(crate) fn letters(&self, ids: impl Iterator<Item = String>, error_type: &str) {
        let options = ProducerOptions { client_id: "test".to_owned(), queue_bytes: 256 << 20 };
        let producer = Producer::new(&self.settings.kafka, options).unwrap();
        let acks = Acks::new();
        for (n, id) in (0..).zip(ids) {
            let letter = self.letter(&id, n, error_type);
            let key = key(&id, 0);
            let topic = &self.settings.kafka.topics.dead_letters;
            dead_letter::send(&producer, topic, &letter, key.as_bytes(), br#"{"n":"x"}"#, &acks).unwrap();
        }
        acks.seal();
        producer.flush(Duration::from_secs(60)).unwrap();
        assert_eq!(acks.report().unwrap().failed, 0);
    }

    fn letter(&self, id: &str, source_offset: i64, error_type: &str) -> DeadLetter {
        DeadLetter {
            event_id: id.to_owned(),
            tenant: "acme".to_owned(),
            source_topic: self.settings.kafka.topics.events.clone(),
            source_partition: 0,
            source_offset,
            source_timestamp: 1000,
            stage: Stage::Index,
            rule: "json".to_owned(),
            rule_revision: "0".to_owned(),
            target: "forebay-acme-2026.11.21".to_owned(),
            error_domain: ErrorDomain::User,
            error_type: error_type.to_owned(),
            status: 400,
            reason: "failed to parse field [n]".to_owned(),
            first_failed_at: 2000,
            last_failed_at: 2000,
            attempts: 1,
            replay_count: 0,
        }
    }

    /// How many offsets of a topic are in use, those of records that don't count included.
    pub(crate) async fn written(&self, topic: &str) -> i64 {
        let ranges = Admin::new(&self.settings.kafka).unwrap().offsets(topic).await.unwrap();
        ranges.iter().map(|range| range.end).sum()
    }

    /// What a reader of committed records finds in a topic.
    pub(crate) fn records(&self, topic: &str) -> Vec<StoredRecord> {
        let mut reader = TopicReader::open(&self.settings.kafka, topic, ReadFrom::Beginning).unwrap();
        std::iter::from_fn(|| reader.next_record().unwrap()).collect()
    }
}

fn key(id: &str, replays: u32) -> String {
    let mut key = String::new();
    EventKey { tenant: "acme", target: "forebay-acme-2026.11.21", event_ms: 1000, replays, id, trace: "" }
        .push(&mut key);
    key
}
