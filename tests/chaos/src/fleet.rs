//! The tiers' processes: each has a seat, in which one life follows another.
//!
//! A seat is locked by whoever does something to its process, so that two faults at one process come one after the other.
//! A process that ends though nobody ended it is started again, as an orchestrator would, and counted.

mod lives;
mod quota;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use forebay_testkit::procs::{Process, settings_file};
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::bed::Bed;
use crate::run::Options;
use crate::tier::{Crew, Tier};
use lives::Life;
pub use lives::{CpuTimes, Lives, Peaks};
use quota::Quota;

/// How long a start may take, and a stop: the drain's deadline and then some.
const START: Duration = Duration::from_secs(90);
const STOP: Duration = Duration::from_secs(60);

/// How often it is looked whether all are alive.
const PATROL: Duration = Duration::from_millis(500);

/// All processes of a run.
#[derive(Debug)]
pub struct Fleet {
    seats: HashMap<(Tier, usize), Mutex<Seat>>,
    members: Crew,
    /// What has become of them all.
    pub lives: Arc<Lives>,
}

/// What a process gets, besides its file of settings.
#[derive(Clone, Debug, Default)]
pub struct Outfit {
    /// Variables of its environment.
    pub environment: Vec<(String, String)>,
    /// How much of a core it may use from its readiness on, as a container with a limit; none: all that there is.
    pub cores: Option<f64>,
}

/// The place of one process.
#[derive(Debug)]
pub struct Seat {
    tier: Tier,
    number: usize,
    program: PathBuf,
    settings: PathBuf,
    logs: PathBuf,
    metrics: String,
    environment: Vec<(String, String)>,
    lives: Arc<Lives>,
    now: Option<(Process, Arc<Life>)>,
    /// Below the process, which has to be gone before its limit goes.
    quota: Option<Quota>,
}

// === impl Fleet ===

impl Fleet {
    /// Starts two of each tier and waits until they are ready.
    ///
    /// # Errors
    /// When one doesn't get ready.
    pub async fn start(bed: &Bed, options: &Options) -> Result<Self> {
        let outfit = |tier: Tier, seat: usize| Outfit {
            environment: options.environment(tier, seat),
            ..Outfit::default()
        };
        Self::with(bed, Crew::each(|_| Tier::MEMBERS), outfit).await
    }

    /// Starts so many of each tier, each with its outfit, and waits until they are ready. The bed has seats for more.
    ///
    /// # Errors
    /// When one doesn't get ready.
    pub async fn with(bed: &Bed, members: Crew, outfit: impl Fn(Tier, usize) -> Outfit) -> Result<Self> {
        let lives = Arc::new(Lives::default());
        let mut seats = HashMap::new();
        for (tier, number) in bed.ground().seats.places() {
            let mut seat = Seat::new(bed, tier, number, outfit(tier, number), Arc::clone(&lives))?;
            if number < members.of(tier) {
                seat.start()?;
            }
            let _new = seats.insert((tier, number), Mutex::new(seat));
        }
        let fleet = Self { seats, members, lives };
        fleet.ready().await?;
        Ok(fleet)
    }

    /// A seat, once nobody else is at it.
    ///
    /// # Errors
    /// When there is no such seat.
    pub async fn seat(&self, tier: Tier, number: usize) -> Result<MutexGuard<'_, Seat>> {
        Ok(self.seats.get(&(tier, number)).with_context(|| format!("no {tier} {number}"))?.lock().await)
    }

    /// Waits until every process that there always is runs and is ready.
    ///
    /// # Errors
    /// When one doesn't get ready; the end of its log is in the error.
    pub async fn ready(&self) -> Result<()> {
        for (tier, number) in self.members.places() {
            self.seat(tier, number).await?.ready().await?;
        }
        Ok(())
    }

    /// Starts again what ends by itself, until it is told to stop.
    pub async fn patrol(&self, stop: &CancellationToken) -> Result<()> {
        let mut ticks = interval(PATROL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            for seat in self.seats.values() {
                // One that is locked is being ended or started just now.
                if let Ok(mut seat) = seat.try_lock() {
                    seat.revive()?;
                }
            }
        }
        Ok(())
    }

    /// Puts away the logs of all that still run.
    pub async fn keep_logs(&self) {
        for seat in self.seats.values() {
            seat.lock().await.keep_log();
        }
    }
}

