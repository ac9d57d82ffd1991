//! Connections that hold what they get, on every protocol: halves that never become whole, and answers that nobody reads.

use std::net::SocketAddr;
use std::time::Duration;

use forebay_security::stay::{Half, stay};
use forebay_security::victim::{PATIENCE, Victim};
use forebay_settings::sections::ingest::ListenerProtocol;
use forebay_settings::{ByteSize, Period};
use forebay_testkit::eventually;
use futures_util::future::join_all;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::driver::Heard;
use crate::protocols::{Attack, Hostile, door, each};

/// How many connections an address may have here.
const MOST: usize = 200;
/// How many come: some more than may.
const CROWD: usize = 220;
/// So many bytes of requests that the answers to them show, if they are kept.
const WANTED: usize = 32 << 20;
/// The one that is read on: see `who_reads_no_answers_waits`.
const SOCKET: &str = "pings of a WebSocket";

/// What half a message is, and what is sent twice a second behind it.
pub(crate) fn half(listener: Option<ListenerProtocol>, number: usize) -> Half {
    let halves: &[Half] = match listener {
        None | Some(ListenerProtocol::Http) => &[
            (b"", b""),
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0", b"\0\0\0\x04\0\0\0\0\0"),
            (b"GET /v1/stream HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\n", b"x: y\r\n"),
            (b"POST /v1/logs HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        ],
        Some(ListenerProtocol::Forward) => {
            &[(b"", b""), (b"\x93\xa1t\xdd\0\0\xff\xff", b"\xc0"), (b"\x93\xdb\0\0\xff\xff", b"x")]
        }
        Some(ListenerProtocol::Lumberjack) => &[
            (b"", b""),
            (b"2W\0\0\x07\xd0", b""),
            (b"2W\0\0\0\x022J\0\0\0\x01\0\0\0\x02{}", b""),
            (b"2W\0\0\0\x012C\0\x0f\0\0", b"x"),
        ],
        Some(ListenerProtocol::Relp) => {
            &[(b"", b""), (b"1 open 9", b""), (b"1 open 85 ", b"x"), (b"1 op", b"")]
        }
        Some(ListenerProtocol::Syslog) => &[(b"", b""), (b"<14>", b"x"), (b"9000 <14>", b"x")],
        Some(ListenerProtocol::Gelf | ListenerProtocol::Lines) => &[(b"", b""), (b"{", b"x")],
    };
    halves[number % halves.len()]
}

struct Slow<'a> {
    victim: &'a Victim,
    /// Those of all protocols stay together until the end.
    crowd: JoinSet<()>,
    listeners: Vec<SocketAddr>,
}

impl Attack for Slow<'_> {
    async fn on<D: Hostile>(&mut self) {
        let victim = self.victim;
        let honest = door::<D>(victim, "honest", &victim.token);
        let to = honest.address.parse().unwrap();
        let mut client = D::connect(&honest).await;
        // On the listener that the honest one uses too: those that come by HTTP have one in common.
        if !self.listeners.contains(&to) {
            self.listeners.push(to);
            let refused = victim.refused_connections("address_connections").await.unwrap();
            for number in 0..CROWD {
                let _task = self.crowd.spawn(stay([127, 0, 0, 9], to, half(D::LISTENER, number)));
            }
            let full = async || victim.refused_connections("address_connections").await.unwrap() > refused;
            eventually("the crowd is there", PATIENCE, full).await.unwrap();
        }
        for n in 0..3 {
            let text = [format!("an honest line {n} by {}", D::PROTOCOL)];
            let heard = timeout(PATIENCE, client.send(&text)).await.expect("served beside the crowd");
            assert_eq!(heard, Heard::Success, "{}", D::PROTOCOL);
            // A newcomer, too.
            client = timeout(PATIENCE, D::connect(&honest)).await.expect("let in beside the crowd");
        }
        let arrived = format!("an honest line 2 by {}", D::PROTOCOL);
        let arrived = async || victim.stored().unwrap().iter().any(|one| one.body.contains(&arrived));
        eventually("what the honest one sent is taken", PATIENCE, arrived).await.unwrap();
    }
}

/// Scenario: on each listener more connections of one address than it may have: silent ones, half heads, half frames, half windows,
/// counts whose message never comes, a byte now and then. On each protocol, an honest client at another address sends, and comes anew.
/// Guarantees: it is served while they are there, memory stays, and once the crowd is gone, so are its connections.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn halves_on_every_protocol_stand_in_nobodys_way() {
    let mut victim = Victim::start_with(|settings, _| {
        settings.ingest.max_connections_per_address = MOST;
        // Nobody is thrown out meanwhile: who is served is served beside the crowd.
        settings.ingest.read_timeout = Period::from_secs(600);
        Ok(())
    })
    .await
    .unwrap();
    let mut slow = Slow { victim: &victim, crowd: JoinSet::new(), listeners: Vec::new() };
    each(&mut slow).await;
    slow.crowd.shutdown().await;
    let gone = async || victim.connections().await.unwrap() <= 20.0;
    eventually("the crowd's connections end", PATIENCE, gone).await.unwrap();
    victim.unharmed().await.unwrap();
    // A line without its end is one, by the protocols that have nothing but lines: what the crowd left is the listener's.
    let strange = victim.stored().unwrap().into_iter().find(|one| one.tenant != "honest");
    assert_eq!(strange, None);
}

