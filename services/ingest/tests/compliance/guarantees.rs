//! What every protocol has to hold.

use std::time::{Duration, Instant};

use forebay_settings::{ByteSize, Period};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::driver::{Door, Driver, Heard, Oversized, Waiting};
use crate::harness::{Stored, eventually};
use crate::rig::{Rig, missing, texts};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Scenario: the broker takes half a second to acknowledge.
/// Guarantees: success isn't heard before that, and when it is heard Kafka has everything.
pub(crate) async fn no_success_before_kafka_has_it<D: Driver>() {
    const ROUND_TRIP: Duration = Duration::from_millis(500);
    let rig = Rig::<D>::start("acks", |_| {}).await;
    let mut client = rig.connect(0).await;
    rig.ingest.cluster.round_trip(1, ROUND_TRIP).unwrap();
    let (events, started) = (texts(5), Instant::now());
    assert_eq!(timeout(PATIENCE, client.send(&events)).await.unwrap(), Heard::Success);
    let took = started.elapsed();
    rig.ingest.cluster.round_trip(1, Duration::ZERO).unwrap();
    if D::WAITING == Waiting::Unanswered {
        rig.until_stored(&events).await;
    } else {
        assert!(took >= ROUND_TRIP, "an answer after {took:?}");
        assert_eq!(missing(&rig.ingest.stored(), &events), [""; 0]);
    }
}

/// Scenario: the broker goes away, a client sends, the broker comes back.
/// Guarantees: no success meanwhile, but what the protocol has for it: to be told to come again, or to wait. Afterwards everything
/// gets through.
pub(crate) async fn what_kafka_does_not_take_is_not_acknowledged<D: Driver>() {
    let rig = Rig::<D>::start("away", |settings| {
        settings.ingest.ack_timeout = Period::from_millis(500);
        settings.kafka.delivery_timeout = Period::from_secs(1);
    })
    .await;
    let mut client = rig.connect(0).await;
    rig.ingest.cluster.broker_down(1).unwrap();
    let events = texts(5);
    {
        let mut sending = std::pin::pin!(client.send(&events));
        // Who is told waits for that; of silence, several times what a request may wait for Kafka is enough.
        let patience = if D::WAITING == Waiting::Told { PATIENCE } else { Duration::from_secs(3) };
        let meanwhile = timeout(patience, sending.as_mut()).await;
        match D::WAITING {
            Waiting::Told => assert_eq!(meanwhile, Ok(Heard::Later)),
            Waiting::Silence => assert!(meanwhile.is_err(), "heard {meanwhile:?}"),
            Waiting::Unanswered => assert_eq!(meanwhile, Ok(Heard::Success)),
        }
        rig.ingest.cluster.broker_up(1).unwrap();
        if D::WAITING == Waiting::Silence {
            assert_eq!(timeout(PATIENCE, sending).await.unwrap(), Heard::Success);
        }
    }
    if D::WAITING == Waiting::Told {
        eventually("taken again", async || client.send(&events).await == Heard::Success).await;
    }
    rig.until_stored(&events).await;
}

/// Scenario: one event of three is larger than an event may be.
/// Guarantees: its client is told which limit that was; where the protocol has no word for it, the event is counted or cut. The
/// others get through.
pub(crate) async fn what_is_too_large_is_said_and_costs_no_neighbour<D: Driver>() {
    const MAX: usize = 2048;
    let rig = Rig::<D>::start("limits", |settings| settings.ingest.max_event = ByteSize::kib(2)).await;
    let mut client = rig.connect(0).await;
    let mut events = texts(3);
    events[1].push_str(&"x".repeat(2 * MAX));
    let heard = timeout(PATIENCE, client.send(&events)).await.unwrap();
    let others = [events[0].clone(), events[2].clone()];
    match (D::OVERSIZED, &heard) {
        (Oversized::Refused, Heard::Partly(words)) => {
            assert!(words.contains(&MAX.to_string()) || words.contains("too_large"), "{words}");
        }
        // All or nothing, as some protocols have it: then the others have to be sent again without it.
        (Oversized::Refused, Heard::Refused(words)) => {
            assert!(words.contains(&MAX.to_string()) || words.contains("too_large"), "{words}");
            assert_eq!(timeout(PATIENCE, client.send(&others)).await.unwrap(), Heard::Success);
        }
        (Oversized::Refused, _) => panic!("heard {heard:?}"),
        (Oversized::Counted | Oversized::Lost | Oversized::Cut, _) => assert_eq!(heard, Heard::Success),
    }
    rig.until_stored(&others).await;
    if D::OVERSIZED == Oversized::Counted || matches!(heard, Heard::Partly(_)) {
        let labels = [rig.tenants[0].as_str(), "too_large"];
        assert_eq!(rig.metric("forebay_ingest_rejected_events_total", &labels), 1.0);
    }
    if D::OVERSIZED == Oversized::Lost {
        let lost = [format!("protocol=\"{}\"", D::PROTOCOL), "reason=\"too_large\"".to_owned()];
        let lost = || rig.metric("forebay_ingest_lost_events_total", &[&lost[0], &lost[1]]);
        eventually("the loss is counted", async || lost() >= 1.0).await;
    }
    let stored = rig.ingest.stop().await;
    assert!(stored.iter().all(|event| event.body.len() <= MAX));
}

