//! Many connections that do nothing, or little by little.

use forebay_security::stay::{Half, stay};
use forebay_security::victim::{PATIENCE, Victim};
use forebay_settings::Period;
use forebay_testkit::eventually;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::task::JoinSet;

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

/// How many of a crowd have to be in for it to be one.
fn many(crowd: usize) -> f64 {
    (crowd / 2).min(500) as f64
}

/// Scenario: ten thousand connections from one address: silent ones, half heads, bytes that trickle, half bodies. An honest client,
/// at another address, goes on sending; a new one comes.
/// Guarantees: the honest one is served, the new one gets in while the crowd is there, and the crowd is thrown out in time.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_crowd_of_one_address_stands_in_nobodys_way() {
    let crowd = crowd();
    let mut victim = Victim::start_alone(|settings, _| {
        // Long enough for a newcomer to come while the crowd is there.
        settings.ingest.read_timeout = Period::from_secs(20);
        Ok(())
    })
    .await
    .unwrap();
    victim.honest_goes_on(1).await.unwrap();
    let mut attackers = JoinSet::new();
    for number in 0..crowd {
        let half: Half = match number % 4 {
            0 => (b"", b""),
            1 => (b"POST /v1/ingest HTTP/1.1\r\nhost: x\r\n", b""),
            2 => (b"POST /v1/ingest HTTP/1.1\r\nhost: x\r\n", b"x: y\r\n"),
            _ => (b"POST /v1/ingest HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n", b"x"),
        };
        let _task = attackers.spawn(stay([127, 0, 0, 2], victim.address, half));
    }
    let newcomer = async {
        let there = async || victim.connections().await.unwrap() > many(crowd);
        eventually("the crowd is there", PATIENCE, there).await.unwrap();
        let newcomer = reqwest::Client::new().post(format!("http://{}/v1/ingest", victim.address));
        let line = "{\"message\":\"an honest line\"}";
        let answer = newcomer.bearer_auth(&victim.token).body(line).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert!(victim.connections().await.unwrap() > many(crowd), "let in beside the crowd, not after it");
    };
    let (served, ()) = tokio::join!(victim.honest_goes_on(300), newcomer);
    served.unwrap();
    // Not what the clients see: whom the kernel dropped from its queue takes itself for connected all the same.
    let thrown_out = async || victim.connections().await.unwrap() <= 5.0;
    eventually("the crowd is thrown out", PATIENCE, thrown_out).await.unwrap();
    if crowd > 1_500 {
        assert!(victim.refused_connections("address_connections").await.unwrap() > 0.0);
    }
    victim.unharmed().await.unwrap();
    victim.only_honest_lines().unwrap();
}

/// Scenario: ten thousand connections from many addresses, more than the listener takes. An honest client has one already.
/// Guarantees: it is served, and once the crowd is thrown out, new clients get in.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_crowd_from_everywhere_passes() {
    let crowd = crowd();
    let mut victim = Victim::start_alone(|_, _| Ok(())).await.unwrap();
    victim.honest_goes_on(1).await.unwrap();
    let mut attackers = JoinSet::new();
    for number in 0..crowd {
        let from = [127, 0, 1, u8::try_from(number % 200).unwrap() + 1];
        let half: Half = (b"POST /v1/ingest HTTP/1.1\r\nhost: x\r\n", b"x: y\r\n");
        let _task = attackers.spawn(stay(from, victim.address, half));
    }
    let there = async || victim.connections().await.unwrap() > many(crowd);
    let (is_there, served) =
        tokio::join!(eventually("the crowd is there", PATIENCE, there), victim.honest_goes_on(300));
    is_there.unwrap();
    served.unwrap();
    attackers.abort_all();
    while attackers.join_next().await.is_some() {}
    victim.unharmed().await.unwrap();
    victim.only_honest_lines().unwrap();
}
