//! The files that rules are made of.
//!
//! ```text
//! rules/10-mask.yaml              a rule for all tenants
//! rules/10-mask.test.yaml         its samples: not part of the rules
//! rules/tenants/acme/20-app.yaml  a rule for the tenant `acme` alone
//! rules/tables/hosts.csv          data, for whoever names it
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;

/// The folder whose folders are tenants.
const TENANTS: &str = "tenants/";

/// All files below the folder of the rules, by their path there, with `/` between its parts.
#[derive(Clone, Default)]
pub struct RuleFiles(BTreeMap<String, Arc<[u8]>>);

/// What a file is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Purpose {
    /// A rule.
    Rule,
    /// Samples of a rule.
    Samples,
    /// Data that rules may refer to.
    Data,
}

// === impl RuleFiles ===

impl RuleFiles {
    /// No files.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file.
    pub fn add(&mut self, path: impl Into<String>, content: impl Into<Arc<[u8]>>) {
        let _before = self.0.insert(path.into(), content.into());
    }

    /// A file's content.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&Arc<[u8]>> {
        self.0.get(path)
    }

    /// All files in the order of their paths.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Arc<[u8]>)> {
        self.0.iter().map(|(path, content)| (path.as_str(), content))
    }

    /// The rules, in the order in which they are applied: those for all tenants first, each by the file's name.
    pub(crate) fn rules(&self) -> impl Iterator<Item = (&str, &Arc<[u8]>)> {
        let of = |tenant: bool| {
            self.iter().filter(move |(path, _)| {
                purpose(path) == Purpose::Rule && tenant_of(path).is_some() == tenant
            })
        };
        of(false).chain(of(true))
    }
}

impl std::fmt::Debug for RuleFiles {
    /// Without contents.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// What a file is for, by its name.
#[must_use]
pub fn purpose(path: &str) -> Purpose {
    let Some(stem) = path.strip_suffix(".yaml").or_else(|| path.strip_suffix(".yml")) else {
        return Purpose::Data;
    };
    if stem.ends_with(".test") { Purpose::Samples } else { Purpose::Rule }
}

/// Whose file it is; `None` for one that serves all tenants.
#[must_use]
pub fn tenant_of(path: &str) -> Option<&str> {
    path.strip_prefix(TENANTS)?.split_once('/').map(|(tenant, _)| tenant)
}

/// The path below the folder of the rules that a rule file means by `name`: relative to its own folder, or to that of the rules where it
/// begins with `/`. `None` where it leads out of that.
#[must_use]
pub fn path(rule: &str, name: &str) -> Option<String> {
    let mut parts: Vec<&str> = match rule.rsplit_once('/') {
        Some((folder, _)) if !name.starts_with('/') => folder.split('/').collect(),
        _ => Vec::new(),
    };
    for part in name.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                let _above = parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The path that a rule file means by `name`, if it may: never above the folder of the rules, and for a tenant's rule never
/// outside of that tenant's folder, except for what lies in `shared/`.
pub(crate) fn resolve(rule: &str, name: &str) -> Result<String, String> {
    let path = path(rule, name).ok_or_else(|| format!("`{name}` lies outside of the folder of the rules"))?;
    match tenant_of(rule) {
        Some(tenant) if tenant_of(&path) != Some(tenant) && !path.starts_with("shared/") => Err(format!(
            "`{name}` is not the tenant's own: files of `{tenant}` lie in `tenants/{tenant}/`, files for all in `shared/` \
             (`/shared/...`)"
        )),
        None if tenant_of(&path).is_some() => {
            Err(format!("`{name}` belongs to a tenant; a rule for all tenants can't use it"))
        }
        _ => Ok(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_for_all_come_before_a_tenants() {
        let mut files = RuleFiles::new();
        for path in ["tenants/acme/00-a.yaml", "20-b.yaml", "10-c.yml", "10-c.test.yaml", "tables/hosts.csv"]
        {
            files.add(path, Vec::new());
        }
        let order: Vec<&str> = files.rules().map(|(path, _)| path).collect();
        assert_eq!(order, ["10-c.yml", "20-b.yaml", "tenants/acme/00-a.yaml"]);
    }

    #[test]
    fn data_lie_where_the_rule_means_them() {
        assert_eq!(path("a.yaml", "t/hosts.csv").as_deref(), Some("t/hosts.csv"));
        assert_eq!(path("tenants/acme/a.yaml", "../x.csv").as_deref(), Some("tenants/x.csv"));
        assert_eq!(path("tenants/acme/a.yaml", "/shared/x.csv").as_deref(), Some("shared/x.csv"));
        assert_eq!(path("a.yaml", "../etc/passwd"), None);
    }

    #[test]
    fn a_tenant_reaches_its_own_files_and_shared_ones() {
        let of = |rule, name| resolve(rule, name);
        assert_eq!(of("10-a.yaml", "tables/hosts.csv").unwrap(), "tables/hosts.csv");
        assert_eq!(of("tenants/acme/a.yaml", "hosts.csv").unwrap(), "tenants/acme/hosts.csv");
        assert_eq!(of("tenants/acme/a.yaml", "/shared/geo.mmdb").unwrap(), "shared/geo.mmdb");
        for (rule, name) in [
            ("tenants/acme/a.yaml", "../other/hosts.csv"),
            ("tenants/acme/a.yaml", "/tenants/other/hosts.csv"),
            ("tenants/acme/a.yaml", "/tables/hosts.csv"),
            ("tenants/acme/a.yaml", "/shared/../tables/hosts.csv"),
            ("10-a.yaml", "../etc/passwd"),
            ("10-a.yaml", "tenants/acme/hosts.csv"),
        ] {
            assert!(of(rule, name).is_err(), "{rule}: {name}");
        }
    }
}
