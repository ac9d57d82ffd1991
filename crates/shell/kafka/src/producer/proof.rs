//! From an acknowledgement to the proof that settles a receipt.

use forebay_delivery::BrokerAck;

use super::AckReport;

impl AckReport {
    /// The proof that the brokers have every record of the batch; `None` when any failed. This is the only place where a
    /// [`BrokerAck`] is made.
    #[must_use]
    pub fn all_delivered(&self) -> Option<BrokerAck> {
        (self.failed == 0).then(|| BrokerAck::from_delivery_report(self.delivered))
    }
}
