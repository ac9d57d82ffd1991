//! `forebay retention` on a real Elasticsearch, with its records on a real Kafka.

use std::collections::BTreeSet;

use forebay_record::target;
use forebay_settings::Period;
use forebay_settings::sections::TenantRetention;
use forebay_testkit::free_port;
use forebay_testkit::procs::settings_file;
use forebay_testkit::servers::{Server, shared};
use jiff::Timestamp;
use serde_json::Value;

use crate::installation::{Installation, ask_operators};
use crate::support::run;

const PREFIX: &str = "retained";

fn days(n: u64) -> Option<Period> {
    Some(Period::from_secs(n * 86_400))
}

/// The target of an event so many days ago.
fn target(tenant: &str, days_ago: i64) -> String {
    let mut name = String::new();
    let event_ms = Timestamp::now().as_millisecond() - days_ago * 86_400_000;
    target::push(&mut name, PREFIX, tenant, event_ms);
    name
}

/// The indices whose names begin so, and whether each is open.
async fn indices(server: &Server) -> BTreeSet<(String, String)> {
    let url = format!("{}/_cat/indices/{PREFIX}*?format=json&h=index,status", server.url());
    let rows: Vec<Value> = reqwest::get(url).await.unwrap().json().await.unwrap();
    let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
    rows.iter().map(|row| (text(row, "index"), text(row, "status"))).collect()
}

/// Scenario: indices of several ages, of a tenant with terms of its own, and three that aren't Forebay's; Kafka is away; then a
/// dry run, a run, and another.
/// Guarantees: nothing is done for nobody, nothing that can't be recorded, nor by a dry run; then exactly what is due is deleted and closed, with a
/// record before and after each; the rest stays, and another run has nothing to do.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_old_goes_and_nothing_else() {
    let server = shared::elasticsearch().await.unwrap();
    let installation = Installation::start_with("retained", |settings, folder| {
        ask_operators(settings, folder);
        settings.search.url = server.url();
        settings.search.index_prefix = PREFIX.to_owned();
        settings.parser.max_age = Period::from_secs(10 * 86_400);
        let retention = &mut settings.search.retention;
        (retention.close_after, retention.delete_after) = (days(20), days(30));
        let own = TenantRetention { delete_after: days(365), ..TenantRetention::default() };
        retention.tenants.insert("audit".to_owned(), own);
    })
    .await;
    let (old, aging) = (target("acme.web.otel", 40), target("acme", 25));
    let stays = [
        target("acme", 2),
        target("acme", -1),
        target("audit", 40),
        format!("{PREFIX}-acme-2020.01.01-copy"),
        format!("{PREFIX}-acme"),
        format!("{PREFIX}other-acme-2020.01.01"),
    ];
    let client = reqwest::Client::new();
    for name in stays.iter().chain([&old, &aging]) {
        let made = client.put(format!("{}/{name}", server.url())).send().await.unwrap();
        assert!(made.status().is_success(), "{name}");
    }
    let before = indices(server).await;

    let mut away = installation.settings.clone();
    away.kafka.bootstrap_servers = format!("127.0.0.1:{}", free_port().unwrap());
    let config = installation.config.with_file_name("away.yaml");
    settings_file(&config, &away).unwrap();
    let config = ["--config", config.to_str().unwrap()];
    let nobody = run(&[&config[..], &["retention"]].concat());
    assert_eq!(nobody.code, 77, "{}", nobody.err);
    let token = installation.config.with_file_name("operator.token");
    let by = ["--token-file", token.to_str().unwrap(), "retention"];
    let refused = run(&[&config[..], &by].concat());
    assert_eq!(refused.code, 69, "{}", refused.err);
    assert!(refused.err.contains("nothing was done"), "{}", refused.err);
    assert_eq!(indices(server).await, before);

    let dry = installation.run(&["retention", "--dry-run"]);
    assert_eq!(dry.code, 0, "{}", dry.err);
    assert!(dry.out.contains(&old) && dry.out.contains(&aging), "{}", dry.out);
    assert!(stays.iter().all(|name| !dry.out.contains(&format!("{name} "))), "{}", dry.out);
    assert!(
        dry.err.contains("would be deleted: 1; would be closed: 1; kept: 3; not Forebay's: 2"),
        "{}",
        dry.err
    );
    assert_eq!(indices(server).await, before);

    let ran = installation.run(&["retention", "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let shown: Vec<Value> = ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let short =
        |one: &Value| format!("{} {} {}", one["action"], one["target"], one["state"]).replace('"', "");
    assert_eq!(
        shown.iter().map(short).collect::<Vec<_>>(),
        [format!("delete {old} done"), format!("close {aging} done")]
    );
    let mut expected: BTreeSet<(String, String)> = stays.map(|name| (name, "open".to_owned())).into();
    expected.insert((aging.clone(), "close".to_owned()));
    assert_eq!(indices(server).await, expected);

    let audit = installation.run(&["audit", "show", "--json", "--action", "target"]);
    let records: Vec<Value> = audit.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let short =
        |one: &Value| format!("{} {} {}", one["action"], one["subject"], one["state"]).replace('"', "");
    assert_eq!(
        records.iter().map(short).collect::<Vec<_>>(),
        [
            format!("target.delete {old} planned"),
            format!("target.delete {old} done"),
            format!("target.close {aging} planned"),
            format!("target.close {aging} done"),
        ]
    );
    assert_eq!(records[0]["details"]["tenant"], "acme");
    assert_eq!(records[0]["actor"], "credential:ops");

    let again = installation.run(&["retention"]);
    assert_eq!((again.code, &*again.out), (0, ""), "{}", again.err);
    assert_eq!(indices(server).await, expected);
}
