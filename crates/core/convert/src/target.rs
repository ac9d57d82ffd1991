//! The target of the event before. Neighbours nearly always share tenant and day.

use forebay_record::target;

#[derive(Debug, Default)]
pub(crate) struct TargetCache {
    tenant: String,
    day: i64,
    target: String,
}

impl TargetCache {
    pub(crate) fn get(&mut self, prefix: &str, tenant: &str, event_ms: i64) -> &str {
        let day = target::day(event_ms);
        if self.day != day || self.tenant != tenant {
            self.day = day;
            tenant.clone_into(&mut self.tenant);
            self.target.clear();
            target::push(&mut self.target, prefix, tenant, event_ms);
        }
        &self.target
    }
}
