//! The rules of all lanes: read from their folder, watched, and handed to each lane batch by batch.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use forebay_audit_log::Auditor;
use forebay_rule_files::{Published, Source, Watcher, configured};
use forebay_rules::{Clock, Revision, RuleSet, Rules, Setting, Supply, Turn};
use forebay_service::{clock, memory};
use forebay_settings::sections::ParserSettings;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::audit;

/// Of one event in so many it is measured how long its steps take.
const MEASURED: u32 = 1_000;

/// The rules of a lane.
pub(crate) type LaneRules = RuleSet<InForce>;

/// What is in force, as a lane asks for it.
#[derive(Clone, Debug)]
pub(crate) struct InForce(Arc<Published>);

/// What every lane makes its rules of. They share what is counted across lanes.
#[derive(Clone, Debug)]
pub(crate) struct SharedRules {
    in_force: InForce,
    setting: Setting,
}

impl Supply for InForce {
    fn in_force(&self) -> Revision {
        let now = self.0.load();
        Revision { rules: Arc::clone(&now.rules), candidate: now.candidate.clone() }
    }
}

// === impl SharedRules ===

impl SharedRules {
    /// Reads the folder of rules, if there is one, and watches it until `shutdown` is cancelled.
    ///
    /// # Errors
    /// When the rules can't be used.
    pub(crate) fn start(
        parser: &ParserSettings,
        auditor: Auditor,
        shutdown: CancellationToken,
    ) -> Result<Self> {
        let mut options = configured::options(parser);
        options.limits.allocated = memory::held_by_thread;
        options.limits.clock =
            Clock { tick: clock::tick(), coarse: clock::coarse, cpu: clock::cpu_of_thread };
        let in_force = match &parser.rules.folder {
            None => InForce(Arc::new(Published::new(Rules::none(options.limits)))),
            Some(folder) => {
                let source = Source { folder: folder.clone(), options };
                let (watcher, published) = Watcher::start(source, configured::trial(&parser.rules))
                    .context("parser.rules.folder")?;
                audit::began(&auditor, folder, &published.load().rules);
                let watched = folder.clone();
                let watcher = watcher.telling(move |change| audit::changed(&auditor, &watched, change));
                let _watching = tokio::spawn(watcher.run(parser.rules.check_every.0, shutdown));
                InForce(published)
            }
        };
        Ok(Self { in_force, setting: configured::setting(parser) })
    }

    /// The rules of a lane.
    ///
    /// # Errors
    /// When the parser's settings can't be used.
    pub(crate) fn lane(&self) -> Result<LaneRules> {
        let set = RuleSet::new(self.in_force.clone(), self.setting.clone()).context("parser settings")?;
        Ok(set.measuring_one_in(MEASURED))
    }
}

/// Tells of steps that were shut for a tenant, and opened again.
pub(crate) fn tell(turns: Vec<Turn>) {
    for Turn { tenant, step, shut } in turns {
        if shut {
            warn!(
                tenant,
                step,
                "a step takes too long for events of a tenant: it is left out for them, so that others don't wait; they go to \
                 the dead-letter topic (rule_over_budget), unless the step says continue. Make it cheaper, then replay"
            );
        } else {
            info!(tenant, step, "a step that took too long for events of a tenant is tried again");
        }
    }
}
