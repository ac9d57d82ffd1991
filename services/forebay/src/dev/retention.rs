//! Retention of the embedded store, which one process alone may write to: so `forebay dev` sees to it itself.

use std::sync::Arc;
use std::time::Duration;

use forebay_settings::sections::SearchSettings;
use forebay_store::Store;
use jiff::Timestamp;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::output::{note, warn};
use crate::retention::{Due, survey};

/// How often it looks.
const LOOK_EVERY: Duration = Duration::from_secs(3_600);

/// A task that looks at once and then every hour; none where everything is kept.
pub(crate) fn start(
    store: Arc<dyn Store>,
    search: &SearchSettings,
    shutdown: CancellationToken,
) -> Option<JoinHandle<()>> {
    let policy = search.retention_policy();
    if !policy.acts() {
        return None;
    }
    Some(tokio::spawn(async move {
        loop {
            match store.targets().await {
                Ok(there) => {
                    let due = survey(&policy, Timestamp::now().as_millisecond(), there.targets, None).due;
                    delete(&*store, &due).await;
                }
                Err(error) => warn(format!("the store doesn't tell what is old: {error}")),
            }
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }))
}

async fn delete(store: &dyn Store, due: &[Due]) {
    for due in due {
        let name = &due.target.name;
        match due.carry_out(store).await {
            Ok(()) => note(format!("`{name}` was {}: its time has come (search.retention)", due.task.done())),
            Err(error) => warn(format!("`{name}` was not {}: {error}", due.task.done())),
        }
    }
}
