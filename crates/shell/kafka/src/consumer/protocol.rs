//! The two protocols of consumer groups, and which one to speak.
//!
//! With `consumer` (KIP-848, Kafka 4.0 and later) the brokers share out the partitions, and a rebalance touches only what
//! moves. With `classic` one of the members does it. Whether a broker has the new one shows only when it is tried: one that
//! hasn't refuses the first heartbeat, which ends the client, or there is never an answer (see `joining`). So `auto` begins
//! with the new one and falls back; a broker that is away decides nothing.

use forebay_settings::sections::{GroupProtocol, KafkaSettings};
use rdkafka::error::RDKafkaErrorCode as Code;

/// Properties that only the classic protocol knows. An operator who sets one wants that protocol.
const CLASSIC_ONLY: [&str; 4] =
    ["session.timeout.ms", "heartbeat.interval.ms", "partition.assignment.strategy", "group.protocol.type"];

/// A protocol of consumer groups.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Protocol {
    /// The brokers share out the partitions (KIP-848).
    Consumer,
    /// A member shares them out, by `kafka.assignment_strategy`.
    Classic,
}

/// What is to be done about a consumer that has failed for good.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Remedy {
    /// Begin again with the classic protocol.
    Classic,
    /// Begin again later: the group doesn't let this member in now, for one because the member that had its instance id has
    /// not left, and its session not ended.
    Wait,
    /// Another process has taken the instance id, and would lose it if we took it back.
    Fenced,
    /// There is none here.
    None,
}

// === impl Protocol ===

impl Protocol {
    /// What to begin with.
    pub(super) fn first(settings: &KafkaSettings) -> Self {
        match choice(settings) {
            GroupProtocol::Auto | GroupProtocol::Consumer => Self::Consumer,
            GroupProtocol::Classic => Self::Classic,
        }
    }
}

/// Whether the classic protocol may be spoken where the new one can't be.
pub(super) fn may_fall_back(settings: &KafkaSettings) -> bool {
    choice(settings) == GroupProtocol::Auto
}

/// What the operator has chosen, in the one way or the other.
fn choice(settings: &KafkaSettings) -> GroupProtocol {
    let property = |name: &str| settings.properties.get(name).map(String::as_str);
    match property("group.protocol") {
        Some("classic") => GroupProtocol::Classic,
        Some(_) => GroupProtocol::Consumer,
        None if settings.group_protocol == GroupProtocol::Auto
            && CLASSIC_ONLY.iter().any(|name| property(name).is_some()) =>
        {
            GroupProtocol::Classic
        }
        None => settings.group_protocol,
    }
}

// === impl Remedy ===

impl Remedy {
    /// Whether a code is among those that end a consumer.
    pub(super) fn is_for(code: Code) -> bool {
        matches!(
            code,
            Code::Fatal
                | Code::UnsupportedVersion
                | Code::UnsupportedFeature
                | Code::UnreleasedInstanceId
                | Code::FencedInstanceId
        )
    }

    /// For what librdkafka says of a consumer that has failed for good.
    pub(super) fn of(code: Code, protocol: Protocol, settings: &KafkaSettings) -> Self {
        match code {
            Code::UnsupportedVersion | Code::UnsupportedFeature
                if protocol == Protocol::Consumer && may_fall_back(settings) =>
            {
                Self::Classic
            }
            Code::UnreleasedInstanceId
            | Code::GroupAuthorizationFailed
            | Code::GroupMaxSizeReached
            | Code::InvalidRequest => Self::Wait,
            Code::FencedInstanceId => Self::Fenced,
            _ => Self::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(group_protocol: GroupProtocol, property: Option<(&str, &str)>) -> KafkaSettings {
        let properties = property.map(|(name, value)| (name.to_owned(), value.to_owned()));
        KafkaSettings {
            group_protocol,
            properties: properties.into_iter().collect(),
            ..KafkaSettings::default()
        }
    }

    /// Scenario: an operator's choice, by our setting or by librdkafka's own.
    /// Guarantees: librdkafka's own name wins; what only the classic protocol knows chooses it, unless told otherwise.
    #[test]
    fn the_operator_chooses() {
        let heartbeat = Some(("heartbeat.interval.ms", "500"));
        for (chosen, property, protocol) in [
            (GroupProtocol::Auto, None, Protocol::Consumer),
            (GroupProtocol::Auto, heartbeat, Protocol::Classic),
            (GroupProtocol::Consumer, heartbeat, Protocol::Consumer),
            (GroupProtocol::Classic, None, Protocol::Classic),
            (GroupProtocol::Auto, Some(("group.protocol", "classic")), Protocol::Classic),
            (GroupProtocol::Classic, Some(("group.protocol", "consumer")), Protocol::Consumer),
        ] {
            assert_eq!(Protocol::first(&settings(chosen, property)), protocol, "{chosen:?} {property:?}");
        }
    }

    /// Scenario: the broker refuses the new protocol. Guarantees: only `auto` falls back, and only once.
    #[test]
    fn only_auto_falls_back() {
        let remedy =
            |chosen, protocol| Remedy::of(Code::UnsupportedFeature, protocol, &settings(chosen, None));
        assert_eq!(remedy(GroupProtocol::Auto, Protocol::Consumer), Remedy::Classic);
        assert_eq!(remedy(GroupProtocol::Auto, Protocol::Classic), Remedy::None);
        assert_eq!(remedy(GroupProtocol::Consumer, Protocol::Consumer), Remedy::None);
    }
}
