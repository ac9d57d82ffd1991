//! `forebay bootstrap`: topics and index templates, as the settings want them.

use std::time::Duration;

use forebay_kafka::Admin;
use forebay_kafka::admin::{TopicAction, TopicPlan, wanted_topics};
use forebay_store::ChangeKind;

use crate::exit::{Exit, Failure, Outcome};
use crate::output::{Data, note, warn};
use crate::target::{TargetArgs, elastic};

/// How long a broker is waited for.
const WAIT: Duration = Duration::from_secs(15);

/// Creates the topics and index templates that are missing and updates templates that differ. Doing it again changes
/// nothing. Topics that differ are named, never changed.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only show what would be done
    #[arg(long)]
    dry_run: bool,
}

pub(crate) async fn run(target: &TargetArgs, args: Args) -> Outcome {
    let target = target.find()?;
    let mut data = Data::new();
    let kafka = &target.settings.kafka;
    let admin = Admin::new(kafka).map_err(|error| Failure::settings(&error))?;
    let unreachable = |error: &dyn std::fmt::Display| {
        Failure::unreachable(format!("{error} (kafka.bootstrap_servers: {})", kafka.bootstrap_servers))
            .hint("is Kafka running, and is the address right?")
    };
    admin
        .wait_for_broker(WAIT, |waited| {
            if waited >= Duration::from_secs(1) {
                note(format!("waiting for Kafka at {} ({} s)", kafka.bootstrap_servers, waited.as_secs()));
            }
        })
        .await
        .map_err(|error| unreachable(&error))?;
    let plans = admin.plan(&wanted_topics(kafka)).await.map_err(|error| unreachable(&error))?;
    if !args.dry_run {
        admin
            .apply(&plans)
            .await
            .map_err(|error| Failure::failed(format!("topics were not created: {error}")))?;
    }
    for plan in &plans {
        for line in lines(plan, args.dry_run) {
            data.line(line)?;
        }
    }
    data.flush()?;
    if target.dev.is_some() {
        note("`forebay dev` needs no index templates: its store takes any document");
        return Ok(Exit::Done);
    }
    let changes = elastic(&target.settings)?.bootstrap(args.dry_run).await.map_err(|error| {
        Failure::unreachable(format!("{error} (search.url: {})", target.settings.search.url))
            .hint("is the search cluster running, and is the address right?")
    })?;
    for change in &changes {
        data.line(if args.dry_run { change.to_string() } else { change.in_past_tense() })?;
    }
    data.flush()?;
    let topics = plans.iter().filter(|plan| plan.action == TopicAction::Create).count();
    let templates = changes.iter().filter(|change| change.kind != ChangeKind::Unchanged).count();
    let done = if args.dry_run { "would be" } else { "were" };
    note(format!(
        "topics that {done} created: {topics}; changes that {done} made in the search cluster: {templates}"
    ));
    if plans.iter().any(|plan| matches!(plan.action, TopicAction::Differs(_))) {
        warn(
            "topics that differ were left as they are: change them with Kafka's own tools, or change the settings",
        );
    }
    Ok(Exit::Done)
}

fn lines(plan: &TopicPlan, dry_run: bool) -> Vec<String> {
    let topic = &plan.topic;
    let name = format!("topic `{}`", topic.name);
    match &plan.action {
        TopicAction::Keep => vec![format!("{name}: unchanged")],
        TopicAction::Create => {
            let verb = if dry_run { "create" } else { "created" };
            let mut lines = vec![format!(
                "{name}: {verb}, partitions {}, replicas {}",
                topic.partitions, topic.replication
            )];
            lines.extend(topic.configs.iter().map(|(name, value)| format!("  + {name}: {value}")));
            lines
        }
        TopicAction::Differs(differences) => {
            let mut lines = vec![format!("{name}: differs")];
            lines.extend(
                differences.iter().map(|d| format!("  ! {}: {}, wanted {}", d.what, d.found, d.wanted)),
            );
            lines
        }
    }
}

#[cfg(test)]
mod tests {
    use forebay_kafka::admin::{Difference, TopicSpec};

    use super::*;

    #[test]
    fn a_plan_reads_line_by_line() {
        let configs = vec![("retention.ms".to_owned(), "1000".to_owned())];
        let topic = TopicSpec { name: "t".to_owned(), partitions: 12, replication: 3, configs };
        let plan = |action| TopicPlan { topic: topic.clone(), action };
        assert_eq!(
            lines(&plan(TopicAction::Create), true),
            ["topic `t`: create, partitions 12, replicas 3", "  + retention.ms: 1000"]
        );
        assert_eq!(lines(&plan(TopicAction::Keep), true), ["topic `t`: unchanged"]);
        let difference =
            Difference { what: "partitions".to_owned(), wanted: "12".to_owned(), found: "6".to_owned() };
        assert_eq!(
            lines(&plan(TopicAction::Differs(vec![difference])), false),
            ["topic `t`: differs", "  ! partitions: 6, wanted 12"]
        );
    }
}
