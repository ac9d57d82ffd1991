use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::fields::merge;

/// The event after the facts were taken and merged.
fn enrich(config: &KubernetesConfig, event: serde_json::Value) -> serde_json::Value {
    let mut event = Value::from(event);
    if let Some(facts) = Kubernetes::new(config).take(&mut event, [], None) {
        merge(&mut event, facts);
    }
    serde_json::to_value(&event).unwrap()
}

/// What all shippers' events become.
fn expected() -> serde_json::Value {
    json!({
        "message": "hello",
        "kubernetes": {
            "namespace": "shop",
            "pod": {"name": "web-7d4b9-x2x1z", "uid": "0f9e"},
            "container": {"name": "nginx"},
            "node": {"name": "node-1"},
            "labels": {"app_kubernetes_io/name": "web", "tier": "front"},
        },
        "container": {"name": "nginx"},
        "orchestrator": {
            "type": "kubernetes", "namespace": "shop", "resource": {"type": "pod", "name": "web-7d4b9-x2x1z"},
        },
    })
}

#[test]
fn shippers_names_become_one() {
    let labels = json!({"app.kubernetes.io/name": "web", "tier": "front"});
    let fluent_bit = json!({"message": "hello", "kubernetes": {
        "pod_name": "web-7d4b9-x2x1z", "namespace_name": "shop", "pod_id": "0f9e", "host": "node-1",
        "container_name": "nginx", "labels": labels, "annotations": {"checksum/config": "1"},
    }});
    let filebeat = json!({"message": "hello", "kubernetes": {
        "pod": {"name": "web-7d4b9-x2x1z", "uid": "0f9e"}, "namespace": "shop", "node": {"name": "node-1"},
        "container": {"name": "nginx"}, "labels": {"app_kubernetes_io/name": "web", "tier": "front"},
    }});
    let vector = json!({"message": "hello", "kubernetes": {
        "pod_name": "web-7d4b9-x2x1z", "pod_namespace": "shop", "pod_uid": "0f9e", "pod_node_name": "node-1",
        "container_name": "nginx", "pod_labels": labels,
    }});
    let otel = json!({"message": "hello", "resource": {"attributes": {
        "k8s.pod.name": "web-7d4b9-x2x1z", "k8s.namespace.name": "shop", "k8s.pod.uid": "0f9e",
        "k8s.node.name": "node-1", "k8s.container.name": "nginx",
        "k8s.pod.label.app.kubernetes.io/name": "web", "k8s.pod.label.tier": "front",
    }}});
    let nested = json!({"message": "hello", "k8s": {
        "pod": {"name": "web-7d4b9-x2x1z", "uid": "0f9e", "labels": {"app": {"kubernetes": {"io/name": "web"}}, "tier": "front"}},
        "namespace": {"name": "shop"}, "node": {"name": "node-1"}, "container": {"name": "nginx"},
    }});
    for event in [fluent_bit, filebeat, vector, otel, nested] {
        assert_eq!(enrich(&KubernetesConfig::default(), event.clone()), expected(), "{event}");
    }
}

#[test]
fn what_disagrees_stays_where_it_is() {
    let event = json!({
        "k8s.pod.name": "other", "k8s.namespace.name": "shop",
        "kubernetes": {"pod_name": "web", "namespace_name": "shop", "labels": {"a": "b"}, "pod_labels": {"c": "d"}},
    });
    let event = enrich(&KubernetesConfig::default(), event);
    assert_eq!(event["kubernetes"]["pod"], json!({"name": "other"}));
    assert_eq!(event["kubernetes"]["pod_name"], "web");
    assert_eq!(event["kubernetes"]["labels"], json!({"a": "b", "c": "d"}), "labels are put together");
    assert!(event["kubernetes"].get("namespace_name").is_none(), "it agrees");
}

#[test]
fn attributes_count_where_the_event_is_silent() {
    let mut event = Value::from(json!({"kubernetes": {"pod_name": "web"}}));
    let attributes = [("k8s.pod.name", "other"), ("k8s.namespace.name", "shop"), ("unrelated", "x")];
    let facts = Kubernetes::new(&KubernetesConfig::default()).take(&mut event, attributes, None).unwrap();
    let facts = serde_json::to_value(facts).unwrap();
    assert_eq!(facts["kubernetes"], json!({"namespace": "shop", "pod": {"name": "web"}}));
}

#[test]
fn what_the_parser_mapped_is_used_and_stays() {
    let event = json!({
        "orchestrator": {"namespace": "shop", "resource": {"name": "web"}}, "container": {"name": "nginx"},
        "labels": {"k8s_pod_uid": "0f9e", "team": "a"},
    });
    let event = enrich(&KubernetesConfig::default(), event);
    assert_eq!(
        event["kubernetes"],
        json!({"namespace": "shop", "pod": {"name": "web", "uid": "0f9e"}, "container": {"name": "nginx"}})
    );
    assert_eq!(event["labels"], json!({"team": "a"}));
    assert_eq!(event["orchestrator"]["namespace"], "shop");
}

