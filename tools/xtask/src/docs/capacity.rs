//! The page on capacity: the model, its figures, and what it says at four rates.

use forebay_capacity::figures::{self, Cost, Share};
use forebay_capacity::text::bytes;
use forebay_capacity::{Input, Parsing, Plan, Protocol, Tier, plan};

use super::table::table;

const HEAD: &str = "\
# Capacity

<!-- Generated from crates/core/capacity by `cargo run --package xtask -- docs`; change the figures there. -->

How many cores, pods, partitions, shards and disks a rate of events needs. `forebay size` works it out for a rate, a size of
events and a retention of your own:

    forebay size --events-per-sec 50000 --bytes 450 --retention 90d --tenants 20 --protocol otlp --parsing masks

It is a plan to begin with, not a promise: CPU time differs by machine, events by sender. Run `make bench` on your own machine, and
correct the plan by what `forebay status` and the [metrics](reference/metrics.md) show.

## The model
- **Cores** of a tier: events a second, times what one event costs there, by the table below. An event larger than the measured one
  costs more in proportion; a smaller one costs the same. The tiers share nothing but Kafka, so that twice the events need twice the cores.
";

/// The page.
pub(super) fn page() -> String {
    let mut text = HEAD.to_owned();
    text.push_str(&rules());
    text.push_str("\n## What it needs\n\n");
    text.push_str(
        "Events of 300 bytes by HTTP, in JSON, one tenant, 30 days, one replica; three days and three copies in Kafka. In brackets what \
         the tier uses at that rate, before headroom.\n\n",
    );
    text.push_str(&rates());
    text.push_str("\n## What is held, by retention\n\n");
    text.push_str("Bytes on the disks of the search cluster, one replica included; that much is held, and paid for, all month.\n\n");
    text.push_str(&monthly());
    text.push_str("\n## What was measured\n\n");
    text.push_str(&measured());
    text.push_str(
        "\nBytes were measured on lines that are made up, which compress better than real ones: yours may take twice as much. What Kafka's brokers \
         cost, and Elasticsearch alone, was not measured here.\n",
    );
    text
}

fn rules() -> String {
    format!(
        "- **Headroom**: {} % of each core is used at the mean rate. The rest is for peaks of twice the mean, for the way back after an \
         outage (a backlog of an hour is worked off in another), and for neighbours: CPU-seconds swell by up to 1.7 times when others \
         are busy on the machine.\n\
         - **Pods** of ingest and parser have {} cores, the indexer's {} (one thread polls). There are {} of each at least, so that one may go.\n\
         - **Partitions**: {} for each lane of the parser, in multiples of {}, so that the tiers can double without new ones. A partition is \
         read by one lane at a time, and more pods than partitions do nothing.\n\
         - **Kafka**: {} write-equivalent bytes a second and core (*assumed*, from \
         [Google's sizing](https://docs.cloud.google.com/managed-service-for-apache-kafka/docs/plan-cluster-size): reads count a quarter, copies \
         count), {} cores a broker; no fewer brokers than copies.\n\
         - **The search cluster**: at most {} microseconds of CPU time for a document and copy. That is an upper bound: what a run through all \
         tiers left over, on a machine that they shared. Nodes of {} cores, {} where there are replicas.\n\
         - **Shards** have {} and {} million documents at most (*assumed*, from \
         [Elastic's guide](https://www.elastic.co/docs/deploy-manage/production-guidance/optimize-performance/size-shards)), a node {} of them. \
         A day that would need more than {} shards is split into hours (`search.target_period: hour`). Many small tenants cost shards, not \
         bytes.\n\
         - **Disks** are {} % full and {} each.\n",
        figures::UTILISATION,
        figures::POD_CORES,
        figures::INDEXER_POD_CORES,
        figures::LEAST_PODS,
        figures::GROWTH,
        figures::PARTITION_STEP,
        bytes(figures::KAFKA_BYTES_PER_CORE),
        figures::BROKER_CORES,
        figures::SEARCH.nanoseconds.div_ceil(1_000),
        figures::SEARCH_CORES,
        figures::LEAST_NODES,
        bytes(figures::SHARD_BYTES),
        figures::SHARD_DOCUMENTS / 1_000_000,
        figures::SHARDS_PER_NODE,
        figures::SHARDS_OF_DAY,
        figures::DISK_FILL,
        bytes(figures::NODE_DISK),
    )
}

