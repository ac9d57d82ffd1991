//! Who may depend on whom: services on shell crates, shell on core, core on proto, never the other way; and each
//! library that does I/O is seen by one crate alone, so that it can be exchanged there.

use std::collections::HashMap;

use super::Breach;
use super::workspace::{Dependency, Kind, Package};

/// The layers, lowest first: a crate may depend on its own layer and on lower ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Layer {
    Proto,
    Core,
    Shell,
    Service,
    /// Tests, load and tools: nothing that ships.
    Bench,
}

/// Libraries that only some crates may see, and why. Tests may use those that have no reason against it.
const RESERVED: &[Reserved] = &[
    Reserved { library: "rdkafka", owners: &["forebay-kafka"], in_tests: false },
    Reserved { library: "elasticsearch", owners: &["forebay-elastic"], in_tests: false },
    Reserved { library: "opentelemetry-otlp", owners: &["forebay-traces"], in_tests: false },
    Reserved { library: "tantivy", owners: &["forebay-embedded-store"], in_tests: false },
    Reserved { library: "tansu-broker", owners: &["forebay-embedded-broker"], in_tests: false },
    Reserved { library: "tansu-storage", owners: &["forebay-embedded-broker"], in_tests: false },
    Reserved {
        library: "reqwest",
        owners: &[
            "forebay",
            "forebay-traces",
            "forebay-testkit",
            "forebay-tests",
            "forebay-load",
            "forebay-chaos",
            "forebay-compat",
            "forebay-security",
        ],
        in_tests: true,
    },
    Reserved {
        library: "forebay-testkit",
        owners: &["forebay-tests", "forebay-load", "forebay-chaos", "forebay-compat", "forebay-security"],
        in_tests: true,
    },
];

struct Reserved {
    library: &'static str,
    owners: &'static [&'static str],
    in_tests: bool,
}

/// What a core crate may not see, in its tests neither: they do I/O, or need a runtime.
const NOT_IN_CORE: &[&str] =
    &["axum", "hyper", "metrics", "rdkafka", "reqwest", "tokio", "tokio-util", "tonic", "tracing"];

/// Where `anyhow` is fine besides services, whose mains use it: in what those mains share, and in what tests use.
const ANYHOW: &[&str] = &["forebay-service", "forebay-testkit"];

/// Checks every dependency that is declared in the workspace.
pub(super) fn check(packages: &[Package]) -> Vec<Breach> {
    let layers: HashMap<&str, Layer> = packages
        .iter()
        .filter_map(|package| Some((package.name.as_str(), layer(&package.folder)?)))
        .collect();
    packages
        .iter()
        .flat_map(|package| package.dependencies.iter().map(move |dependency| (package, dependency)))
        .flat_map(|(package, dependency)| breaches(package, dependency, &layers))
        .collect()
}

fn layer(folder: &str) -> Option<Layer> {
    match folder.split('/').collect::<Vec<_>>().as_slice() {
        ["proto"] => Some(Layer::Proto),
        ["crates", "core", _] => Some(Layer::Core),
        ["crates", "shell", _] => Some(Layer::Shell),
        ["services", _] => Some(Layer::Service),
        ["tests" | "load"] | ["tests" | "tools", _] => Some(Layer::Bench),
        _ => None,
    }
}

