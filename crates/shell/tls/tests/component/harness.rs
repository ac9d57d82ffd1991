//! A server on a socket, and clients that come to it.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use forebay_settings::sections::{ClientCertificates, TlsSettings};
use forebay_tls::{AcceptError, Accepted, ServerTls};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion, crypto};

use crate::authority::{Authority, Leaf};

/// Files of one listener in a folder of their own.
pub(crate) struct Files {
    pub(crate) folder: TempDir,
    pub(crate) settings: TlsSettings,
}

impl Files {
    /// A certificate of a server, and nothing about clients.
    pub(crate) fn new(leaf: &Leaf) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| Some(folder.path().join(name));
        let settings = TlsSettings {
            certificate_file: at("server.pem"),
            key_file: at("server.key"),
            ..Default::default()
        };
        let files = Self { folder, settings };
        files.put(leaf);
        files
    }

    /// Clients are asked for certificates of these authorities.
    pub(crate) fn asking(mut self, asked: ClientCertificates, authorities: &[&Authority]) -> Self {
        let authorities: String = authorities.iter().map(|authority| authority.pem()).collect();
        self.settings.client_ca_file = Some(self.write("clients.pem", authorities));
        self.settings.client_certificates = asked;
        self
    }

    pub(crate) fn with_revocations(mut self, lists: impl AsRef<[u8]>) -> Self {
        self.settings.crl_file = Some(self.write("clients.crl", lists));
        self
    }

    pub(crate) fn put(&self, leaf: &Leaf) {
        let _paths = (self.write("server.pem", &leaf.certificate), self.write("server.key", &leaf.key));
    }

    pub(crate) fn write(&self, name: &str, contents: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, contents).unwrap();
        path
    }

    pub(crate) fn load(&self) -> ServerTls {
        ServerTls::load(&self.settings, &[]).unwrap()
    }
}

/// A client's side: whom it trusts, what it shows, which versions it speaks.
pub(crate) fn client(
    authority: &Authority,
    leaf: Option<&Leaf>,
    versions: &[&'static SupportedProtocolVersion],
    alpn: &[&str],
) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(authority.der())).unwrap();
    let provider = Arc::new(crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_protocol_versions(versions).unwrap();
    let builder = builder.with_root_certificates(roots);
    let mut config = match leaf {
        None => builder.with_no_client_auth(),
        Some(leaf) => {
            let chain =
                CertificateDer::pem_slice_iter(leaf.certificate.as_bytes()).map(Result::unwrap).collect();
            let key = PrivateKeyDer::from_pem_slice(leaf.key.as_bytes()).unwrap();
            builder.with_client_auth_cert(chain, key).unwrap()
        }
    };
    config.alpn_protocols = alpn.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    TlsConnector::from(Arc::new(config))
}

/// A client of today.
pub(crate) fn modern(authority: &Authority, leaf: Option<&Leaf>) -> TlsConnector {
    client(authority, leaf, &[&TLS13, &TLS12], &[])
}

/// One connection: what the server says of it, and what the client got.
pub(crate) async fn meet(
    server: &ServerTls,
    connector: &TlsConnector,
) -> (Result<Accepted<TcpStream>, AcceptError>, io::Result<TlsStream<TcpStream>>) {
    let (listener, address) = listen().await;
    let accepting = async {
        let (stream, _) = listener.accept().await.unwrap();
        server.accept(stream).await
    };
    let connecting = async {
        let stream = TcpStream::connect(address).await?;
        connector.connect("localhost".try_into().unwrap(), stream).await
    };
    tokio::join!(accepting, connecting)
}

pub(crate) async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// A byte goes there, and a byte comes back.
pub(crate) async fn exchange(
    server: &mut Accepted<TcpStream>,
    client: &mut TlsStream<TcpStream>,
) -> io::Result<()> {
    client.write_all(b"?").await?;
    let mut byte = [0];
    let _len = server.stream.read_exact(&mut byte).await?;
    server.stream.write_all(b"!").await?;
    let _len = client.read_exact(&mut byte).await?;
    Ok(())
}
