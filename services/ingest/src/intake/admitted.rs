//! A sender that was let in.

use std::time::SystemTime;

use super::Sender;
use crate::admission::Reservation;

/// The right to bring one batch, and the memory that is held for it; given back when dropped.
#[derive(Debug)]
#[must_use]
pub(crate) struct Admitted {
    pub(super) sender: Sender,
    pub(super) reservation: Reservation,
    /// Since when, where it matters.
    pub(super) since: Option<SystemTime>,
}

impl Admitted {
    pub(crate) const fn new(sender: Sender, reservation: Reservation) -> Self {
        Self { sender, reservation, since: None }
    }

    /// The same, let in now: what is traced says how long it took to read.
    pub(super) fn now(self) -> Self {
        Self { since: Some(SystemTime::now()), ..self }
    }

    /// Who it is.
    #[must_use]
    pub(crate) const fn sender(&self) -> &Sender {
        &self.sender
    }

    /// Keeps so many bytes of what is held for what waits for Kafka with the batch: its answer.
    pub(crate) fn set_aside(&mut self, bytes: usize) {
        self.reservation.set_aside(bytes);
    }

    /// What is held, for a reader or decoder that takes memory as it goes.
    pub(crate) const fn reservation(&mut self) -> &mut Reservation {
        &mut self.reservation
    }
}
