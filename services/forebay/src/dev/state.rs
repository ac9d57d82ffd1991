//! The state file: how other commands find a running instance.
//!
//! It is written when the instance is ready and removed when it stops. After a kill it stays behind, so who reads it
//! tries whether anybody answers.

use std::fs;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use forebay_settings::sections::{ParserSettings, RetentionSettings};
use serde::{Deserialize, Serialize};

use super::paths::DataDir;
use crate::exit::Failure;
use crate::target::START_OR_NAME;

/// A running instance.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Instance {
    /// Its process id.
    pub(crate) pid: u32,
    /// The full address for events.
    pub(crate) ingest_url: String,
    /// Its certificate, where it has one.
    #[serde(default)]
    pub(crate) ca_file: Option<PathBuf>,
    /// The embedded broker, to be given as Kafka's bootstrap servers.
    pub(crate) kafka: SocketAddr,
    /// Where metrics and health are served.
    pub(crate) metrics: SocketAddr,
    /// The access file of senders.
    #[serde(default)]
    pub(crate) senders_file: Option<PathBuf>,
    /// The access file of who looks at it or administrates it.
    #[serde(default)]
    pub(crate) access_file: Option<PathBuf>,
    /// How it parses, its rules included: what tools say of events is to be what it makes of them.
    #[serde(default)]
    pub(crate) parser: ParserSettings,
    /// How long it keeps documents.
    #[serde(default)]
    pub(crate) retention: RetentionSettings,
}

impl Instance {
    /// Writes the state file, as a whole or not at all.
    pub(crate) fn save(&self, data: &DataDir) -> io::Result<()> {
        let path = data.state();
        let fresh = path.with_extension("new");
        fs::write(&fresh, serde_json::to_vec_pretty(self)?)?;
        fs::rename(&fresh, &path)
    }

    /// Removes the state file.
    pub(crate) fn forget(data: &DataDir) -> io::Result<()> {
        fs::remove_file(data.state())
    }

    /// The instance that runs on these data, if one answers.
    ///
    /// # Errors
    /// When none does.
    pub(crate) fn running(data: &DataDir) -> Result<Self, Failure> {
        let path = data.state();
        let absent = |what: String| Failure::unreachable(what).hint(START_OR_NAME);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(absent(format!("no `forebay dev` is running on {}", data.path().display())));
            }
            Err(error) => return Err(absent(format!("can't read {}: {error}", path.display()))),
        };
        let instance: Self = serde_json::from_slice(&bytes)
            .map_err(|error| absent(format!("{} can't be understood: {error}", path.display())))?;
        match TcpStream::connect_timeout(&instance.kafka, Duration::from_secs(1)) {
            Ok(_) => Ok(instance),
            Err(_) => Err(absent(format!("the `forebay dev` on {} has stopped", data.path().display()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use forebay_settings::Period;

    use super::*;

    fn instance(kafka: SocketAddr) -> Instance {
        let ingest_url = "http://127.0.0.1:8080/v1/ingest".to_owned();
        let mut parser = ParserSettings::default();
        parser.rules.folder = Some("/etc/forebay/rules".into());
        Instance {
            pid: 1,
            ingest_url,
            ca_file: None,
            kafka,
            metrics: kafka,
            senders_file: Some("/etc/forebay/senders.yaml".into()),
            access_file: Some("/etc/forebay/access.yaml".into()),
            parser,
            retention: RetentionSettings {
                delete_after: Some(Period::from_secs(86_400)),
                ..RetentionSettings::default()
            },
        }
    }

    /// Scenario: an instance runs, then is killed. Guarantees: it is found while it answers, and not afterwards.
    #[test]
    fn an_instance_is_found_while_it_runs() {
        let dir = tempfile::tempdir().unwrap();
        let data = DataDir::find(Some(dir.path())).unwrap();
        assert!(Instance::running(&data).unwrap_err().to_string().contains("no `forebay dev` is running on"));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let instance = instance(listener.local_addr().unwrap());
        instance.save(&data).unwrap();
        assert_eq!(Instance::running(&data).unwrap(), instance);
        drop(listener);
        assert!(Instance::running(&data).unwrap_err().to_string().contains("has stopped"));
        Instance::forget(&data).unwrap();
        assert!(!data.state().exists());
    }
}
