//! The command: which hops to run, how often, and where the report goes.

use std::collections::BTreeSet;
use std::io::{IsTerminal, Write, stderr, stdout};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::{Parser, Subcommand, ValueEnum};
use forebay_settings::sections::parser::Delivery;

use crate::bed::Bed;
use crate::hops::parse::Way;
use crate::hops::rules::Rule;
use crate::hops::{
    Care, bulk, busy, datagrams, drain, end_to_end, fair, floor, idle, ingest, parse, protocols,
};
use crate::lines::{Lines, Payload};
use crate::preload::{self, Backlog};
use crate::report::{Report, Row, default_path};
use crate::senders::Sender;
use crate::sink;

/// What a worker's memory is to stay under while a backlog drains, in bytes.
const MEMORY: u64 = 256 * 1024 * 1024;

/// Measures what Forebay costs on each hop, and proves that nothing was lost.
#[derive(Debug, Parser)]
#[command(name = "forebay-load", args_conflicts_with_subcommands = true, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    helper: Option<Helper>,
    #[command(flatten)]
    bench: Bench,
}

/// What the bench starts as a process of its own.
#[derive(Debug, Subcommand)]
enum Helper {
    /// Serve as the search server of the bulk hop
    #[command(hide = true)]
    Sink {
        /// Keep documents by their ids
        #[arg(long)]
        keep: bool,
    },
}

#[derive(Debug, clap::Args)]
struct Bench {
    /// The hops; all stands for every one of them, with --verify
    #[arg(value_enum)]
    hops: Vec<Hop>,
    /// Events of a run
    #[arg(long, default_value_t = 1_000_000)]
    events: u64,
    /// Events of the run through all tiers into Elasticsearch
    #[arg(long, default_value_t = 200_000)]
    e2e_events: u64,
    /// Events of the backlog that drains
    #[arg(long, default_value_t = 5_000_000)]
    drain_events: u64,
    /// How often each hop is run; end to end and the backlog once
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    repeat: u32,
    /// For how many seconds to wait for a quiet machine before each run
    #[arg(long, default_value_t = 30)]
    patience: u64,
    /// Look for every id after the last run of each hop
    #[arg(long)]
    verify: bool,
    /// The report [default: load/results/DAY.md, with the raw results beside it]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// A hop.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, ValueEnum)]
enum Hop {
    /// Every one of them
    All,
    /// librdkafka alone
    Floor,
    /// HTTP to Kafka
    Ingest,
    /// Every other protocol to Kafka
    Protocols,
    /// Elasticsearch's _bulk to Kafka
    EsBulk,
    /// OTLP over gRPC to Kafka
    Otlp,
    /// Fluent Forward to Kafka
    Forward,
    /// Beats to Kafka
    Beats,
    /// Syslog over TCP to Kafka
    Syslog,
    /// Syslog over UDP to Kafka, 100,000 a second
    Udp,
    /// 10,000 idle connections over TLS
    Idle,
    /// 1,000 clients at half of what ingest can take
    Busy,
    /// A tenant beside another that sends ten times its quota
    Fair,
    /// Kafka, JSON, Kafka
    Json,
    /// Kafka, JSON, Kafka: at least once beside exactly once
    ExactlyOnce,
    /// Kafka, nginx's access log, Kafka
    Nginx,
    /// Kafka, rules, Kafka
    Rules,
    /// Kafka to bulk requests
    Bulk,
    /// HTTP to Elasticsearch through all tiers
    E2e,
    /// A backlog through parser and indexer
    Drain,
}

/// Runs the command.
///
/// # Errors
/// When a server doesn't start, a tier fails, or an event was lost.
pub async fn run(cli: Cli) -> Result<()> {
    match cli.helper {
        Some(Helper::Sink { keep }) => sink::serve(keep).await,
        None => cli.bench.run().await,
    }
}

// === impl Bench ===

impl Bench {
    async fn run(self) -> Result<()> {
        let all = self.hops.contains(&Hop::All);
        let hops: BTreeSet<Hop> = if all {
            Hop::value_variants().iter().copied().collect()
        } else {
            self.hops.iter().copied().collect()
        };
        let patience = Duration::from_secs(self.patience);
        let care = Care { repeat: self.repeat, patience, verify: self.verify || all };
        let [app, access] =
            [Payload::App, Payload::Access].map(|payload| Lines::ending_now(payload, self.events));
        let report = Report::begin(app.mean_length(), access.mean_length());
        let mut session = Session { bed: Bed::make().await?, care, report, events: self.events };
        for hop in hops {
            session.hop(hop, &self).await?;
        }
        let path = self.out.unwrap_or_else(default_path);
        session.report.write(&path)?;
        stdout().write_all(session.report.page().as_bytes())?;
        note(&format!(
            "written to {} and, raw, to {}",
            path.display(),
            path.with_extension("json").display()
        ));
        Ok(())
    }
}

/// A bench under way.
struct Session {
    bed: Bed,
    care: Care,
    report: Report,
    events: u64,
}

// === impl Session ===

impl Session {
    async fn hop(&mut self, hop: Hop, bench: &Bench) -> Result<()> {
        match hop {
            Hop::All => Ok(()),
            Hop::Floor => self.floor().await,
            Hop::Ingest => {
                let runs = ingest::run(&mut self.bed, self.events, self.care).await?;
                self.row(Row::new("HTTP to Kafka", runs).against(3.0, 3.0));
                Ok(())
            }
            Hop::Protocols => {
                for sender in Sender::ALL {
                    self.protocol(sender).await?;
                }
                Ok(())
            }
            // Protocols has run them.
            Hop::EsBulk | Hop::Otlp | Hop::Forward | Hop::Beats | Hop::Syslog
                if bench.hops.contains(&Hop::All) =>
            {
                Ok(())
            }
            Hop::EsBulk => self.protocol(Sender::Bulk).await,
            Hop::Otlp => self.protocol(Sender::Otlp).await,
            Hop::Forward => self.protocol(Sender::Forward).await,
            Hop::Beats => self.protocol(Sender::Lumberjack).await,
            Hop::Syslog => self.protocol(Sender::Syslog).await,
            Hop::Udp => {
                let run = datagrams::run(&mut self.bed, self.events, self.care.patience).await?;
                let hop = format!(
                    "syslog over UDP, {} a second: {} dropped by the kernel, {} lost and counted",
                    run.rate, run.dropped, run.lost
                );
                self.row(Row::new(hop, vec![run.measured]));
                Ok(())
            }
            Hop::Idle => {
                let run = idle::run(&mut self.bed, self.care.patience).await?;
                self.row(
                    Row::new(format!("{} idle connections over TLS", idle::CONNECTIONS), vec![run])
                        .within(2 * MEMORY),
                );
                Ok(())
            }
            Hop::Busy => self.busy().await,
            Hop::Fair => self.fair().await,
            Hop::Json => self.json().await,
            Hop::ExactlyOnce => self.exactly_once().await,
            Hop::Nginx => self.nginx().await,
            Hop::Rules => self.rules().await,
            Hop::Bulk => self.bulk().await,
            Hop::E2e => {
                for (tier, run) in end_to_end::TIERS
                    .iter()
                    .zip(end_to_end::run(&mut self.bed, bench.e2e_events, self.care).await?)
                {
                    self.row(Row::new(format!("end to end into Elasticsearch: {tier}"), vec![run]));
                }
                Ok(())
            }
            Hop::Drain => {
                let (parser, indexer) = drain::run(&mut self.bed, bench.drain_events, self.care).await?;
                self.row(Row::new("backlog of JSON: parser", vec![parser]).within(MEMORY));
                self.row(Row::new("backlog of documents: indexer", vec![indexer]).within(MEMORY));
                Ok(())
            }
        }
    }

