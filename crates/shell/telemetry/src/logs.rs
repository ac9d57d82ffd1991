//! The process's own logs: to standard error, as text or JSON.
//!
//! They never hold log contents that pass through, nor secrets. Libraries that talk much are kept to warnings unless
//! the filter names them.

mod filter;

use std::io::{IsTerminal, stderr};

use tracing::Subscriber;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::Registry;
use tracing_subscriber::util::SubscriberInitExt;

pub use filter::{FilterError, parse_filter};

/// The form of the logs.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum LogForm {
    /// One line of text an event, in colour on a terminal unless `NO_COLOR` is set.
    #[default]
    Text,
    /// One JSON object an event.
    Json,
}

/// Why logs couldn't be set up.
#[derive(Debug, thiserror::Error)]
pub enum LogsError {
    /// The filter can't be read.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// Logs were set up before, by this function or another library.
    #[error("logs are set up in this process already")]
    Taken,
}

/// Starts the process's logs. Call it once, first thing in `main`.
///
/// # Errors
///
/// When the filter can't be read, or logs were set up before.
pub fn init(form: LogForm, filter: &str) -> Result<(), LogsError> {
    let targets = parse_filter(filter)?;
    subscriber(form, colour(), stderr, targets).try_init().map_err(|_| LogsError::Taken)
}

/// The filter is the whole subscriber's. As a filter of the layer it loses events: where a library only asks by `log::log_enabled!` whether it
/// would be heard, as rdkafka does for each client, and isn't, the layer's filter keeps that answer for the thread's next event.
fn subscriber<W>(form: LogForm, colour: bool, writer: W, targets: Targets) -> impl Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    Registry::default().with(layer(form, colour, writer)).with(targets)
}

fn layer<W>(form: LogForm, colour: bool, writer: W) -> Box<dyn Layer<Registry> + Send + Sync>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    match form {
        LogForm::Text => fmt::layer().with_writer(writer).with_ansi(colour).boxed(),
        LogForm::Json => fmt::layer().json().flatten_event(true).with_writer(writer).boxed(),
    }
}

/// Colour is for people: on a terminal, unless they asked for none (<https://no-color.org>).
fn colour() -> bool {
    stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use log::Log;
    use tracing_log::LogTracer;

    use super::{LogForm, parse_filter, subscriber};

    /// Where the lines of a test go.
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(form: LogForm) -> String {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = subscriber(form, false, move || writer.clone(), parse_filter("info").unwrap());
        tracing::subscriber::with_default(subscriber, || {
            tracing::warn!(topic = "forebay.raw", attempts = 3, "the broker\nis away");
        });
        let bytes = lines.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    /// Scenario: a library asks whether it would be heard, and it isn't; then we say something on the same thread.
    /// Guarantees: that is logged.
    #[test]
    fn a_library_that_asks_swallows_nothing() {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber =
            subscriber(LogForm::Text, false, move || writer.clone(), parse_filter("info").unwrap());
        tracing::subscriber::with_default(subscriber, || {
            let asked = log::Metadata::builder().target("librdkafka").level(log::Level::Info).build();
            assert!(!LogTracer::new().enabled(&asked));
            tracing::warn!("heard");
        });
        let bytes = lines.0.lock().unwrap().clone();
        assert!(String::from_utf8(bytes).unwrap().contains("heard"));
    }

    /// Guarantees: JSON is one line an event with fields at the top; text has no colours where none are wanted.
    #[test]
    fn both_forms_hold_the_fields() {
        let json = logged(LogForm::Json);
        assert_eq!(json.lines().count(), 1);
        let event: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(
            (&event["level"], &event["topic"], &event["attempts"]),
            (&"WARN".into(), &"forebay.raw".into(), &3.into())
        );
        let text = logged(LogForm::Text);
        assert!(
            text.contains("WARN") && text.contains("topic=\"forebay.raw\"") && !text.contains('\u{1b}'),
            "{text}"
        );
    }
}
