//! Senders that can't say who they are: their listener says whose events they bring.

use forebay_record::Tenant;
use forebay_telemetry::{CounterName, Label, counter, rate_limited_warn};

use crate::config::Access;
use crate::intake::{Intake, Peer};
use crate::listen::Listener;

/// The tenant of what comes from `peer` by this listener; `None` if nobody has said so, which is logged and counted.
pub(super) fn tenant(intake: &Intake, listener: &Listener, peer: Peer) -> Option<Tenant> {
    match (&listener.tenant, &intake.access) {
        (Some(tenant), _) | (None, Access::Open(tenant)) => Some(tenant.clone()),
        (None, Access::Tokens(_)) => {
            let labels = [(Label::Listener, listener.name.as_str()), (Label::Reason, "no_tenant")];
            counter(CounterName::IngestRefusedConnections, &labels).increment(1);
            rate_limited_warn!(
                per_minute = 6,
                listener = listener.name,
                %peer,
                "nobody can say whose events this sender brings: set the listener's tenant"
            );
            None
        }
    }
}

/// The tenant of everybody, where all are one.
pub(super) fn anybody(intake: &Intake) -> Option<Tenant> {
    match &intake.access {
        Access::Open(tenant) => Some(tenant.clone()),
        Access::Tokens(_) => None,
    }
}