// === impl Seat ===

impl Seat {
    fn new(bed: &Bed, tier: Tier, number: usize, outfit: Outfit, lives: Arc<Lives>) -> Result<Self> {
        let Outfit { environment, cores } = outfit;
        let quota = cores.map(|cores| Quota::make(&format!("{tier}-{number}"), cores)).transpose()?;
        let (settings, listen) = bed.settings_of(tier, number)?;
        let path = bed.folder().join(format!("{tier}-{number}.yaml"));
        settings_file(&path, &settings)?;
        let logs = bed.folder().join(format!("{tier}-{number}.log"));
        let metrics = format!("http://{listen}");
        let program = bed.program(tier)?;
        Ok(Self {
            tier,
            number,
            program,
            settings: path,
            logs,
            metrics,
            environment,
            lives,
            now: None,
            quota,
        })
    }

    /// Starts its process; it needn't be ready yet.
    ///
    /// # Errors
    /// When it runs already or can't be started.
    pub fn start(&mut self) -> Result<()> {
        ensure!(self.now.is_none(), "{} {} runs already", self.tier, self.number);
        let arguments = ["--config".as_ref(), self.settings.as_os_str()];
        let process = Process::start(&self.program, arguments, self.environment.clone())?;
        let life = self.lives.begin(self.tier, process.pid(), format!("{}/metrics", self.metrics));
        self.now = Some((process, life));
        Ok(())
    }

    /// Waits until its process is ready; starts one if there is none.
    ///
    /// # Errors
    /// When it doesn't get ready.
    pub async fn ready(&mut self) -> Result<()> {
        if self.now.is_none() {
            self.start()?;
        }
        let url = format!("{}/readyz", self.metrics);
        let (process, _) = self.running()?;
        process.ready(&url, START).await?;
        let pid = process.pid();
        self.quota.as_ref().map_or(Ok(()), |quota| quota.hold(pid))
    }

    /// Ends its process at once (SIGKILL).
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn kill(&mut self) -> Result<()> {
        if let Some((process, life)) = &mut self.now {
            life.end();
            let _status = process.kill()?;
            self.buried();
        }
        Ok(())
    }

    /// Ends its process as an operator does (SIGTERM), and reads its counters until the last moment. Whether it ended with
    /// success and in time; if it didn't, it is killed.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub async fn stop(&mut self) -> Result<bool> {
        let lives = Arc::clone(&self.lives);
        let Some((process, life)) = &mut self.now else { return Ok(true) };
        let ended = tokio::select! {
            ended = process.terminate(STOP) => ended,
            never = lives.follow(life) => match never {},
        };
        life.end();
        let clean = ended.is_ok_and(|status| status.success());
        if process.is_running() {
            let _status = process.kill()?;
        }
        self.buried();
        Ok(clean)
    }

    /// Freezes its process (SIGSTOP).
    ///
    /// # Errors
    /// When it has ended.
    pub async fn pause(&mut self) -> Result<()> {
        self.revive()?;
        self.running()?.0.pause().await
    }

    /// Lets its process go on (SIGCONT).
    ///
    /// # Errors
    /// When it has ended.
    pub fn resume(&mut self) -> Result<()> {
        self.running()?.0.resume()
    }

    fn revive(&mut self) -> Result<()> {
        if let Some((process, life)) = &mut self.now
            && !process.is_running()
        {
            life.end();
            self.lives.ended_by_itself(self.tier, &process.log());
            self.buried();
            self.start()?;
        }
        Ok(())
    }

    fn running(&mut self) -> Result<&mut (Process, Arc<Life>)> {
        self.now.as_mut().with_context(|| format!("{} {} doesn't run", self.tier, self.number))
    }

    /// The process has ended: what it printed is put with what those before it did.
    fn buried(&mut self) {
        self.keep_log();
        self.now = None;
    }

    fn keep_log(&self) {
        use std::io::Write as _;
        if let Some((process, _)) = &self.now {
            let log = std::fs::File::options().create(true).append(true).open(&self.logs);
            // Logs are for people who look into a failure; a run doesn't fail for want of one.
            let _written = log.and_then(|mut log| {
                writeln!(log, "=== pid {}", process.pid())?;
                log.write_all(process.log().as_bytes())
            });
        }
    }
}