/// Scenario: two tenants send, and somebody without a credential that is known.
/// Guarantees: each event has its sender's tenant; the third gets nothing in.
pub(crate) async fn the_tenant_is_that_of_the_credential<D: Driver>() {
    let rig = Rig::<D>::start("tenants", |_| {}).await;
    let sent = [texts(3), texts(3)];
    for (tenant, events) in sent.iter().enumerate() {
        let mut client = rig.connect(tenant).await;
        assert_eq!(timeout(PATIENCE, client.send(events)).await.unwrap(), Heard::Success);
        rig.until_stored(events).await;
    }
    if D::LISTENER.is_none() {
        for token in ["", "fbt_wrong"] {
            let mut nobody = D::connect(&Door { token: token.to_owned(), ..rig.door() }).await;
            let heard = timeout(PATIENCE, nobody.send(&texts(1))).await.unwrap();
            assert!(matches!(heard, Heard::Refused(_) | Heard::Closed), "{heard:?}");
        }
    }
    let tenants = rig.tenants.clone();
    let stored = rig.ingest.stop().await;
    for event in &stored {
        let body = String::from_utf8_lossy(&event.body);
        let of = |tenant: usize| sent[tenant].iter().any(|text| body.contains(text.as_str()));
        let is_right = (0..2).any(|tenant| of(tenant) && event.tenant == tenants[tenant]);
        assert!(is_right, "{} has {body}", event.tenant);
    }
    assert_eq!(stored.len(), 6);
}

/// Scenario: batches of some events. Guarantees: they are counted, by tenant and by protocol.
pub(crate) async fn what_is_counted_adds_up<D: Driver>() {
    let rig = Rig::<D>::start("metrics", |_| {}).await;
    let mut client = rig.connect(1).await;
    for _ in 0..3 {
        assert_eq!(timeout(PATIENCE, client.send(&texts(7))).await.unwrap(), Heard::Success);
    }
    let accepted = || rig.metric("forebay_events_accepted_total", &[&rig.tenants[1]]);
    eventually("all are counted", async || accepted() >= 21.0).await;
    assert_eq!(accepted(), 21.0);
    let protocol = format!("protocol=\"{}\"", D::PROTOCOL);
    assert!(rig.metric("forebay_ingest_batches_total", &[&protocol, "outcome=\"accepted\""]) > 0.0);
}

/// Scenario: clients send all the time, while the tier is stopped. Those of a protocol without answers send before: what the tier
/// has read is all that it can answer for.
/// Guarantees: everything that was acknowledged, or read, is in Kafka, and nobody waits for an answer for ever. Of what was read without
/// an answer and can't be sent, since Kafka stays away, every event is counted.
pub(crate) async fn a_stop_loses_nothing_that_was_acknowledged<D: Driver>() {
    if D::WAITING == Waiting::Unanswered {
        a_stop_delivers_what_was_read::<D>().await;
        return a_stop_counts_what_it_gives_up::<D>().await;
    }
    let rig = Rig::<D>::start("stop", |_| {}).await;
    let mut clients = Vec::new();
    for n in 0..4 {
        let mut client = rig.connect(n % 2).await;
        clients.push(tokio::spawn(async move {
            let mut acknowledged = Vec::new();
            loop {
                let events = texts(10);
                match timeout(PATIENCE, client.send(&events)).await.expect("an answer or an end") {
                    Heard::Success => acknowledged.extend(events),
                    _ => return acknowledged,
                }
                tokio::task::yield_now().await;
            }
        }));
    }
    eventually("events are under way", async || {
        rig.metric("forebay_events_accepted_total", &[&rig.tenants[0]]) > 50.0
    })
    .await;
    let address = rig.door().address;
    rig.ingest.shutdown.cancel();
    eventually("the port is closed", async || TcpStream::connect(&address).await.is_err()).await;
    let mut acknowledged = Vec::new();
    for client in clients {
        acknowledged.extend(client.await.unwrap());
    }
    let stored = rig.ingest.stop().await;
    assert!(!acknowledged.is_empty());
    assert_eq!(lost(&stored, &acknowledged), [""; 0]);
}

