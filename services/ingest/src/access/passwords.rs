//! Passwords, checked away from the threads that serve. The first request of a sender waits for that; all further ones, and those
//! that came at the same time, find that it is known. Shared keys of Fluent Forward are checked at once, under the same limits.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use forebay_access::guesses::Mark;
use forebay_access::password::Challenge;
use forebay_access::{Denial, Forward, Grant, Guesser, Guesses, Marker, Secret};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep_until, timeout_at};

/// How many passwords are checked at once. Each takes 19 MiB and tens of milliseconds of a processor: enough for new
/// senders, and not enough for a crowd of wrong ones to take the processors from the others.
const AT_ONCE: usize = 2;

/// How long somebody waits for a refusal whose address has tried too much: enough to check a password meanwhile, so that nobody can tell
/// whether one was.
const CLOSED_FOR: Duration = Duration::from_secs(2);

/// What is known about passwords, and about who was wrong.
#[derive(Debug)]
pub(super) struct Passwords {
    marker: Marker,
    guesses: Mutex<Guesses>,
    at_once: Arc<Semaphore>,
    start: Instant,
}

// === impl Passwords ===

impl Passwords {
    pub(super) fn new() -> Self {
        Self {
            marker: Marker::new(rand::random()),
            guesses: Mutex::default(),
            at_once: Arc::new(Semaphore::new(AT_ONCE)),
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
        let looked = self.guesses().look(&mark, who, self.now()).map_err(Denial::TooOften);
        let is_closed = looked.is_err() && self.guesses().is_closed(address, self.now());
        let challenge = match looked {
            Ok(true) => return challenge.passed(),
            Ok(false) => Arc::new(challenge),
            Err(denial) if is_closed => {
                let challenge = Arc::new(challenge);
                let spare = self.spare(&challenge, password, who, &mark);
                let is_right = within(CLOSED_FOR, spare).await;
                return if is_right { passed(challenge) } else { Err(denial) };
            }
            Err(denial) => return Err(denial),
        };
        // It is never closed.
        let Ok(turn) = Arc::clone(&self.at_once).acquire_owned().await else { return Err(Denial::Unknown) };
        // Somebody who came at the same time may have shown it.
        let tried = {
            let (mut guesses, now) = (self.guesses(), self.now());
            if guesses.look(&mark, who, now).map_err(Denial::TooOften)? {
                return passed(challenge);
            }
            guesses.begin(who, now).map_err(Denial::TooOften)?
        };
        if !verify(turn, &challenge, password).await {
            return Err(Denial::Unknown);
        }
        self.guesses().right(tried, &mark, address);
        passed(challenge)
    }

    /// Whether a password from an address that may try no more is right all the same, if it may be checked.
    async fn spare(
        &self,
        challenge: &Arc<Challenge>,
        password: &[u8],
        who: Guesser<'_>,
        mark: &Mark,
    ) -> bool {
        if challenge.is_of_nobody() {
            return false;
        }
        let Ok(turn) = Arc::clone(&self.at_once).acquire_owned().await else { return false };
        let tried = self.guesses().begin_spare(who, self.now());
        let Some(tried) = tried else { return false };
        let is_right = verify(turn, challenge, password).await;
        if is_right {
            self.guesses().right(tried, mark, who.address);
        }
        is_right
    }

    /// Lets in who proves a shared key, unless somebody at that address guesses and it has never come from there; for who `is_named` in the
    /// file there is the same reserve as for passwords. Proving costs next to nothing, so that it is asked for first.
    pub(super) fn prove(
        &self,
        shown: &Forward<'_>,
        is_named: bool,
        address: Option<IpAddr>,
        proved: Result<(Grant, Secret), Denial>,
    ) -> Result<(Grant, Secret), Denial> {
        let name = if shown.user.is_empty() { shown.hostname } else { shown.user };
        let who = Guesser { address: address.unwrap_or(LOCAL), name };
        let (mut guesses, now) = (self.guesses(), self.now());
        let outcome = match &proved {
            Ok((grant, key)) => {
                let mark = self.marker.of_forward(shown.user, &grant.name, key);
                guesses.proved(&mark, who, is_named, now)
            }
            Err(Denial::Unknown) => guesses.failed(who, is_named, now),
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

/// Checks a password on a thread that may wait. Its turn is over when the check is, whether or not anybody still waits for it: who hangs up
/// would else leave its memory in use, and make room for the next.
async fn verify(turn: OwnedSemaphorePermit, challenge: &Arc<Challenge>, password: &[u8]) -> bool {
    let (challenge, given) = (Arc::clone(challenge), password.to_owned());
    let checking = tokio::task::spawn_blocking(move || {
        let _until_done = turn;
        challenge.verify(&given)
    });
    checking.await.unwrap_or(false)
}

fn passed(challenge: Arc<Challenge>) -> Result<Grant, Denial> {
    Arc::into_inner(challenge).map_or(Err(Denial::Unknown), Challenge::passed)
}

/// Whether something turns out to be so in time. That it doesn't is known when the time is over, and never before.
async fn within(time: Duration, holds: impl Future<Output = bool>) -> bool {
    let until = tokio::time::Instant::now() + time;
    let is_so = timeout_at(until, holds).await.unwrap_or(false);
    if !is_so {
        sleep_until(until).await;
    }
    is_so
}

/// Stands for the processes of this machine that come over a Unix socket.
const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

#[cfg(test)]
mod tests {
    use forebay_access::password::hash;
    use forebay_access::{Access, Answer, Caller, Claim, Role, read};
    use jiff::Timestamp;

    use super::*;

    const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn two_users() -> Access {
        let users = ["ann", "bob"].map(|user| {
            let hash = hash(format!("pw-{user}").as_bytes(), &[7; 16]).unwrap();
            format!("  - {{name: {user}, tenant: acme, password: {{user: {user}, argon2id: '{hash}'}}}}\n")
        });
        read(&format!("credentials:\n{}", users.concat())).unwrap()
    }

    /// Scenario: somebody has tried so many passwords under any names that his address may try no more; then come a user that there isn't,
    /// one with a wrong password, and one with the right one, none of whom was ever seen there.
    /// Guarantees: the right one is let in; the other two can't be told apart, by the answer or its time.
    #[tokio::test(start_paused = true)]
    async fn who_tries_any_names_keeps_no_user_out() {
        let (access, passwords) = (two_users(), Passwords::new());
        // In an hour, so that the address stays closed for the whole test.
        let later = passwords.now() + Duration::from_secs(3600);
        let wrong = |n: u32| {
            let name = n.to_string();
            passwords.guesses().begin(Guesser { address: ADDRESS, name: &name }, later).is_ok()
        };
        assert!((0..200).filter(|n| wrong(*n)).count() < 200);
        let enters = async |user: &str, password: &str| {
            let caller = Caller { address: Some(ADDRESS), listener: "http" };
            let claim = Claim::Basic { user, password: password.as_bytes() };
            let answer = access.check(&claim, &caller, Role::Send, Timestamp::now()).unwrap();
            let Answer::Password(challenge) = answer else { panic!("{answer:?}") };
            // The clock stands still while a password is checked, however long this machine takes for it.
            let started = tokio::time::Instant::now();
            let entered = passwords.check(challenge, password.as_bytes(), Some(ADDRESS)).await;
            (entered, started.elapsed())
        };
        for (user, password) in [("nobody", "guess"), ("ann", "guess"), ("ann", "pw-ann")] {
            let (entered, took) = enters(user, password).await;
            assert!(matches!(entered, Err(Denial::TooOften(_))), "{user} {password}: {entered:?}");
            assert!(took >= CLOSED_FOR, "{user} {password}: {took:?}");
        }
        assert!(enters("bob", "pw-bob").await.0.is_ok());
        assert!(enters("bob", "pw-bob").await.0.is_ok(), "it was let in from there before");
    }

    /// Scenario: the same with shared keys of Fluent Forward: somebody has shown wrong ones under so many names that his address may try no
    /// more; then come users and hosts of the file, and a host that isn't in it, none of whom was ever seen there.
    /// Guarantees: who proves a key by a name of the file is let in; a wrong key isn't, nor a right one by a name that somebody guesses at.
    #[test]
    fn who_shows_any_keys_keeps_nobody_out_whom_the_file_names() {
        let access = read(
            "credentials:
  - {name: any, tenant: acme, forward: {shared_key: key-of-all}}
  - {name: host, tenant: acme, forward: {shared_key: key-of-host, hostname: web-1}}
  - {name: ann, tenant: acme, forward: {shared_key: key-of-users, user: ann, password: pw-ann}}
  - {name: bob, tenant: acme, forward: {shared_key: key-of-users, user: bob, password: pw-bob}}
",
        )
        .unwrap();
        let passwords = Passwords::new();
        // In an hour, so that the address stays closed for the whole test.
        let later = passwords.now() + Duration::from_secs(3600);
        let wrong = |n: u32| {
            let name = n.to_string();
            passwords.guesses().failed(Guesser { address: ADDRESS, name: &name }, false, later).is_ok()
        };
        assert!((0..200).filter(|n| wrong(*n)).count() < 200);
        let enters = |hostname: &str, user: &str, key: &str, password: &str| {
            let proves_key = |known: &[u8]| known == key.as_bytes();
            let proves_password = |known: &[u8]| known == password.as_bytes();
            let shown =
                Forward { hostname, user, proves_key: &proves_key, proves_password: &proves_password };
            let caller = Caller { address: Some(ADDRESS), listener: "forward" };
            let proved = access.forward(&shown, &caller, Timestamp::now());
            passwords.prove(&shown, access.names_forward(&shown), Some(ADDRESS), proved).is_ok()
        };
        assert!(enters("web-9", "bob", "key-of-users", "pw-bob"));
        assert!(!enters("web-9", "ann", "key-of-users", "guess"));
        assert!(!enters("web-9", "ann", "key-of-users", "pw-ann"), "somebody guesses at its name");
        assert!(enters("web-1", "", "key-of-host", ""));
        assert!(!enters("web-2", "", "key-of-all", ""), "a key for anybody has no name to know");
        assert!(enters("web-9", "bob", "key-of-users", "pw-bob"), "it was let in from there before");
    }

    /// Scenario: somebody hangs up while his password is checked.
    /// Guarantees: the check keeps its turn until it is over, so that no more of them have memory at once than may.
    #[tokio::test]
    async fn who_hangs_up_makes_no_room() {
        let (access, at_once) = (two_users(), Arc::new(Semaphore::new(1)));
        let caller = Caller { address: Some(ADDRESS), listener: "http" };
        let claim = Claim::Basic { user: "ann", password: b"guess" };
        let answer = access.check(&claim, &caller, Role::Send, Timestamp::now()).unwrap();
        let Answer::Password(challenge) = answer else { panic!("{answer:?}") };
        let turn = Arc::clone(&at_once).acquire_owned().await.unwrap();
        let challenge = Arc::new(challenge);
        {
            let mut checking = std::pin::pin!(verify(turn, &challenge, b"guess"));
            let begun =
                std::future::poll_fn(|context| std::task::Poll::Ready(checking.as_mut().poll(context)));
            assert!(begun.await.is_pending());
        }
        assert_eq!(at_once.available_permits(), 0);
        let _next = at_once.acquire().await.unwrap();
    }
}
