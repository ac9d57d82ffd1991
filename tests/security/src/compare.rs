//! What an honest client notices of an attack: its waits without it and beside it, in windows that take turns.
//!
//! The honest client sends at its own pace, whatever the answers take, and a wait is counted from when its request was due: a stall shows
//! in all the requests that it held up. Windows with and without the attack take turns, so that whatever else changes on the machine
//! meanwhile changes both. Where the machine is a virtual one whose cores were taken away for a while, both windows are done again, as
//! far as that helps: a stall of all says nothing about ingest. How much of its core ingest needs is said beside the waits: the time that the
//! host takes isn't in that.

use std::fmt;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use forebay_settings::sections::ingest::{ListenerProtocol, ListenerSettings};
use forebay_testkit::procs::Process;
use forebay_testkit::{Latencies, eventually, free_port};
use rcgen::{CertificateParams, KeyPair};
use tokio::time::{Instant as At, sleep_until};

use crate::attackers::{Attack, Targets, UNDER_WAY};
use crate::cores::Cores;
use crate::honest::{Honest, LINE};
use crate::victim::{Victim, credential};

/// What a wait has to exceed to count as noticed: below that, percentiles are what the machine's scheduler makes of them, as the row
/// without an attack shows.
pub const FLOOR: Duration = Duration::from_millis(5);

/// How long an attack may take to be under way, and its connections to go.
const PATIENCE: Duration = Duration::from_secs(120);

/// How much of the cores' time may be taken by the machine's host in a pair of windows, in ticks of ten milliseconds (`steal` of proc_stat(5)).
const MAX_STOLEN: u64 = 2;

/// How often a pair of windows is done again, for each that counts.
const AGAIN: usize = 3;

/// What the attacker may send by his own credential: quotas are the defence against those.
const TENANTS: &str = "tenants:
  honest: {}
  mallory: {events_per_second: 1000, bytes_per_second: 1MiB}
";

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Pairs of windows for each attack.
    pub rounds: usize,
    /// Requests in a window.
    pub requests: usize,
    /// From one request to the next.
    pub every: Duration,
}

/// What was seen in windows of one kind.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The honest client's waits.
    pub waits: Latencies,
    /// How long they took, all together.
    pub time: Duration,
    /// How long ingest was at work in that time, for whomever; without the time that the machine's host has taken from it.
    pub work: Duration,
}

impl Seen {
    fn add(&mut self, other: Self) {
        self.waits.add(other.waits);
        self.time += other.time;
        self.work += other.work;
    }

    /// How much of its core ingest needed, in percent.
    fn share(&self) -> f64 {
        100.0 * self.work.as_secs_f64() / self.time.as_secs_f64().max(f64::MIN_POSITIVE)
    }
}

/// What one attack came to.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its name.
    pub attack: &'static str,
    /// Without it.
    pub calm: Seen,
    /// And beside it.
    pub beside: Seen,
    /// The memory of ingest beside it, in bytes.
    pub memory: u64,
    /// How many pairs of windows were done again, since the machine's host had taken its cores.
    pub again: usize,
    /// How many count although it had: it does so whenever this attack is under way.
    pub stolen_from: usize,
}

impl Row {
    /// Whether the honest client's p99 stays below the double of that without the attack, or below [`FLOOR`].
    #[must_use]
    pub fn is_unnoticed(&self) -> bool {
        self.beside.waits.p99() < (2 * self.calm.waits.p99()).max(FLOOR)
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (calm, beside) = (self.calm.waits.p99_ms(), self.beside.waits.p99_ms());
        let ratio = beside / calm.max(f64::MIN_POSITIVE);
        let verdict = match (self.is_unnoticed(), self.stolen_from) {
            (true, _) => "",
            (false, 0) => "  NOTICED",
            (false, _) => "  NOTICED, or the host's",
        };
        let (alone, at_work) = (self.calm.share(), self.beside.share());
        let memory = self.memory >> 20;
        write!(
            f,
            "{:<22} {calm:>9.2} ms {beside:>9.2} ms {ratio:>6.2} {alone:>5.1} % {at_work:>5.1} % {memory:>5} MiB {:>6}{verdict}",
            self.attack, self.again
        )
    }
}

/// The heading of rows.
#[must_use]
pub fn heading() -> String {
    format!(
        "{:<22} {:>12} {:>12} {:>6} {:>7} {:>7} {:>9} {:>6}",
        "attack", "p99 without", "p99 with", "ratio", "core", "with", "memory", "again"
    )
}

/// Measures these attacks; `say` is told each row as soon as it is there.
///
/// # Errors
/// When the honest client isn't served, or an attack gets in, or takes the process or its memory down.
pub async fn run(
    attacks: &[Attack],
    options: Options,
    cores: Cores,
    mut say: impl FnMut(&Row) -> Result<()>,
) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for attack in attacks {
        let row =
            one(*attack, options, cores).await.with_context(|| format!("the attack `{}`", attack.name))?;
        say(&row)?;
        rows.push(row);
    }
    Ok(rows)
}