/// Sends `then` again and again, reads nothing, and gives the connection with what could be sent: until it can write no more, is cut
/// off, or has sent so much that the answers to it would show.
async fn stall(to: SocketAddr, first: &[u8], then: &[u8]) -> (TcpStream, usize) {
    let mut stream = TcpStream::connect(to).await.unwrap();
    stream.write_all(first).await.unwrap();
    let piece = then.repeat((64 << 10) / then.len() + 1);
    let mut sent = 0;
    while sent < WANTED {
        match timeout(Duration::from_secs(8), stream.write_all(&piece)).await {
            Ok(Ok(())) => sent += piece.len(),
            Ok(Err(_)) | Err(_) => break,
        }
    }
    (stream, sent)
}

/// Scenario: clients of each protocol with answers send all the time and read nothing of what is answered, all at once.
/// Guarantees: memory stays; each is cut off or made to wait, or, for the pings of a WebSocket, is answered no further; everybody else
/// is served.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_reads_no_answers_waits() {
    let mut victim = Victim::start_with(|settings, _| {
        settings.ingest.max_event = ByteSize::kib(64);
        Ok(())
    })
    .await
    .unwrap();
    let http = format!("GET /v1/nothing{} HTTP/1.1\r\nhost: x\r\n\r\n", "/x".repeat(10));
    let relp = "1 open 30 relp_version=0\ncommands=syslog\n";
    let syslog: String = (2..4_000).map(|n| format!("{n} syslog 17 <14>an honest line\n")).collect();
    let window =
        [b"2W\0\0\0\x01".as_slice(), &crate::missile::lumberjack_frame(1, "{\"m\":\"an honest line\"}")]
            .concat();
    let ping = crate::missile::ws_frame(0x89, 100, &[0; 100]);
    let upgrade = format!(
        "GET /v1/stream HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\nauthorization: Bearer {}\r\n\r\n",
        victim.token
    );
    let pings = [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".as_slice(), b"\0\0\0\x04\0\0\0\0\0"].concat();
    let (relp_door, lumberjack_door) =
        (victim.door("relp_honest").unwrap(), victim.door("lumberjack_honest").unwrap());
    let many: [(&str, SocketAddr, &[u8], &[u8]); 5] = [
        ("HTTP/1.1", victim.address, b"", http.as_bytes()),
        ("HTTP/2 pings", victim.address, &pings, b"\0\0\x08\x06\0\0\0\0\0pingping"),
        (SOCKET, victim.address, upgrade.as_bytes(), &ping),
        ("RELP", relp_door, relp.as_bytes(), syslog.as_bytes()),
        ("Lumberjack", lumberjack_door, b"", &window),
    ];
    victim.honest_goes_on(10).await.unwrap();
    let before = victim.memory().unwrap();
    // The connections stay until it is measured what they cost.
    let stalled = join_all(many.iter().map(|(_, to, first, then)| stall(*to, first, then))).await;
    let grown = victim.memory().unwrap().saturating_sub(before);
    for ((name, ..), (_, sent)) in many.iter().zip(&stalled) {
        println!("{name}: {} KiB taken", sent >> 10);
    }
    println!("{} KiB more of memory", grown >> 10);
    assert!(grown < 24 << 20, "{} MiB", grown >> 20);
    for ((name, ..), (_, sent)) in many.iter().zip(&stalled) {
        assert!(*sent < WANTED || *name == SOCKET, "{name} goes on");
    }
    victim.unharmed().await.unwrap();
    drop(stalled);
    victim.only_honest_lines().unwrap();
}

/// Scenario: somebody knows the id of a tenant's access key, which is no secret, and sends large bodies as if he had signed them,
/// but for their last bytes, on many connections.
/// Guarantees: the tenant's own requests aren't refused for the memory that he holds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_knows_the_id_of_a_key_takes_nothing_from_its_tenant() {
    const BODY: usize = 300_000;
    let mut victim = Victim::start_with(|settings, folder| {
        settings.ingest.read_timeout = Period::from_secs(20);
        let file = folder.join("access.yaml");
        let key = "  - {name: aws, tenant: honest, access_key: {id: AKIDHONEST, secret: hush-hush}}\n";
        Ok(std::fs::write(&file, std::fs::read_to_string(&file)? + key)?)
    })
    .await
    .unwrap();
    let scope = "20261122/eu-west-1/firehose/aws4_request";
    let head = format!(
        "POST / HTTP/1.1\r\nhost: x\r\nx-amz-target: Firehose_20150804.PutRecord\r\nx-amz-date: 20261122T000000Z\r\n\
         authorization: AWS4-HMAC-SHA256 Credential=AKIDHONEST/{scope}, SignedHeaders=host;x-amz-date, Signature=00\r\n\
         content-length: {BODY}\r\n\r\n"
    );
    let all_but_the_end = [head.as_bytes(), &vec![b' '; BODY - 10]].concat();
    let mut held = Vec::new();
    // Small ones: what is refused in the end leaves no more room than its size.
    for _ in 0..250 {
        let mut stream = TcpStream::connect(victim.address).await.unwrap();
        // Who is refused for the memory of the others may be cut off.
        let _sent = stream.write_all(&all_but_the_end).await;
        held.push(stream);
    }
    let holds = async || victim.metric("forebay_ingest_in_flight_bytes", &[]).await.unwrap() > 16e6;
    eventually("he holds memory", PATIENCE, holds).await.unwrap();
    let batch =
        format!("{{\"message\":\"an honest line\",\"more\":\"{}\"}}\n", "x".repeat(100_000)).repeat(15);
    for _ in 0..3 {
        let own = victim.post().bearer_auth(&victim.token).header("content-type", "application/x-ndjson");
        let answer = own.body(batch.clone()).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
    }
    drop(held);
    victim.unharmed().await.unwrap();
    victim.only_honest_lines().unwrap();
}
