//! `forebay retention`: closes and deletes indices whose time has come, each with a record of it.

use forebay_access::{Operator, Role};
use forebay_audit::{Action, Entry, State};
use forebay_audit_log::Writer;
use forebay_record::Tenant;
use forebay_settings::Settings;
use forebay_settings::sections::RetentionBy;
use forebay_store::{RequestFailure, Store};
use jiff::Timestamp;
use serde::Serialize;

use crate::audit::{refused, warn_unaudited, writer};
use crate::exit::{Exit, Failure, Outcome};
use crate::operator::out_of_scope;
use crate::output::table::{Table, count};
use crate::output::term::{safe, safe_json};
use crate::output::{Data, note, warn};
use crate::retention::{Due, Survey, Task, survey};
use crate::target::{TargetArgs, chain, elastic};

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

/// What became of one index.
type Ended = Result<(), RequestFailure>;

pub(crate) async fn run(target: &TargetArgs, args: Args) -> Outcome {
    // Who only looks changes nothing.
    let role = if args.dry_run { Role::Read } else { Role::Admin };
    let (target, operator) = target.ask(role)?;
    let settings = target.settings;
    if target.dev.is_some() {
        note("`forebay dev` keeps to search.retention of its settings by itself, once an hour");
        return Ok(Exit::Done);
    }
    let policy = settings.search.retention_policy();
    if !policy.acts() {
        note("search.retention says nothing: all indices are kept");
        return Ok(Exit::Done);
    }
    if settings.search.retention.by == RetentionBy::Cluster {
        note(
            "search.retention.by is `cluster`: its lifecycle management deletes, as `forebay bootstrap` has told it",
        );
        return Ok(Exit::Done);
    }
    let store = elastic(&settings)?;
    let there = store.targets().await.map_err(|error| {
        Failure::unreachable(format!("{error} (search.url: {})", settings.search.url))
            .hint("is the search cluster running, and is the address right?")
    })?;
    if there.now_ms.is_none() {
        warn("the search cluster doesn't tell the time: this machine's clock is trusted alone");
    }
    let now = forebay_retention::now(Timestamp::now().as_millisecond(), there.now_ms)
        .map_err(|error| Failure::failed(chain(&error)))?;
    let named = args.tenant.as_ref().map(Tenant::as_str);
    let only = operator.scope.narrow(named).map_err(|error| out_of_scope(&error))?;
    let survey = survey(&policy, now, there.targets, only.as_deref());
    let ended = if args.dry_run {
        show(&survey, None, args.json)?;
        Vec::new()
    } else {
        let ended = carry_out(&*store, &settings, &survey, (!args.unaudited).then_some(&operator)).await?;
        show(&survey, Some(&ended), args.json)?;
        ended
    };
    summary(&survey, args.dry_run, &ended);
    let all_done = args.dry_run || ended.len() == survey.due.len() && ended.iter().all(Result::is_ok);
    Ok(if all_done { Exit::Done } else { Exit::Failed })
}

/// Does what is due, the oldest first, up to where the cluster can't be reached any more. Each is recorded before it is done,
/// and an index that can't be recorded stays. `operator` is whom the records name; without one there are none.
async fn carry_out(
    store: &dyn Store,
    settings: &Settings,
    survey: &Survey,
    operator: Option<&Operator>,
) -> Result<Vec<Ended>, Failure> {
    let mut book = match operator {
        Some(operator) if !survey.due.is_empty() => Some((writer(&settings.kafka).await?, operator)),
        Some(_) => None,
        None => {
            warn_unaudited();
            None
        }
    };
    let mut ended = Vec::with_capacity(survey.due.len());
    for due in &survey.due {
        if let Some((book, operator)) = &mut book {
            let planned = entry(due, operator).in_state(State::Planned);
            book.write(&planned).await.map_err(|error| refused(&error))?;
        }
        let outcome = due.carry_out(store).await;
        if let Some((book, operator)) = &mut book {
            record(book, due, operator, &outcome).await;
        }
        let is_away = matches!(outcome, Err(RequestFailure::Unreachable { .. }));
        ended.push(outcome);
        if is_away {
            break;
        }
    }
    Ok(ended)
}

async fn record(book: &mut Writer, due: &Due, operator: &Operator, outcome: &Ended) {
    let entry = match outcome {
        Ok(()) => entry(due, operator),
        Err(error) => entry(due, operator).in_state(State::Failed).detail("error", &chain(error)),
    };
    if let Err(error) = book.write(&entry).await {
        let name = &due.target.name;
        warn(format!("the audit topic has that `{name}` was begun, and not how it ended: {error}"));
    }
}

fn entry(due: &Due, operator: &Operator) -> Entry {
    let action = match due.task {
        Task::Close => Action::TargetClose,
        Task::Delete => Action::TargetDelete,
    };
    let number = |number: Option<u64>| number.map(|number| number.to_string()).unwrap_or_default();
    Entry::new(operator.actor.name(), action, &due.target.name)
        .detail("tenant", &due.tenant)
        .detail("ended", &moment(due.ended_ms))
        .detail("documents", &number(due.target.documents))
        .detail("bytes", &number(due.target.bytes))
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
    note(format!(
        "{would}deleted: {}; {would}closed: {}; kept: {}; not Forebay's: {}",
        of(Task::Delete),
        of(Task::Close),
        survey.kept,
        survey.foreign
    ));
    if let Some(next_ms) = survey.next_ms {
        note(format!("the next is due at {}", moment(next_ms)));
    }
}

fn moment(ms: i64) -> String {
    Timestamp::from_millisecond(ms).map_or_else(|_| ms.to_string(), |moment| moment.to_string())
}