/// Scenario: Kafka takes its time; a client without answers sends, and when all of it is read the tier is stopped.
async fn a_stop_delivers_what_was_read<D: Driver>() {
    let rig = Rig::<D>::start("stop", |_| {}).await;
    let mut client = rig.connect(0).await;
    rig.ingest.cluster.round_trip(1, Duration::from_millis(500)).unwrap();
    let mut sent = Vec::new();
    for _ in 0..100 {
        let events = texts(10);
        assert_eq!(timeout(PATIENCE, client.send(&events)).await.unwrap(), Heard::Success);
        sent.extend(events);
    }
    until_read(&rig, &sent).await;
    let stored = rig.ingest.stop().await;
    assert_eq!(lost(&stored, &sent), [""; 0]);
}

/// Scenario: the same, but Kafka is away and doesn't come back.
async fn a_stop_counts_what_it_gives_up<D: Driver>() {
    let rig = Rig::<D>::start("given-up", |settings| {
        settings.ingest.drain_timeout = Period::from_secs(1);
        settings.kafka.delivery_timeout = Period::from_secs(1);
    })
    .await;
    let labels = [format!("protocol=\"{}\"", D::PROTOCOL), "reason=\"stopped\"".to_owned()];
    let labels = labels.each_ref().map(String::as_str);
    let mut client = rig.connect(0).await;
    // What comes before is delivered, so that all that is missing is what the stop gave up.
    let first = texts(1);
    assert_eq!(timeout(PATIENCE, client.send(&first)).await.unwrap(), Heard::Success);
    rig.until_stored(&first).await;
    let before = rig.metric("forebay_ingest_lost_events_total", &labels);
    rig.ingest.cluster.broker_down(1).unwrap();
    let sent = texts(50);
    assert_eq!(timeout(PATIENCE, client.send(&sent)).await.unwrap(), Heard::Success);
    if unread(&rig.door().address).is_none() {
        // Nobody can see whether it was read: then it may still be the sender's.
        return;
    }
    until_read(&rig, &sent).await;
    rig.ingest.shutdown.cancel();
    let all_are_counted =
        async || rig.metric("forebay_ingest_lost_events_total", &labels) - before >= sent.len() as f64;
    eventually("all that was read is counted", all_are_counted).await;
    rig.ingest.cluster.broker_up(1).unwrap();
    let _stopped = rig.ingest.running.stopped().await;
}

/// Waits until the tier has read all that was sent; where that can't be seen, until it is in Kafka.
async fn until_read<D: Driver>(rig: &Rig<D>, sent: &[String]) {
    let address = rig.door().address;
    if unread(&address).is_none() {
        return rig.until_stored(sent).await;
    }
    eventually("all is read", async || unread(&address) == Some(0)).await;
}

/// How many bytes are on their way to this address: not sent by the kernel, or not read. None if it is no port of this machine.
fn unread(address: &str) -> Option<u64> {
    let port = address.rsplit_once(':')?.1.parse::<u16>().ok()?;
    let port = format!(":{port:04X}");
    let tables = ["tcp", "udp"].map(|table| std::fs::read_to_string(format!("/proc/self/net/{table}")).ok());
    let of_row = |row: &str| {
        let columns: Vec<&str> = row.split_whitespace().collect();
        let (unsent, unread) = columns.get(4)?.split_once(':')?;
        let bytes = |queue| u64::from_str_radix(queue, 16).ok();
        // The state of a listening socket is 0A; what it has in its queue are connections.
        match (columns.get(3)?, columns.get(1)?.ends_with(&port), columns.get(2)?.ends_with(&port)) {
            (&"0A", ..) => None,
            (_, true, _) => bytes(unread),
            (_, _, true) => bytes(unsent),
            (..) => None,
        }
    };
    let rows: Vec<u64> =
        tables.iter().flatten().flat_map(|table| table.lines().skip(1).filter_map(of_row)).collect();
    (!rows.is_empty()).then(|| rows.iter().sum())
}

/// The first texts that no event has.
fn lost<'a>(stored: &[Stored], sent: &'a [String]) -> Vec<&'a String> {
    let found: std::collections::HashSet<String> =
        stored.iter().filter_map(|event| text_in(&event.body)).collect();
    sent.iter().filter(|text| !found.contains(*text)).take(10).collect()
}

/// The text in a body, as [`texts`] makes them.
fn text_in(body: &[u8]) -> Option<String> {
    const LEN: usize = "text".len() + 32;
    let body = String::from_utf8_lossy(body);
    body.match_indices("text").find_map(|(at, _)| {
        let text = body.get(at..at + LEN)?;
        text.bytes().all(|byte| byte.is_ascii_alphanumeric()).then(|| text.to_owned())
    })
}
