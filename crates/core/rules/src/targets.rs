//! How many targets may come up: an index costs the search cluster more than an event does.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use vrl::value::Value;

use crate::target::Route;

/// How many targets are remembered in a day; beyond that no new ones are taken.
const MAX_TARGETS: usize = 100_000;

/// The routes that the process has seen, shared by all its lanes.
///
/// Whether a route is new depends on what this process has seen before: where one is over the limit, an event that is
/// processed again after a crash may take the other way.
#[derive(Debug)]
pub struct NewTargets {
    per_minute: u32,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    /// Tenant and route, a tab between.
    known: HashSet<String>,
    day: i64,
    minute: i64,
    new: u32,
}

// === impl NewTargets ===

impl NewTargets {
    /// At most so many new ones a minute, for all tenants together.
    #[must_use]
    pub fn new(per_minute: u32) -> Self {
        Self { per_minute, seen: Mutex::default() }
    }

    /// The route of an event: the one that the rule wants, or its fallback.
    pub(crate) fn route(&self, tenant: &str, route: &Route, value: Option<&Value>, now_ms: i64) -> String {
        let wanted = route.of(value.unwrap_or(&Value::Null));
        match wanted {
            Some(name) if !route.is_open || self.admits(tenant, &name, now_ms) => name,
            _ => route.fallback.clone(),
        }
    }

    fn admits(&self, tenant: &str, route: &str, now_ms: i64) -> bool {
        let name = format!("{tenant}\t{route}");
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let day = now_ms.div_euclid(86_400_000);
        if seen.day < day {
            // Each day has its own indices.
            seen.day = day;
            seen.known.clear();
        }
        if seen.known.contains(&name) {
            return true;
        }
        let minute = now_ms.div_euclid(60_000);
        if seen.minute < minute {
            (seen.minute, seen.new) = (minute, 0);
        }
        if seen.new >= self.per_minute || seen.known.len() >= MAX_TARGETS {
            return false;
        }
        seen.new += 1;
        seen.known.insert(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_targets_are_rationed_and_known_ones_are_not() {
        let targets = NewTargets::new(2);
        let spec = serde_saphyr::from_str("{target: 's-{{ s }}', allow: ['*'], fallback: other}").unwrap();
        let route = Route::new(&spec).unwrap();
        let of = |name: &str, now_ms| {
            let value = serde_json::from_str(&format!(r#"{{"s":"{name}"}}"#)).unwrap();
            targets.route("acme", &route, Some(&value), now_ms)
        };
        assert_eq!([of("a", 0), of("b", 1), of("c", 2), of("a", 3)], ["s-a", "s-b", "other", "s-a"]);
        assert_eq!([of("c", 60_000), of("b", 60_001), of("!", 60_002)], ["s-c", "s-b", "s-_"]);
        assert_eq!(of("d", 60_003), "other");
    }
}
