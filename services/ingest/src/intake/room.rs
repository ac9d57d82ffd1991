//! Memory for what comes in: held as it comes, waited for where there is none, given back when it is dropped.
//!
//! Connections, streams and sockets have a [`Holding`] for what they have read and not sent. When there is no room for more, there
//! are three ways on, whatever the protocol ([`WhenOver`]): the sender waits, it loses something, which is counted, or it is told.
//! [`when_over`] decides.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::overload::{no_room, over_quota};
use super::{Admitted, Intake, Sender};
use crate::admission::Reservation;
use crate::admission::lent::Lent;
use crate::refusal::Refusal;

/// The first pause of who waits; each further one is twice as long, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// What becomes of events for which there is no room.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum WhenOver {
    /// Nothing more is read until there is some, so that the sender waits.
    Wait,
    /// They are lost, and counted: their sender can't be told.
    Lose,
    /// Their sender is told, and keeps them.
    Refuse,
}

/// How long something may be waited for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// In all; none for as long as it takes.
    pub(crate) in_all: Option<Duration>,
    /// Until a quota has room again: nobody may hold a connection and memory until midnight.
    pub(crate) for_quota: Duration,
}

/// The pauses between tries, each twice as long as the one before.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pauses(Duration);

/// Memory that is held for one tenant; given back when dropped.
#[derive(Debug)]
pub(crate) struct Holding {
    intake: Arc<Intake>,
    sender: Sender,
    over: WhenOver,
    reservation: Option<Reservation>,
}

/// Memory that is waited for, and what came of that.
pub(crate) type Growing = Pin<Box<dyn Future<Output = (Holding, Result<(), Refusal>)> + Send>>;

// === impl Pauses ===

impl Pauses {
    pub(super) const fn new() -> Self {
        Self(FIRST_PAUSE)
    }

    pub(super) fn next(&mut self) -> Duration {
        let pause = self.0;
        self.0 = (pause * 2).min(LONGEST_PAUSE);
        pause
    }
}

// === impl Holding ===

impl Holding {
    /// Nothing yet. Where what is `over` is lost, quotas and a slow Kafka don't stand in the way: what comes has to be read to be
    /// counted, and needs memory alone.
    pub(crate) const fn new(intake: Arc<Intake>, sender: Sender, over: WhenOver) -> Self {
        Self { intake, sender, over, reservation: None }
    }

    /// Holds at least so many bytes, if there is room for them now.
    ///
    /// # Errors
    /// With what stands in the way. It isn't counted as a refusal yet: what is held stays, and who asks may wait.
    pub(crate) fn try_grow_to(&mut self, bytes: usize) -> Result<(), Refusal> {
        try_grow_to(&self.intake, &self.sender, self.over, &mut self.reservation, bytes)
    }

    /// Holds at least so many bytes as soon as there is room for them. What is held stays: it is in use.
    ///
    /// # Errors
    /// When there was none within the time that a request waits for Kafka, or until `until`: then what is held has to be let go,
    /// since everybody who waits may be waiting for the memory of the others. That is counted.
    pub(crate) async fn grow_to(&mut self, bytes: usize, until: &CancellationToken) -> Result<(), Refusal> {
        if self.try_grow_to(bytes).is_ok() {
            return Ok(());
        }
        // What is rare takes no place in the future of every connection.
        Box::pin(grow_to(&self.intake, &self.sender, self.over, &mut self.reservation, bytes, until)).await
    }

    /// The same as a future of its own, to be waited for beside other things. It gives back what it took.
    pub(crate) fn growing(mut self, bytes: usize, until: CancellationToken) -> Growing {
        Box::pin(async move {
            let outcome = self.grow_to(bytes, &until).await;
            (self, outcome)
        })
    }

    /// Holds at most so many bytes.
    pub(crate) fn shrink_to(&mut self, bytes: usize) {
        if let Some(reservation) = &mut self.reservation {
            reservation.shrink_to(bytes);
        }
    }

    /// Gives everything back, to wait for more: who waits holds nothing that others wait for. None if too many do so already: then it is kept.
    pub(crate) fn lend(&mut self) -> Option<Lent> {
        let lent = match &mut self.reservation {
            Some(reservation) => reservation.lend()?,
            None => self.intake.admission.lend(0)?,
        };
        self.reservation = None;
        Some(lent)
    }

    /// Gives everything back.
    pub(crate) fn let_go(&mut self) {
        self.reservation = None;
    }

    /// Gives what is held to a batch that is ready to be sent.
    ///
    /// # Errors
    /// When nothing is held, and nothing may be sent now. It isn't counted yet.
    pub(crate) fn take(&mut self) -> Result<Admitted, Refusal> {
        self.try_grow_to(0)?;
        let reservation = self.reservation.take();
        let reservation = reservation.map_or_else(|| self.intake.reserve(&self.sender, self.over), Ok)?;
        Ok(Admitted::new(self.sender.clone(), reservation))
    }

    /// Gives what is held to somebody else, and begins anew.
    pub(crate) fn split(&mut self) -> Self {
        let reservation = self.reservation.take();
        Self { intake: Arc::clone(&self.intake), sender: self.sender.clone(), over: self.over, reservation }
    }
}

// === impl Intake ===

