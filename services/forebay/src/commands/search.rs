//! `forebay search`: finds documents and shows them, the newest last.

use std::num::NonZeroUsize;
use std::time::Duration;

use forebay_store::search::MAX_LIMIT;
use forebay_store::{Hit, Order, SearchRequest, Store};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::exit::{Exit, Failure, Outcome};
use crate::operator::out_of_scope;
use crate::output::{Data, note, table, term};
use crate::search::{OVERLAP_MS, Renderer, Seen, ask};
use crate::target::TargetArgs;
use crate::when;

/// How often `--follow` looks.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How many documents one look of `--follow` takes at a time.
const FOLLOW_PAGE: usize = 500;

/// Finds documents in the search cluster of --config, or in the store of `forebay dev`. The newest come last.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// In Lucene's syntax: log.level:error AND message:"timed out", http.response.status_code:>=500, host.name:web-*
    #[arg(default_value = "*")]
    query: String,

    /// Only documents since then: a length of time before now (1h, 7d), a day or a moment
    #[arg(long, value_name = "TIME", value_parser = when::argument)]
    since: Option<i64>,

    /// Only documents before then
    #[arg(long, value_name = "TIME", value_parser = when::argument, conflicts_with = "follow")]
    until: Option<i64>,

    /// The most documents, the newest ones
    #[arg(long, default_value = "20")]
    limit: NonZeroUsize,

    /// Go on with new documents until Ctrl-C
    #[arg(long, short)]
    follow: bool,

    /// Whole documents, one JSON object a line
    #[arg(long)]
    json: bool,

    /// Only documents of this tenant
    #[arg(long)]
    tenant: Option<String>,
}

pub(crate) async fn run(target: &TargetArgs, args: Args) -> Outcome {
    let (store, operator) = target.store_to_read()?;
    let tenant = operator.scope.narrow(args.tenant.as_deref()).map_err(|error| out_of_scope(&error))?;
    let request = SearchRequest {
        query: args.query.clone(),
        tenant,
        since_ms: args.since,
        until_ms: args.until,
        ..SearchRequest::default()
    };
    let mut view = View::new(args.json);
    let started = Timestamp::now().as_millisecond();
    let total = newest(&*store, &request, args.limit.get(), &mut view).await?;
    if args.follow {
        follow(&*store, request, started, &mut view).await?;
    }
    if !args.json {
        note(match (view.shown, total) {
            (0, _) => "nothing found".to_owned(),
            (shown, total) if shown < total => {
                format!("{} of {} shown; --limit shows more", table::count(shown), table::count(total))
            }
            (shown, _) => format!("{} found", table::count(shown)),
        });
    }
    Ok(Exit::Done)
}

/// The newest documents, at most `limit`. Answers how many match in all.
async fn newest(
    store: &dyn Store,
    request: &SearchRequest,
    limit: usize,
    view: &mut View,
) -> Result<u64, Failure> {
    let mut request = SearchRequest { order: Order::NewestFirst, ..request.clone() };
    let mut hits: Vec<Hit> = Vec::new();
    let mut total = 0;
    while hits.len() < limit {
        request.limit = (limit - hits.len()).min(MAX_LIMIT);
        let page = ask(store, &request).await?;
        total = total.max(page.total);
        let last = page.hits.len() < request.limit;
        hits.extend(page.hits);
        request.after = page.next;
        if last || request.after.is_none() {
            break;
        }
    }
    hits.iter().rev().try_for_each(|hit| view.show(hit))?;
    view.flush()?;
    Ok(total)
}

/// Looks again and again; ends with Ctrl-C only, or with an error.
async fn follow(
    store: &dyn Store,
    mut request: SearchRequest,
    started: i64,
    view: &mut View,
) -> Result<(), Failure> {
    request.order = Order::OldestFirst;
    request.limit = FOLLOW_PAGE;
    let asked_since = request.since_ms.unwrap_or(i64::MIN);
    // What the first look, at once, finds up to there was there already: the person asked for the newest ones only.
    let mut begin = view.seen.newest_ms().unwrap_or(i64::MIN);
    loop {
        request.since_ms = Some(view.seen.next_since(started.saturating_sub(OVERLAP_MS)).max(asked_since));
        request.after = None;
        loop {
            let page = ask(store, &request).await?;
            for hit in &page.hits {
                if hit.timestamp_ms <= begin {
                    let _was_there = view.seen.is_new(&hit.id, hit.timestamp_ms);
                } else {
                    view.show(hit)?;
                }
            }
            request.after = page.next;
            if page.hits.len() < request.limit || request.after.is_none() {
                break;
            }
        }
        begin = i64::MIN;
        view.flush()?;
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Shows each document once.
struct View {
    data: Data,
    renderer: Option<Renderer>,
    seen: Seen,
    shown: u64,
}

impl View {
    fn new(json: bool) -> Self {
        let renderer = (!json).then(|| Renderer::new(term::stdout(), TimeZone::system()));
        Self { data: Data::new(), renderer, seen: Seen::default(), shown: 0 }
    }

    fn show(&mut self, hit: &Hit) -> Result<(), Failure> {
        if !self.seen.is_new(&hit.id, hit.timestamp_ms) {
            return Ok(());
        }
        self.shown += 1;
        match &self.renderer {
            Some(renderer) => self.data.line(renderer.line(hit.timestamp_ms, hit.document.get())),
            None => self.data.line(term::safe_json(hit.document.get()).as_bytes()),
        }
    }

    fn flush(&mut self) -> Result<(), Failure> {
        self.data.flush()
    }
}
