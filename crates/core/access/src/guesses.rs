//! What is known about secrets that could be guessed: which were right, from where, and who was wrong too often.
//!
//! A password that was found right is known by a [`Mark`], a keyed hash under a key that lives as long as the process: no request of an honest
//! sender pays for the check twice, and what is remembered is worth nothing to anybody else.
//!
//! While somebody guesses from an address, or at a name there, only those get in who have shown the right secret from that very address
//! before: the honest shipper goes on, and elsewhere a guess that happens to be right is answered like a wrong one, so that
//! the limit can't be gone around by what is remembered. Who shares an address with an honest shipper can still try its name; a password that
//! is worth guessing at is worth a token's 32 random bytes.

use std::collections::HashSet;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::attempts::{Attempts, Try, site};
use crate::password::Challenge;
use crate::secret::Secret;

/// How many secrets are remembered at most. There can be only one for each user, but old ones stay until there are so many.
const RIGHT: usize = 65_536;

/// How many places are remembered from which they came.
const FROM: usize = 65_536;

/// Stands for a secret that somebody showed.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct Mark([u8; 32]);

/// Makes marks.
#[derive(Clone)]
pub struct Marker {
    key: [u8; 32],
}

/// Secrets that were found right, and tries.
#[derive(Debug, Default)]
pub struct Guesses {
    right: HashSet<Mark>,
    from: HashSet<(IpAddr, Mark)>,
    attempts: Attempts,
}

/// Who tries.
#[derive(Clone, Copy, Debug)]
pub struct Guesser<'a> {
    /// His address.
    pub address: IpAddr,
    /// The user or host that he says he is.
    pub name: &'a str,
}

// === impl Marker ===

impl Marker {
    /// `key` is random, and known to nobody else.
    #[must_use]
    pub const fn new(key: [u8; 32]) -> Self {
        Self { key }
    }

    /// The mark of a password. The hash is part of it, so that a password that is changed in the file counts no longer.
    #[must_use]
    pub fn of_password(&self, challenge: &Challenge, password: &[u8]) -> Mark {
        self.of(&[b"password", challenge.hash().as_bytes(), challenge.user().as_bytes(), password])
    }

    /// The mark of a shared key of Fluent Forward, shown by this user for this credential.
    #[must_use]
    pub fn of_forward(&self, user: &str, credential: &str, key: &Secret) -> Mark {
        self.of(&[b"forward", user.as_bytes(), credential.as_bytes(), key.expose()])
    }

    /// Each part stands behind its length: nothing can be moved from one to the other.
    fn of(&self, parts: &[&[u8]]) -> Mark {
        // A key of any length will do.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.key) else { return Mark([0; 32]) };
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        Mark(mac.finalize().into_bytes().into())
    }
}

// === impl Guesses ===

impl Guesses {
    /// Whether this secret is known to be right; if not, it has to be checked.
    ///
    /// # Errors
    /// When its sender has been wrong too often and this has never come from there, with the time until he may try again.
    pub fn look(&mut self, mark: &Mark, who: Guesser<'_>, now: Duration) -> Result<bool, Duration> {
        if self.from.contains(&(site(who.address), *mark)) {
            return Ok(true);
        }
        self.attempts.may(who.address, who.name, now)?;
        let is_known = self.right.contains(mark);
        if is_known {
            self.remember_from(who.address, mark);
        }
        Ok(is_known)
    }

    /// A secret is about to be checked. It counts as wrong until it is said to be [right](Self::right).
    ///
    /// # Errors
    /// When its sender has been wrong too often, with the time until he may try again.
    pub fn begin(&mut self, who: Guesser<'_>, now: Duration) -> Result<Try, Duration> {
        self.attempts.begin(who.address, who.name, now)
    }

    /// Whether an address may try under no name, for what it has tried under all.
    #[must_use]
    pub fn is_closed(&self, address: IpAddr, now: Duration) -> bool {
        self.attempts.is_closed(address, now)
    }

    /// From an address that may try no more, a secret of a name that exists is about to be checked all the same, if nobody has been wrong
    /// there under it. That there is such a name must show in nothing but a secret that is right: neither in the answer nor in its time.
    pub fn begin_spare(&mut self, who: Guesser<'_>, now: Duration) -> Option<Try> {
        self.attempts.begin_spare(who.address, who.name, now)
    }

