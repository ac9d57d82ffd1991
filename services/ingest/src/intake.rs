//! The one way from every protocol to Kafka.
//!
//! A shell finds out who sends ([`Sender`]), asks to be let in ([`Intake::admit`]), holds memory for what it reads
//! ([`Intake::hold`]), and hands over what its decoder made of it ([`Intake::ship`]). A receipt means that all in-sync
//! replicas have every event; a [`Refusal`] means that the sender has to keep what it sent, and says when to come again.
//!
//! Senders that can't be told to come again are made to wait instead: [`room`] holds memory for them and waits for it,
//! [`Intake::insist`] sends the same events, with the same ids, until Kafka has them. Meanwhile their shell doesn't read, so that
//! the connection's own flow control reaches them.

mod admitted;
pub(crate) mod deliver;
pub(crate) mod overload;
mod pack;
pub(crate) mod progress;
pub(crate) mod quotas;
pub(crate) mod room;
mod sender;
mod traced;
pub(crate) mod upstream;

use std::sync::Arc;
use std::time::{Duration, Instant as Clock, SystemTime, UNIX_EPOCH};

use forebay_kafka::KafkaError;
use forebay_traces::Tracer;
use forebay_wire::{Batch, Ids, Rejections};
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub(crate) use self::admitted::Admitted;
use self::deliver::{Delivery, deliver};
use self::overload::{no_room, of_kafka, over_quota};
use self::progress::Progress;
use self::quotas::Quotas;
use self::room::{Pauses, WhenOver, when_over};
pub(crate) use self::sender::{Peer, Sender};
use self::traced::{Receiving, Shipping};
use self::upstream::Upstream;
use crate::access::Access;
use crate::admission::lent::Lent;
use crate::admission::{Admission, Reservation};
use crate::config::Limits;
use crate::metrics::Meters;
use crate::refusal::{Kind, Refusal};
use crate::tarpit;

/// What all protocols share.
#[derive(Debug)]
pub(crate) struct Intake {
    /// Who may send.
    pub access: Access,
    /// What is allowed.
    pub limits: Limits,
    /// What may be under way at once.
    pub admission: Admission,
    /// What each tenant may send.
    pub quotas: Arc<Quotas>,
    /// The way to Kafka.
    pub upstream: Upstream,
    /// What is counted.
    pub meters: Meters,
    /// Where spans go.
    pub tracer: Tracer,
    /// Whether deliveries end.
    pub progress: Progress,
    /// Deliveries under way. They go on when their client goes away, since their events are on their way all the same.
    pub deliveries: TaskTracker,
}

/// What became of a batch: everything in it is either in Kafka or refused for good.
#[derive(Clone, Debug, Default)]
pub(crate) struct Receipt {
    /// Events that all in-sync replicas of the brokers have.
    pub accepted: u64,
    /// Events that are refused by themselves.
    pub rejections: Rejections,
}

impl Intake {
    /// Lets a sender in, before anything of what it sends is read, so that nothing is read only to be refused.
    ///
    /// # Errors
    /// When something of its tenant could not be sent now.
    pub(crate) fn admit(&self, sender: &Sender) -> Result<Admitted, Refusal> {
        match self.reserve(sender, WhenOver::Refuse) {
            Ok(reservation) => {
                let admitted = Admitted::new(sender.clone(), reservation);
                Ok(if self.tracer.is_on() { admitted.now() } else { admitted })
            }
            Err(refusal) => Err(self.refuse(sender, refusal)),
        }
    }

    /// Holds so much more memory for what is being read.
    ///
    /// # Errors
    /// When there is no room for it now.
    pub(crate) fn hold(&self, admitted: &mut Admitted, bytes: usize) -> Result<(), Refusal> {
        let held = admitted.reservation.grow_to(bytes);
        held.map_err(|refused| self.refuse(&admitted.sender, no_room(&refused, &self.limits)))
    }

