//! Syslog over UDP at a fixed rate. UDP has no back-pressure: what can't be kept is gone, so the hop holds the sums against each
//! other. Every datagram that was sent is in Kafka, or the kernel counted it as dropped, or ingest counted it as lost.

use std::net::UdpSocket;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::PATIENCE;
use crate::bed::Bed;
use crate::lines::{Lines, Payload, request_id};
use crate::machine::quiet;
use crate::measure::{Measured, Watch};
use crate::senders::datagrams_at;

/// How many datagrams a second are sent.
pub const RATE: u64 = 100_000;
/// How many are sent at a time, every 10 ms: timers are too coarse for less.
const AT_A_TIME: u64 = 1000;

/// A run, and what became of the datagrams.
#[derive(Debug)]
pub struct Outcome {
    /// What it cost.
    pub measured: Measured,
    /// Datagrams that the kernel had no room for.
    pub dropped: u64,
    /// Datagrams that ingest had no room for.
    pub lost: u64,
    /// How many a second were sent in fact.
    pub rate: u64,
}

/// Runs the hop.
///
/// # Errors
/// When a datagram is neither in Kafka nor counted.
pub async fn run(bed: &mut Bed, events: u64, patience: Duration) -> Result<Outcome> {
    let lines = Lines::ending_now(Payload::App, events);
    let mut settings = bed.run("datagrams").await?;
    let address = datagrams_at(&mut settings)?;
    quiet(patience).await?;
    let watch = Watch::start(&[bed.kafka_pid()?])?;
    let mut tier = bed.start("forebay-ingest", &settings)?;
    tier.ready().await?;
    let took = send(&address, lines, events).await?;
    let raw = settings.kafka.topics.raw.as_str();
    let deadline = Instant::now() + PATIENCE.min(Duration::from_secs(60));
    let (dropped, lost) = loop {
        let by_reason = tier.metric_by("forebay_ingest_lost_events_total", "reason").await?;
        let dropped = by_reason.get("receive_buffer_full").copied().unwrap_or(0);
        let lost: u64 = by_reason
            .iter()
            .filter(|(reason, _)| *reason != "receive_buffer_full")
            .map(|(_, count)| count)
            .sum();
        let there = bed.count(raw).await?;
        if there + dropped + lost >= events {
            ensure!(
                there + dropped + lost == events,
                "{there} in kafka, {dropped} dropped, {lost} lost of {events}"
            );
            break (dropped, lost);
        }
        ensure!(Instant::now() < deadline, "{there} in kafka, {dropped} dropped, {lost} lost of {events}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    let measured = watch.stop_one(events, tier.pid())?;
    tier.stop().await?;
    let rate = (events as f64 / took.as_secs_f64()) as u64;
    Ok(Outcome { measured, dropped, lost, rate })
}

/// Sends at the rate, from one socket; how long it took.
async fn send(address: &str, lines: Lines, events: u64) -> Result<Duration> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.connect(address)?;
    let mut datagrams = Vec::new();
    for n in 0..AT_A_TIME * 10 {
        let mut datagram = format!("<134>1 - node bench 4711 {} - ", request_id(n)).into_bytes();
        lines.push(n, &mut datagram);
        datagram.truncate(300);
        datagrams.push(datagram);
    }
    let began = Instant::now();
    let mut sent = 0;
    while sent < events {
        for datagram in
            datagrams.iter().cycle().skip((sent % (AT_A_TIME * 10)) as usize).take(AT_A_TIME as usize)
        {
            let _len = socket.send(datagram)?;
        }
        sent += AT_A_TIME;
        let due = Duration::from_micros(sent * 1_000_000 / RATE);
        tokio::time::sleep(due.saturating_sub(began.elapsed())).await;
    }
    Ok(began.elapsed())
}
