//! Who has been wrong too often. Only for secrets that could be guessed or are dear to check: passwords and shared keys. A wrong
//! token costs next to nothing, and guessing one takes for ever.
//!
//! Tries are counted by address and name, so that who guesses at one name doesn't lock out the others behind the same address. What an
//! address tries under all names together is bounded too, more widely: each try may cost a check, and each name a place here. Beyond that
//! there is a small reserve for names that exist and that nobody has been wrong at from there, so that who tries any names keeps out no
//! shipper that comes for the first time.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use crate::network::plain;
use crate::quota::Bucket;

/// How many wrong ones a name has ahead at an address, and how long it takes until it may have another one.
const AHEAD: u32 = 10;
const EVERY: Duration = Duration::from_secs(10);

/// The same for an address, whatever names it tries: as much as a site with a few shippers that are set up wrongly needs, and a few
/// hundredths of a processor.
const ADDRESS_AHEAD: u32 = 100;
const ADDRESS_EVERY: Duration = Duration::from_secs(1);

/// The reserve of an address: as much again as a name has.
const SPARE_AHEAD: u32 = 10;
const SPARE_EVERY: Duration = Duration::from_secs(10);

/// How many addresses are remembered; all others together count as one.
const ADDRESSES: usize = 16_384;

/// How many names at addresses are remembered. A try under a name for which there is no place costs its address as much as it would have
/// cost the name, so that the limit stays what it is.
const NAMES: usize = 16_384;

/// How often full memory is looked through for those that have waited long enough.
const SWEEP: Duration = Duration::from_secs(1);

/// What each address may still try, and under each name.
#[derive(Debug, Default)]
pub struct Attempts {
    addresses: HashMap<IpAddr, Site>,
    names: HashMap<(IpAddr, u64), Bucket>,
    hashes: RandomState,
    swept: Duration,
}

/// What an address may still try.
#[derive(Debug, Default)]
struct Site {
    tries: Bucket,
    spare: Bucket,
}

/// A try that is under way. It counts as wrong until it is found to be [right](Attempts::right), so that a thousand tries at once aren't let
/// in together.
#[derive(Debug)]
pub struct Try {
    address: IpAddr,
    /// `None` where there was no place for the name.
    name: Option<(IpAddr, u64)>,
    cost: Duration,
    is_spare: bool,
}

impl Attempts {
    /// Whether an address may try under this name.
    ///
    /// # Errors
    /// When it has been wrong too often, with the time until it may try again.
    pub fn may(&self, address: IpAddr, name: &str, now: Duration) -> Result<(), Duration> {
        let ready = |bucket: Option<&Bucket>, burst| bucket.map_or(Ok(()), |bucket| bucket.ready(burst, now));
        let site = self.addresses.get(&self.address_key(address));
        ready(site.map(|site| &site.tries), ADDRESS_EVERY * ADDRESS_AHEAD)?;
        ready(self.names.get(&self.name_key(address, name)), EVERY * AHEAD)
    }

    /// Whether an address may try under no name, for what it has tried under all.
    #[must_use]
    pub fn is_closed(&self, address: IpAddr, now: Duration) -> bool {
        let site = self.addresses.get(&self.address_key(address));
        site.is_some_and(|site| site.tries.ready(ADDRESS_EVERY * ADDRESS_AHEAD, now).is_err())
    }

    /// An address that may try no more is about to try under a name that exists all the same: once, as long as nobody has been wrong there
    /// under that name, and the reserve lasts.
    pub fn begin_spare(&mut self, address: IpAddr, name: &str, now: Duration) -> Option<Try> {
        let (key, name) = (self.address_key(address), self.name_key(address, name));
        let is_untried = self.names.get(&name).is_none_or(|bucket| bucket.is_full(now));
        let has_place = self.names.len() < NAMES || self.names.contains_key(&name);
        let is_closed = self.is_closed(address, now);
        let site = self.addresses.get_mut(&key)?;
        if !is_closed
            || !is_untried
            || !has_place
            || site.spare.ready(SPARE_EVERY * SPARE_AHEAD, now).is_err()
        {
            return None;
        }
        site.spare.take(SPARE_EVERY, now);
        self.names.entry(name).or_default().take(EVERY, now);
        Some(Try { address: key, name: Some(name), cost: SPARE_EVERY, is_spare: true })
    }

