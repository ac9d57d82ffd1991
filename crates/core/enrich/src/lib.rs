//! What is known about an event beyond what it says: looked up, or brought under one name.
//!
//! - [`table`]: rows of a CSV or JSON file, by key, network or range
//! - [`geo`]: place and network operator of an address, from MaxMind files
//! - [`mod@user_agent`]: program, system and device behind a `User-Agent` header
//! - [`domain`]: the parts of a host name by the public suffix list
//! - [`kubernetes`]: pod, namespace, container and labels under one name, whichever shipper sent them
//! - [`host`]: the same for facts on the host
//! - [`fields`]: reads and merges fields of an event
//!
//! Nothing here opens a file: bytes come in as arguments. What is loaded is shared by all lanes and never changes; what
//! a lane remembers is in a cache of its own, which is bounded. A look-up that finds nothing answers `None`, and the
//! caller counts it. Names of results are those of the Elastic Common Schema
//! (<https://www.elastic.co/guide/en/ecs/current/ecs-field-reference.html>).

pub mod domain;
pub mod fields;
pub mod geo;
pub mod host;
pub mod kubernetes;
pub mod table;
pub mod user_agent;

mod sift;

pub use domain::{DomainParts, split_domain};
pub use geo::{GeoCache, GeoDatabase, GeoError, GeoKind};
pub use host::take_host;
pub use kubernetes::{Kubernetes, KubernetesConfig};
pub use table::{
    Columns, Duplicates, Matching, Row, Table, TableConfig, TableError, TableFormat, TableLimits,
};
pub use user_agent::{Agent, Category, UserAgentCache, user_agent};
