//! Passwords, checked away from the threads that serve. The first request of a sender waits for that; all further ones, and those
//! that came at the same time, find that it is known. Shared keys of Fluent Forward are checked at once, under the same limits.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use forebay_access::password::Challenge;
use forebay_access::{Denial, Forward, Grant, Guesser, Guesses, Marker, Secret};
use tokio::sync::Semaphore;

/// How many passwords are checked at once. Each takes 19 MiB and tens of milliseconds of a processor: enough for new
/// senders, and not enough for a crowd of wrong ones to take the processors from the others.
const AT_ONCE: usize = 2;

/// What is known about passwords, and about who was wrong.
#[derive(Debug)]
pub(super) struct Passwords {
    marker: Marker,
    guesses: Mutex<Guesses>,
    at_once: Semaphore,
    start: Instant,
}

// === impl Passwords ===

impl Passwords {
    pub(super) fn new() -> Self {
        Self {
            marker: Marker::new(rand::random()),
            guesses: Mutex::default(),
            at_once: Semaphore::new(AT_ONCE),
            start: Instant::now(),
        }
    }

    /// Checks a password that comes from this address.
    pub(super) async fn check(
        &self,
        challenge: Challenge,
        password: &[u8],
        address: Option<IpAddr>,
    ) -> Result<Grant, Denial> {
        let (mark, address) = (self.marker.of_password(&challenge, password), address.unwrap_or(LOCAL));
        let name = challenge.user().to_owned();
        let who = Guesser { address, name: &name };
        if self.guesses().look(&mark, who, self.now()).map_err(Denial::TooOften)? {
            return challenge.passed();
        }
        // It is never closed.
        let Ok(_permit) = self.at_once.acquire().await else { return Err(Denial::Unknown) };
        // Somebody who came at the same time may have shown it.
        let tried = {
            let (mut guesses, now) = (self.guesses(), self.now());
            if guesses.look(&mark, who, now).map_err(Denial::TooOften)? {
                return challenge.passed();
            }
            guesses.begin(who, now).map_err(Denial::TooOften)?
        };
        let (challenge, given) = (Arc::new(challenge), password.to_owned());
        let slow = tokio::task::spawn_blocking({
            let challenge = Arc::clone(&challenge);
            move || challenge.verify(&given)
        });
        if !slow.await.unwrap_or(false) {
            return Err(Denial::Unknown);
        }
        self.guesses().right(tried, &mark, address);
        Arc::into_inner(challenge).map_or(Err(Denial::Unknown), Challenge::passed)
    }

    /// Lets in who proves a shared key, unless somebody at that address guesses and it has never come from there. Proving costs next
    /// to nothing, so that it is asked for first.
    pub(super) fn prove(
        &self,
        shown: &Forward<'_>,
        address: Option<IpAddr>,
        proved: Result<(Grant, Secret), Denial>,
    ) -> Result<(Grant, Secret), Denial> {
        let name = if shown.user.is_empty() { shown.hostname } else { shown.user };
        let who = Guesser { address: address.unwrap_or(LOCAL), name };
        let (mut guesses, now) = (self.guesses(), self.now());
        let outcome = match &proved {
            Ok((grant, key)) => {
                guesses.proved(&self.marker.of_forward(shown.user, &grant.name, key), who, now)
            }
            Err(Denial::Unknown) => guesses.begin(who, now).map(drop),
            Err(_) => guesses.may(who, now),
        };
        outcome.map_err(Denial::TooOften).and(proved)
    }

    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    fn guesses(&self) -> MutexGuard<'_, Guesses> {
        self.guesses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Stands for the processes of this machine that come over a Unix socket.
const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
