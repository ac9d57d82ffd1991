//! The default names of the topics that join the tiers.

/// Events as they came: ingest writes, the parser reads.
pub const RAW: &str = "forebay.raw";
/// Documents ready to index: the parser writes, the indexer reads.
pub const EVENTS: &str = "forebay.events";
/// Dead letters: parser and indexer write, `forebay dlq` reads.
pub const DEAD_LETTERS: &str = "forebay.dlq";
/// Dead letters that were replayed too often to be replayed again.
pub const PARKED: &str = "forebay.parked";
/// Who did what: commands and services write, `forebay audit` reads.
pub const AUDIT: &str = "forebay.audit";
