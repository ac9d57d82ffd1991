use std::time::Duration;

use proptest::prelude::proptest;

use super::{SettingsError, load, load_text};
use crate::sections::Settings;
use crate::sections::parser::OnUnparsed;
use crate::units::ByteSize;

fn read(text: &str, env: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    load_text("forebay.yaml".to_owned(), text, env)
}

fn error(text: &str, env: &[(&str, &str)]) -> String {
    read(text, env).unwrap_err().to_string()
}

#[test]
fn nothing_set_gives_the_defaults() {
    assert_eq!(load(None, std::iter::empty()).unwrap(), Settings::default());
    assert_eq!(
        read("# nothing\n", &[("PATH", "/bin"), ("FOREBAY_CONFIG", "x")]).unwrap(),
        Settings::default()
    );
    assert_eq!(read("kafka:\n  # linger: 5ms\ningest:\n", &[]).unwrap(), Settings::default());
}

#[test]
fn a_file_sets_what_it_names_and_nothing_else() {
    let text = "
kafka:
  bootstrap_servers: kafka-0:9092
  topics: { partitions: 6 }
  properties:
    security.protocol: SASL_SSL
    socket.timeout.ms: 60000
    ssl.endpoint.identification.algorithm: https
ingest:
  max_body: 8MiB
  access_file: tokens
parser:
  on_unparsed: pass_raw
  regexes:
    app: '^(?<level>[A-Z]+) (?<message>.*)$'
search: { gzip: true, username: ~ }
";
    let settings = read(text, &[]).unwrap();
    assert_eq!(settings.kafka.bootstrap_servers, "kafka-0:9092");
    assert_eq!((settings.kafka.topics.partitions, settings.kafka.topics.raw.as_str()), (6, "forebay.raw"));
    assert_eq!(settings.kafka.properties["socket.timeout.ms"], "60000");
    assert_eq!(settings.kafka.properties["security.protocol"], "SASL_SSL");
    assert_eq!(settings.ingest.max_body, ByteSize::mib(8));
    assert_eq!(settings.parser.on_unparsed, OnUnparsed::PassRaw);
    assert!(settings.parser.regexes["app"].starts_with("^(?<level>"));
    assert!(settings.search.gzip && settings.search.username.is_none());
}

/// Guarantees: what `Settings` is written as reads back as the same, units and all.
#[test]
fn settings_survive_being_written() {
    let text = serde_json::to_string(&Settings::default()).unwrap();
    assert_eq!(read(&text, &[]).unwrap(), Settings::default(), "JSON is YAML");
}

/// Scenario: variables for each kind of setting, some over what the file sets.
/// Guarantees: the environment wins, and a value is read as the kind that its setting takes, not as what it looks like.
#[test]
fn the_environment_wins_and_keeps_kinds() {
    let settings = read(
        "kafka: { linger: 5ms, properties: { client.id: a, security.protocol: PLAINTEXT } }\n",
        &[
            ("FOREBAY__KAFKA__LINGER", "50ms"),
            ("FOREBAY__KAFKA__TOPICS__PARTITIONS", "3"),
            ("FOREBAY__KAFKA__PROPERTIES__SECURITY_PROTOCOL", "SSL"),
            ("FOREBAY__SEARCH__USERNAME", "0123"),
            ("FOREBAY__SEARCH__PASSWORD_FILE", "true"),
            ("FOREBAY__SEARCH__GZIP", "true"),
            ("FOREBAY__SEARCH__CA_FILE", ""),
            ("FOREBAY__PARSER__REGEXES__app", "(?<message>.*)"),
        ],
    )
    .unwrap();
    assert_eq!(settings.kafka.linger.0, Duration::from_millis(50));
    assert_eq!(settings.kafka.topics.partitions, 3);
    assert_eq!(settings.kafka.properties["security.protocol"], "SSL");
    assert_eq!(settings.kafka.properties["client.id"], "a");
    assert_eq!(settings.search.username.as_deref(), Some("0123"));
    assert_eq!(settings.search.password_file.unwrap().to_str(), Some("true"));
    assert!(settings.search.gzip && settings.search.ca_file.is_none());
    assert_eq!(settings.parser.regexes["app"], "(?<message>.*)");
}