    /// What was tried was right.
    pub fn right(&mut self, tried: Try, mark: &Mark, address: IpAddr) {
        self.attempts.right(tried);
        self.remember(mark, address);
    }

    /// Lets in who has proved a secret already, where proving it costs next to nothing; `is_named` says whether there is such a name. From an
    /// address that may try no more he comes in by the [reserve](Self::begin_spare).
    ///
    /// # Errors
    /// As [`look`](Self::look): then nobody may learn that it was right.
    pub fn proved(
        &mut self,
        mark: &Mark,
        who: Guesser<'_>,
        is_named: bool,
        now: Duration,
    ) -> Result<(), Duration> {
        match self.look(mark, who, now) {
            Ok(true) => {}
            Ok(false) => self.remember(mark, who.address),
            Err(wait) => {
                let tried = if is_named { self.begin_spare(who, now) } else { None };
                self.right(tried.ok_or(wait)?, mark, who.address);
            }
        }
        Ok(())
    }

    /// Counts a secret that was shown and is wrong, where that was found out for next to nothing: as a try, or as one of the reserve, from
    /// which nobody may learn more than from a password's.
    ///
    /// # Errors
    /// As [`begin`](Self::begin).
    pub fn failed(&mut self, who: Guesser<'_>, is_named: bool, now: Duration) -> Result<(), Duration> {
        self.begin(who, now).map(drop).inspect_err(|_| {
            if is_named {
                let _it_stays_wrong = self.begin_spare(who, now);
            }
        })
    }

    /// Whether somebody may try.
    ///
    /// # Errors
    /// When he has been wrong too often, with the time until he may try again.
    pub fn may(&self, who: Guesser<'_>, now: Duration) -> Result<(), Duration> {
        self.attempts.may(who.address, who.name, now)
    }

    fn remember(&mut self, mark: &Mark, address: IpAddr) {
        if self.right.len() >= RIGHT {
            self.right.clear();
        }
        let _is_new = self.right.insert(*mark);
        self.remember_from(address, mark);
    }

    fn remember_from(&mut self, address: IpAddr, mark: &Mark) {
        if self.from.len() >= FROM {
            self.from.clear();
        }
        let _is_new = self.from.insert((site(address), *mark));
    }
}

impl fmt::Debug for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mark(..)")
    }
}

