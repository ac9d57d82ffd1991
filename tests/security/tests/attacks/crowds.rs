//! Many connections that do nothing, or little by little.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use forebay_testkit::eventually;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;
use tokio::task::JoinSet;
use tokio::time::interval;

use forebay_security::victim::Victim;

/// How many there are, where the system lets a process have as many files.
const CROWD: usize = 10_000;
/// How many files are left for everything else.
const OTHERS: usize = 1_000;

/// As many as the system allows, at most [`CROWD`]. A child inherits the limit.
fn crowd() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let _refused = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    let files =
        getrlimit(Resource::Nofile).current.map_or(usize::MAX, |files| usize::try_from(files).unwrap());
    let crowd = CROWD.min(files.saturating_sub(OTHERS));
    println!("{crowd} connections");
    crowd
}

/// Connects, says a bit again and again, and stays until it is thrown out.
async fn stay(from: [u8; 4], to: SocketAddr, first: &'static [u8], then: &'static [u8]) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::new(IpAddr::from(from), 0)).unwrap();
    let Ok(mut stream) = socket.connect(to).await else { return };
    let _sent = stream.write_all(first).await;
    let (mut bytes, mut ticks) = ([0; 256], interval(Duration::from_millis(500)));
    loop {
        tokio::select! {
            read = stream.read(&mut bytes) => if !matches!(read, Ok(1..)) { return },
            _ = ticks.tick() => if !then.is_empty() && stream.write_all(then).await.is_err() { return },
        }
    }
}

/// Scenario: ten thousand connections from one address: silent ones, half heads, bytes that trickle, half bodies. An honest client,
/// at another address, goes on sending; a new one comes.
/// Guarantees: the honest one hardly notices, the new one gets in, and the crowd is thrown out in time.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_crowd_of_one_address_stands_in_nobodys_way() {
    let crowd = crowd();
    let mut victim = Victim::start().await.unwrap();
    let calm = victim.honest_waits(300).await.unwrap();
    let mut attackers = JoinSet::new();
    for number in 0..crowd {
        let (first, then): (&[u8], &[u8]) = match number % 4 {
            0 => (b"", b""),
            1 => (b"POST /v1/ingest HTTP/1.1\r\nhost: x\r\n", b""),
            2 => (b"POST /v1/ingest HTTP/1.1\r\nhost: x\r\n", b"x: y\r\n"),
            _ => (b"POST /v1/ingest HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n", b"x"),
        };
        let _task = attackers.spawn(stay([127, 0, 0, 2], victim.address, first, then));
    }
    let beside = victim.honest_waits(300).await.unwrap();
    println!("p99 of the honest client: {:?} before, {:?} under attack", calm.p99(), beside.p99());
    assert!(beside.is_hardly_more_than(&calm));
    let started = Instant::now();
    let newcomer = reqwest::Client::new().post(format!("http://{}/v1/ingest", victim.address));
    let answer =
        newcomer.bearer_auth(&victim.token).body("{\"message\":\"an honest line\"}").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(started.elapsed() < Duration::from_secs(4), "it waited for {:?}", started.elapsed());
    // Not what the clients see: whom the kernel dropped from its queue takes itself for connected all the same.
    let thrown_out = async || victim.connections().await.unwrap() <= 5.0;
    eventually("the crowd is thrown out", Duration::from_secs(60), thrown_out).await.unwrap();
    if crowd > 1_500 {
        assert!(victim.refused_connections("address_connections").await.unwrap() > 0.0);
    }
    victim.unharmed().await.unwrap();
    victim.only_honest_lines().unwrap();
}

/// Scenario: ten thousand connections from many addresses, more than the listener takes. An honest client has one already.
/// Guarantees: it hardly notices, and once the crowd is thrown out, new clients get in.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_crowd_from_everywhere_passes() {
    let crowd = crowd();
    let mut victim = Victim::start().await.unwrap();
    let calm = victim.honest_waits(300).await.unwrap();
    let mut attackers = JoinSet::new();
    for number in 0..crowd {
        let from = [127, 0, 1, u8::try_from(number % 200).unwrap() + 1];
        let _task = attackers.spawn(stay(
            from,
            victim.address,
            b"POST /v1/ingest HTTP/1.1\r\nhost: x\r\n",
            b"x: y\r\n",
        ));
    }
    let beside = victim.honest_waits(300).await.unwrap();
    println!("p99 of the honest client: {:?} before, {:?} under attack", calm.p99(), beside.p99());
    assert!(beside.is_hardly_more_than(&calm));
    attackers.abort_all();
    while attackers.join_next().await.is_some() {}
    victim.unharmed().await.unwrap();
    victim.only_honest_lines().unwrap();
}
