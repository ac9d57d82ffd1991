//! `forebay retention`: closes and deletes indices whose time has come, each with a record of it.

use forebay_access::{Operator, Role};
use forebay_audit::State;
use forebay_record::Tenant;
use forebay_settings::Settings;
use forebay_settings::sections::{KafkaSettings, RetentionBy};
use forebay_store::{RequestFailure, Store};
use jiff::Timestamp;
use serde::Serialize;

use crate::audit::{self, refused, warn_unaudited};
use crate::exit::{Exit, Failure, Outcome};
use crate::operator::out_of_scope;
use crate::output::table::{Table, count};
use crate::output::term::{safe, safe_json};
use crate::output::{Data, note, warn};
use crate::retention::book::{Book, Ended, moment};
use crate::retention::{Due, Survey, Task, survey};
use crate::target::{TargetArgs, chain};

/// Deletes, or closes, the indices that are older than search.retention says. An index is as old as the end of its day or hour,
/// and an hour more is waited for clocks that differ. Nothing else is touched: names that aren't exactly those of Forebay's
/// indices stay. Run it from time to time, such as once an hour; doing it again changes nothing.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only show what would be done
    #[arg(long)]
    dry_run: bool,

    /// Only indices of this tenant
    #[arg(long, value_parser = tenant)]
    tenant: Option<Tenant>,

    /// One JSON object for each index that is closed or deleted
    #[arg(long)]
    json: bool,

    /// Leave no audit records, for when Kafka can't be reached
    #[arg(long)]
    unaudited: bool,
}

fn tenant(text: &str) -> Result<Tenant, String> {
    Tenant::new(text).map_err(|error| error.to_string())
}

/// An index as `--json` shows it.
#[derive(Serialize)]
struct Shown<'a> {
    action: &'static str,
    state: State,
    target: &'a str,
    tenant: &'a str,
    ended: String,
    documents: Option<u64>,
    bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

pub(crate) async fn run(target: &TargetArgs, args: Args) -> Outcome {
    // Who only looks changes nothing.
    let role = if args.dry_run { Role::Read } else { Role::Admin };
    let (found, operator) = target.ask(role)?;
    let named = args.tenant.as_ref().map(Tenant::as_str);
    let only = operator.scope.narrow(named).map_err(|error| out_of_scope(&error))?;
    let settings = found.settings;
    let policy = settings.search.retention_policy();
    if !policy.acts() {
        note(
            "the settings have no search.retention, so that all indices are kept: search.retention.delete_after, such as 30d, says how long",
        );
        return Ok(Exit::Done);
    }
    if found.dev.is_some() && !args.dry_run {
        note(
            "nothing to do: `forebay dev` deletes by itself, at its start and once an hour; --dry-run shows what is due",
        );
        return Ok(Exit::Done);
    }
    if settings.search.retention.by == RetentionBy::Cluster {
        note(
            "search.retention.by is `cluster`: its lifecycle management deletes, as `forebay bootstrap` has told it",
        );
        return Ok(Exit::Done);
    }
    let (address, store) = target.store()?;
    let there = store.targets().await.map_err(|error| not_listed(&error, &address, &settings))?;
    // The embedded store has this machine's clock.
    if there.now_ms.is_none() && found.dev.is_none() {
        warn("the search cluster doesn't tell the time: this machine's clock is trusted alone");
    }
    let now = forebay_retention::now(Timestamp::now().as_millisecond(), there.now_ms)
        .map_err(|error| Failure::failed(chain(&error)))?;
    let survey = survey(&policy, now, there.targets, only.as_deref());
    let ended = if args.dry_run {
        show(&survey, None, args.json)?;
        Vec::new()
    } else {
        let ended =
            carry_out(&*store, &settings.kafka, &survey.due, (!args.unaudited).then_some(&operator)).await?;
        show(&survey, Some(&ended), args.json)?;
        ended
    };
    match only {
        Some(tenant) if survey.is_empty() => {
            note(format!(
                "there is no index of tenant `{tenant}` (`{}-{tenant}-...`)",
                settings.search.index_prefix
            ));
        }
        _ => summary(&survey, args.dry_run, &ended),
    }
    let done = ended.iter().filter(|outcome| outcome.is_ok()).count();
    if args.dry_run || done == survey.due.len() {
        return Ok(Exit::Done);
    }
    let left = survey.due.len() - done;
    note(format!(
        "{left} are left as they were: mend what the store says, and run it again, which goes on with them"
    ));
    Ok(Exit::Failed)
}

