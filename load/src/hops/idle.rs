//! Ten thousand clients over TLS that each have sent an event, and then say nothing: what their connections hold in memory.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use forebay_settings::Period;
use futures_util::{StreamExt, TryStreamExt, stream};
use rcgen::{CertificateParams, KeyPair};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::version::TLS13;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::bed::Bed;
use crate::keep_alive::{KeepAlive, post};
use crate::lines::{Lines, Payload};
use crate::machine::quiet;
use crate::measure::{Measured, Watch};

/// How many there are.
pub const CONNECTIONS: usize = 10_000;
/// How many come at once.
const AT_ONCE: usize = 64;

/// Runs the hop.
///
/// # Errors
/// When a client is refused or cut off.
pub async fn run(bed: &mut Bed, patience: Duration) -> Result<Measured> {
    let mut settings = bed.run("idle").await?;
    let certificate = certificate(bed, &mut settings.ingest.tls)?;
    settings.ingest.max_connections = CONNECTIONS + 100;
    settings.ingest.max_connections_per_address = CONNECTIONS + 100;
    settings.ingest.read_timeout = Period::from_secs(600);
    let connector = connector(certificate)?;
    let events = CONNECTIONS as u64;
    let lines = Lines::ending_now(Payload::App, events);
    quiet(patience).await?;
    let watch = Watch::start(&[bed.kafka_pid()?])?;
    let mut tier = bed.start("forebay-ingest", &settings)?;
    tier.ready().await?;
    let address = settings.ingest.listen.as_str();
    let mut connections: Vec<KeepAlive<TlsStream<TcpStream>>> = stream::iter(0..events)
        .map(|n| come(&connector, address, post(None, &lines.body(n..n + 1))))
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await?;
    // Who came first has been idle for a while, and is still there.
    let again = post(None, &lines.body(0..1));
    let first = connections.first_mut().context("nobody came")?;
    ensure!(first.ask(&again).await? == 200, "the first of them is no longer served");
    let measured = watch.stop_one(events, tier.pid())?;
    drop(connections);
    tier.stop().await?;
    Ok(measured)
}

async fn come(
    connector: &TlsConnector,
    address: &str,
    request: Vec<u8>,
) -> Result<KeepAlive<TlsStream<TcpStream>>> {
    let stream = TcpStream::connect(address).await.context("no connection to ingest")?;
    let mut connection = KeepAlive::new(connector.connect(ServerName::try_from("localhost")?, stream).await?);
    let status = connection.ask(&request).await?;
    ensure!(status == 200, "ingest answered {status}");
    Ok(connection)
}

/// Makes ingest speak TLS with a certificate of its own; the certificate.
fn certificate(
    bed: &Bed,
    tls: &mut forebay_settings::sections::tls::TlsSettings,
) -> Result<CertificateDer<'static>> {
    let key = KeyPair::generate()?;
    let certificate = CertificateParams::new(vec!["localhost".to_owned()])?.self_signed(&key)?;
    let (certificate_file, key_file) = (bed.path("certificate.pem"), bed.path("key.pem"));
    std::fs::write(&certificate_file, certificate.pem())?;
    std::fs::write(&key_file, key.serialize_pem())?;
    (tls.certificate_file, tls.key_file) = (Some(certificate_file), Some(key_file));
    Ok(certificate.der().clone())
}

fn connector(certificate: CertificateDer<'static>) -> Result<TlsConnector> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate)?;
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&TLS13])?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}
