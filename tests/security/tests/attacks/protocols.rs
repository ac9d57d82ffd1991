//! The table of protocols, and what is tried on each.
//!
//! Clients are those of ingest's compliance suite, so that an attacker speaks the same protocol as an honest sender.

use forebay_security::victim::Victim;

use crate::driver::{Door, Driver};
use crate::missile::Missile;

/// What an attacker makes of a protocol.
pub(crate) trait Hostile: Driver {
    /// Events of a sender that claims to be `honest`, in all places where its protocol has room for a name; `text` stands in each.
    fn lies(door: &Door, text: &str) -> Vec<Missile>;

    /// Messages that are too large, too deep, too many, or announce more than anybody has.
    fn monsters(door: &Door) -> Vec<Monster>;
}

/// A message beyond some limit.
pub(crate) struct Monster {
    /// What is too much about it.
    pub(crate) name: &'static str,
    /// How it is sent.
    pub(crate) missile: Missile,
}

pub(crate) fn monster(name: &'static str, missile: Missile) -> Monster {
    Monster { name, missile }
}

/// Something that is tried on each protocol.
pub(crate) trait Attack {
    /// Tries it.
    async fn on<D: Hostile>(&mut self);
}

macro_rules! protocols {
    ($($driver:ty;)*) => {
        /// The protocols that are attacked, as metrics name them.
        pub(crate) const NAMES: &[&str] = &[$(<$driver as Driver>::PROTOCOL),*];

        /// Tries it on all of them, one after the other.
        pub(crate) async fn each(attack: &mut impl Attack) {
            $(
                println!("{}", <$driver as Driver>::PROTOCOL);
                attack.on::<$driver>().await;
            )*
        }
    };
}

protocols! {
    crate::http::Post<crate::http::Ndjson>;
    crate::websocket::Socket;
    crate::grpc::Grpc;
    crate::http::Post<crate::http::Otlp>;
    crate::http::Post<crate::http::Bulk>;
    crate::lumberjack::Lumberjack;
    crate::forward::Forward;
    crate::unanswered::Client<crate::unanswered::Syslog>;
    crate::relp::Relp;
    crate::unanswered::Client<crate::unanswered::Gelf>;
    crate::http::Post<crate::http::Events>;
    crate::http::Post<crate::http::Hec>;
    crate::http::Post<crate::http::Loki>;
    crate::http::Post<crate::firehose::Put>;
    crate::unanswered::Client<crate::unanswered::Lines>;
}

/// Scenario: a protocol is added. Guarantees: it isn't left out here.
#[test]
fn no_protocol_is_left_out() {
    let all = forebay_ingest::protocols::Protocol::ALL.iter().map(|protocol| protocol.as_str());
    let missing: Vec<&str> = all.filter(|name| !NAMES.contains(name)).collect();
    assert_eq!(missing, [""; 0]);
}

/// Where this protocol's senders go, as whom: by a token, or by a listener that is theirs.
pub(crate) fn door<D: Driver>(victim: &Victim, who: &str, token: &str) -> Door {
    let address = match D::LISTENER {
        None => victim.address,
        Some(_) => victim.door(&format!("{}_{who}", D::PROTOCOL)).unwrap(),
    };
    Door { address: address.to_string(), token: token.to_owned() }
}