    /// An address is about to try under this name.
    ///
    /// # Errors
    /// As [`may`](Self::may).
    pub fn begin(&mut self, address: IpAddr, name: &str, now: Duration) -> Result<Try, Duration> {
        self.may(address, name, now)?;
        self.sweep(now);
        let key = self.name_key(address, name);
        let has_place = self.names.len() < NAMES || self.names.contains_key(&key);
        let (name, cost) = if has_place { (Some(key), ADDRESS_EVERY) } else { (None, EVERY) };
        if let Some(key) = name {
            self.names.entry(key).or_default().take(EVERY, now);
        }
        let address = self.address_key(address);
        self.addresses.entry(address).or_default().tries.take(cost, now);
        Ok(Try { address, name, cost, is_spare: false })
    }

    /// What was tried was right after all.
    pub fn right(&mut self, tried: Try) {
        if let Some(site) = self.addresses.get_mut(&tried.address) {
            let bucket = if tried.is_spare { &mut site.spare } else { &mut site.tries };
            bucket.give(tried.cost);
        }
        if let Some(bucket) = tried.name.and_then(|name| self.names.get_mut(&name)) {
            bucket.give(EVERY);
        }
    }

    fn sweep(&mut self, now: Duration) {
        let is_full = self.addresses.len() >= ADDRESSES || self.names.len() >= NAMES;
        if is_full && now >= self.swept + SWEEP {
            self.swept = now;
            self.addresses.retain(|_, site| !site.tries.is_full(now) || !site.spare.is_full(now));
            self.names.retain(|_, bucket| !bucket.is_full(now));
        }
    }

    fn address_key(&self, address: IpAddr) -> IpAddr {
        let key = site(address);
        let is_one_too_many = self.addresses.len() >= ADDRESSES && !self.addresses.contains_key(&key);
        if is_one_too_many { IpAddr::V6(Ipv6Addr::UNSPECIFIED) } else { key }
    }

    fn name_key(&self, address: IpAddr, name: &str) -> (IpAddr, u64) {
        (site(address), self.hashes.hash_one(name))
    }
}