async fn one(attack: Attack, options: Options, cores: Cores) -> Result<Row> {
    let mut token = String::new();
    let mut victim = Victim::start_on(cores.ingest, |settings, folder| {
        let file = folder.join("access.yaml");
        let text = format!("{TENANTS}{}", std::fs::read_to_string(&file)?);
        std::fs::write(&file, text)?;
        token = credential(&file, "mallory", "mallory")?;
        let tls = settings.ingest.listeners.entry("tls".to_owned());
        let tls = tls
            .or_insert(ListenerSettings::new(ListenerProtocol::Http, format!("127.0.0.1:{}", free_port()?)));
        (tls.tls.certificate_file, tls.tls.key_file) = certificate(folder)?;
        Ok(())
    })
    .await?;
    let targets = Targets::of(&victim, token)?;
    let (mut calm, mut beside, mut memory) = (Seen::default(), Seen::default(), 0);
    // The first window warms caches and connections up.
    let honest = if attack.is_beside_packed { Honest::packed()? } else { Honest::plain() };
    let _warm = window(&victim, &honest, options).await?;
    let (mut round, mut again, mut stolen_from) = (0, 0, 0);
    while round < options.rounds {
        let before = stolen()?;
        let without = window(&victim, &honest, options).await?;
        let attacker = start(attack, &targets, cores).await?;
        let with = window(&victim, &honest, options).await?;
        let taken = stolen()?.saturating_sub(before);
        memory = memory.max(victim.memory()?);
        drop(attacker);
        let gone = async || victim.connections().await.is_ok_and(|open| open <= 10.0);
        eventually("the attacker's connections end", PATIENCE, gone).await?;
        if taken > MAX_STOLEN {
            stolen_from += 1;
            if again < AGAIN * options.rounds {
                again += 1;
                continue;
            }
        }
        round += 1;
        calm.add(without);
        beside.add(with);
    }
    victim.unharmed().await?;
    for one in victim.stored()? {
        let is_honest = one.body.contains(LINE);
        ensure!(is_honest == (one.tenant == "honest"), "{} has an event that isn't its own", one.tenant);
    }
    Ok(Row { attack: attack.name, calm, beside, memory, again, stolen_from: stolen_from - again })
}

/// How much of all cores' time the machine's host has taken, in ticks.
fn stolen() -> Result<u64> {
    let stat = std::fs::read_to_string("/proc/stat")?;
    let all = stat.lines().find(|line| line.starts_with("cpu ")).context("no line `cpu` in /proc/stat")?;
    Ok(all.split_ascii_whitespace().nth(8).context("no steal in /proc/stat")?.parse()?)
}

/// The waits of so many honest requests, each counted from when it was due, and what ingest did meanwhile.
async fn window(victim: &Victim, honest: &Honest, options: Options) -> Result<Seen> {
    let before = victim.work()?;
    let mut waits = Vec::with_capacity(options.requests);
    let started = Instant::now();
    let mut due = started;
    for _request in 0..options.requests {
        sleep_until(At::from_std(due)).await;
        let status = victim.honest_with(honest).await?;
        ensure!(status == 200, "the honest client was refused: {status}");
        waits.push(due.elapsed());
        due += options.every;
    }
    let work = victim.work()?.saturating_sub(before);
    Ok(Seen { waits: waits.into_iter().collect(), time: started.elapsed(), work })
}

/// Starts an attacker in a process of its own, and waits until it is at work.
async fn start(attack: Attack, targets: &Targets, cores: Cores) -> Result<Process> {
    let program = std::env::current_exe()?;
    let core = cores.attackers.to_string();
    // By the lowest nice value alone he would still finish his slice of some milliseconds whenever the honest client or Kafka wakes.
    let mut args: Vec<String> =
        ["--idle", "0", "taskset", "-c", &core, &program.display().to_string()].map(str::to_owned).into();
    args.extend(["--as-attacker".to_owned(), attack.name.to_owned()]);
    args.extend(targets.to_args());
    let mut attacker = Process::start(Path::new("chrt"), args, [])?;
    let at_work = async || !attacker.is_running() || attacker.log().contains(UNDER_WAY);
    eventually("the attack is under way", PATIENCE, at_work).await?;
    ensure!(attacker.is_running(), "the attacker has ended:\n{}", attacker.log());
    Ok(attacker)
}

/// A certificate for `localhost`, and its key, as files.
fn certificate(folder: &Path) -> Result<(Option<std::path::PathBuf>, Option<std::path::PathBuf>)> {
    let key = KeyPair::generate()?;
    let certificate = CertificateParams::new(["localhost".to_owned()])?.self_signed(&key)?;
    let (certificate_file, key_file) = (folder.join("server.pem"), folder.join("server.key"));
    std::fs::write(&certificate_file, certificate.pem())?;
    std::fs::write(&key_file, key.serialize_pem())?;
    Ok((Some(certificate_file), Some(key_file)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(calm: u64, beside: u64) -> Row {
        let seen =
            |millis| Seen { waits: Latencies::from_iter([Duration::from_millis(millis)]), ..Seen::default() };
        Row { attack: "x", calm: seen(calm), beside: seen(beside), memory: 0, again: 0, stolen_from: 0 }
    }

    #[test]
    fn twice_as_long_is_noticed_unless_it_is_nothing() {
        assert!(row(10, 19).is_unnoticed());
        assert!(!row(10, 20).is_unnoticed());
        assert!(row(1, 4).is_unnoticed());
        assert!(!row(1, 5).is_unnoticed());
        assert!(row(10, 25).to_string().ends_with("NOTICED"));
        let of_the_host = Row { stolen_from: 1, ..row(10, 25) };
        assert!(!of_the_host.is_unnoticed() && of_the_host.to_string().ends_with("host's"));
    }

    #[test]
    fn work_is_a_share_of_all_windows() {
        let seen = |time, work| Seen {
            time: Duration::from_millis(time),
            work: Duration::from_millis(work),
            ..Seen::default()
        };
        let mut all = seen(100, 30);
        all.add(seen(300, 10));
        assert!((all.share() - 10.0).abs() < 1e-9);
        assert!(row(1, 1).calm.share().abs() < 1e-9);
    }
}
