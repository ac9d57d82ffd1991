//! Who fills a listener of a protocol without requests, where silence alone ends no connection.

use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use forebay_security::stay::{Half, connect, stay};
use forebay_security::victim::{PATIENCE, Victim};
use forebay_settings::Period;
use forebay_settings::sections::ingest::ListenerProtocol;
use forebay_testkit::eventually;
use futures_util::future::join_all;
use tokio::io::copy_bidirectional;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::driver::{Door, Heard};
use crate::protocols::{Attack, Hostile, door, each};
use crate::slow::half;

/// How many connections a listener may have, and one address of them.
const PLACES: usize = 40;
const OF_ONE: usize = 10;

/// Connects again and again from this address whenever it is thrown out or turned away, with halves in turn.
async fn come_again(from: [u8; 4], to: SocketAddr, listener: ListenerProtocol, first: usize) {
    let mut ticks = interval(Duration::from_millis(500));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for number in first.. {
        let half: Half = match listener {
            // Halves have their time here; who is silent has a quarter of an hour.
            ListenerProtocol::Forward | ListenerProtocol::Lumberjack => (b"", b""),
            listener => half(Some(listener), number),
        };
        let _next = ticks.tick().await;
        stay(from, to, half).await;
    }
}

/// Fills the listeners.
struct Crowds<'a> {
    victim: &'a Victim,
    crowd: JoinSet<()>,
    places: usize,
}

impl Attack for Crowds<'_> {
    async fn on<D: Hostile>(&mut self) {
        let Some(listener) = D::LISTENER else { return };
        self.places += PLACES;
        let to = door::<D>(self.victim, "honest", "").address.parse().unwrap();
        for number in 0..PLACES * 3 / 2 {
            let from = [127, 0, 4, u8::try_from(number % (PLACES / OF_ONE)).unwrap() + 1];
            let _task = self.crowd.spawn(come_again(from, to, listener, number));
        }
    }
}

/// Honest clients, one on each of the listeners.
struct Honest<'a> {
    victim: &'a Victim,
    when: &'static str,
    /// The address that they come from; `None` for those who connect at once, before they are waited for.
    from: Option<[u8; 4]>,
    all: Vec<Pin<Box<dyn Future<Output = ()> + 'a>>>,
}

/// All of them, to be waited for.
async fn honest<'a>(
    victim: &'a Victim,
    when: &'static str,
    from: Option<[u8; 4]>,
) -> impl Future<Output = ()> + 'a {
    let mut honest = Honest { victim, when, from, all: Vec::new() };
    each(&mut honest).await;
    async move { drop(join_all(honest.all).await) }
}

impl Attack for Honest<'_> {
    async fn on<D: Hostile>(&mut self) {
        if D::LISTENER.is_none() {
            return;
        }
        let mut door = door::<D>(self.victim, "honest", "");
        let client = match self.from {
            None => Some(D::connect(&door).await),
            Some(from) => {
                door.address = way(from, door.address.parse().unwrap()).await.to_string();
                None
            }
        };
        self.all.push(Box::pin(sends::<D>(self.victim, door, client, self.when)));
    }
}

/// Where the next connection goes on to there from this address.
async fn way(from: [u8; 4], to: SocketAddr) -> SocketAddr {
    let entrance = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = entrance.local_addr().unwrap();
    let _task = tokio::spawn(async move {
        let (mut near, _) = entrance.accept().await.unwrap();
        let mut far = connect(from, to).await.unwrap();
        let _ended = copy_bidirectional(&mut near, &mut far).await;
    });
    address
}

/// Connects, unless it is connected, and sends; waits until it has arrived.
async fn sends<D: Hostile>(victim: &Victim, door: Door, client: Option<D>, when: &str) {
    let line = |n: u32| format!("an honest line {n}, {when}, by {}", D::PROTOCOL);
    let sending = async {
        let mut client = match client {
            Some(client) => client,
            None => D::connect(&door).await,
        };
        for n in 0..3 {
            assert_eq!(client.send(&[line(n)]).await, Heard::Success, "{}", line(n));
        }
        client
    };
    let client = timeout(PATIENCE, sending).await.unwrap_or_else(|_| panic!("not taken: {}", line(2)));
    let arrived = async || victim.stored().unwrap().iter().any(|one| one.body.contains(&line(2)));
    eventually(&format!("arrived: {}", line(2)), PATIENCE, arrived).await.unwrap();
    drop(client);
}

/// Scenario: on each listener of a protocol without requests four addresses have as many connections as one may, which are all there are:
/// silent ones, halves of messages, a byte now and then. Whoever is thrown out comes again at once, and more of them wait. Honest clients
/// are there already, others come, each from an address that has none there.
/// Guarantees: those who are there go on; those who come get in beside the crowd, as long as it likes to stay; who has to go is counted.
/// Doesn't prove: that a second connection of an address gets in while nobody has been silent for long enough. It is turned away.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_fills_a_listener_keeps_nobody_out() {
    let mut victim = Victim::start_with(|settings, _| {
        // Longer than a machine that is busy with other tests takes from a connection to its first event.
        settings.ingest.read_timeout = Period::from_secs(6);
        for listener in settings.ingest.listeners.values_mut() {
            (listener.max_connections, listener.max_connections_per_address) = (Some(PLACES), Some(OF_ONE));
        }
        Ok(())
    })
    .await
    .unwrap();
    let before = honest(&victim, "there before", None).await;
    let mut crowds = Crowds { victim: &victim, crowd: JoinSet::new(), places: 0 };
    each(&mut crowds).await;
    let places = crowds.places as f64;
    let is_full = async || victim.connections().await.unwrap() >= places;
    eventually("the listeners are full", PATIENCE, is_full).await.unwrap();
    before.await;
    for (when, from) in [("come first", [127, 0, 5, 1]), ("come later", [127, 0, 5, 2])] {
        honest(&victim, when, Some(from)).await.await;
        assert!(
            victim.connections().await.unwrap() > places / 2.0,
            "they got in beside the crowd, not after it"
        );
    }
    assert!(victim.refused_connections("silent").await.unwrap() > 0.0);
    crowds.crowd.shutdown().await;
    victim.unharmed().await.unwrap();
    // Half a line is one where the protocol has nothing but lines: what the crowd left is the listener's.
    let strange = victim.stored().unwrap().into_iter().find(|one| one.tenant != "honest");
    assert_eq!(strange, None);
}