/// What counts as one address. A network of IPv6 is one site's: whoever has one address there has all of them.
pub(crate) fn site(address: IpAddr) -> IpAddr {
    match plain(address) {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn address(n: u32) -> IpAddr {
        IpAddr::V4(n.into())
    }

    /// Scenario: one name at an address is wrong again and again; another name there and the same name elsewhere are always right.
    /// Guarantees: the one has to wait and may then try once; the others never wait.
    #[test]
    fn who_is_wrong_again_and_again_has_to_wait() {
        let (mut attempts, now) = (Attempts::default(), Duration::from_secs(1));
        for _ in 0..AHEAD {
            let _wrong = attempts.begin(address(1), "ann", now).unwrap();
        }
        let wait = attempts.begin(address(1), "ann", now).unwrap_err();
        assert!(wait <= EVERY + Duration::from_nanos(1), "{wait:?}");
        for (address, name) in [(address(1), "bob"), (address(2), "ann")] {
            for _ in 0..200 {
                let tried = attempts.begin(address, name, now).unwrap();
                attempts.right(tried);
            }
        }
        let _wrong = attempts.begin(address(1), "ann", now + wait).unwrap();
        assert!(attempts.begin(address(1), "ann", now + wait).is_err());
    }

    /// Scenario: an address tries a new name each time; a network of IPv6 a new address and a new name.
    /// Guarantees: what one site may cost is bounded, and what it fills here.
    #[test]
    fn new_names_get_around_nothing() {
        let (mut attempts, now) = (Attempts::default(), Duration::ZERO);
        let let_in = (0..10_000).filter(|n| attempts.begin(address(1), &n.to_string(), now).is_ok()).count();
        assert_eq!((let_in, attempts.names.len()), (ADDRESS_AHEAD as usize, ADDRESS_AHEAD as usize));
        let let_in = (0..10_000_u128).filter(|n| {
            let address = IpAddr::V6(Ipv6Addr::from_bits((0xfd00 << 112) | n));
            attempts.begin(address, &n.to_string(), now).is_ok()
        });
        assert_eq!(let_in.count(), ADDRESS_AHEAD as usize);
    }

    /// Scenario: an address has tried so many names that it may try no more; then it tries names that exist, each once, and again.
    /// Guarantees: who is right gets in, however many they are; each name that is wrong has one try, and all of them together ten.
    #[test]
    fn a_name_that_exists_has_a_try_of_its_own() {
        let (mut attempts, now) = (Attempts::default(), Duration::from_secs(1));
        assert!(attempts.begin_spare(address(1), "ann", now).is_none(), "nobody has tried too much");
        let close = |attempts: &mut Attempts, now| {
            assert!(
                (0..200).filter(|n| attempts.begin(address(1), &n.to_string(), now).is_ok()).count() < 200
            );
        };
        close(&mut attempts, now);
        assert!(attempts.is_closed(address(1), now) && !attempts.is_closed(address(2), now));
        for n in 0..50 {
            let tried = attempts.begin_spare(address(1), &format!("right {n}"), now).unwrap();
            attempts.right(tried);
        }
        let mut wrong = |name: &str| attempts.begin_spare(address(1), name, now).is_some();
        assert!(!wrong("7"), "it was wrong before");
        assert!(wrong("ann") && !wrong("ann"));
        assert_eq!((0..50).filter(|n| wrong(&format!("wrong {n}"))).count(), 9);
        let later = now + SPARE_EVERY;
        close(&mut attempts, later);
        assert!(attempts.begin_spare(address(1), "bob", later).is_some());
    }

    /// Scenario: more addresses than are remembered are wrong at the same time.
    /// Guarantees: memory is bounded, and those beyond it count as one.
    #[test]
    fn a_crowd_counts_as_one() {
        let (mut attempts, now) = (Attempts::default(), Duration::ZERO);
        let let_in = (0..100_000).filter(|n| attempts.begin(address(*n), "ann", now).is_ok()).count();
        assert!(attempts.addresses.len() <= ADDRESSES + 1 && attempts.names.len() <= NAMES);
        assert!(let_in <= ADDRESSES + ADDRESS_AHEAD as usize, "{let_in}");
    }

    /// Scenario: others have filled the places for names.
    /// Guarantees: an address without a place may be wrong as often as with one, and others not less for it.
    #[test]
    fn without_a_place_the_limit_is_the_same() {
        let (mut attempts, now) = (Attempts::default(), Duration::ZERO);
        let per_address = ADDRESS_AHEAD / 2;
        for n in 0..u32::try_from(NAMES).unwrap() {
            let _wrong = attempts.begin(address(n / per_address), &n.to_string(), now).unwrap();
        }
        let mut tries = |n| (0..100).filter(|_| attempts.begin(address(n), "ann", now).is_ok()).count();
        assert_eq!((tries(1 << 20), tries(1 << 21)), (AHEAD as usize, AHEAD as usize));
    }

    #[test]
    fn who_has_waited_long_enough_is_forgotten() {
        let mut attempts = Attempts::default();
        for n in 0..ADDRESSES {
            let _first = attempts.begin(address(u32::try_from(n).unwrap()), "ann", Duration::ZERO);
        }
        let _later = attempts.begin(address(1 << 20), "ann", EVERY * 2).unwrap();
        assert_eq!((attempts.addresses.len(), attempts.names.len()), (1, 1));
    }

    proptest! {
        /// Scenario: any tries at any times, by few addresses under few names, each wrong.
        /// Guarantees: in any ten minutes no name gets more than its limit, and no address more than its own.
        #[test]
        fn no_more_is_let_in_than_the_limits(
            tries in prop::collection::vec((0_u64..8_000, 0_u32..2, 0_u8..6), 1..600),
        ) {
            let (mut attempts, mut now, mut let_in) = (Attempts::default(), Duration::ZERO, Vec::new());
            for (pause, from, name) in tries {
                now += Duration::from_millis(pause);
                let may = attempts.may(address(from), &name.to_string(), now).is_ok();
                prop_assert_eq!(attempts.begin(address(from), &name.to_string(), now).is_ok(), may);
                if may {
                    let_in.push((now, from, name));
                }
            }
            let window = Duration::from_secs(600);
            for (at, from, name) in &let_in {
                let near = let_in.iter().filter(|one| one.1 == *from && one.0 >= *at && one.0 < *at + window);
                let of_name = near.clone().filter(|one| one.2 == *name).count();
                prop_assert!(of_name <= AHEAD as usize + 61, "{}", of_name);
                prop_assert!(near.count() <= ADDRESS_AHEAD as usize + 601);
            }
        }
    }
}
