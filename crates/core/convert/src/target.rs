//! The target of the event before. Neighbours nearly always share tenant and time.

use forebay_record::target::{self, Span};

#[derive(Debug, Default)]
pub(crate) struct TargetCache {
    tenant: String,
    route: String,
    span: Span,
    number: i64,
    target: String,
}

impl TargetCache {
    /// For targets that cover so much time.
    pub(crate) fn new(span: Span) -> Self {
        Self { span, ..Self::default() }
    }

    pub(crate) fn get(&mut self, prefix: &str, tenant: &str, route: &str, event_ms: i64) -> &str {
        let number = self.span.of(event_ms);
        if self.number != number || self.tenant != tenant || self.route != route {
            self.number = number;
            tenant.clone_into(&mut self.tenant);
            route.clone_into(&mut self.route);
            self.target.clear();
            target::push_routed(&mut self.target, prefix, tenant, route, self.span, event_ms);
        }
        &self.target
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guarantees: neighbours share a target as long as tenant, route and time are the same, and not longer.
    #[test]
    fn a_target_changes_with_what_it_is_made_of() {
        const HOUR: i64 = 3_600_000;
        let mut daily = TargetCache::default();
        assert_eq!(daily.get("f", "a", "", 0), "f-a-1970.01.01");
        assert_eq!(daily.get("f", "a", "", 23 * HOUR), "f-a-1970.01.01");
        assert_eq!(daily.get("f", "a", "", 24 * HOUR), "f-a-1970.01.02");
        let mut hourly = TargetCache::new(Span::Hour);
        assert_eq!(hourly.get("f", "a", "", 0), "f-a-1970.01.01.00");
        assert_eq!(hourly.get("f", "a", "", HOUR), "f-a-1970.01.01.01");
        assert_eq!(hourly.get("f", "b", "", HOUR), "f-b-1970.01.01.01");
        assert_eq!(hourly.get("f", "b", "audit", HOUR), "f-b.audit-1970.01.01.01");
    }
}
