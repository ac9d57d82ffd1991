//! Senders whose protocol carries no credential: their certificate, their network or their listener says whose events they bring.

use forebay_access::Known;
use forebay_telemetry::{CounterName, Label, counter, rate_limited_warn};
use jiff::Timestamp;

use crate::access::Origin;
use crate::intake::Intake;
use crate::refusal::Kind;
use crate::tarpit;

/// Whose events a connection brings; `None` if nobody has said so, and it is to be closed, but not so soon that coming again costs nothing.
pub(super) async fn client(intake: &Intake, origin: &Origin<'_>) -> Option<Known> {
    let known = sender(intake, origin);
    if known.is_none() {
        tarpit::pause(Kind::Unauthorized).await;
    }
    known
}

/// Whose events come from there; `None` if nobody has said so, which is logged and counted.
pub(super) fn sender(intake: &Intake, origin: &Origin<'_>) -> Option<Known> {
    let Origin { peer, listener, .. } = *origin;
    match intake.access.unnamed(origin, Timestamp::now()) {
        Ok(known) => Some(known),
        Err(refusal) => {
            let labels = [(Label::Listener, listener.name.as_str()), (Label::Reason, "no_tenant")];
            counter(CounterName::IngestRefusedConnections, &labels).increment(1);
            rate_limited_warn!(
                per_minute = 6,
                listener = listener.name,
                %peer,
                reason = refusal.reason,
                hint = refusal.hint,
                "events of a sender are not taken"
            );
            None
        }
    }
}
