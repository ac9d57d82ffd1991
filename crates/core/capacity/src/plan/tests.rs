use proptest::prelude::*;

use super::*;

fn of(events_per_sec: u64) -> Plan {
    plan(&Input { events_per_sec, ..Input::default() })
}

/// Guarantees: cores are the measured cost and the headroom, and nothing else.
#[test]
fn cores_are_cost_and_headroom() {
    let plan = of(1_000_000);
    let nanoseconds = figures::ingest(Protocol::Http).nanoseconds;
    assert_eq!(plan.ingest.busy_millicores, nanoseconds);
    assert_eq!(plan.ingest.cores, (nanoseconds * 100).div_ceil(1_000 * figures::UTILISATION));
    assert_eq!(plan.bytes_per_sec, 300_000_000);
}

#[test]
fn a_larger_event_costs_more_and_a_smaller_one_no_less() {
    let busy =
        |bytes| plan(&Input { bytes, events_per_sec: 100_000, ..Input::default() }).parser.busy_millicores;
    let measured = figures::parser(Parsing::Json).bytes;
    assert_eq!(busy(1), busy(measured));
    assert_eq!(busy(2 * measured), 2 * busy(measured));
}

/// Guarantees: the small ones can lose a pod, a broker or a node.
#[test]
fn even_the_smallest_stands_twice() {
    let plan = of(1);
    for tier in [plan.ingest, plan.parser, plan.indexer] {
        assert_eq!((tier.pods, tier.cores), (2, 1));
    }
    assert_eq!((plan.kafka.brokers, plan.search.nodes, plan.search.shards), (3, 3, 1));
    assert!(!plan.search.hourly);
}

#[test]
fn a_day_too_large_for_its_shards_is_split_into_hours() {
    let small = plan(&Input { events_per_sec: 1_000_000, tenants: 1_000, ..Input::default() });
    assert!(!small.search.hourly && small.search.indices == 31_000);
    let large = of(1_000_000);
    assert!(large.search.hourly && large.search.indices == 31 * 24);
}

/// Guarantees: what anybody runs can be worked out, and what nobody runs is told apart.
#[test]
fn what_is_too_large_is_known() {
    let largest =
        Input { events_per_sec: 10_000_000, tenants: 10_000, retention_days: 3_650, ..Input::default() };
    assert!(largest.is_in_reach());
    for far in [
        Input { events_per_sec: u64::MAX, ..largest },
        Input { bytes: 1 << 50, ..largest },
        Input { tenants: u64::MAX / 100, ..largest },
        Input { replicas: u64::MAX, ..largest },
    ] {
        assert!(!far.is_in_reach(), "{far:?}");
    }
}

proptest! {
    /// Scenario: inputs of all sizes, half of them too large.
    /// Guarantees: what is in reach is worked out without reaching an end of the arithmetic.
    #[test]
    fn what_is_in_reach_is_exact(
        n in (36_u32..64, any::<u64>()).prop_map(|(shift, n)| n >> shift),
        bytes in (36_u32..64, any::<u64>()).prop_map(|(shift, n)| n >> shift),
        tenants in (24_u32..64, any::<u64>()).prop_map(|(shift, n)| n >> shift),
        retention_days in 0_u64..100_000,
        replicas in 0_u64..10,
    ) {
        let input = Input { events_per_sec: n, bytes, tenants, retention_days, replicas, ..Input::default() };
        prop_assume!(input.is_in_reach());
        let Search { stored, disk, indices, .. } = plan(&input).search;
        let document = u128::from(per_mille(bytes, figures::INDEX_BYTES.per_mille));
        let days = u128::from(retention_days + 1);
        prop_assert_eq!(u128::from(stored), u128::from(n) * u128::from(DAY) * document * days * u128::from(replicas + 1));
        prop_assert!(u128::from(disk) <= 2 * u128::from(stored));
        prop_assert!(u128::from(indices) <= u128::from(tenants.max(1)) * days * 24);
    }

    /// Guarantees: more events never need less of anything, no input breaks it, and no tier has more lanes than partitions.
    #[test]
    fn more_never_needs_less(
        events_per_sec in 0_u64..50_000_000,
        more in 0_u64..50_000_000,
        bytes in 0_u64..1_000_000,
        tenants in 0_u64..20_000,
        retention_days in 0_u64..4_000,
        replicas in 0_u64..4,
    ) {
        let input = Input { events_per_sec, bytes, tenants, retention_days, replicas, ..Input::default() };
        let less = plan(&input);
        let more = plan(&Input { events_per_sec: events_per_sec + more, ..input });
        prop_assert!(less.parser.cores <= more.parser.cores && less.ingest.pods <= more.ingest.pods);
        prop_assert!(less.kafka.partitions <= more.kafka.partitions && less.kafka.disk <= more.kafka.disk);
        prop_assert!(less.search.stored <= more.search.stored && less.search.cores <= more.search.cores);
        prop_assert!(more.kafka.partitions >= more.parser.pods * more.parser.pod_cores);
        prop_assert!(more.kafka.partitions >= more.indexer.pods);
    }

    #[test]
    fn no_input_overflows(n in any::<u64>(), m in any::<u64>()) {
        let _plan = plan(&Input {
            events_per_sec: n, bytes: m, retention_days: n, replicas: m, tenants: n, kafka_days: m, kafka_replicas: n,
            ..Input::default()
        });
    }
}