impl fmt::Debug for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Marker(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grant::Denial;

    const NOW: Duration = Duration::from_secs(1);

    fn at(last: u8, name: &str) -> Guesser<'_> {
        Guesser { address: [10, 0, 0, last].into(), name }
    }

    fn lock_out(guesses: &mut Guesses, who: Guesser<'_>) {
        while guesses.begin(who, NOW).is_ok() {}
        assert!(guesses.may(who, NOW).is_err());
    }

    /// Scenario: passwords, users and hashes that differ in one thing, or in where one ends and the next begins.
    /// Guarantees: only the very same has the same mark, and a shared key has another one.
    #[test]
    fn a_mark_is_of_one_password_of_one_user_and_one_hash() {
        let marker = Marker::new([1; 32]);
        let of = |hash: &str, user: &str, password: &[u8]| {
            marker.of_password(&Challenge::new(hash.into(), user, Err(Denial::Unknown)), password)
        };
        let mark = of("$h", "ann", b"secret");
        assert_eq!(mark, of("$h", "ann", b"secret"));
        for other in [of("$h", "ann", b"secret2"), of("$h", "an", b"nsecret"), of("$new", "ann", b"secret")] {
            assert_ne!(mark, other);
        }
        assert_ne!(
            mark,
            Marker::new([2; 32]).of("password $h ann secret"
                .split(' ')
                .map(str::as_bytes)
                .collect::<Vec<_>>()
                .as_slice())
        );
        let key = Secret::new("secret");
        assert_ne!(mark, marker.of_forward("$h", "ann", &key));
    }

    /// Scenario: somebody guesses at a name from the address of a shipper that has come in before, and from elsewhere.
    /// Guarantees: the shipper gets in; its password, guessed right elsewhere, is answered like a wrong one until the time is over.
    #[test]
    fn who_was_let_in_before_is_let_in_during_an_attack() {
        let (mut guesses, mark) = (Guesses::default(), Mark([7; 32]));
        let tried = guesses.begin(at(1, "ann"), NOW).unwrap();
        guesses.right(tried, &mark, at(1, "ann").address);
        for attacker in [at(1, "ann"), at(2, "ann")] {
            lock_out(&mut guesses, attacker);
        }
        assert_eq!(guesses.look(&mark, at(1, "ann"), NOW), Ok(true));
        let wait = guesses.look(&mark, at(2, "ann"), NOW).unwrap_err();
        assert_eq!(guesses.look(&mark, at(3, "ann"), NOW), Ok(true), "elsewhere nobody guesses");
        assert_eq!(guesses.look(&mark, at(2, "ann"), NOW + wait), Ok(true));
    }

    /// Scenario: a key is proved for the first time, with and without an attack from the same address.
    /// Guarantees: without it the key is let in, from then on always; with it its owner learns nothing, and others come in.
    #[test]
    fn a_proof_counts_where_nobody_guesses() {
        let (mut guesses, mark) = (Guesses::default(), Mark([7; 32]));
        lock_out(&mut guesses, at(1, "ann"));
        assert!(guesses.proved(&mark, at(1, "ann"), true, NOW).is_err());
        assert_eq!(guesses.proved(&mark, at(1, "bob"), true, NOW), Ok(()));
        assert_eq!(guesses.proved(&mark, at(2, "ann"), true, NOW), Ok(()));
        lock_out(&mut guesses, at(2, "ann"));
        assert_eq!(guesses.proved(&mark, at(2, "ann"), true, NOW), Ok(()));
    }

    /// Scenario: somebody has shown so many wrong keys under any names that his address may try no more. Then come a name that the file has,
    /// with its key; others with wrong keys, until the reserve is used up; one more with its key; and one without a name in the file.
    /// Guarantees: whoever proves his key by a name of the file is let in as long as the reserve lasts, and from then on always; wrong keys
    /// take from the reserve, so that it is no way to guess; who is no name of the file has none.
    #[test]
    fn who_proves_a_key_has_a_reserve() {
        let (mut guesses, mark) = (Guesses::default(), Mark([7; 32]));
        while guesses.failed(at(1, "any"), false, NOW).is_ok() {}
        let mut names = 0..;
        while !guesses.is_closed(at(1, "any").address, NOW) {
            let name = names.next().map(|n: u32| n.to_string()).unwrap();
            let _wrong = guesses.failed(at(1, &name), false, NOW);
        }
        assert!(guesses.proved(&mark, at(1, "no-name"), false, NOW).is_err());
        assert_eq!(guesses.proved(&mark, at(1, "ann"), true, NOW), Ok(()));
        assert!(guesses.failed(at(1, "bob"), true, NOW).is_err());
        assert!(guesses.proved(&Mark([8; 32]), at(1, "bob"), true, NOW).is_err(), "somebody guesses at it");
        for n in 0..20 {
            assert!(guesses.failed(at(1, &format!("host {n}")), true, NOW).is_err());
        }
        assert!(guesses.proved(&Mark([9; 32]), at(1, "eve"), true, NOW).is_err(), "the reserve is used up");
        assert_eq!(guesses.proved(&mark, at(1, "ann"), true, NOW), Ok(()));
        assert_eq!(guesses.proved(&Mark([9; 32]), at(2, "eve"), true, NOW), Ok(()));
    }

    #[test]
    fn memory_is_bounded() {
        let mut guesses = Guesses::default();
        for n in 0..100_000_u32 {
            let mut bytes = [0; 32];
            bytes[..4].copy_from_slice(&n.to_be_bytes());
            let who = Guesser { address: IpAddr::V4(n.into()), name: "ann" };
            guesses.proved(&Mark(bytes), who, true, NOW).unwrap();
        }
        assert!(guesses.right.len() <= RIGHT && guesses.from.len() <= FROM);
    }
}
