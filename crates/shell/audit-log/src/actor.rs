//! Who runs this: for audit records. The system's word for it, not a proof.

use std::env;
use std::fs;
use std::os::unix::fs::MetadataExt;

/// The longest name, in characters.
const MAX: usize = 120;

/// A person, as `os:user@host`, as far as the system tells. Who used `sudo` counts, not who they became.
#[must_use]
pub fn person() -> String {
    let user = ["SUDO_USER", "USER", "LOGNAME"].into_iter().find_map(named).unwrap_or_else(account);
    format!("os:{}", on_host(&user))
}

/// A service, as `service:name@host`.
#[must_use]
pub fn service(name: &str) -> String {
    format!("service:{}", on_host(name))
}

fn on_host(name: &str) -> String {
    let host = fs::read_to_string("/proc/sys/kernel/hostname").ok().map(|name| name.trim().to_owned());
    let host = host.filter(|name| !name.is_empty()).or_else(|| named("HOSTNAME"));
    match host {
        Some(host) => format!("{}@{}", clean(name), clean(&host)),
        None => clean(name),
    }
}

/// The name of the account that this process runs under, or its number.
fn account() -> String {
    let Ok(own) = fs::metadata("/proc/self") else { return "unknown".to_owned() };
    let uid = own.uid().to_string();
    let accounts = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let named = accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, _password, number) = (fields.next()?, fields.next()?, fields.next()?);
        (number == uid).then(|| name.to_owned())
    });
    named.unwrap_or_else(|| format!("uid {uid}"))
}

fn named(variable: &str) -> Option<String> {
    env::var(variable).ok().filter(|value| !value.is_empty())
}

/// Whoever sets the environment shouldn't be able to forge lines.
fn clean(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_short_line() {
        assert_eq!(clean("ann\n\x1b[31m"), "ann[31m");
        assert_eq!(clean(&"é".repeat(500)).chars().count(), MAX);
        assert!(person().starts_with("os:") && person().len() > 3);
        assert!(service("ingest").starts_with("service:ingest"));
    }
}