/// Scenario: a file with one mistake of each kind, and two wrong variables.
/// Guarantees: all are told at once, each with its place, what is wrong, and what to do.
#[test]
fn all_problems_are_told_at_once() {
    let text = "\
kafka:
  bootstrap_server: kafka:9092
  linger: 20
  topics:
    partitions: many
ingest:
  max_body: 16
  listen: [a, b]
  gzip: true
parser:
  on_unparsed: drop
  timezone: 2
indexer:
  bulk_bytes: 200MiB
colour: red
";
    let env = [("FOREBAY__SEARCH__SHARDS", "one"), ("FOREBAY__INGEST__MAX_BODDY", "1MiB")];
    let expected = "\
12 problems in forebay.yaml:
  line 2: kafka.bootstrap_server: there is no such setting; did you mean `bootstrap_servers`? Known are: \
bootstrap_servers, topics, compression, linger, delivery_timeout, group_protocol, assignment_strategy, session_timeout, \
instance_id, properties
  line 3: kafka.linger: the length of time `20` has no unit; write it as `20ms`, `20s` or `20m`
  line 5: kafka.topics.partitions: is text; write a whole number from 1 to 2147483647
  line 7: ingest.max_body: the size `16` has no unit; write it as `16B`, `16KiB` or `16MiB`
  line 8: ingest.listen: is a list; write text
  line 9: ingest.gzip: there is no such setting; it belongs under `search`
  line 11: parser.on_unparsed: `drop` is not known here; known are: dead_letter, pass_raw
  line 12: parser.timezone: is the number 2, where text belongs; put it in quotes
  line 15: colour: there is no such setting; known are: kafka, search, ingest, parser, indexer, telemetry
  FOREBAY__INGEST__MAX_BODDY: ingest.max_boddy: there is no such setting; did you mean `FOREBAY__INGEST__MAX_BODY`?
  FOREBAY__SEARCH__SHARDS: search.shards: is text; write a whole number from 1 to 4294967295";
    let found = error(text, &env);
    for line in expected.lines().skip(1) {
        assert!(found.contains(line), "no\n{line}\nin\n{found}");
    }
    let range = "line 14: indexer.bulk_bytes: 200MiB is out of range; write 1KiB to 100MiB";
    assert!(found.contains(range), "checks of the whole go on in sound sections:\n{found}");
}

/// Guarantees: a check of the whole says where the value comes from, be it a line or a variable.
#[test]
fn checks_of_the_whole_know_the_place() {
    let found = error("parser:\n  timezone: Mars/Phobos\n", &[("FOREBAY__KAFKA__COMPRESSION", "lz5")]);
    let expected = "\
2 problems in forebay.yaml:
  line 2: parser.timezone: `Mars/Phobos` is not a time zone; write its IANA name, such as `UTC` or `Europe/Berlin`
  FOREBAY__KAFKA__COMPRESSION: kafka.compression: `lz5` is not known here; did you mean `lz4`? Known are: \
lz4, zstd, snappy, gzip, none";
    assert_eq!(found, expected);
}

#[test]
fn broken_yaml_names_the_place() {
    assert!(error("kafka:\n  linger: [5ms\n", &[]).starts_with("forebay.yaml:3:1: not valid YAML: "));
    let twice = error("kafka:\n  linger: 5ms\n  linger: 6ms\n", &[]);
    assert_eq!(twice, "forebay.yaml:3:3: not valid YAML: `kafka.linger` is set twice, first in line 2");
    assert!(
        error("- a\n", &[]).starts_with("forebay.yaml: not a file of settings"),
        "{}",
        error("- a\n", &[])
    );
    assert!(error("a: 1\n---\nb: 2\n", &[]).starts_with("forebay.yaml: not a file of settings"));
}

/// Guarantees: a file that is built to exhaust the reader is refused before it does.
#[test]
fn bombs_are_refused() {
    assert!(error(&"[".repeat(17), &[]).contains("nested too deep"));
    assert!(error(&"[".repeat(100_000), &[]).contains("not valid YAML"));
    let aliases = "a: &a [x, x]\nb: [*a, *a]\n";
    assert!(
        error(aliases, &[]).contains("forebay.yaml:2:5: not valid YAML: aliases"),
        "{}",
        error(aliases, &[])
    );
}

#[test]
fn a_missing_file_is_named() {
    let error = load(Some("nowhere/forebay.yaml".as_ref()), std::iter::empty()).unwrap_err();
    assert_eq!(error.to_string(), "can't read the settings in nowhere/forebay.yaml");
}

proptest! {
    /// Guarantees: no text makes it panic.
    #[test]
    fn survives_anything(text in "([a-z]{0,9}|[-:{}\\[\\]&*!|>'\"%@`, \n\t~#?]|kafka|linger|topics|5s|\\PC){0,40}") {
        let _settings = read(&text, &[]);
    }
}

/// Scenario: listeners from the file and, in part, from the environment.
/// Guarantees: both count; what is missing, unknown or no listener at all is named with its path.
#[test]
fn listeners_have_names_of_the_writers_own() {
    let text = "ingest:\n  listeners:\n    search:\n      protocol: http\n      address: 127.0.0.1:9200\n";
    let settings = read(text, &[("FOREBAY__INGEST__LISTENERS__SEARCH__ADDRESS", "127.0.0.1:9201")]).unwrap();
    assert_eq!(settings.ingest.listeners["search"].address, "127.0.0.1:9201");
    let half = "ingest:\n  listeners:\n    a:\n      address: 127.0.0.1:1\n";
    let missing = error(half, &[]);
    assert!(missing.contains("line 3: ingest.listeners.a: `protocol` is missing"), "{missing}");
    let wrong = error("ingest:\n  listeners:\n    b:\n      protocl: http\n    c: 9200\n", &[]);
    for expected in ["did you mean `protocol`?", "ingest.listeners.c: is the number 9200"] {
        assert!(wrong.contains(expected), "{expected} in\n{wrong}");
    }
}
