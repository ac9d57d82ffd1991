//! The TLS of all listeners: those that show the same files and speak alike share one, so that files are looked at once.

use forebay_settings::Settings;
use forebay_settings::sections::TlsSettings;
use forebay_settings::sections::ingest::ListenerProtocol;
use forebay_tls::{ServerTls, TlsError, TlsProblem};

use crate::protocols::alpn;

/// What was found in the files of TLS that settings name, each once.
#[derive(Debug, Default)]
pub struct TlsFindings {
    /// With these, nothing starts.
    pub problems: Vec<TlsProblem>,
    /// With these, it does.
    pub warnings: Vec<TlsProblem>,
}

/// Looks into all files of TLS that the settings name, as the start does: for `forebay check`.
#[must_use]
pub fn check_tls(settings: &Settings) -> TlsFindings {
    let ingest = &settings.ingest;
    let own = ingest.listeners.values().map(|listener| &listener.tls);
    let mut found = TlsFindings::default();
    for tls in std::iter::once(&ingest.tls).chain(own).filter(|tls| tls.is_on()) {
        let (into, these) = match ServerTls::check(tls) {
            Ok(warnings) => (&mut found.warnings, warnings),
            Err(error) => (&mut found.problems, error.problems().to_vec()),
        };
        for this in these {
            if !into.contains(&this) {
                into.push(this);
            }
        }
    }
    found
}

/// What was loaded so far.
#[derive(Debug, Default)]
pub(super) struct Tls(Vec<(TlsSettings, &'static [&'static [u8]], ServerTls)>);

// === impl Tls ===

impl Tls {
    /// TLS by these settings, for a listener that speaks this protocol inside.
    ///
    /// # Errors
    /// When the files can't be used.
    pub(super) fn of(
        &mut self,
        settings: Option<&TlsSettings>,
        protocol: ListenerProtocol,
    ) -> Result<Option<ServerTls>, TlsError> {
        let Some(settings) = settings else { return Ok(None) };
        let alpn = alpn(protocol);
        if let Some((_, _, tls)) =
            self.0.iter().find(|(known, spoken, _)| known == settings && *spoken == alpn)
        {
            return Ok(Some(tls.clone()));
        }
        let tls = ServerTls::load(settings, alpn)?;
        self.0.push((settings.clone(), alpn, tls.clone()));
        Ok(Some(tls))
    }

    /// Each once.
    pub(super) fn all(self) -> Vec<ServerTls> {
        self.0.into_iter().map(|(_, _, tls)| tls).collect()
    }
}
