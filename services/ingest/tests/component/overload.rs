//! More comes in than Kafka takes: what is refused and how, and that tenants don't take from each other.

use std::collections::HashSet;
use std::path::Path;
use std::time::{Duration, Instant};

use forebay_operators::tokens::issue;
use forebay_record::Tenant;
use forebay_settings::sections::ingest::{ListenerProtocol, ListenerSettings};
use forebay_settings::{ByteSize, Period};
use forebay_testkit::{Stalls, free_port};
use futures_util::future::join_all;
use futures_util::{StreamExt, stream};

use crate::harness::{Answer, Ingest, answer, eventually, started};

fn token(folder: &Path, tenant: &str) -> String {
    issue(&folder.join("access.yaml"), &Tenant::new(tenant).unwrap(), tenant, None).unwrap().token
}

/// Scenario: many large requests at once, while the broker is away and memory is small.
/// Guarantees: what doesn't fit is refused with 429 and a time to come back; nothing is answered with success.
#[tokio::test]
async fn memory_in_flight_is_limited() {
    let ingest = started(|settings| {
        settings.ingest.max_in_flight = ByteSize::mib(1);
        settings.ingest.ack_timeout = Period::from_secs(2);
        settings.kafka.delivery_timeout = Period::from_secs(2);
    })
    .await;
    ingest.cluster.broker_down(1).unwrap();
    let body = format!("{{\"a\":\"{}\"}}\n", "x".repeat(1000)).repeat(100);
    let answers = join_all((0..16).map(|_| ingest.ndjson("", body.clone()))).await;
    let errors: HashSet<(u16, &str)> = answers.iter().map(|answer| (answer.status, answer.error())).collect();
    assert_eq!(errors, HashSet::from([(429, "busy"), (503, "kafka_timeout")]));
    assert!(answers.iter().all(Answer::comes_again), "{answers:?}");
    ingest.cluster.broker_up(1).unwrap();
    eventually("taken again", async || ingest.ndjson("", body.clone()).await.status == 200).await;
    let _stored = ingest.stop().await;
}

/// Scenario: bodies that never end come in by a listener that has a limit of its own, until no more get in; somebody else of the same
/// tenant comes by another listener.
/// Guarantees: the first are told whose limit it is; the other is let in.
#[tokio::test]
async fn a_flooded_listener_leaves_the_others_their_memory() {
    let flooded = format!("127.0.0.1:{}", free_port().unwrap());
    let ingest = started(|settings| {
        let mut listener = ListenerSettings::new(ListenerProtocol::Http, flooded.clone());
        listener.max_in_flight = Some(ByteSize::kib(200));
        let _none_before = settings.ingest.listeners.insert("flooded".to_owned(), listener);
        settings.ingest.read_timeout = Period::from_secs(60);
    })
    .await;
    let endless = || {
        let begin = stream::iter([Ok::<_, std::io::Error>("x".repeat(150_000))]);
        let body = reqwest::Body::wrap_stream(begin.chain(stream::pending()));
        answer(ingest.client.post(format!("http://{flooded}/v1/ingest")).body(body))
    };
    let held = tokio::spawn(endless());
    let mut refused = None;
    eventually("the listener's memory is full", async || {
        let refusal = tokio::time::timeout(Duration::from_secs(5), endless()).await;
        refused = refusal.ok();
        refused.is_some()
    })
    .await;
    let refused = refused.unwrap();
    assert_eq!((refused.status, refused.error()), (429, "busy"));
    assert!(refused.reason().contains("this listener"), "{refused:?}");
    assert_eq!(ingest.ndjson("", format!("{{\"a\":\"{}\"}}\n", "x".repeat(150_000))).await.status, 200);
    held.abort();
    assert_eq!(ingest.stop().await.len(), 1);
}

/// Scenario: one tenant's bodies begin and never end, as many of them as get in; another sends.
/// Guarantees: the first is told that the memory is full, later that its share is; the other is let in.
#[tokio::test]
async fn bodies_that_never_end_take_no_memory_from_others() {
    let folder = tempfile::tempdir().unwrap();
    let (slow, quick) = (token(folder.path(), "slow"), token(folder.path(), "quick"));
    let ingest = started(|settings| {
        settings.ingest.access_file = Some(folder.path().join("access.yaml"));
        settings.ingest.max_in_flight = ByteSize::mib(1);
        settings.ingest.read_timeout = Period::from_secs(60);
    })
    .await;
    let endless = |size: usize| {
        let begin = stream::iter([Ok::<_, std::io::Error>("x".repeat(size))]);
        let body = reqwest::Body::wrap_stream(begin.chain(stream::pending()));
        answer(ingest.request("", body).bearer_auth(&slow))
    };
    let held: Vec<_> = (0..5).map(|_| tokio::spawn(endless(150_000))).collect();
    let mut refused = None;
    eventually("the memory is full", async || {
        let refusal = tokio::time::timeout(Duration::from_secs(5), endless(150_000)).await;
        refused = refusal.ok();
        refused.is_some()
    })
    .await;
    let refused = refused.unwrap();
    assert_eq!((refused.status, refused.error(), refused.comes_again()), (429, "busy", true));

    let other = answer(ingest.request("", "{\"a\":1}").bearer_auth(&quick)).await;
    assert_eq!(other.status, 200, "{other:?}");
    held.into_iter().for_each(|request| request.abort());
}

