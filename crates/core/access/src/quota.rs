//! How much each tenant may send: rates with a burst, and a volume a day.
//!
//! They are counted where events are about to go to Kafka, and given back where Kafka didn't take them, so that a quota is about
//! what is kept. All of it is in memory and of this process: a restart begins anew, and several processes let in as
//! much each. It guards a pipeline against runaways; it is no bill.

mod bucket;

use std::collections::HashMap;
use std::time::Duration;

use forebay_record::Tenant;
use jiff::Timestamp;

pub use bucket::{Bucket, cost};

/// For how long a tenant that was quiet may go without a limit, where the file doesn't say.
pub const BURST: Duration = Duration::from_secs(10);

const DAY: i64 = 86_400;

/// What a tenant may send.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Events a second.
    pub events_per_second: Option<u64>,
    /// Bytes of events a second.
    pub bytes_per_second: Option<u64>,
    /// How much of its rates a tenant that was quiet has ahead.
    pub burst: Duration,
    /// Bytes of events in a UTC day.
    pub bytes_per_day: Option<u64>,
    /// Its share of what is scarce, beside other tenants'.
    pub weight: u32,
}

/// A moment: of the clock that only goes forward, for rates, and of the calendar, for days.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// Since any fixed moment.
    pub elapsed: Duration,
    /// The time of day.
    pub time: Timestamp,
}

/// A quota.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Quota {
    /// Events a second.
    EventsPerSecond,
    /// Bytes a second.
    BytesPerSecond,
    /// Bytes a day.
    BytesPerDay,
}

/// A quota that is used up.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Exceeded {
    /// Which one.
    pub quota: Quota,
    /// What it allows.
    pub limit: u64,
    /// How long it takes until there is something again.
    pub room_in: Duration,
}

/// What all tenants have used of their quotas.
#[derive(Debug, Default)]
pub struct Quotas {
    accounts: HashMap<Tenant, Account>,
}

#[derive(Debug)]
struct Account {
    limits: Limits,
    events: Bucket,
    bytes: Bucket,
    /// The day that is counted, in days since the Unix epoch, and its bytes.
    day: i64,
    today: u64,
}

// === impl Quotas ===

impl Quotas {
    /// Other limits are in force. What tenants have used of a day stays used; what they owe at a rate that isn't in force any more
    /// is forgiven; tenants without limits are forgotten.
    pub fn set(&mut self, limits: impl IntoIterator<Item = (Tenant, Limits)>) {
        let mut before = std::mem::take(&mut self.accounts);
        for (tenant, limits) in limits.into_iter().filter(|(_, limits)| *limits != Limits::default()) {
            let account = match before.remove(&tenant) {
                Some(account) => account.with(limits),
                None => Account::new(limits),
            };
            let _none = self.accounts.insert(tenant, account);
        }
    }

    /// Whether a tenant may send anything now.
    ///
    /// # Errors
    /// When one of its quotas is used up: of several, the one that takes longest.
    pub fn ready(&self, tenant: &Tenant, now: Now) -> Result<(), Exceeded> {
        self.accounts.get(tenant).map_or(Ok(()), |account| account.ready(now))
    }

    /// A tenant sends so much, if it may. A request goes through as a whole while there is anything left, and what it takes beyond
    /// that is waited for by the next one.
    ///
    /// # Errors
    /// As [`ready`](Self::ready).
    pub fn take(&mut self, tenant: &Tenant, events: u64, bytes: u64, now: Now) -> Result<(), Exceeded> {
        let Some(account) = self.accounts.get_mut(tenant) else { return Ok(()) };
        account.ready(now)?;
        let Limits { events_per_second, bytes_per_second, .. } = account.limits;
        if let Some(rate) = events_per_second {
            account.events.take(cost(events, rate), now.elapsed);
        }
        if let Some(rate) = bytes_per_second {
            account.bytes.take(cost(bytes, rate), now.elapsed);
        }
        account.today = account.used_today(now).saturating_add(bytes);
        account.day = now.day();
        Ok(())
    }

    /// So much of what a tenant took is not in Kafka.
    pub fn give(&mut self, tenant: &Tenant, events: u64, bytes: u64) {
        let Some(account) = self.accounts.get_mut(tenant) else { return };
        if let Some(rate) = account.limits.events_per_second {
            account.events.give(cost(events, rate));
        }
        if let Some(rate) = account.limits.bytes_per_second {
            account.bytes.give(cost(bytes, rate));
        }
        account.today = account.today.saturating_sub(bytes);
    }
}

// === impl Account ===

impl Account {
    fn new(limits: Limits) -> Self {
        Self { limits, events: Bucket::default(), bytes: Bucket::default(), day: i64::MIN, today: 0 }
    }

    fn with(self, limits: Limits) -> Self {
        let kept = |same: bool, bucket: Bucket| if same { bucket } else { Bucket::default() };
        let events = kept(self.limits.events_per_second == limits.events_per_second, self.events);
        let bytes = kept(self.limits.bytes_per_second == limits.bytes_per_second, self.bytes);
        Self { limits, events, bytes, ..self }
    }

