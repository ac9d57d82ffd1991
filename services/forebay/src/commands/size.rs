//! `forebay size`: what an installation needs.

use forebay_capacity::text::bytes;
use forebay_capacity::{Input, Parsing, Plan, Protocol, Tier, figures, plan};
use forebay_settings::units::UnitError;
use forebay_settings::{ByteSize, Period};

use crate::exit::{Exit, Failure, Outcome};
use crate::output::table::{Table, count};
use crate::output::{Data, note};

/// Works out cores, pods, partitions, shards and disks from what was measured (docs/capacity.md has the figures and where they
/// come from). Nothing is connected to.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Events a second, the mean of a busy day; peaks of twice that are provided for
    #[arg(long, value_name = "N", value_parser = events)]
    events_per_sec: u64,

    /// Bytes of an event, as its sender writes it: 300, or 2KiB
    #[arg(long, value_name = "B", value_parser = size)]
    bytes: u64,

    /// How long indices are kept, in whole days
    #[arg(long, value_name = "TIME", default_value = "30d", value_parser = days)]
    retention: u64,

    /// Copies of each index besides the first
    #[arg(long, value_name = "N", default_value = "1")]
    replicas: u64,

    /// How many tenants share that, evenly
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u64).range(1..))]
    tenants: u64,

    /// How senders send
    #[arg(long, default_value = "http", value_parser = ["http", "bulk", "otlp", "forward", "beats", "syslog"])]
    protocol: String,

    /// What the parser does: json, access (logs), vrl (a program for each event), masks, enrich (places and user agents)
    #[arg(long, default_value = "json", value_parser = ["json", "access", "vrl", "masks", "enrich"])]
    parsing: String,

    /// How long Kafka keeps records, in whole days
    #[arg(long, value_name = "TIME", default_value = "3d", value_parser = days)]
    kafka_retention: u64,

    /// Copies that Kafka keeps
    #[arg(long, value_name = "N", default_value = "3", value_parser = clap::value_parser!(u64).range(1..))]
    kafka_replicas: u64,

    /// One JSON object
    #[arg(long)]
    json: bool,
}

fn events(text: &str) -> Result<u64, String> {
    let number = text.parse::<u64>().ok().filter(|number| *number > 0);
    number.ok_or_else(|| "give a whole number from 1, in digits alone, such as 50000".to_owned())
}

fn size(text: &str) -> Result<u64, String> {
    let number = text.parse::<u64>().or_else(|_| text.parse::<ByteSize>().map(|size| size.0));
    let number = number.ok().filter(|number| *number > 0);
    number.ok_or_else(|| "give the bytes of one event, such as 300, or a size, such as 2KiB".to_owned())
}

fn days(text: &str) -> Result<u64, String> {
    if let Ok(number) = text.parse::<u64>() {
        return Err(format!("`{number}` has no unit: write `{number}d` for days"));
    }
    let period: Period = text.parse().map_err(|error: UnitError| error.to_string())?;
    match period.0.as_secs().div_ceil(86_400) {
        0 => Err("it has to be a day at least: `1d`".to_owned()),
        days => Ok(days),
    }
}

pub(crate) fn run(args: &Args) -> Outcome {
    let input = Input {
        events_per_sec: args.events_per_sec,
        bytes: args.bytes,
        protocol: protocol(&args.protocol),
        parsing: parsing(&args.parsing),
        retention_days: args.retention,
        replicas: args.replicas,
        tenants: args.tenants,
        kafka_days: args.kafka_retention,
        kafka_replicas: args.kafka_replicas,
    };
    if !input.is_in_reach() {
        return Err(Failure::usage("these numbers together are beyond what can be worked out").hint(
            "--events-per-sec is events in one second, --bytes the size of one event: which of all numbers is too large?",
        ));
    }
    let plan = plan(&input);
    let mut data = Data::new();
    if args.json {
        let text = serde_json::to_string(&plan).map_err(|error| Failure::failed(error.to_string()))?;
        data.line(text)?;
        data.flush()?;
        return Ok(Exit::Done);
    }
    lines(&plan).iter().try_for_each(|line| data.line(line))?;
    data.flush()?;
    note(format!(
        "cores at {} % of each, disks at {} %, from what was measured: docs/capacity.md says how, and what is assumed",
        figures::UTILISATION,
        figures::DISK_FILL
    ));
    Ok(Exit::Done)
}