/// Scenario: a broker that takes a megabyte a second. One tenant offers several of them, another a tenth of one.
/// Guarantees: what is too much is refused at once, with the reason and a time to come again; the modest tenant gets all of
/// his through; what is accepted is acknowledged in time, and it is all there.
#[tokio::test]
async fn a_greedy_tenant_waits_and_a_modest_one_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let (greedy, modest) = (token(folder.path(), "greedy"), token(folder.path(), "modest"));
    let ingest = started(|settings| {
        settings.ingest.access_file = Some(folder.path().join("access.yaml"));
        settings.ingest.max_latency = Period::from_secs(1);
        // One request at a time, of 20 events of 10 kB.
        let properties = [("max.in.flight", "1"), ("batch.num.messages", "20")];
        let properties = properties.map(|(name, value)| (name.to_owned(), value.to_owned()));
        settings.kafka.properties.extend(properties);
    })
    .await;
    ingest.cluster.round_trip(1, Duration::from_millis(200)).unwrap();
    let stalls = Stalls::watch();
    let took = |one: &Seen| one.took.saturating_sub(stalls.within(one.at, one.took));
    let until = Instant::now() + Duration::from_secs(9);
    let learned = until - Duration::from_secs(4);
    let clients = (0..40).map(|n| match n {
        0 => client(&ingest, "modest", &modest, 1, until),
        _ => client(&ingest, "greedy", &greedy, 10, until),
    });
    let seen: Vec<Seen> = join_all(clients).await.into_iter().flatten().collect();
    let accepted: HashSet<String> =
        seen.iter().filter(|one| one.answer.status == 200).flat_map(|one| one.ids.clone()).collect();

    let refused: Vec<&Seen> = seen.iter().filter(|one| one.answer.status != 200).collect();
    assert!(!refused.is_empty(), "this is an overload");
    for one in &refused {
        let known = matches!(one.answer.error(), "kafka_slow" | "tenant_full");
        assert!(one.answer.status == 429 && known && one.answer.retry_after >= Some(1), "{:?}", one.answer);
        assert!(took(one) < Duration::from_secs(3), "refused after {:?}", one.took);
    }
    let late: Vec<&Seen> = seen.iter().filter(|one| one.at > learned && one.answer.status == 200).collect();
    let slowest = late.iter().map(|one| took(one)).max().unwrap();
    // Without a limit they would wait for six. A part of this belongs to the largest request, and to a busy machine.
    assert!(slowest < Duration::from_secs(4), "{slowest:?}");
    let modest = seen.iter().filter(|one| one.name == "modest" && one.at > learned);
    assert!(modest.clone().count() > 0 && modest.clone().all(|one| one.answer.status == 200));

    ingest.cluster.round_trip(1, Duration::ZERO).unwrap();
    let stored: HashSet<String> = ingest.stop().await.into_iter().map(|event| event.id).collect();
    let lost: Vec<&String> = accepted.difference(&stored).take(10).collect();
    assert_eq!(lost, [""; 0]);
}

/// Scenario: the broker goes away while a request waits for it.
/// Guarantees: after a while what comes is refused at once as its fault, instead of being made to wait as well.
#[tokio::test]
async fn nothing_joins_what_waits_for_a_broker_that_is_away() {
    let ingest = started(|settings| settings.ingest.max_latency = Period::from_millis(200)).await;
    ingest.cluster.broker_down(1).unwrap();
    let waiting = tokio::spawn(answer(ingest.request("", "{\"a\":1}")));
    eventually("refused at once", async || {
        let started = Instant::now();
        let limit = Duration::from_secs(1);
        let Ok(refused) = tokio::time::timeout(limit, ingest.ndjson("", "{\"a\":2}")).await else {
            return false;
        };
        assert_eq!((refused.status, refused.error()), (503, "kafka_unavailable"), "{refused:?}");
        assert!(refused.reason().starts_with("kafka has acknowledged nothing for") && refused.comes_again());
        started.elapsed() < limit
    })
    .await;
    ingest.cluster.broker_up(1).unwrap();
    assert_eq!(waiting.await.unwrap().status, 200);
    eventually("taken again", async || ingest.ndjson("", "{\"a\":3}").await.status == 200).await;
}

/// One answer, as its client saw it.
struct Seen {
    name: &'static str,
    ids: Vec<String>,
    at: Instant,
    took: Duration,
    answer: Answer,
}

/// Sends requests one after another; who is refused stays away for as long as it was told.
async fn client(
    ingest: &Ingest,
    name: &'static str,
    token: &str,
    events: usize,
    until: Instant,
) -> Vec<Seen> {
    let mut seen = Vec::new();
    while Instant::now() < until {
        let ids: Vec<String> = (0..events).map(|_| uuid::Uuid::now_v7().to_string()).collect();
        let line = |id: &String| format!("{{\"id\":\"{id}\",\"m\":\"{}\"}}\n", "x".repeat(10_000));
        let body: String = ids.iter().map(line).collect();
        let at = Instant::now();
        let request = ingest.request("?id_field=id", body).bearer_auth(token);
        let answer = answer(request.header("content-type", "application/x-ndjson")).await;
        let wait = answer.retry_after.map_or(Duration::from_millis(100), Duration::from_secs);
        seen.push(Seen { name, ids, at, took: at.elapsed(), answer });
        tokio::time::sleep(wait).await;
    }
    seen
}
