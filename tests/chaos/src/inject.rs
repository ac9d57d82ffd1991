//! Faults carried out: each begins, lasts, and is mended.

use std::time::Duration;

use anyhow::{Context as _, Result};
use forebay_testkit::eventually;
use forebay_testkit::proxy::Mode;
use tokio::time::sleep;

use crate::bed::Bed;
use crate::fleet::Fleet;
use crate::plan::{Fault, Line, Outage, Server, Trouble};
use crate::tier::Tier;

/// How long a broker on a full disk may take to notice and end; then it is killed.
const HALT: Duration = Duration::from_secs(5);

/// What became of a fault.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Injected {
    /// It was there, and is mended.
    Done,
    /// A process that was asked to stop didn't end in time, or ended with an error.
    Unclean,
    /// The broker ended by itself, as it should on a full disk.
    Halted,
}

/// Carries a fault out from its beginning to its end.
///
/// # Errors
/// When it can't be done or mended: then the run is worth nothing.
pub async fn inject(fault: Fault, bed: &Bed, fleet: &Fleet) -> Result<Injected> {
    match fault {
        Fault::Kill { tier, member, away } => {
            let mut seat = fleet.seat(tier, member).await?;
            seat.kill()?;
            sleep(away).await;
            seat.start()?;
            Ok(Injected::Done)
        }
        Fault::KillAll { tier, away } => kill_all(tier, away, fleet).await,
        Fault::Freeze { tier, member, still } => {
            let mut seat = fleet.seat(tier, member).await?;
            seat.pause().await?;
            sleep(still).await;
            seat.resume()?;
            Ok(Injected::Done)
        }
        Fault::Roll { tier, member } => {
            let mut seat = fleet.seat(tier, member).await?;
            let clean = seat.stop().await?;
            seat.start()?;
            Ok(if clean { Injected::Done } else { Injected::Unclean })
        }
        Fault::Join { tier, stays } => {
            let mut seat = fleet.seat(tier, Tier::MEMBERS).await?;
            seat.start()?;
            sleep(stays).await;
            let clean = seat.stop().await?;
            Ok(if clean { Injected::Done } else { Injected::Unclean })
        }
        Fault::Server { server, outage, away } => self::outage(server, outage, away, bed).await,
        Fault::FullDisk { lasts } => full_disk(lasts, bed).await,
        Fault::Reload { broken, lasts } => {
            let rules = bed.rules.as_ref().context("there are no rules to change")?;
            rules.change(broken)?;
            if broken {
                sleep(lasts).await;
                rules.change(false)?;
            }
            Ok(Injected::Done)
        }
        Fault::Line { line, trouble, lasts } => self::trouble(line, trouble, lasts, bed).await,
    }
}

async fn kill_all(tier: Tier, away: Duration, fleet: &Fleet) -> Result<Injected> {
    let mut seats = Vec::new();
    for member in 0..Tier::MEMBERS {
        seats.push(fleet.seat(tier, member).await?);
    }
    for seat in &mut seats {
        seat.kill()?;
    }
    sleep(away).await;
    for seat in &mut seats {
        seat.start()?;
    }
    Ok(Injected::Done)
}

async fn outage(server: Server, outage: Outage, away: Duration, bed: &Bed) -> Result<Injected> {
    let mut server = match server {
        Server::Broker => bed.kafka.lock().await,
        Server::Search => bed.search.server()?.lock().await,
    };
    match outage {
        Outage::Kill => server.kill().await?,
        Outage::Stop => server.stop().await?,
        Outage::Freeze => server.pause().await?,
    }
    sleep(away).await;
    match outage {
        Outage::Freeze => server.resume()?,
        Outage::Kill | Outage::Stop => server.restart().await?,
    }
    Ok(Injected::Done)
}

async fn full_disk(lasts: Duration, bed: &Bed) -> Result<Injected> {
    let mut kafka = bed.kafka.lock().await;
    let disk = bed.disk.as_ref().context("there is no disk to fill")?;
    disk.fill().await?;
    sleep(lasts).await;
    let halted = eventually("Kafka halts", HALT, async || !kafka.is_running()).await.is_ok();
    kafka.kill().await?;
    disk.free()?;
    kafka.restart().await?;
    Ok(if halted { Injected::Halted } else { Injected::Done })
}

async fn trouble(line: Line, trouble: Trouble, lasts: Duration, bed: &Bed) -> Result<Injected> {
    let (proxy, trouble_at_a_time) = bed.line(line)?;
    let _mine = trouble_at_a_time.lock().await;
    match trouble {
        Trouble::Cut => proxy.cut(),
        Trouble::Hold => proxy.set(Mode::BlackHole),
        Trouble::Mute => proxy.set(Mode::Mute),
        Trouble::Refuse => {
            proxy.set(Mode::Refuse);
            // Connections that are open would go on: now their clients have to make new ones.
            proxy.cut();
        }
        Trouble::Slow(shape) => proxy.set(Mode::Slow(shape)),
    }
    sleep(lasts).await;
    if trouble == Trouble::Mute {
        // Before it passes, or the answers would come late instead of never.
        proxy.cut();
    }
    proxy.set(Mode::Pass);
    Ok(Injected::Done)
}