    async fn protocol(&mut self, sender: Sender) -> Result<()> {
        let runs = protocols::run(&mut self.bed, sender, self.events, self.care).await?;
        self.row(Row { target: Some(sender.target()), ..Row::new(sender.hop(), runs) });
        Ok(())
    }

    async fn busy(&mut self) -> Result<()> {
        let found = busy::run(&mut self.bed, self.care.patience).await?;
        let hop = format!(
            "{} clients at half of {:.0} events a second: median {:.1} ms, p99 {:.1} ms (target 50), {} refused",
            busy::CLIENTS,
            found.capacity,
            found.latencies.median_ms(),
            found.latencies.p99_ms(),
            found.refused
        );
        self.row(Row::new(hop, vec![found.measured]));
        Ok(())
    }

    async fn fair(&mut self) -> Result<()> {
        let found = fair::run(&mut self.bed, self.care.patience).await?;
        let [alone, at_quota, beyond] = found.modest.map(|times| times.p99_ms());
        let hop = format!(
            "a tenant's p99: {alone:.1} ms alone, {at_quota:.1} ms beside one at its quota, {beyond:.1} ms beside it at ten times \
             of that ({:+.0} %, target +10 %; of 10,000 a second {} were taken, {} requests refused)",
            (beyond / at_quota - 1.0) * 100.0,
            found.taken,
            found.refused
        );
        self.row(Row::new(hop, found.measured.into_iter().collect()));
        Ok(())
    }

    async fn floor(&mut self) -> Result<()> {
        let (produced, consumed) = floor::run(&mut self.bed, self.events, self.care).await?;
        self.row(Row::new("floor: librdkafka produces", produced).against_floor(1.65));
        self.row(Row::new("floor: librdkafka consumes", consumed).against_floor(0.8));
        Ok(())
    }

