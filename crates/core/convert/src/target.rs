//! The target of the event before. Neighbours nearly always share tenant and day.

use forebay_record::target;

#[derive(Debug, Default)]
pub(crate) struct TargetCache {
    tenant: String,
    route: String,
    day: i64,
    target: String,
}

impl TargetCache {
    pub(crate) fn get(&mut self, prefix: &str, tenant: &str, route: &str, event_ms: i64) -> &str {
        let day = target::day(event_ms);
        if self.day != day || self.tenant != tenant || self.route != route {
            self.day = day;
            tenant.clone_into(&mut self.tenant);
            route.clone_into(&mut self.route);
            self.target.clear();
            target::push_routed(&mut self.target, prefix, tenant, route, event_ms);
        }
        &self.target
    }
}
