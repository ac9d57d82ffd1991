//! `search.retention:` terms that can be kept, by whom they are to be kept.

use forebay_record::tenant;

use super::findings::Findings;
use crate::sections::Settings;
use crate::sections::search::{RetentionBy, RetentionSettings};
use crate::units::Period;

/// The shortest and the longest time: an hour, and a hundred years.
const LEAST: Period = Period::from_secs(3_600);
const GREATEST: Period = Period::from_secs(36_500 * 86_400);

pub(super) fn check(settings: &Settings, findings: &mut Findings) {
    let retention = &settings.search.retention;
    let mut check = |path: &str, delete_after: Option<Period>, close_after: Option<Period>| {
        terms(path, delete_after, close_after, settings.parser.max_age, findings);
    };
    check("search.retention", retention.delete_after, retention.close_after);
    for (name, own) in &retention.tenants {
        let path = format!("search.retention.tenants.{}", name.escape_debug());
        check(&path, own.delete_after, own.close_after);
    }
    names(retention, findings);
    cluster(retention, findings);
}

fn terms(
    path: &str,
    delete_after: Option<Period>,
    close_after: Option<Period>,
    max_age: Period,
    findings: &mut Findings,
) {
    if let Some(period) = delete_after {
        findings.period(&format!("{path}.delete_after"), period, LEAST, GREATEST);
    }
    let Some(close_after) = close_after else { return };
    let path = format!("{path}.close_after");
    findings.period(&path, close_after, LEAST, GREATEST);
    findings.require(
        delete_after.is_none_or(|delete_after| close_after < delete_after),
        &path,
        format!("{close_after} is not before the index is deleted"),
        "make it shorter than delete_after, or leave it out",
    );
    findings.require(
        close_after >= max_age,
        &path,
        format!("{close_after} is shorter than parser.max_age ({max_age}): late events would find their index closed"),
        "make parser.max_age as short as this, and later events get the time of their receipt",
    );
}

fn names(retention: &RetentionSettings, findings: &mut Findings) {
    for name in retention.tenants.keys() {
        findings.require(
            tenant::is_valid(name),
            "search.retention.tenants",
            format!("`{}` can't be a tenant's name", name.escape_debug()),
            "use 1 to 64 of a-z, 0-9, `_` and `-`, starting with a letter or digit",
        );
    }
}

/// What the cluster's lifecycle management can't do.
fn cluster(retention: &RetentionSettings, findings: &mut Findings) {
    const REMEDY: &str = "leave it out, or set search.retention.by to `forebay`";
    if retention.by != RetentionBy::Cluster {
        return;
    }
    let can = |holds, path, what: &str, findings: &mut Findings| findings.require(holds, path, what, REMEDY);
    can(
        retention.tenants.is_empty(),
        "search.retention.tenants",
        "are not known to the cluster: no pattern tells the indices of `a` from those of `a-b`",
        findings,
    );
    can(
        retention.close_after.is_none(),
        "search.retention.close_after",
        "is nothing that every cluster can do",
        findings,
    );
    findings.require(
        retention.delete_after.is_some(),
        "search.retention.by",
        "is `cluster`, and nothing says what it shall do",
        "set search.retention.delete_after, or leave this out",
    );
}
