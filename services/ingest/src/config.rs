//! What the settings say, as this tier needs it.

mod tls;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use forebay_kafka::MAX_RECORD_BYTES;
use forebay_operators::FileError;
use forebay_record::Tenant;
use forebay_record::tenant::TenantError;
use forebay_settings::Settings;
use forebay_settings::sections::ingest::ListenerProtocol;
use forebay_settings::units::{ListenAddress, ListenAddressError};
use forebay_tls::{ServerTls, TlsError};
use thiserror::Error;

use self::tls::Tls;
pub use self::tls::{TlsFindings, check_tls};
pub(crate) use crate::access::Access;
use crate::access::AccessFile;
use crate::admission::budget::Budget;
use crate::listen::Listener;

/// What a record may need beside the event: id, tenant, stream, attributes.
const RECORD_OVERHEAD: usize = 64 * 1024;

/// The limits of one request and of all together.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    /// The largest body as it is sent, in bytes.
    pub max_body: usize,
    /// The largest body once decompressed, in bytes.
    pub max_inflated_body: usize,
    /// The largest event, in bytes.
    pub max_event: usize,
    /// How deep JSON may be nested.
    pub max_depth: usize,
    /// The most events in one request.
    pub max_events: usize,
    /// The most bytes of all requests at once.
    pub max_in_flight: usize,
    /// The most connections at once.
    pub max_connections: usize,
    /// How long a body may take, and how long a connection may stay without a request.
    pub read_timeout: Duration,
    /// How long a request waits for Kafka.
    pub ack_timeout: Duration,
    /// How long what is accepted should wait for Kafka at most.
    pub max_latency: Duration,
    /// What 429 and 503 tell a client to wait at least.
    pub retry_after: Duration,
    /// How long a stop waits for requests under way.
    pub drain_timeout: Duration,
}

/// The settings, checked.
#[derive(Clone, Debug)]
pub(crate) struct IngestConfig {
    /// Where it listens: `ingest.listen` first, then the others by name.
    pub listeners: Vec<Listener>,
    /// The TLS of the listeners, each once: to be followed.
    pub tls: Vec<ServerTls>,
    /// Who may send.
    pub access: Access,
    /// The topic that events go to.
    pub topic: String,
    /// What is allowed.
    pub limits: Limits,
}

/// Settings that can't be used.
#[derive(Debug, Error)]
pub(crate) enum ConfigError {
    /// The address can't be read.
    #[error("ingest.listen: `{0}` is not an address like 127.0.0.1:8080")]
    Listen(String),
    /// Everybody could send.
    #[error("ingest.access_file: set it, since `{0}` is no loopback address and anybody could send to it")]
    Unprotected(SocketAddr),
    /// A listener can't be used.
    #[error("ingest.listeners.{name}: {reason}")]
    Listener {
        /// Its name.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Files of TLS can't be used.
    #[error("tls: {0}")]
    Tls(#[from] TlsError),
    /// The tenant has no valid name.
    #[error("ingest.default_tenant: {0}")]
    Tenant(#[from] TenantError),
    /// The access file can't be used.
    #[error("ingest.access_file: {path}: {error}")]
    AccessFile {
        /// The file.
        path: String,
        /// What is wrong with it.
        error: FileError,
    },
}

impl Limits {
    /// What decoders keep to.
    #[must_use]
    pub(crate) const fn of_wire(&self) -> forebay_wire::Limits {
        forebay_wire::Limits {
            max_event: self.max_event,
            max_depth: self.max_depth,
            max_events: self.max_events,
            max_inflated: self.max_inflated_body,
        }
    }
}

impl IngestConfig {
    /// Reads what the tier needs from the settings, the access file included.
    ///
    /// # Errors
    /// When something can't be used, or everybody in the network could send.
    pub(crate) fn new(settings: &Settings) -> Result<Self, ConfigError> {
        let ingest = &settings.ingest;
        let listen: SocketAddr =
            ingest.listen.parse().map_err(|_| ConfigError::Listen(ingest.listen.clone()))?;
        let access = match &ingest.access_file {
            Some(path) => Access::File(Arc::new(AccessFile::load(path.clone()).map_err(|error| {
                let path = path.display().to_string();
                ConfigError::AccessFile { path, error }
            })?)),
            None if listen.ip().is_loopback() => Access::Open(Tenant::new(ingest.default_tenant.clone())?),
            None => return Err(ConfigError::Unprotected(listen)),
        };
        let limits = Limits {
            max_body: ingest.max_body.as_usize(),
            max_inflated_body: ingest.max_inflated_body.as_usize(),
            max_event: ingest.max_event.as_usize().min(MAX_RECORD_BYTES - RECORD_OVERHEAD),
            max_depth: ingest.max_depth,
            max_events: ingest.max_events,
            max_in_flight: ingest.max_in_flight.as_usize(),
            max_connections: ingest.max_connections.max(1),
            read_timeout: ingest.read_timeout.0,
            ack_timeout: ingest.ack_timeout.0,
            max_latency: ingest.max_latency.0,
            retry_after: ingest.retry_after.0,
            drain_timeout: ingest.drain_timeout.0,
        };
        let mut tls = Tls::default();
        let mut listeners = vec![Listener {
            name: "http".to_owned(),
            address: ListenAddress::Tcp(listen),
            protocol: ListenerProtocol::Http,
            tenant: None,
            max_connections: limits.max_connections,
            max_connections_per_address: ingest.max_connections_per_address.max(1),
            budget: None,
            tls: tls.of(ingest.tls.is_on().then_some(&ingest.tls), ListenerProtocol::Http)?,
        }];
        for (name, settings) in &ingest.listeners {
            let wrong = |reason: String| ConfigError::Listener { name: name.clone(), reason };
            let address: ListenAddress =
                settings.address.parse().map_err(|error: ListenAddressError| wrong(error.to_string()))?;
            if matches!(access, Access::Open(_)) && !address.is_of_this_machine() {
                return Err(wrong(format!(
                    "{address} can be reached from elsewhere: set ingest.access_file"
                )));
            }
            let carries_tls = matches!(address, ListenAddress::Tcp(_));
            let tenant = settings.tenant.clone().map(Tenant::new).transpose();
            listeners.push(Listener {
                name: name.clone(),
                address,
                protocol: settings.protocol,
                tenant: tenant.map_err(|error| wrong(format!("tenant: {error}")))?,
                max_connections: settings.max_connections.unwrap_or(limits.max_connections).max(1),
                max_connections_per_address: settings
                    .max_connections_per_address
                    .unwrap_or(ingest.max_connections_per_address)
                    .max(1),
                budget: settings.max_in_flight.map(|limit| Arc::new(Budget::new(limit.as_usize()))),
                tls: if carries_tls { tls.of(ingest.tls_of(settings), settings.protocol)? } else { None },
            });
        }
        Ok(Self { listeners, tls: tls.all(), access, topic: settings.kafka.topics.raw.clone(), limits })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_door_is_for_this_machine_only() {
        let mut settings = Settings::default();
        settings.ingest.listen = "127.0.0.1:0".to_owned();
        assert!(matches!(IngestConfig::new(&settings).unwrap().access, Access::Open(_)));
        settings.ingest.listen = "0.0.0.0:0".to_owned();
        let error = IngestConfig::new(&settings).unwrap_err().to_string();
        assert!(error.starts_with("ingest.access_file: set it"), "{error}");
        settings.ingest.access_file = Some("not-there.yaml".into());
        let error = IngestConfig::new(&settings).unwrap_err().to_string();
        assert!(error.starts_with("ingest.access_file: not-there.yaml: can't read it"), "{error}");
    }
}