fn plans() -> [Plan; 4] {
    [1_000, 100_000, 1_000_000, 10_000_000]
        .map(|events_per_sec| plan(&Input { events_per_sec, ..Input::default() }))
}

fn rates() -> String {
    let plans = plans();
    let row = |name: &str, of: &dyn Fn(&Plan) -> String| {
        let [a, b, c, d] = plans.each_ref().map(of);
        [name.to_owned(), a, b, c, d]
    };
    let tier = |tier: &Tier| {
        let busy = format!("{}.{:02}", tier.busy_millicores / 1_000, tier.busy_millicores % 1_000 / 10);
        format!("{} cores ({busy}), {} pods", tier.cores, tier.pods)
    };
    let rows = [
        row("in", &|plan| format!("{}/s", bytes(plan.bytes_per_sec))),
        row("ingest", &|plan| tier(&plan.ingest)),
        row("parser", &|plan| tier(&plan.parser)),
        row("indexer", &|plan| tier(&plan.indexer)),
        row("partitions of each topic", &|plan| plan.kafka.partitions.to_string()),
        row("Kafka", &|plan| format!("{} brokers, {} cores", plan.kafka.brokers, plan.kafka.cores)),
        row("Kafka's disks", &|plan| bytes(plan.kafka.disk)),
        row("search cluster", &|plan| format!("{} nodes, {} cores", plan.search.nodes, plan.search.cores)),
        row("its disks", &|plan| bytes(plan.search.disk)),
        row("`search.target_period`", &|plan| {
            format!("`{}`", if plan.search.hourly { "hour" } else { "day" })
        }),
        row("`search.shards`", &|plan| plan.search.shards.to_string()),
        row("shards at any time", &|plan| plan.search.all_shards.to_string()),
    ];
    table(["", "1,000/s", "100,000/s", "1,000,000/s", "10,000,000/s"], rows)
}

fn monthly() -> String {
    let plans = plans();
    let rows = figures::MONTHLY.iter().enumerate().map(|(n, days)| {
        let [a, b, c, d] = plans
            .each_ref()
            .map(|plan| plan.search.monthly.get(n).map_or(String::new(), |(_, held)| bytes(*held)));
        [format!("{days} days"), a, b, c, d]
    });
    table(["retention", "1,000/s", "100,000/s", "1,000,000/s", "10,000,000/s"], rows)
}

fn measured() -> String {
    let link = |source: &str| format!("[{}](../{source})", source.rsplit('/').next().unwrap_or(source));
    let row = |tier: &str, Cost { what, nanoseconds, bytes, source }: Cost| {
        let seconds = format!("{}.{:02}", nanoseconds / 1_000, nanoseconds % 1_000 / 10);
        [tier.to_owned(), what.to_owned(), seconds, bytes.to_string(), link(source)]
    };
    let ingest = Protocol::ALL.map(|protocol| row("ingest", figures::ingest(protocol)));
    let parser = Parsing::ALL.map(|parsing| row("parser", figures::parser(parsing)));
    let others = [row("indexer", figures::INDEXER), row("search cluster", figures::SEARCH)];
    let costs = table(
        ["tier", "what it does", "CPU-seconds per million events", "bytes of the event", "measured in"],
        ingest.into_iter().chain(parser).chain(others),
    );
    let share = |Share { what, per_mille, source }: Share| {
        [what.to_owned(), format!("{}.{:02}", per_mille / 1_000, per_mille % 1_000 / 10), link(source)]
    };
    let shares = table(
        ["where", "bytes stored per byte of event", "measured in"],
        [figures::KAFKA_BYTES, figures::INDEX_BYTES].map(share),
    );
    format!("{costs}\n{shares}")
}

#[cfg(test)]
mod tests {
    use super::page;

    #[test]
    fn each_figure_has_its_source() {
        let page = page();
        for words in [
            "| ingest | HTTP (NDJSON) | 1.66 | 315 | [2026-11-22-ingest.md](../load/results/",
            "10,000,000/s",
            "365 days",
        ] {
            assert!(page.contains(words), "{words} in\n{page}");
        }
    }
}