/// What is told when the store doesn't say which indices there are. Nothing was done then.
fn not_listed(error: &RequestFailure, address: &str, settings: &Settings) -> Failure {
    let prefix = &settings.search.index_prefix;
    let what = format!("{} (search.url: {address}); nothing was done", chain(error));
    match error {
        RequestFailure::Unreachable { .. } => {
            Failure::unreachable(what).hint("is the search cluster running, and is search.url right?")
        }
        RequestFailure::Busy { status: 401 | 403, .. } => Failure::failed(what).hint(format!(
            "the user or API key of `search:` needs the right `monitor`, and on `{prefix}-*` `delete_index` and `manage`"
        )),
        RequestFailure::Busy { .. } => Failure::unreachable(what).hint("run it again when the cluster takes requests"),
        _ => Failure::failed(what).hint("is search.url that of Elasticsearch or OpenSearch?"),
    }
}

/// Does what is due, the oldest first, up to where the cluster can't be reached any more. Each is recorded before it is done,
/// and an index that can't be recorded stays. `operator` is whom the records name; without one there are none.
async fn carry_out(
    store: &dyn Store,
    kafka: &KafkaSettings,
    due: &[Due],
    operator: Option<&Operator>,
) -> Result<Vec<Ended>, Failure> {
    let mut book = match operator {
        Some(operator) if !due.is_empty() => {
            Book::open(kafka, audit::KIND, operator.actor.name()).await.map_err(|error| refused(&error))?
        }
        Some(_) => Book::NONE,
        None => {
            warn_unaudited();
            Book::NONE
        }
    };
    let mut ended = Vec::with_capacity(due.len());
    for due in due {
        let outcome = book.carry_out(store, due).await.map_err(|error| refused(&error))?;
        let is_away = matches!(outcome, Err(RequestFailure::Unreachable { .. }));
        ended.push(outcome);
        if is_away {
            break;
        }
    }
    Ok(ended)
}

/// Shows what is due, or with `ended` what became of it.
fn show(survey: &Survey, ended: Option<&[Ended]>, json: bool) -> Result<(), Failure> {
    let mut data = Data::new();
    let mut table = Table::new(&["action", "index", "tenant", "ended", "documents", "bytes", "state"]);
    for (n, due) in survey.due.iter().enumerate() {
        let outcome = ended.map(|ended| ended.get(n));
        let (state, error) = match outcome {
            None | Some(None) => (State::Planned, None),
            Some(Some(Ok(()))) => (State::Done, None),
            Some(Some(Err(error))) => (State::Failed, Some(chain(error))),
        };
        if json {
            let shown = Shown {
                action: due.task.name(),
                state,
                target: &due.target.name,
                tenant: &due.tenant,
                ended: moment(due.ended_ms),
                documents: due.target.documents,
                bytes: due.target.bytes,
                error,
            };
            let text = serde_json::to_string(&shown).map_err(|error| Failure::failed(error.to_string()))?;
            data.line(&*safe_json(&text))?;
            continue;
        }
        if let Some(error) = &error {
            warn(format!("`{}` was not {}: {}", due.target.name, due.task.done(), safe(error)));
        }
        table.row([
            due.task.name().to_owned(),
            due.target.name.clone(),
            due.tenant.clone(),
            moment(due.ended_ms),
            due.target.documents.map(count).unwrap_or_default(),
            due.target.bytes.map(count).unwrap_or_default(),
            state.name().to_owned(),
        ]);
    }
    if !json && !survey.due.is_empty() {
        table.lines().iter().try_for_each(|line| data.line(line))?;
    }
    data.flush()
}

fn summary(survey: &Survey, dry_run: bool, ended: &[Ended]) {
    let of = |task: Task| {
        let due = survey.due.iter().enumerate().filter(|(_, due)| due.task == task);
        due.filter(|(n, _)| dry_run || ended.get(*n).is_some_and(Result::is_ok)).count()
    };
    let would = if dry_run { "would be " } else { "" };
    let foreign = survey.foreign.map(|foreign| format!("; not Forebay's: {foreign}")).unwrap_or_default();
    note(format!(
        "{would}deleted: {}; {would}closed: {}; kept: {}{foreign}",
        of(Task::Delete),
        of(Task::Close),
        survey.kept,
    ));
    if let Some(next_ms) = survey.next_ms {
        note(format!("the next is due at {}", moment(next_ms)));
    }
}