impl Intake {
    /// Lets a sender in as soon as something of its tenant may be sent. Nothing is held meanwhile, so that nobody waits for it.
    ///
    /// # Errors
    /// When nothing might within this time; at once where a quota is used up for longer than that. It is counted, and final: who asked to
    /// wait so long has.
    pub(crate) async fn room(&self, sender: &Sender, wait: Duration) -> Result<Admitted, Refusal> {
        let (started, patience) = (Instant::now(), Patience { in_all: Some(wait), for_quota: wait });
        let mut pauses = Pauses::new();
        loop {
            let refusal = match self.reserve(sender, WhenOver::Wait) {
                Ok(reservation) => return Ok(Admitted::new(sender.clone(), reservation)),
                Err(refusal) => refusal,
            };
            if when_over(&refusal, started.elapsed(), patience, true) != WhenOver::Wait {
                return Err(self.refuse(sender, refusal));
            }
            let pause = pauses.next();
            sleep(pause).await;
            self.meters.held_back(pause);
        }
    }

    /// No memory yet, for who may send now; where what is `over` is lost, for everybody.
    pub(super) fn reserve(&self, sender: &Sender, over: WhenOver) -> Result<Reservation, Refusal> {
        if over == WhenOver::Lose {
            return Ok(self.admission.hold(&sender.tenant).within(sender.budget.clone()));
        }
        self.quotas.ready(&sender.tenant).map_err(|exceeded| over_quota(&exceeded, &self.limits))?;
        let reserved = self.admission.reserve(&sender.tenant);
        let reservation = reserved.map_err(|refused| no_room(&refused, &self.limits))?;
        Ok(reservation.within(sender.budget.clone()))
    }

    /// Memory for what waits with a batch that had to let go of all it held.
    pub(super) fn reserve_beside(&self, sender: &Sender, aside: usize) -> Result<Reservation, Refusal> {
        let mut reservation = self.reserve(sender, WhenOver::Wait)?;
        reservation.grow_to(aside).map_err(|refused| no_room(&refused, &self.limits))?;
        reservation.set_aside(aside);
        Ok(reservation)
    }

    /// As long as a request waits for Kafka, or as long as it takes.
    pub(crate) const fn patience(&self, in_all: Option<Duration>) -> Patience {
        Patience { in_all, for_quota: self.limits.ack_timeout }
    }
}

/// What becomes of events that were refused, of a sender that learns what has arrived or doesn't, after it has waited for so long.
pub(crate) fn when_over(
    refusal: &Refusal,
    waited: Duration,
    patience: Patience,
    acknowledges: bool,
) -> WhenOver {
    let is_in_vain = !refusal.may_come_again()
        || refusal.quota.is_some_and(|quota| quota.room_in > patience.for_quota)
        || patience.in_all.is_some_and(|most| waited >= most);
    match (is_in_vain, acknowledges) {
        (false, _) => WhenOver::Wait,
        (true, true) => WhenOver::Refuse,
        (true, false) => WhenOver::Lose,
    }
}

fn try_grow_to(
    intake: &Intake,
    sender: &Sender,
    over: WhenOver,
    held: &mut Option<Reservation>,
    bytes: usize,
) -> Result<(), Refusal> {
    let reservation = match held {
        Some(reservation) => reservation,
        None => held.insert(intake.reserve(sender, over)?),
    };
    reservation.grow_to(bytes).map_err(|refused| no_room(&refused, &intake.limits))
}

async fn grow_to(
    intake: &Intake,
    sender: &Sender,
    over: WhenOver,
    held: &mut Option<Reservation>,
    bytes: usize,
    until: &CancellationToken,
) -> Result<(), Refusal> {
    let (started, patience) = (Instant::now(), intake.patience(Some(intake.limits.ack_timeout)));
    let mut pauses = Pauses::new();
    loop {
        let Err(refusal) = try_grow_to(intake, sender, over, held, bytes) else { return Ok(()) };
        let pause = pauses.next();
        let waits = when_over(&refusal, started.elapsed(), patience, true) == WhenOver::Wait;
        if !waits || until.run_until_cancelled(sleep(pause)).await.is_none() {
            return Err(intake.refuse(sender, refusal));
        }
        intake.meters.held_back(pause);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refusal::{Kind, UsedUp};

    const SECOND: Duration = Duration::from_secs(1);

    fn busy() -> Refusal {
        Refusal::new(Kind::Busy, "", "").retry_after(SECOND)
    }

    fn over_quota_for(room_in: Duration) -> Refusal {
        let quota = Some(UsedUp { name: "events_per_second", room_in });
        Refusal { quota, ..Refusal::new(Kind::Quota, "", "").retry_after(SECOND) }
    }

    #[test]
    fn who_may_hope_waits_and_no_longer_than_it_may() {
        let patience = Patience { in_all: Some(10 * SECOND), for_quota: 10 * SECOND };
        for acknowledges in [true, false] {
            let after = |refusal: &Refusal, waited| when_over(refusal, waited, patience, acknowledges);
            let end = if acknowledges { WhenOver::Refuse } else { WhenOver::Lose };
            assert_eq!(after(&busy(), 9 * SECOND), WhenOver::Wait);
            assert_eq!(after(&busy(), 10 * SECOND), end);
            assert_eq!(after(&over_quota_for(10 * SECOND), SECOND), WhenOver::Wait);
            assert_eq!(after(&over_quota_for(11 * SECOND), Duration::ZERO), end, "nobody waits for midnight");
            assert_eq!(after(&Refusal::new(Kind::TooLarge, "", ""), Duration::ZERO), end);
            let for_ever = Patience { in_all: None, ..patience };
            assert_eq!(when_over(&busy(), 999 * SECOND, for_ever, acknowledges), WhenOver::Wait);
        }
    }

    #[test]
    fn pauses_grow_up_to_a_second() {
        let mut pauses = Pauses::new();
        let taken: Vec<u128> = (0..10).map(|_| pauses.next().as_millis()).collect();
        assert_eq!(taken, [10, 20, 40, 80, 160, 320, 640, 1000, 1000, 1000]);
    }
}
