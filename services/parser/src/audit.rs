//! What the parser records in the audit topic: which rules are in force, and which were rejected.

use std::path::Path;

use forebay_audit::{Action, State};
use forebay_audit_log::Auditor;
use forebay_rule_files::Change;
use forebay_rules::Rules;

/// Records the rules that this process starts with.
pub(crate) fn began(auditor: &Auditor, folder: &Path, rules: &Rules) {
    let entry = auditor.entry(Action::RulesInForce, &folder.display().to_string()).detail("why", "start");
    auditor.record(entry.detail("revision", rules.revision()).detail("rules", &rules.len().to_string()));
}

/// Records what became of a changed folder.
pub(crate) fn changed(auditor: &Auditor, folder: &Path, change: &Change<'_>) {
    let folder = folder.display().to_string();
    auditor.record(match change {
        Change::InForce { rules, before } => auditor
            .entry(Action::RulesInForce, &folder)
            .detail("why", "changed")
            .detail("revision", rules.revision())
            .detail("rules", &rules.len().to_string())
            .detail("before", before.revision()),
        Change::Rejected { revision, why } => auditor
            .entry(Action::RulesRejected, &folder)
            .in_state(State::Failed)
            .detail("revision", revision.unwrap_or_default())
            .detail("why", why),
    });
}