    fn used_today(&self, now: Now) -> u64 {
        if self.day == now.day() { self.today } else { 0 }
    }

    fn ready(&self, now: Now) -> Result<(), Exceeded> {
        let Limits { events_per_second, bytes_per_second, bytes_per_day, burst, .. } = self.limits;
        let rate = |quota, limit: Option<u64>, bucket: &Bucket| {
            let wait = |room_in| limit.map(|limit| Exceeded { quota, limit, room_in });
            bucket.ready(burst, now.elapsed).err().and_then(wait)
        };
        let today = bytes_per_day.filter(|limit| self.used_today(now) >= *limit).map(|limit| Exceeded {
            quota: Quota::BytesPerDay,
            limit,
            room_in: now.until_tomorrow(),
        });
        let exceeded = [
            rate(Quota::EventsPerSecond, events_per_second, &self.events),
            rate(Quota::BytesPerSecond, bytes_per_second, &self.bytes),
            today,
        ];
        exceeded.into_iter().flatten().max_by_key(|exceeded| exceeded.room_in).map_or(Ok(()), Err)
    }
}

// === impl Limits ===

impl Default for Limits {
    fn default() -> Self {
        Self { events_per_second: None, bytes_per_second: None, burst: BURST, bytes_per_day: None, weight: 1 }
    }
}

// === impl Now ===

impl Now {
    fn day(self) -> i64 {
        self.time.as_second().div_euclid(DAY)
    }

    fn until_tomorrow(self) -> Duration {
        let seconds = DAY - self.time.as_second().rem_euclid(DAY);
        Duration::from_secs(u64::try_from(seconds).unwrap_or_default())
    }
}

// === impl Quota ===

impl Quota {
    /// Its key in the file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EventsPerSecond => "events_per_second",
            Self::BytesPerSecond => "bytes_per_second",
            Self::BytesPerDay => "bytes_per_day",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Now {
        let time = Timestamp::from_second(1_800_000_000 / DAY * DAY + seconds as i64).unwrap();
        Now { elapsed: Duration::from_secs(seconds), time }
    }

    fn quotas(limits: Limits) -> (Quotas, Tenant) {
        let (mut quotas, acme) = (Quotas::default(), Tenant::new("acme").unwrap());
        quotas.set([(acme.clone(), limits)]);
        (quotas, acme)
    }

    #[test]
    fn the_quota_that_takes_longest_is_named() {
        let limits = Limits {
            events_per_second: Some(10),
            bytes_per_second: Some(1_000),
            burst: Duration::from_secs(1),
            ..Limits::default()
        };
        let (mut quotas, acme) = quotas(limits);
        assert_eq!(quotas.take(&acme, 20, 9_000, at(0)), Ok(()));
        let exceeded = quotas.ready(&acme, at(0)).unwrap_err();
        assert_eq!((exceeded.quota, exceeded.limit), (Quota::BytesPerSecond, 1_000));
        assert_eq!(exceeded.room_in.as_secs(), 8);
        assert!(quotas.ready(&acme, at(9)).is_ok());
        assert!(quotas.ready(&Tenant::new("other").unwrap(), at(0)).is_ok());
    }

    /// Scenario: a day's volume is sent, and the next day comes.
    /// Guarantees: the rest of the day is refused until midnight UTC, and then nothing is.
    #[test]
    fn a_day_begins_at_midnight() {
        let (mut quotas, acme) = quotas(Limits { bytes_per_day: Some(100), ..Limits::default() });
        assert!(quotas.take(&acme, 1, 99, at(0)).is_ok() && quotas.take(&acme, 1, 99, at(3_600)).is_ok());
        let exceeded = quotas.take(&acme, 1, 1, at(7_200)).unwrap_err();
        assert_eq!((exceeded.quota, exceeded.room_in), (Quota::BytesPerDay, Duration::from_secs(22 * 3_600)));
        assert!(quotas.take(&acme, 1, 99, at(86_400)).is_ok() && quotas.ready(&acme, at(86_401)).is_ok());
    }

    #[test]
    fn what_kafka_did_not_take_costs_nothing() {
        let limits = Limits { bytes_per_day: Some(100), events_per_second: Some(1), ..Limits::default() };
        let (mut quotas, acme) = quotas(limits);
        quotas.take(&acme, 50, 100, at(0)).unwrap();
        assert!(quotas.ready(&acme, at(0)).is_err());
        quotas.give(&acme, 50, 100);
        assert_eq!(quotas.ready(&acme, at(0)), Ok(()));
    }

    #[test]
    fn other_limits_find_what_is_used() {
        let (mut quotas, acme) = quotas(Limits { bytes_per_day: Some(100), ..Limits::default() });
        quotas.take(&acme, 1, 150, at(0)).unwrap();
        quotas.set([(acme.clone(), Limits { bytes_per_day: Some(200), ..Limits::default() })]);
        assert!(quotas.ready(&acme, at(1)).is_ok());
        quotas.take(&acme, 1, 50, at(1)).unwrap();
        assert!(quotas.ready(&acme, at(1)).is_err());
        quotas.set([]);
        assert!(quotas.ready(&acme, at(1)).is_ok());
    }
}
