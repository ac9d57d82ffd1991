//! Who has been wrong too often. Only for secrets that could be guessed or are dear to check: passwords and shared keys. A wrong
//! token costs next to nothing, and guessing one takes for ever.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use crate::network::plain;
use crate::quota::Bucket;

/// How many wrong ones an address has ahead, and how long it takes until it may have another one.
const AHEAD: u32 = 10;
const EVERY: Duration = Duration::from_secs(10);

/// How many addresses are remembered; all others together count as one.
const ADDRESSES: usize = 16_384;

/// How often full memory is looked through for addresses that have waited long enough.
const SWEEP: Duration = Duration::from_secs(1);

/// What each address may still try.
#[derive(Debug, Default)]
pub struct Attempts {
    buckets: HashMap<IpAddr, Bucket>,
    swept: Duration,
}

impl Attempts {
    /// Whether an address may try.
    ///
    /// # Errors
    /// When it has been wrong too often, with the time until it may try again.
    pub fn may(&self, address: IpAddr, now: Duration) -> Result<(), Duration> {
        self.buckets.get(&self.key(address)).map_or(Ok(()), |bucket| bucket.ready(EVERY * AHEAD, now))
    }

    /// An address is about to try. It counts as wrong until it is known to be [right](Self::right), so that a thousand tries at once
    /// aren't let in together.
    ///
    /// # Errors
    /// As [`may`](Self::may).
    pub fn begin(&mut self, address: IpAddr, now: Duration) -> Result<(), Duration> {
        if self.buckets.len() >= ADDRESSES && now >= self.swept + SWEEP {
            self.swept = now;
            self.buckets.retain(|_, bucket| !bucket.is_full(now));
        }
        let key = self.key(address);
        let bucket = self.buckets.entry(key).or_default();
        bucket.ready(EVERY * AHEAD, now)?;
        bucket.take(EVERY, now);
        Ok(())
    }

    /// What this address tried was right after all.
    pub fn right(&mut self, address: IpAddr) {
        let key = self.key(address);
        if let Some(bucket) = self.buckets.get_mut(&key) {
            bucket.give(EVERY);
        }
    }

    /// A network of IPv6 is one site's: whoever has one address there has all of them.
    fn key(&self, address: IpAddr) -> IpAddr {
        let key = match plain(address) {
            IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
            v4 @ IpAddr::V4(_) => v4,
        };
        let is_one_too_many = self.buckets.len() >= ADDRESSES && !self.buckets.contains_key(&key);
        if is_one_too_many { IpAddr::V6(Ipv6Addr::UNSPECIFIED) } else { key }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(n: u32) -> IpAddr {
        IpAddr::V4(n.into())
    }

    /// Scenario: one address is wrong again and again, another is always right.
    /// Guarantees: the one has to wait and may then try once; the other never waits.
    #[test]
    fn who_is_wrong_again_and_again_has_to_wait() {
        let (mut attempts, now) = (Attempts::default(), Duration::from_secs(1));
        for _ in 0..AHEAD {
            attempts.begin(address(1), now).unwrap();
        }
        let wait = attempts.begin(address(1), now).unwrap_err();
        assert!(wait <= EVERY + Duration::from_nanos(1), "{wait:?}");
        for _ in 0..100 {
            attempts.begin(address(2), now).unwrap();
            attempts.right(address(2));
        }
        attempts.begin(address(1), now + wait).unwrap();
        assert!(attempts.begin(address(1), now + wait).is_err());
    }

    /// Scenario: more addresses than are remembered are wrong at the same time, and a network of IPv6 changes its address.
    /// Guarantees: memory is bounded, and neither gets around the limit.
    #[test]
    fn a_crowd_counts_as_one() {
        let (mut attempts, now) = (Attempts::default(), Duration::ZERO);
        let let_in = (0..100_000).filter(|n| attempts.begin(address(*n), now).is_ok()).count();
        assert!(attempts.buckets.len() <= ADDRESSES + 1 && let_in <= ADDRESSES + AHEAD as usize, "{let_in}");
        let mut attempts = Attempts::default();
        let let_in = (0..100_u128)
            .filter(|n| attempts.begin(IpAddr::V6(Ipv6Addr::from_bits((0xfd00 << 112) | n)), now).is_ok());
        assert_eq!(let_in.count(), AHEAD as usize);
    }

    #[test]
    fn who_has_waited_long_enough_is_forgotten() {
        let mut attempts = Attempts::default();
        for n in 0..ADDRESSES {
            let _first = attempts.begin(address(u32::try_from(n).unwrap()), Duration::ZERO);
        }
        attempts.begin(address(1 << 20), EVERY * 2).unwrap();
        assert_eq!(attempts.buckets.len(), 1);
    }
}
