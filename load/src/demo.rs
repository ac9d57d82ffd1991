//! The demo: logs that real programs have written go through the three tiers, as processes of their own, and through
//! real Kafka into real Elasticsearch. In the end every line that went in is indexed or is a dead letter.
//!
//! The logs are those of this very run's Kafka and Elasticsearch, of an nginx that visitors keep busy, and of the
//! package manager. Everything else is done as a user would: `forebay bootstrap`, `forebay send`, `forebay search`.

mod letters;
mod nginx;
mod sources;
mod visitors;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use forebay_settings::{Period, Settings};
use forebay_testkit::eventually;
use forebay_testkit::procs::binary;
use forebay_testkit::servers::Server;
use jiff::tz::TimeZone;
use tempfile::TempDir;
use tokio::process::Command;

use self::nginx::Nginx;
use self::sources::Source;
use crate::bed::{Bed, Tier};
use crate::hops::end_to_end::{TIERS, count};

/// How long everything may take to arrive.
const PATIENCE: Duration = Duration::from_secs(180);

/// What is searched for in the end.
const SEARCHES: [&str; 3] =
    ["http.response.status_code:>=500", "log.level:error OR log.level:ERROR", "event.action:installed"];

/// Runs the demo and tells how it goes.
///
/// # Errors
/// When a server or tier fails, or a line is neither indexed nor a dead letter.
pub async fn run(out: &mut impl Write) -> Result<()> {
    let began = Instant::now();
    let folder = TempDir::new()?;
    writeln!(out, "starting Kafka and Elasticsearch")?;
    let mut bed = Bed::make().await?;
    let search = Server::elasticsearch().start().await?;
    let settings = settings(&mut bed, &search)?;
    let forebay = Forebay { config: bed.write("forebay", &settings)? };
    let _printed = forebay.run(&["bootstrap"]).await?;
    let mut tiers = TIERS.map(|tier| bed.start(tier, &settings)).into_iter().collect::<Result<Vec<_>>>()?;
    let ingest = tiers.first_mut().context("ingest")?;
    ingest.ready().await?;

    writeln!(out, "nginx serves {} visits", visitors::VISITS)?;
    let nginx = Nginx::start(folder.path()).await?;
    visitors::visit(nginx.port()).await?;
    nginx.stop().await?;

    let mut sent = 0;
    for source in sources::all(folder.path(), &bed.kafka_log(), &search.log())? {
        sent += send(&forebay, &source, out).await?;
    }
    let accepted = ingest.metric("forebay_events_accepted_total").await?;
    ensure!(accepted == sent, "{sent} lines were sent, but {accepted} accepted");
    let arrived = wait(&bed, &settings, accepted).await;
    report(out, &settings, accepted, &arrived, &tiers).await?;
    for query in SEARCHES {
        writeln!(out, "\n$ forebay search '{query}' --limit 3")?;
        out.write_all(forebay.run(&["search", query, "--limit", "3"]).await?.as_bytes())?;
    }
    for tier in tiers {
        tier.stop().await?;
    }
    let Arrived { indexed, dead } = arrived;
    ensure!(accepted == indexed + dead, "{accepted} in, but {indexed} indexed and {dead} dead-lettered");
    writeln!(
        out,
        "\n{accepted} in = {indexed} indexed + {dead} dead-lettered, in {} s",
        began.elapsed().as_secs()
    )?;
    Ok(())
}

/// Where the lines are.
#[derive(Clone, Copy, Debug, Default)]
struct Arrived {
    indexed: u64,
    dead: u64,
}

fn settings(bed: &mut Bed, search: &Server) -> Result<Settings> {
    let mut settings = bed.settings("demo")?;
    settings.search.url = search.url();
    settings.search.index_prefix = "demo".to_owned();
    // The logs of this machine are in its own time.
    if let Some(zone) = TimeZone::system().iana_name() {
        zone.clone_into(&mut settings.parser.timezone);
    }
    // The package manager's log goes years back.
    settings.parser.max_age = Period::from_secs(10 * 365 * 86_400);
    settings.parser.regexes = sources::regexes();
    Ok(settings)
}

/// Sends a file as a user does; how many lines it has.
async fn send(forebay: &Forebay, source: &Source, out: &mut impl Write) -> Result<u64> {
    let Some(lines) = source.lines()? else {
        writeln!(out, "{:>8}  {}: not there, left out", "-", source.name)?;
        return Ok(0);
    };
    let file = source.file.to_string_lossy();
    let mut arguments = vec!["send", &file];
    if let Some(format) = source.format {
        arguments.extend(["--format", format]);
    }
    let _printed = forebay.run(&arguments).await?;
    writeln!(out, "{lines:>8}  {} as {}", source.name, source.format.unwrap_or("whatever each line is"))?;
    Ok(lines)
}

/// Waits until as many lines have arrived somewhere as went in, or until patience is over.
async fn wait(bed: &Bed, settings: &Settings, accepted: u64) -> Arrived {
    let mut arrived = Arrived::default();
    let _told_by_the_counts = eventually("all lines have arrived", PATIENCE, async || {
        arrived = Arrived {
            indexed: count(&settings.search.url, "demo-*").await.unwrap_or(0),
            dead: bed.count(&settings.kafka.topics.dead_letters).await.unwrap_or(0),
        };
        arrived.indexed + arrived.dead >= accepted
    })
    .await;
    arrived
}

async fn report(
    out: &mut impl Write,
    settings: &Settings,
    accepted: u64,
    arrived: &Arrived,
    tiers: &[Tier],
) -> Result<()> {
    writeln!(out, "\n{accepted:>8}  accepted by ingest")?;
    writeln!(out, "{:>8}  found in Elasticsearch", arrived.indexed)?;
    writeln!(out, "{:>8}  in the dead-letter topic, for these reasons:", arrived.dead)?;
    for (reason, (count, example)) in letters::top(settings, 5).await? {
        writeln!(out, "{count:>16}  {reason}; for instance: {example}")?;
    }
    let formats: BTreeMap<String, u64> = match tiers.get(1) {
        Some(parser) => parser.metric_by("forebay_parser_events_total", "format").await?,
        None => BTreeMap::new(),
    };
    let formats: Vec<String> = formats.iter().map(|(format, count)| format!("{count} {format}")).collect();
    writeln!(out, "formats found by the parser: {}", formats.join(", "))?;
    Ok(())
}

/// The command, with the settings of this run.
struct Forebay {
    config: PathBuf,
}

impl Forebay {
    /// Runs it; what it printed.
    async fn run(&self, arguments: &[&str]) -> Result<String> {
        let program = binary("forebay")?;
        let mut command = Command::new(&program);
        let _same = command.args(arguments).arg("--config").arg::<&Path>(self.config.as_ref());
        let output = command.output().await.with_context(|| format!("running {}", program.display()))?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        ensure!(
            output.status.success(),
            "forebay {} ended with {}:\n{}",
            arguments.join(" "),
            output.status,
            text(&output.stderr)
        );
        Ok(text(&output.stdout))
    }
}