fn protocol(name: &str) -> Protocol {
    match name {
        "bulk" => Protocol::Bulk,
        "otlp" => Protocol::Otlp,
        "forward" => Protocol::Forward,
        "beats" => Protocol::Beats,
        "syslog" => Protocol::Syslog,
        _ => Protocol::Http,
    }
}

fn parsing(name: &str) -> Parsing {
    match name {
        "access" => Parsing::Access,
        "vrl" => Parsing::Vrl,
        "masks" => Parsing::Masks,
        "enrich" => Parsing::Enrich,
        _ => Parsing::Json,
    }
}

fn lines(plan: &Plan) -> Vec<String> {
    let (kafka, search) = (&plan.kafka, &plan.search);
    let mut table = Table::new(&["part", "cores", "of which busy", "to run", "settings"]);
    let mut tier = |name: &str, tier: &Tier| {
        let busy = format!("{}.{:02}", tier.busy_millicores / 1_000, tier.busy_millicores % 1_000 / 10);
        let cores = if tier.pod_cores == 1 { "core" } else { "cores" };
        let pods = format!("{} pods with {} {cores} each", count(tier.pods), tier.pod_cores);
        table.row([name.to_owned(), count(tier.cores), busy, pods, String::new()]);
    };
    tier("ingest", &plan.ingest);
    tier("parser", &plan.parser);
    tier("indexer", &plan.indexer);
    let partitions = format!("kafka.topics.partitions: {}", kafka.partitions);
    let brokers = format!("{} brokers", count(kafka.brokers));
    table.row(["Kafka".to_owned(), count(kafka.cores), String::new(), brokers, partitions]);
    let period = if search.hourly { "hour" } else { "day" };
    let settings = format!("search.shards: {}, search.target_period: {period}", search.shards);
    let nodes = format!("{} data nodes", count(search.nodes));
    table.row(["search".to_owned(), count(search.cores), String::new(), nodes, settings]);
    let mut lines = table.lines();
    lines.push(String::new());
    let mut table = Table::new(&["disks", "stored", "to have"]);
    let mut disk = |name: String, stored: u64, disk: u64| table.row([name, bytes(stored), bytes(disk)]);
    disk(
        format!("Kafka, {} days, {} copies", plan.input.kafka_days, plan.input.kafka_replicas),
        kafka.stored,
        kafka.disk,
    );
    let copies = plan.input.replicas.saturating_add(1);
    disk(format!("search, {} days, {copies} copies", plan.input.retention_days), search.stored, search.disk);
    lines.extend(table.lines());
    lines.push(String::new());
    let mut table = Table::new(&["retention", "indices held, every month"]);
    for (days, stored) in &search.monthly {
        table.row([format!("{days} days"), bytes(*stored)]);
    }
    lines.extend(table.lines());
    lines.push(String::new());
    lines.push(format!(
        "{} in a second; {} indices with {} shards at any time",
        bytes(plan.bytes_per_sec),
        count(search.indices),
        count(search.all_shards)
    ));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_needs_to_order_stands_there() {
        let text = lines(&plan(&Input { events_per_sec: 100_000, ..Input::default() })).join("\n");
        for words in [
            "ingest",
            "parser",
            "indexer",
            "kafka.topics.partitions: ",
            "search.shards: ",
            "2 pods with 2 cores each",
            " data nodes",
            "365 days",
            "TB",
            "30 MB in",
        ] {
            assert!(text.contains(words), "{words} in\n{text}");
        }
    }

    #[test]
    fn days_are_whole_ones() {
        assert_eq!((days("30d"), days("36h"), days("1y").is_ok()), (Ok(30), Ok(2), true));
    }

    /// Guarantees: a number that can't be meant is refused, with what to write.
    #[test]
    fn what_can_not_be_meant_is_told() {
        assert_eq!((events("50000"), size("300"), size("2KiB")), (Ok(50_000), Ok(300), Ok(2_048)));
        for wrong in ["0", "50k", "50,000", "-1", "1e6"] {
            assert!(events(wrong).unwrap_err().contains("such as 50000"), "{wrong}");
        }
        for wrong in ["0", "0B", "many", "300 bytes each"] {
            assert!(size(wrong).unwrap_err().contains("such as 300"), "{wrong}");
        }
        assert_eq!(days("30").unwrap_err(), "`30` has no unit: write `30d` for days");
        assert!(days("0d").unwrap_err().contains("a day at least"));
        assert!(days("soon").is_err());
    }
}