#[test]
fn images_ids_owners_and_clusters_find_their_places() {
    let event = json!({"kubernetes": {
        "container_id": "containerd://abc123", "container_image": "registry:5000/shop/web:1.2",
        "container_image_id": "registry:5000/shop/web@sha256:beef", "pod_owner": "ReplicaSet/web-7d4b9",
        "deployment": {"name": "web"}, "master_url": "https://10.0.0.1:443",
    }, "k8s.cluster.name": "blue"});
    let event = enrich(&KubernetesConfig::default(), event);
    assert_eq!(
        event["container"],
        json!({
            "id": "abc123", "runtime": "containerd",
            "image": {"name": "registry:5000/shop/web", "tag": ["1.2"], "hash": {"all": ["sha256:beef"]}},
        })
    );
    assert_eq!(
        event["kubernetes"],
        json!({"replicaset": {"name": "web-7d4b9"}, "deployment": {"name": "web"}})
    );
    assert_eq!(event["orchestrator"]["cluster"], json!({"name": "blue", "url": "https://10.0.0.1:443"}));
}

#[test]
fn images_are_split_at_the_tag_not_at_the_port() {
    for (image, name, tag) in [
        ("nginx", "nginx", None),
        ("nginx:1.25", "nginx", Some("1.25")),
        ("registry:5000/nginx", "registry:5000/nginx", None),
        ("registry:5000/nginx:1@sha256:beef", "registry:5000/nginx", Some("1")),
        ("", "", None),
    ] {
        assert_eq!(names::split_image(image), (name, tag), "{image}");
    }
}

#[test]
fn paths_of_logs_say_pod_namespace_and_container() {
    let id = "0123456789abcdef".repeat(4);
    let link = format!("/var/log/containers/web-7d4b9-x2x1z_shop_nginx-main-{id}.log");
    let file = "/var/log/pods/shop_web-7d4b9-x2x1z_0f9e-11/nginx-main/0.log";
    let expected =
        |uid, id| path::Log { namespace: "shop", pod: "web-7d4b9-x2x1z", container: "nginx-main", uid, id };
    assert_eq!(path::read(&link), Some(expected(None, Some(&id))));
    assert_eq!(path::read(file), Some(expected(Some("0f9e-11"), None)));
    for no in [
        "",
        "/var/log/syslog",
        "/var/log/containers/a.log",
        "/var/log/pods/a_b/c/0.log",
        "/x/containers/A_b_c-d.log",
    ] {
        assert_eq!(path::read(no), None, "{no}");
    }
    let event = enrich(&KubernetesConfig::default(), json!({"log": {"file": {"path": file}}}));
    assert_eq!(event["kubernetes"]["pod"], json!({"name": "web-7d4b9-x2x1z", "uid": "0f9e-11"}));
    assert_eq!(event["log"]["file"]["path"], file, "the path stays");
}

#[test]
fn labels_and_annotations_are_chosen_and_bounded() {
    let labels: serde_json::Map<_, _> = (0..100).map(|at| (format!("l{at:03}"), json!("x"))).collect();
    let event =
        json!({"kubernetes": {"pod_name": "web", "labels": labels, "annotations": {"a.b/c": "1", "d": "2"}}});
    let all = enrich(&KubernetesConfig::default(), event.clone());
    assert_eq!(all["kubernetes"]["labels"].as_object().unwrap().len(), 64);
    assert!(all["kubernetes"].get("annotations").is_none());
    let config: KubernetesConfig =
        serde_json::from_str(r#"{"labels": ["l001", "l09*"], "annotations": ["a.b/*"], "max_labels": 5}"#)
            .unwrap();
    let some = enrich(&config, event);
    let names: Vec<_> = some["kubernetes"]["labels"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(names, ["l001", "l090", "l091", "l092", "l093"]);
    assert_eq!(some["kubernetes"]["annotations"], json!({"a_b/c": "1"}));
}

#[test]
fn an_event_without_metadata_is_left_alone() {
    for event in [
        json!({"message": "x", "kubernetes": "yes", "labels": {"a": "b"}, "attributes": {}}),
        json!({"kubernetes": {"unknown": {"deep": 1}, "pod_name": {"odd": true}}}),
        json!({"kubernetesque": {"pod_name": "no"}, "orchestrator": {"type": "nomad", "namespace": "a", "resource": {"name": "b"}}}),
        json!("text"),
        json!([1]),
    ] {
        assert_eq!(enrich(&KubernetesConfig::default(), event.clone()), event);
    }
}

proptest! {
    /// Guarantees: values of any kind under known names are survived, and what isn't taken is still there.
    #[test]
    fn any_values_are_survived(values in prop::collection::vec((0..8_usize, 0..7_u8), 0..12), path in "\\PC{0,60}") {
        let names = ["pod_name", "namespace", "labels", "pod", "container_id", "container_image", "pod_owner", "x.y"];
        let mut members = serde_json::Map::new();
        for (name, kind) in values {
            let value = match kind {
                0 => json!(null),
                1 => json!(true),
                2 => json!(-1.5),
                3 => json!("a/b:c@d"),
                4 => json!([1, "x"]),
                5 => json!({"name": {"name": "x"}, "labels": ["y"]}),
                _ => json!({}),
            };
            members.insert(names[name].to_owned(), value);
        }
        let mut event = Value::from(json!({"kubernetes": members, "keep": 1, "k8s": path.clone()}));
        let _any_facts = Kubernetes::new(&KubernetesConfig::default()).take(&mut event, [], Some(&path));
        prop_assert_eq!(event.as_object().unwrap().get("keep"), Some(&Value::Integer(1)));
    }
}