    async fn json(&mut self) -> Result<()> {
        let backlog = self.backlog("json", Payload::App, Payload::App.format()).await?;
        let (runs, _) = parse::run(&mut self.bed, &backlog, &Way::default(), self.care).await?;
        self.row(Row::new("Kafka, JSON, Kafka", runs).against(4.2, 3.15));
        let (runs, _) =
            parse::run(&mut self.bed, &backlog, &Way { lanes: 1, ..Way::default() }, self.care).await?;
        self.row(Row::new("Kafka, JSON, Kafka; one lane", runs).against(4.2, 3.15));
        Ok(())
    }

    /// In turns, so that both meet the same machine.
    async fn exactly_once(&mut self) -> Result<()> {
        let backlog = self.backlog("deliveries", Payload::App, Payload::App.format()).await?;
        let once = Care { repeat: 1, ..self.care };
        let (mut at_least, mut exactly) = (Vec::new(), Vec::new());
        for _ in 0..self.care.repeat {
            for (delivery, runs) in
                [(Delivery::AtLeastOnce, &mut at_least), (Delivery::ExactlyOnce, &mut exactly)]
            {
                runs.extend(
                    parse::run(&mut self.bed, &backlog, &Way { delivery, ..Way::default() }, once).await?.0,
                );
            }
        }
        self.row(Row::new("Kafka, JSON, Kafka; at least once", at_least));
        self.row(Row::new("Kafka, JSON, Kafka; exactly once", exactly));
        Ok(())
    }

    async fn nginx(&mut self) -> Result<()> {
        let backlog = self.backlog("nginx", Payload::Access, Payload::Access.format()).await?;
        let (runs, _) = parse::run(&mut self.bed, &backlog, &Way::default(), self.care).await?;
        self.row(Row::new("Kafka, nginx, Kafka", runs).against(4.5, 3.85));
        let (runs, _) =
            parse::run(&mut self.bed, &backlog, &Way { lanes: 1, ..Way::default() }, self.care).await?;
        self.row(Row::new("Kafka, nginx, Kafka; one lane", runs).against(4.5, 3.85));
        let backlog = self.backlog("auto", Payload::Access, "").await?;
        let (runs, _) = parse::run(&mut self.bed, &backlog, &Way::default(), self.care).await?;
        self.row(Row::new("Kafka, nginx, Kafka; format found out", runs).against(4.5, 3.85));
        Ok(())
    }

    /// JSON with a program, access logs with places and user agents, JSON with every mask.
    async fn rules(&mut self) -> Result<()> {
        let json = self.backlog("rules", Payload::App, Payload::App.format()).await?;
        let nginx = self.backlog("places", Payload::Access, Payload::Access.format()).await?;
        for (hop, rule, backlog, target) in [
            ("Kafka, JSON with VRL, Kafka", Rule::Vrl, &json, 7.5),
            ("Kafka, JSON with all masks, Kafka", Rule::Mask, &json, 8.2),
            ("Kafka, nginx with places and agents, Kafka", Rule::Places, &nginx, 9.0),
        ] {
            let folder = rule.folder()?;
            let way = Way { rules: Some(folder.path().to_owned()), ..Way::default() };
            let (runs, _) = parse::run(&mut self.bed, backlog, &way, self.care).await?;
            self.row(Row { target: Some(target), ..Row::new(hop, runs) });
        }
        Ok(())
    }

    /// The documents are the parser's own, made by a run that is not measured.
    async fn bulk(&mut self) -> Result<()> {
        let backlog = self.backlog("documents", Payload::App, Payload::App.format()).await?;
        let once = Care { repeat: 1, patience: Duration::ZERO, verify: false };
        let (_, documents) = parse::run(&mut self.bed, &backlog, &Way::default(), once).await?;
        let runs = bulk::run(&mut self.bed, &documents, self.events, self.care).await?;
        self.row(Row::new("Kafka to bulk", runs).against(2.2, 3.75));
        Ok(())
    }

    async fn backlog(&mut self, name: &str, payload: Payload, format: &str) -> Result<Backlog> {
        preload::fill(&mut self.bed, name, Lines::ending_now(payload, self.events), format, self.events).await
    }

    fn row(&mut self, row: Row) {
        let costs: Vec<String> = row.runs.iter().map(|run| format!("{:.2}", run.cost())).collect();
        note(&format!("{}: {} CPU-s per million", row.hop, costs.join(", ")));
        self.report.rows.push(row);
    }
}

/// Tells a person how it goes; a pipe gets the page only.
fn note(text: &str) {
    if stderr().is_terminal() || std::env::var_os("CI").is_none() {
        // Nobody reads it any more if this fails.
        let _gone = writeln!(stderr(), "{text}");
    }
}
