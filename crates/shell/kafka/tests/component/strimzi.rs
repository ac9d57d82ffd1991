//! Topics that the chart asks Strimzi for are those that `forebay bootstrap` makes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use forebay_kafka::admin::{TopicSpec, wanted_topics};
use forebay_settings::Settings;
use forebay_yaml::Node;

/// Scenario: the chart is rendered with its topics for Strimzi (`tests/k8s` holds what comes of it), from settings that differ from the defaults.
/// Guarantees: the topics, their partitions, replicas and configuration are what bootstrap makes of the same settings.
#[test]
fn the_charts_topics_are_those_of_bootstrap() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/k8s");
    let read = |name: &str| fs::read_to_string(tests.join(name)).unwrap();
    let values = Node::read(&read("values/everything.yaml")).unwrap();
    let given = values.get("config").and_then(|config| config.get("kafka")?.get("topics")).unwrap();
    let mut settings = Settings::default().kafka;
    settings.topics = given.parse().unwrap();
    // What the chart has in place of the programs' default, which is for one broker.
    settings.topics.replication = 3;
    let by_bootstrap: BTreeMap<String, TopicSpec> =
        wanted_topics(&settings).into_iter().map(|topic| (topic.name.clone(), sorted(topic))).collect();

    let rendered = read("golden/everything.yaml");
    let is_topic = |document: &&str| document.contains("\nkind: KafkaTopic\n");
    let by_chart: BTreeMap<String, TopicSpec> = rendered
        .split("\n---\n")
        .filter(is_topic)
        .map(|document| sorted(topic(Node::read(document).unwrap().get("spec").unwrap())))
        .map(|topic| (topic.name.clone(), topic))
        .collect();
    assert_eq!(by_chart, by_bootstrap);
}

/// A KafkaTopic's specification.
fn topic(spec: &Node) -> TopicSpec {
    let text = |node: &Node| node.to_json().to_string().trim_matches('"').to_owned();
    let number = |name| text(spec.get(name).unwrap()).parse().unwrap();
    let config = spec.get("config").unwrap().to_json();
    let configs = config.as_object().unwrap().keys();
    TopicSpec {
        name: text(spec.get("topicName").unwrap()),
        partitions: number("partitions"),
        replication: number("replicas"),
        configs: configs
            .map(|name| (name.clone(), text(spec.get("config").unwrap().get(name).unwrap())))
            .collect(),
    }
}

fn sorted(mut topic: TopicSpec) -> TopicSpec {
    topic.configs.sort();
    topic
}