    /// Sends a batch and waits until the brokers have it.
    ///
    /// # Errors
    /// When there is no room for it, or Kafka fails. It is then open which of the events Kafka has: sent again with other ids,
    /// some may be there twice.
    pub(crate) async fn ship(
        self: &Arc<Self>,
        admitted: Admitted,
        mut batch: Batch,
        ids: Ids,
    ) -> Result<Receipt, Refusal> {
        let Admitted { sender, reservation, since } = admitted;
        let rejections = self.divided(&sender, &mut batch);
        let receiving = Receiving::begin(&self.tracer, &sender, &batch, since);
        let accepted = if batch.events.is_empty() {
            drop((batch, reservation));
            Ok(0)
        } else {
            let ids = ids.or_given(std::mem::take(&mut batch.given_ids));
            let shipping = receiving.as_ref().map(Receiving::ships);
            self.attempt(&sender, Arc::new(batch), ids, reservation, Then::Forget, shipping)
                .await
                .map_err(|failed| failed.refusal)
        };
        if let Some(receiving) = receiving {
            receiving.end(accepted.as_ref().err());
        }
        match accepted {
            Ok(accepted) => {
                self.meters.batch(sender.protocol, "accepted");
                if u64::try_from(rejections.count()).unwrap_or(u64::MAX) > accepted {
                    // Refused one by one is refused, too.
                    tarpit::pause(Kind::MalformedBody).await;
                }
                Ok(Receipt { accepted, rejections })
            }
            Err(refusal) => Err(self.refuse(&sender, refusal)),
        }
    }

    /// Sends a batch again and again until the brokers have it: for senders that can't be told to come again. Events keep
    /// their ids, so that nothing is indexed twice.
    ///
    /// # Errors
    /// When it can't ever be sent, a quota is used up for longer than a request waits for Kafka, or `until` is over.
    pub(crate) async fn insist(
        self: &Arc<Self>,
        admitted: Admitted,
        mut batch: Batch,
        ids: Ids,
        until: &CancellationToken,
    ) -> Result<Receipt, Refusal> {
        let Admitted { sender, reservation, since } = admitted;
        let rejections = self.divided(&sender, &mut batch);
        let receiving = Receiving::begin(&self.tracer, &sender, &batch, since);
        if batch.events.is_empty() {
            self.meters.batch(sender.protocol, "accepted");
            return Ok(Receipt { accepted: 0, rejections });
        }
        let ids = ids.or_given(std::mem::take(&mut batch.given_ids));
        let batch = Arc::new(batch);
        let aside = reservation.aside();
        let (mut reservation, mut lent, mut pauses) = (Some(reservation), None::<Lent>, Pauses::new());
        loop {
            let held = match reservation.take() {
                Some(reservation) => Ok(reservation),
                None => self.reserve_beside(&sender, aside),
            };
            let outcome = match held {
                // A try that is under way goes on by itself when nobody waits for it any more.
                Ok(held) => {
                    drop(lent.take());
                    let shipping = receiving.as_ref().map(Receiving::ships);
                    let attempt =
                        self.attempt(&sender, Arc::clone(&batch), ids.clone(), held, Then::Keep, shipping);
                    until.run_until_cancelled(attempt).await.unwrap_or_else(|| {
                        let late = KafkaError::Timeout("ingest is stopping".to_owned());
                        Err(Box::new(Failed { refusal: of_kafka(&late, &self.limits), reservation: None }))
                    })
                }
                Err(refusal) => Err(Box::new(Failed { refusal, reservation: None })),
            };
            let refusal = match outcome {
                Ok(accepted) => {
                    if let Some(receiving) = receiving {
                        receiving.end(None);
                    }
                    self.meters.batch(sender.protocol, "accepted");
                    return Ok(Receipt { accepted, rejections });
                }
                Err(failed) => {
                    reservation = failed.reservation;
                    failed.refusal
                }
            };
            // Who waits for memory holds none: everybody who does might be waiting for the others. Where too many do so, he doesn't wait.
            let mut may_wait = true;
            if matches!(refusal.kind, Kind::Busy | Kind::TenantFull)
                && let Some(mut held) = reservation.take()
            {
                lent = held.lend();
                may_wait = lent.is_some();
            }
            let pause = pauses.next();
            let waits = when_over(&refusal, Duration::ZERO, self.patience(None), true) == WhenOver::Wait;
            if !waits || !may_wait || until.run_until_cancelled(sleep(pause)).await.is_none() {
                if let Some(receiving) = receiving {
                    receiving.end(Some(&refusal));
                }
                return Err(self.refuse(&sender, refusal));
            }
            self.meters.held_back(pause);
        }
    }

    /// Counts a refusal, on its way to the sender; once, however often it passes here.
    pub(crate) fn refuse(&self, sender: &Sender, refusal: Refusal) -> Refusal {
        if refusal.is_counted {
            return refusal;
        }
        self.meters.batch(sender.protocol, refusal.kind.name());
        if refusal.may_come_again() {
            self.meters.put_off(sender.tenant.as_str(), refusal.kind.name());
        }
        if let Some(quota) = refusal.quota {
            self.meters.over_quota(sender.tenant.as_str(), quota.name);
        }
        Refusal { is_counted: true, ..refusal }
    }

