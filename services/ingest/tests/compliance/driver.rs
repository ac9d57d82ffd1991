//! A client of one protocol, as small as it can be.

use forebay_settings::sections::ingest::ListenerProtocol;

/// A client.
pub(crate) trait Driver: Send + Sized + 'static {
    /// The protocol, as metrics name it.
    const PROTOCOL: &'static str;
    /// What tells it from others that speak the same protocol: tenants are named after it.
    const WAY: &'static str = Self::PROTOCOL;
    /// What its listener listens on.
    const TRANSPORT: Transport = Transport::Tcp;
    /// The listener that it needs; `None` for `ingest.listen`.
    const LISTENER: Option<ListenerProtocol>;
    /// What it hears while Kafka is away.
    const WAITING: Waiting;
    /// What becomes of an event that is too large.
    const OVERSIZED: Oversized;

    /// Connects.
    fn connect(door: &Door) -> impl Future<Output = Self> + Send;

    /// Sends events whose text is this, and waits for the protocol's answer.
    fn send(&mut self, events: &[String]) -> impl Future<Output = Heard> + Send;
}

/// What a listener listens on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Transport {
    Tcp,
    Udp,
    Unix,
    UnixDatagram,
}

/// Where a client goes, and as whom.
#[derive(Clone, Debug)]
pub(crate) struct Door {
    /// The listener's address, or the path of its socket.
    pub(crate) address: String,
    /// A credential; the listener has its tenant where the protocol has no place for one.
    pub(crate) token: String,
}

/// What a client hears while Kafka is away.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Waiting {
    /// It is told to come again.
    Told,
    /// Nothing, until Kafka is back; then its success.
    Silence,
    /// Nothing ever: what it could write it takes for delivered.
    Unanswered,
}

/// What becomes of an event that is too large.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Oversized {
    /// It is refused by name, by itself or with its neighbours.
    Refused,
    /// It is left out and counted: the protocol can't refuse.
    Counted,
    /// It is lost and counted as that, before anybody knows whose it is.
    Lost,
    /// It is cut.
    Cut,
}

/// What a client was answered.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Heard {
    /// Everything is delivered.
    Success,
    /// Some is refused for good, in these words; the rest is delivered.
    Partly(String),
    /// Nothing is delivered; it is to come again.
    Later,
    /// Nothing is delivered, in these words.
    Refused(String),
    /// The connection has ended before an answer.
    Closed,
}