fn breaches(package: &Package, dependency: &Dependency, layers: &HashMap<&str, Layer>) -> Vec<Breach> {
    let (name, on) = (package.name.as_str(), dependency.name.as_str());
    let own = layers.get(name).copied();
    let mut found = Vec::new();
    let mut breach = |rule: String, remedy| {
        found.push(Breach { file: format!("{}/Cargo.toml", package.folder), rule, remedy });
    };
    let Some(own) = own else {
        breach(
            format!("{name} lies in no layer"),
            "put it in proto, crates/core, crates/shell, services, tests, load or tools",
        );
        return found;
    };
    let is_test_help = on == "forebay-testkit" && dependency.kind == Kind::Dev;
    match layers.get(on) {
        Some(other) if *other > own && !is_test_help => breach(
            format!("{name} ({own:?}) depends on {on} ({other:?}): dependencies point down"),
            "move what is shared into a lower crate, or pass it in as a trait or a value",
        ),
        Some(Layer::Service) if own == Layer::Service && name != "forebay" => breach(
            format!("{name} depends on {on}: services are deployed apart"),
            "talk over Kafka, or move what is shared into a crate",
        ),
        _ => {}
    }
    for reserved in RESERVED.iter().filter(|reserved| reserved.library == on) {
        let is_free = reserved.owners.contains(&name) || reserved.in_tests && dependency.kind == Kind::Dev;
        if !is_free {
            breach(
                format!("{name} depends on {on}, which is for {}", reserved.owners.join(", ")),
                "use the interface of the crate that owns it",
            );
        }
    }
    if own == Layer::Core && NOT_IN_CORE.contains(&on) {
        breach(
            format!("{name} is a core crate and depends on {on}"),
            "core does no I/O and knows no clock: return a decision, and let a shell crate carry it out",
        );
    }
    if on == "anyhow"
        && dependency.kind == Kind::Shipped
        && matches!(own, Layer::Proto | Layer::Core | Layer::Shell)
        && !ANYHOW.contains(&name)
    {
        breach(
            format!("{name} is a library and depends on anyhow"),
            "give its errors a type, with thiserror",
        );
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, folder: &str, dependencies: &[(&str, Kind)]) -> Package {
        let dependencies = dependencies
            .iter()
            .map(|(name, kind)| Dependency { name: (*name).into(), kind: *kind })
            .collect();
        Package { name: name.into(), folder: folder.into(), dependencies }
    }

    /// A small tree, with one crate more.
    fn rules_broken_by(package_in_question: Package) -> Vec<String> {
        let tree = [
            package("forebay-record", "crates/core/record", &[]),
            package("forebay-kafka", "crates/shell/kafka", &[("rdkafka", Kind::Shipped)]),
            package("forebay-testkit", "crates/shell/testkit", &[("reqwest", Kind::Shipped)]),
            package("forebay-parser", "services/parser", &[("forebay-kafka", Kind::Shipped)]),
            package_in_question,
        ];
        check(&tree).into_iter().map(|breach| breach.rule).collect()
    }

    #[test]
    fn dependencies_point_down() {
        let up = package("forebay-parse", "crates/core/parse", &[("forebay-kafka", Kind::Shipped)]);
        assert_eq!(
            rules_broken_by(up),
            ["forebay-parse (Core) depends on forebay-kafka (Shell): dependencies point down"]
        );
        let down = package("forebay-store", "crates/shell/store", &[("forebay-record", Kind::Shipped)]);
        assert!(rules_broken_by(down).is_empty());
    }

    #[test]
    fn only_the_command_holds_services() {
        let on_parser: &[(&str, Kind)] = &[("forebay-parser", Kind::Shipped)];
        assert_eq!(rules_broken_by(package("forebay-indexer", "services/indexer", on_parser)).len(), 1);
        assert!(rules_broken_by(package("forebay", "services/forebay", on_parser)).is_empty());
        assert!(rules_broken_by(package("forebay-tests", "tests", on_parser)).is_empty());
    }

    #[test]
    fn a_reserved_library_has_one_owner() {
        let parser = package("forebay-indexer", "services/indexer", &[("rdkafka", Kind::Dev)]);
        assert_eq!(rules_broken_by(parser).len(), 1);
        let http_in_tests = package("forebay-ingest", "services/ingest", &[("reqwest", Kind::Dev)]);
        assert!(rules_broken_by(http_in_tests).is_empty());
        let http = package("forebay-ingest", "services/ingest", &[("reqwest", Kind::Shipped)]);
        assert_eq!(rules_broken_by(http).len(), 1);
    }

    #[test]
    fn the_testkit_ships_with_nothing() {
        let dev = package("forebay-parse", "crates/core/parse", &[("forebay-testkit", Kind::Dev)]);
        assert!(rules_broken_by(dev).is_empty());
        let shipped = package("forebay-store", "crates/shell/store", &[("forebay-testkit", Kind::Shipped)]);
        assert_eq!(rules_broken_by(shipped).len(), 1);
    }

    #[test]
    fn core_has_no_runtime_and_libraries_have_typed_errors() {
        let both: &[(&str, Kind)] = &[("tokio", Kind::Dev), ("anyhow", Kind::Shipped)];
        assert_eq!(rules_broken_by(package("forebay-parse", "crates/core/parse", both)).len(), 2);
        assert!(rules_broken_by(package("forebay-indexer", "services/indexer", both)).is_empty());
    }

    #[test]
    fn a_crate_outside_the_layers_is_told() {
        let stray = package("stray", "lib/stray", &[("serde", Kind::Shipped)]);
        assert_eq!(rules_broken_by(stray), ["stray lies in no layer"]);
    }
}
