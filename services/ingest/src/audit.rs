//! What ingest records in the audit topic: which access file is in force, by the names in it.

use forebay_access::Access;
use forebay_audit::{Action, Entry};
use forebay_audit_log::Auditor;

use crate::access::AccessFile;

/// Records the file that this process starts with.
pub(crate) fn began(auditor: &Auditor, file: &AccessFile) {
    auditor.record(entry(auditor, file, &file.current()).detail("why", "start"));
}

/// Records what a newer file has otherwise.
pub(crate) fn changed(auditor: &Auditor, file: &AccessFile, before: &Access, now: &Access) {
    let changes = before.changes(now);
    let entry = entry(auditor, file, now)
        .detail("why", "changed")
        .names("tenants_added", changes.tenants_added)
        .names("tenants_removed", changes.tenants_removed)
        .names("tenants_changed", changes.tenants_changed)
        .names("credentials_added", changes.credentials_added)
        .names("credentials_removed", changes.credentials_removed)
        .names("credentials_disabled", changes.credentials_disabled)
        .names("credentials_changed", changes.credentials_changed);
    auditor.record(entry);
}

fn entry(auditor: &Auditor, file: &AccessFile, access: &Access) -> Entry {
    let path = file.path().display().to_string();
    let entry = auditor.entry(Action::AccessInForce, &path);
    let entry = entry.detail("tenants", &access.tenants().len().to_string());
    entry.detail("credentials", &access.list().len().to_string())
}
