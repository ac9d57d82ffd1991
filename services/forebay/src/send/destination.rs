//! Where lines go, and what a client needs to know of it.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use forebay_operators::command;
use forebay_settings::sections::IngestSettings;
use reqwest::header::HeaderValue;
use reqwest::{Certificate, Url};

use super::key::KeyBase;
use super::poster::{Poster, PosterOptions};
use crate::exit::Failure;

/// Where lines go.
#[derive(Clone, Debug, Default)]
pub(crate) struct Destination {
    /// The full address.
    pub(crate) url: String,
    /// The certificates, in PEM, that make its own known, beside those that everybody knows.
    pub(crate) ca_file: Option<PathBuf>,
    /// The file with the sender's token.
    pub(crate) token_file: Option<PathBuf>,
    /// The declared format of the lines.
    pub(crate) format: Option<String>,
    /// What they are said to come from.
    pub(crate) stream: Option<String>,
}

impl Destination {
    /// Ingest as these settings start it. A certificate that signs itself is known by itself.
    pub(crate) fn of(ingest: &IngestSettings) -> Self {
        let ca_file = ingest.tls.certificate_file.clone();
        Self { url: ingest_url(ingest, ingest.listen.parse().ok()), ca_file, ..Self::default() }
    }

    /// Checks everything that can be checked before the first request.
    pub(crate) fn poster(
        &self,
        content_type: &'static str,
        keys: KeyBase,
        patience: Duration,
    ) -> Result<Poster, Failure> {
        let wrong = |reason: String| {
            Failure::usage(format!("`{}` is no address for events: {reason}", self.url))
                .hint("give it in full, such as http://127.0.0.1:8080/v1/ingest")
        };
        let mut url = Url::parse(&self.url).map_err(|error| wrong(error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(wrong(format!("its scheme is `{}`, not http or https", url.scheme())));
        }
        if let Some(format) = &self.format {
            let _changed = url.query_pairs_mut().append_pair("format", format);
        }
        if let Some(stream) = &self.stream {
            let _changed = url.query_pairs_mut().append_pair("stream", stream);
        }
        let token = self.token_file.as_deref().map(token).transpose()?.flatten();
        let known = self.ca_file.as_deref().map(certificates).transpose()?.unwrap_or_default();
        Poster::new(PosterOptions { url, token, known, content_type, patience, keys })
    }
}

/// The address of `/v1/ingest`, where it listens on `bound`: one that a client can use, not that of all interfaces.
pub(crate) fn ingest_url(ingest: &IngestSettings, bound: Option<SocketAddr>) -> String {
    let scheme = if ingest.tls.is_on() { "https" } else { "http" };
    let address = match bound {
        Some(address) if address.ip().is_unspecified() => {
            let loopback = match address.ip() {
                IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
                IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
            };
            SocketAddr::new(loopback, address.port()).to_string()
        }
        Some(address) => address.to_string(),
        None => ingest.listen.clone(),
    };
    format!("{scheme}://{address}/v1/ingest")
}

fn token(path: &Path) -> Result<Option<HeaderValue>, Failure> {
    let Some(token) = command::token(Some(path), None).map_err(Failure::usage)? else { return Ok(None) };
    let wrong = |_| Failure::usage(format!("{} holds no token: it must be one line of text", path.display()));
    let mut value = HeaderValue::try_from([b"Bearer ".as_slice(), token.expose()].concat()).map_err(wrong)?;
    value.set_sensitive(true);
    Ok(Some(value))
}

fn certificates(path: &Path) -> Result<Vec<Certificate>, Failure> {
    let wrong = |what: String| {
        Failure::usage(format!("can't use the certificates in {}: {what}", path.display()))
            .hint("name those of ingest's authority, in PEM, with --ca-file")
    };
    let text = fs::read(path).map_err(|error| wrong(error.to_string()))?;
    match Certificate::from_pem_bundle(&text) {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(wrong("there are none".to_owned())),
        Err(error) => Err(wrong(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::send::TEXT;
    use crate::exit::Exit;

    #[test]
    fn an_address_must_be_one() {
        let poster = |url: &str| {
            let to = Destination { url: url.to_owned(), ..Destination::default() };
            to.poster(TEXT, KeyBase::random(), Duration::ZERO)
        };
        assert!(poster("http://127.0.0.1:1/v1/ingest").is_ok());
        for url in ["127.0.0.1:8080/v1/ingest", "localhost:8080", "ftp://x/", ""] {
            let error = poster(url).unwrap_err();
            assert!(error.to_string().contains("is no address for events"), "{error}");
            assert_eq!(error.exit(), Exit::Usage);
        }
    }

    /// Guarantees: what the settings say is what a client can use, TLS and all interfaces included.
    #[test]
    fn the_address_of_settings_can_be_used() {
        let mut ingest = IngestSettings::default();
        let url = |ingest: &IngestSettings| Destination::of(ingest).url;
        assert_eq!(url(&ingest), "http://127.0.0.1:8080/v1/ingest");
        ingest.listen = "0.0.0.0:8443".to_owned();
        ingest.tls.certificate_file = Some("server.pem".into());
        assert_eq!(url(&ingest), "https://127.0.0.1:8443/v1/ingest");
        assert_eq!(Destination::of(&ingest).ca_file, Some("server.pem".into()));
        ingest.listen = "[::]:8443".to_owned();
        assert_eq!(url(&ingest), "https://[::1]:8443/v1/ingest");
    }
}
