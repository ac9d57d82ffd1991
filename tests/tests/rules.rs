//! Rules on the whole way, from a sender to the index.
//!
//! Layer: end to end, on a real Kafka and a real Elasticsearch, the tiers in this process.
//! Does not prove: what a crash does to a batch under way (the simulation does), or what several parsers with folders of
//! their own do while one of them is behind.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use forebay_rule_files::{Source, configured};
use forebay_settings::Period;
use forebay_telemetry::Scrape;
use forebay_testkit::eventually;
use forebay_testkit::prometheus::series;
use forebay_tests::{Backend, Stack};
use serde_json::Value;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How often the rules change.
const RELOADS: usize = 100;
/// Every so many-th change is broken.
const BROKEN: usize = 10;
/// How long a change may take until it is in force, on a busy machine.
const IN_FORCE: Duration = Duration::from_secs(30);

/// The rule of one revision: documents say which one made them.
fn rule(number: usize) -> String {
    format!("steps:\n  - vrl: '.made_by = {number}'\n")
}

/// Scenario: the rules change a hundred times in a row while events come in all the time; every tenth change doesn't compile.
/// Guarantees: every event is indexed once, with the revision that made it; a change that is broken changes nothing, and is
/// counted; documents of nearly all revisions are there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_reloads_lose_and_double_nothing() -> Result<()> {
    let scrape = Scrape::install().context("metrics")?;
    let folder = TempDir::new()?;
    let file = folder.path().join("10-made-by.yaml");
    fs::write(&file, rule(0))?;
    let stack = Stack::start(Backend::Elasticsearch, |settings| {
        settings.parser.rules.folder = Some(folder.path().to_owned());
        settings.parser.rules.check_every = Period::from_millis(50);
    })
    .await?;
    let source =
        Source { folder: folder.path().to_owned(), options: configured::options(&stack.settings.parser) };
    let mut made_by = BTreeMap::from([(revision(&source)?, 0)]);
    let end = CancellationToken::new();
    let sender = send_until(&stack, end.clone())?;
    let reloads = |outcome: &str| {
        let label = format!("outcome=\"{outcome}\"");
        let text = scrape.render();
        let all = series(&text, "forebay_rules_reloads_total").filter(|(labels, _)| labels.contains(&label));
        all.map(|(_, value)| value).sum::<f64>()
    };
    for number in 1..=RELOADS {
        let broken = number.is_multiple_of(BROKEN);
        let (outcome, text) = match broken {
            true => ("failed", format!("steps:\n  - vrl: '.made_by = '\n# {number}\n")),
            false => ("ok", rule(number)),
        };
        let before = reloads(outcome);
        replace(&file, &text)?;
        eventually(&format!("change {number}"), IN_FORCE, async || reloads(outcome) > before).await?;
        if !broken {
            let _new = made_by.insert(revision(&source)?, number);
        }
    }
    end.cancel();
    let sent = sender.await??;
    let found = stack.wait_for_documents(sent).await?;
    assert_eq!(found.len(), sent);
    assert!(stack.dead_letters().await?.is_empty());
    let mut seen = BTreeMap::<usize, usize>::new();
    for hit in found.values() {
        let document: Value = serde_json::from_str(hit.document.get())?;
        let revision = document["labels"]["rules_revision"].as_str().context("no revision")?;
        let number =
            made_by.get(revision).with_context(|| format!("revision {revision} was never in force"))?;
        ensure!(document["made_by"] == *number, "{revision} is of {number}: {document}");
        *seen.entry(*number).or_default() += 1;
    }
    println!("{sent} events, {} of {} revisions seen", seen.len(), made_by.len());
    // An event may come a moment before or after a revision that was in force for a tenth of a second.
    ensure!(seen.len() > made_by.len() / 2, "{seen:?}");
    stack.stop().await
}

/// Sends events until it is told to end; answers how many.
fn send_until(stack: &Stack, end: CancellationToken) -> Result<JoinHandle<Result<usize>>> {
    let request = stack.post("?id_field=key")?.header("content-type", "application/x-ndjson");
    Ok(tokio::spawn(async move {
        let mut sent = 0;
        while !end.is_cancelled() {
            let body: String =
                (sent..sent + 20).map(|n| format!("{{\"key\":\"e-{n}\",\"n\":{n}}}\n")).collect();
            let answer = request.try_clone().context("a request")?.body(body).send().await?;
            ensure!(answer.status() == 200, "{}", answer.text().await?);
            sent += 20;
        }
        Ok(sent)
    }))
}

fn revision(source: &Source) -> Result<String> {
    Ok(source.load()?.0.revision().to_owned())
}

/// Puts a file in the place of another, so that nobody sees half of it.
fn replace(file: &Path, text: &str) -> Result<()> {
    let beside = file.with_file_name(".next");
    fs::write(&beside, text)?;
    fs::rename(&beside, file)?;
    Ok(())
}
