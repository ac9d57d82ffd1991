//! Who may read a tier's metrics, as the settings say.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use forebay_operators::OperatorFile;
use forebay_settings::Settings;
use forebay_settings::sections::telemetry::MetricsAccess;
use forebay_telemetry::Guard;

/// Reads the access file that closed metrics need.
///
/// # Errors
/// When it can't be used, so that nothing starts.
pub fn metrics_guard(settings: &Settings) -> Result<Guard> {
    let path = match settings.telemetry.metrics {
        MetricsAccess::Open => return Ok(Guard::Open),
        MetricsAccess::Token => settings.operators_file().map(PathBuf::from).unwrap_or_default(),
    };
    let file = OperatorFile::load(path.clone()).with_context(|| {
        format!("telemetry.metrics asks for a token of the access file {}", path.display())
    })?;
    Ok(Guard::File(Arc::new(file)))
}