    /// New ids, for events that bring none.
    #[must_use]
    pub(crate) fn new_ids(&self) -> Ids {
        Ids::made(u64::try_from(since_epoch().as_millis()).unwrap_or(u64::MAX), rand::random())
    }

    /// Ids made from the sender's own key, under which he repeats a request, if he has one; `name` is where it came from.
    ///
    /// # Errors
    /// When it can't be one.
    pub(crate) fn ids_by_key(&self, sender: &Sender, name: &str, key: Option<&str>) -> Result<Ids, Refusal> {
        let Some(key) = key else { return Ok(self.new_ids()) };
        Ids::from_key(key).map_err(|error| {
            let hint = "use a short key of visible characters";
            self.refuse(sender, Refusal::new(Kind::BadRequest, format!("{name}: {error}"), hint))
        })
    }

    /// Counts what was taken apart, and takes the rejections out.
    fn divided(&self, sender: &Sender, batch: &mut Batch) -> Rejections {
        let rejections = std::mem::take(&mut batch.rejections);
        self.meters.divided(sender.tenant.as_str(), batch.events.len(), &rejections);
        rejections
    }

    /// One try. Whoever keeps the batch gets its reservation back when it fails, unless that is still in use.
    async fn attempt(
        self: &Arc<Self>,
        sender: &Sender,
        batch: Arc<Batch>,
        ids: Ids,
        reservation: Reservation,
        then: Then,
        shipping: Option<Shipping>,
    ) -> Result<u64, Box<Failed>> {
        let deadline = Instant::now() + self.limits.ack_timeout;
        let wanted = batch.events.len() as u64;
        let spans: u64 = batch.events.iter().map(|event| event.span.len() as u64).sum();
        let bytes = spans.saturating_add(batch.attribute_bytes() as u64);
        let taken = match self.quotas.take(&sender.tenant, wanted, bytes) {
            Ok(taken) => taken,
            Err(exceeded) => return Err(Failed::with(over_quota(&exceeded, &self.limits), reservation)),
        };
        let trace = shipping.as_ref().map(Shipping::text).unwrap_or_default();
        let shipment = self.pack(sender, batch, ids, reservation, Try { then, deadline, trace: &trace })?;
        let (this, tenant) = (Arc::clone(self), sender.tenant.clone());
        let delivery = self.deliveries.spawn(async move {
            let started = Clock::now();
            let _under_way = this.progress.begin();
            let (delivery, reservation) = deliver(&this.upstream, shipment).await;
            taken.delivered(delivery.delivered);
            if let Some(shipping) = shipping {
                shipping.end(this.upstream.topic(), wanted, &delivery);
            }
            this.meters.held_back(delivery.held_back);
            this.meters.delivered(tenant.as_str(), delivery.delivered, delivery.bytes, started.elapsed());
            (delivery, reservation)
        });
        let late = || KafkaError::Timeout(format!("no acknowledgement within {:?}", self.limits.ack_timeout));
        match timeout_at(deadline, delivery).await {
            Ok(Ok((Delivery { delivered, error: None, .. }, _))) if delivered == wanted => Ok(delivered),
            Ok(Ok((Delivery { error, .. }, reservation))) => {
                Err(Failed::with(of_kafka(&error.unwrap_or_else(late), &self.limits), reservation))
            }
            Ok(Err(_)) | Err(_) => {
                Err(Box::new(Failed { refusal: of_kafka(&late(), &self.limits), reservation: None }))
            }
        }
    }
}

/// A try that failed.
#[derive(Debug)]
struct Failed {
    refusal: Refusal,
    /// What was held for the batch, unless it is still in use.
    reservation: Option<Reservation>,
}

impl Failed {
    fn with(refusal: Refusal, reservation: Reservation) -> Box<Self> {
        Box::new(Self { refusal, reservation: Some(reservation) })
    }
}

/// How a batch is sent this time.
#[derive(Clone, Copy, Debug)]
struct Try<'a> {
    then: Then,
    /// Until when a full queue is waited for.
    deadline: Instant,
    /// The span that sends it, for the records; empty where it isn't traced.
    trace: &'a str,
}

/// What becomes of a batch once the producer has copies of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Then {
    /// It is let go, and its memory counts no more.
    Forget,
    /// It is kept, to be sent again if need be.
    Keep,
}

/// The time since the Unix epoch.
fn since_epoch() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
