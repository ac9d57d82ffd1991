//! Protocols without answers: what came is in Kafka, or counted as lost.
//!
//! Losses are counted by protocol and not by tenant, since many are noticed before anybody knows whose they are. So these tests have a
//! process of their own, and those of a protocol run one after the other.

#[cfg(test)]
#[allow(dead_code, reason = "shared with the compliance suite")]
#[path = "compliance/driver.rs"]
mod driver;
#[cfg(test)]
#[allow(dead_code, reason = "shared with the component tests")]
#[path = "component/harness.rs"]
mod harness;
#[cfg(test)]
#[allow(dead_code, reason = "shared with the compliance suite")]
#[path = "compliance/rig.rs"]
mod rig;
#[cfg(test)]
#[allow(dead_code, reason = "shared with the compliance suite")]
#[path = "compliance/unanswered.rs"]
mod unanswered;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use forebay_settings::{ByteSize, Period};
    use tokio::sync::{Mutex, MutexGuard};

    use crate::driver::{Driver, Heard, Transport};
    use crate::harness::eventually;
    use crate::rig::{Rig, missing, texts};
    use crate::unanswered::{Client, Gelf, GelfUdp, Lines, LinesLocal, Syslog, SyslogLocal, SyslogUdp};

    static ONE_AT_A_TIME: [(&str, Mutex<()>); 3] =
        [("gelf", Mutex::const_new(())), ("lines", Mutex::const_new(())), ("syslog", Mutex::const_new(()))];

    /// Waits until no other test counts what is lost of this protocol.
    async fn alone<D: Driver>() -> MutexGuard<'static, ()> {
        let (_, lock) = ONE_AT_A_TIME.iter().find(|(protocol, _)| *protocol == D::PROTOCOL).unwrap();
        lock.lock().await
    }

    /// The largest event of these tests, in bytes.
    const MAX: usize = 2048;

    /// What the tier says that it could not keep of a protocol's events, and what it refused of the first tenant's.
    fn given_up<D: Driver>(rig: &Rig<D>) -> usize {
        let protocol = format!("protocol=\"{}\"", D::PROTOCOL);
        let lost = rig.metric("forebay_ingest_lost_events_total", &[&protocol]);
        let refused = rig.metric("forebay_ingest_rejected_events_total", &[&rig.tenants[0]]);
        (lost + refused) as usize
    }

    /// Scenario: a client sends as fast as it can, and some of it is too large; Kafka takes its time, and goes away for a while.
    /// Guarantees: in the end each event is in Kafka, or is counted as lost, refused or cut.
    async fn what_came_is_in_kafka_or_counted<D: Driver>() {
        let _alone = alone::<D>().await;
        let rig = Rig::<D>::start("came", |settings| settings.ingest.max_event = ByteSize::kib(2)).await;
        let before = given_up(&rig);
        rig.ingest.cluster.round_trip(1, Duration::from_millis(200)).unwrap();
        let mut client = rig.connect(0).await;
        let mut sent = Vec::new();
        for round in 0..40 {
            match round {
                10 => rig.ingest.cluster.broker_down(1).unwrap(),
                20 => rig.ingest.cluster.broker_up(1).unwrap(),
                _ => {}
            }
            let mut events = texts(50);
            events[7].push_str(&"x".repeat(2 * MAX));
            assert_eq!(client.send(&events).await, Heard::Success);
            sent.extend(events);
        }
        rig.ingest.cluster.round_trip(1, Duration::ZERO).unwrap();
        // Of what was cut, and kept, the beginning is there.
        let begun: Vec<String> = sent.iter().map(|text| text.chars().take(36).collect()).collect();
        eventually("each event is in kafka, or counted", async || {
            missing(&rig.ingest.stored(), &begun).len() == given_up(&rig) - before
        })
        .await;
        let whole = sent.iter().filter(|text| text.len() < MAX).count();
        let stored = rig.ingest.stored();
        assert!(stored.len() >= whole, "{} of {whole}: only what is too large can't be kept", stored.len());
    }

    /// Scenario: datagrams come while Kafka is away, and it doesn't come back before the tier has to end.
    /// Guarantees: each of them is counted as lost.
    async fn what_a_stop_gives_up_is_counted<D: Driver>() {
        assert!(matches!(D::TRANSPORT, Transport::Udp | Transport::UnixDatagram));
        let _alone = alone::<D>().await;
        let rig = Rig::<D>::start("ends", |settings| {
            settings.ingest.ack_timeout = Period::from_millis(500);
            settings.ingest.drain_timeout = Period::from_secs(1);
            settings.kafka.delivery_timeout = Period::from_secs(1);
        })
        .await;
        let before = given_up(&rig);
        rig.ingest.cluster.broker_down(1).unwrap();
        let events = texts(100);
        let mut client = rig.connect(0).await;
        for some in events.chunks(10) {
            assert_eq!(client.send(some).await, Heard::Success);
        }
        rig.ingest.shutdown.cancel();
        eventually("each is counted", async || given_up(&rig) - before == events.len()).await;
    }

    macro_rules! both {
        ($($name:ident: $dialect:ty $(, $stop:ident)?;)*) => {
            $(mod $name {
                use super::*;

                #[tokio::test]
                async fn what_came_is_in_kafka_or_counted() {
                    super::what_came_is_in_kafka_or_counted::<Client<$dialect>>().await;
                }

                $(#[tokio::test]
                async fn what_a_stop_gives_up_is_counted() {
                    super::$stop::<Client<$dialect>>().await;
                })?
            })*
        };
    }

    both! {
        gelf: Gelf;
        gelf_udp: GelfUdp, what_a_stop_gives_up_is_counted;
        lines: Lines;
        lines_local: LinesLocal;
        syslog: Syslog;
        syslog_local: SyslogLocal, what_a_stop_gives_up_is_counted;
        syslog_udp: SyslogUdp, what_a_stop_gives_up_is_counted;
    }
}
