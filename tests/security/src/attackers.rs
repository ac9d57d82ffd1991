//! The attackers that honest clients are measured beside: processes of their own, which go on until they are ended.

mod connections;
mod requests;
mod streams;

use std::io::{Write as _, stdout};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::victim::Victim;

/// What an attacker prints as soon as it is at work.
pub const UNDER_WAY: &str = "the attack is under way";

type Running = Pin<Box<dyn Future<Output = Result<()>> + Send>>;

/// An attack.
#[derive(Clone, Copy, Debug)]
pub struct Attack {
    /// Its name.
    pub name: &'static str,
    /// Does it, for ever.
    run: fn(Targets) -> Running,
    /// Whether the honest client beside it sends what is compressed.
    pub is_beside_packed: bool,
}

/// What is attacked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Targets {
    /// The HTTP listener.
    http: SocketAddr,
    /// The others, by their names.
    doors: Vec<(String, SocketAddr)>,
    /// The attacker's own credential.
    token: String,
}

/// All of them. The first one does nothing: what the honest client notices of that is the machine's own noise.
pub const ATTACKS: &[Attack] = &[
    Attack::new("nobody", |_| Box::pin(connections::nobody())),
    Attack::new("wrong tokens", |targets| Box::pin(requests::wrong_tokens(targets))),
    Attack::new("wrong passwords", |targets| Box::pin(requests::wrong_passwords(targets))),
    Attack::new("gzip bombs", |targets| Box::pin(requests::gzip_bombs(targets))),
    Attack::new("gzip bombs beside gzip", |targets| Box::pin(requests::gzip_bombs(targets))).beside_packed(),
    Attack::new("deep JSON", |targets| Box::pin(requests::deep_json(targets))),
    Attack::new("large bodies", |targets| Box::pin(requests::large_bodies(targets))),
    Attack::new("10000 half-open", |targets| Box::pin(connections::half_open(targets))),
    Attack::new("halves on all doors", |targets| Box::pin(connections::halves(targets))),
    Attack::new("come and go", |targets| Box::pin(connections::come_and_go(targets))),
    Attack::new("TLS handshakes", |targets| Box::pin(connections::handshakes(targets))),
    Attack::new("HTTP/2 resets", |targets| Box::pin(streams::resets(targets))),
    Attack::new("HTTP/2 late resets", |targets| Box::pin(streams::late_resets(targets))),
    Attack::new("HTTP/2 pings", |targets| Box::pin(streams::pings(targets))),
    Attack::new("HTTP/2 heads", |targets| Box::pin(streams::heads(targets))),
    Attack::new("WebSocket fragments", |targets| Box::pin(streams::fragments(targets))),
    Attack::new("Lumberjack bombs", |targets| Box::pin(streams::lumberjack_bombs(targets))),
    Attack::new("Forward bombs", |targets| Box::pin(streams::forward_bombs(targets))),
    Attack::new("syslog without end", |targets| Box::pin(streams::syslog_lines(targets))),
    Attack::new("RELP without end", |targets| Box::pin(streams::relp_commands(targets))),
    Attack::new("GELF halves", |targets| Box::pin(streams::gelf_halves(targets))),
];

/// The attack of this name.
///
/// # Errors
/// When there is none.
pub fn named(name: &str) -> Result<Attack> {
    ATTACKS.iter().find(|attack| attack.name == name).copied().with_context(|| format!("no attack `{name}`"))
}

impl Attack {
    const fn new(name: &'static str, run: fn(Targets) -> Running) -> Self {
        Self { name, run, is_beside_packed: false }
    }

    const fn beside_packed(self) -> Self {
        Self { is_beside_packed: true, ..self }
    }

    /// Attacks until the process is ended.
    ///
    /// # Errors
    /// When it can't go on.
    pub async fn run(self, targets: Targets) -> Result<()> {
        (self.run)(targets).await
    }
}

impl Targets {
    /// What a victim has, for who has this credential.
    ///
    /// # Errors
    /// When a listener has an odd address.
    pub fn of(victim: &Victim, token: String) -> Result<Self> {
        let names = ["forward", "gelf", "gelf_udp", "lines", "lumberjack", "relp", "syslog"];
        let names = names.iter().map(|name| format!("{name}_mallory")).chain(["tls".to_owned()]);
        let doors = names.map(|name| victim.door(&name).map(|address| (name, address)));
        Ok(Self { http: victim.address, doors: doors.collect::<Result<_>>()?, token })
    }

    /// As arguments: the credential, the HTTP listener, the others by their names.
    #[must_use]
    pub fn to_args(&self) -> Vec<String> {
        let doors = self.doors.iter().map(|(name, address)| format!("{name}={address}"));
        [self.token.clone(), self.http.to_string()].into_iter().chain(doors).collect()
    }

    /// From such arguments.
    ///
    /// # Errors
    /// When they are others.
    pub fn from_args(args: &[String]) -> Result<Self> {
        let [token, http, doors @ ..] = args else {
            anyhow::bail!("a credential and an address are missing")
        };
        let door = |door: &String| {
            let (name, address) = door.split_once('=').context("a listener has a name and an address")?;
            Ok((name.to_owned(), address.parse()?))
        };
        let doors = doors.iter().map(door).collect::<Result<_>>()?;
        Ok(Self { http: http.parse()?, doors, token: token.clone() })
    }

    /// The attacker's own listener of this protocol.
    fn door(&self, name: &str) -> Result<SocketAddr> {
        let found = self.doors.iter().find(|(one, _)| one.trim_end_matches("_mallory") == name);
        found.map(|(_, address)| *address).with_context(|| format!("no listener {name}"))
    }
}

/// How often an attacker has got through: connected, or been answered.
#[derive(Clone, Debug, Default)]
struct Arrivals(Arc<AtomicUsize>);

impl Arrivals {
    fn one(&self) {
        let _before = self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// Says that the attack is under way as soon as it has got through so often: what has not begun yet is not to be measured.
    async fn under_way_at(&self, count: usize) -> Result<()> {
        let mut ticks = tokio::time::interval(Duration::from_millis(20));
        while self.0.load(Ordering::Relaxed) < count {
            let _now = ticks.tick().await;
        }
        under_way()
    }
}

/// Says that the attack is under way.
fn under_way() -> Result<()> {
    Ok(writeln!(stdout(), "{UNDER_WAY}")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_travel_as_arguments() {
        let (http, door) = (SocketAddr::from(([127, 0, 0, 1], 1)), SocketAddr::from(([127, 0, 0, 1], 2)));
        let targets = Targets { http, doors: vec![("relp_mallory".to_owned(), door)], token: "t".to_owned() };
        let read = Targets::from_args(&targets.to_args()).unwrap();
        assert_eq!(read, targets);
        assert_eq!(read.door("relp").unwrap(), door);
        assert!(Targets::from_args(&[]).is_err());
    }

    #[test]
    fn names_are_told_apart() {
        let mut names: Vec<&str> = ATTACKS.iter().map(|attack| attack.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ATTACKS.len());
        assert!(names.iter().all(|name| !name.contains(',')), "`--only` has commas between them");
        assert!(named("nobody").is_ok() && named("somebody").is_err());
    }
}
