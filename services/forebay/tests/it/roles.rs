//! Who may look and who may change, where an access file says so.

use std::path::{Path, PathBuf};

use forebay_testkit::eventually;

use crate::support::{Dev, PATIENCE, Ran, command, ran, run};

/// A folder with an access file and settings that name it.
struct Guarded {
    folder: tempfile::TempDir,
    access: PathBuf,
}

impl Guarded {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let access = folder.path().join("access.yaml");
        Self { folder, access }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// `forebay token create` by the bearer of this token.
    fn create(&self, by: &str, more: &[&str]) -> Ran {
        let file = self.access.to_str().expect("a path of text");
        with_token(by, &[&["token", "create", "--file", file], more].concat())
    }

    /// A new token.
    fn token(&self, by: &str, more: &[&str]) -> String {
        let ran = self.create(by, more);
        assert_eq!(ran.code, 0, "{}", ran.err);
        ran.out.trim().to_owned()
    }
}

fn with_token(token: &str, arguments: &[&str]) -> Ran {
    ran(&command(arguments).env("FOREBAY_TOKEN", token).output().expect("the command starts"))
}

/// Scenario: an access file is begun; an administrator is made; then others want to make and revoke credentials.
/// Guarantees: the first ones need nobody; as soon as there is an administrator, nobody but him changes the file by this command, and
/// what is refused changes nothing.
#[test]
fn whoever_may_write_the_file_makes_the_first_administrator() {
    let guarded = Guarded::new();
    let sender = guarded.token("", &["--tenant", "acme", "--name", "web"]);
    let ann = ["--tenant", "ops", "--role", "admin", "--name", "ann", "--may-choose", "*"];
    let admin = guarded.token("", &ann);
    let before = std::fs::read(&guarded.access).unwrap();
    let file = guarded.access.to_str().unwrap();
    for (token, told) in
        [("", "no token was given"), (&sender, "may not be used to administrate"), ("x", "not known")]
    {
        let made = guarded.create(token, &["--tenant", "acme", "--role", "admin"]);
        assert_eq!(made.code, 77, "{}", made.err);
        assert!(made.err.contains(told) && made.err.contains("->"), "{}", made.err);
        assert_eq!(with_token(token, &["token", "revoke", "ann", "--file", file]).code, 77);
    }
    assert_eq!(std::fs::read(&guarded.access).unwrap(), before);
    let reader = guarded.token(&admin, &["--tenant", "acme", "--role", "read", "--name", "bob"]);
    assert!(reader.starts_with("fbt_"), "{reader}");
    let token_file = guarded.path().join("admin.token");
    std::fs::write(&token_file, &admin).unwrap();
    let by_file = ["token", "revoke", "bob", "--file", file, "--token-file", token_file.to_str().unwrap()];
    assert_eq!(run(&by_file).code, 0);
    let list = run(&["token", "list", "--file", file]);
    assert!(list.out.lines().any(|line| line.contains("bob") && line.contains("disabled")), "{}", list.out);
}

/// Scenario: an administrator of all tenants and one of a single tenant, who wants to make and revoke credentials of his and of
/// other tenants, and such as may choose any; then the last administrator is revoked.
/// Guarantees: nobody gives away or takes away more than he has, and what is refused changes nothing; that nobody is asked any
/// more is said.
#[test]
fn an_administrator_of_a_tenant_keeps_to_it() {
    let guarded = Guarded::new();
    let all = ["--tenant", "ops", "--role", "admin", "--may-choose", "*", "--name", "all"];
    let all = guarded.token("", &all);
    guarded.token(&all, &["--tenant", "umbrella", "--name", "theirs"]);
    let admin = guarded.token(&all, &["--tenant", "acme", "--role", "admin", "--name", "admin"]);
    let file = guarded.access.to_str().unwrap();
    let before = std::fs::read(&guarded.access).unwrap();
    for (more, told) in [
        (&["--tenant", "umbrella"][..], "not for the tenant `umbrella`"),
        (&["--tenant", "acme", "--may-choose", "umbrella"], "not for the tenant `umbrella`"),
        (&["--tenant", "acme", "--may-choose", "*"], "is for `acme` only"),
        (&["--tenant", "acme", "--role", "admin", "--may-choose", "*"], "is for `acme` only"),
    ] {
        let refused = guarded.create(&admin, more);
        assert_eq!(refused.code, 77, "{more:?}: {}", refused.err);
        assert!(refused.err.contains(told), "{more:?}: {}", refused.err);
    }
    let revoke = |by: &str, name| with_token(by, &["token", "revoke", name, "--file", file]);
    assert_eq!((revoke(&admin, "theirs").code, revoke(&admin, "all").code), (77, 77));
    assert_eq!(std::fs::read(&guarded.access).unwrap(), before);

    guarded.token(&admin, &["--tenant", "acme", "--name", "ours"]);
    assert_eq!(revoke(&admin, "ours").code, 0);
    let first = revoke(&all, "admin");
    assert!(first.code == 0 && !first.err.contains("last administrator"), "{}", first.err);
    let last = revoke(&all, "all");
    assert!(last.code == 0 && last.err.contains("warning: that was the last administrator"), "{}", last.err);
    let next = guarded.create("", &["--tenant", "ops", "--role", "admin"]);
    assert!(next.code == 0 && next.err.contains("this first administrator is for ops only"), "{}", next.err);
}

/// Scenario: settings name a file of senders and another of operators; somebody without a token names the former as it is spelt
/// from its folder, or by `..`.
/// Guarantees: the operators' file is asked all the same.
#[test]
fn no_spelling_of_the_file_gets_around_its_administrators() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let first = ["--tenant", "ops", "--role", "admin", "--may-choose", "*", "--file", &at("ops.yaml")];
    assert_eq!(run(&[&["token", "create"], &first[..]].concat()).code, 0);
    std::fs::create_dir(at("under")).unwrap();
    let (senders, operators) = (at("snd.yaml"), at("ops.yaml"));
    let settings = format!("ingest:\n  access_file: {senders}\ntelemetry:\n  access_file: {operators}\n");
    std::fs::write(at("forebay.yaml"), settings).unwrap();
    for spelt in ["snd.yaml", "./snd.yaml", "under/../snd.yaml", &senders] {
        let config = at("forebay.yaml");
        let arguments =
            ["token", "create", "--tenant", "acme", "--unaudited", "--config", &config, "--file", spelt];
        let refused = ran(&command(&arguments).current_dir(folder.path()).output().unwrap());
        assert_eq!(refused.code, 77, "{spelt}: {}", refused.err);
    }
    assert!(!folder.path().join("snd.yaml").exists());
}

/// Scenario: a running `forebay dev` with an access file; documents and dead letters of two tenants; a sender, readers of one tenant
/// and of all, administrators of one tenant and of all.
/// Guarantees: each sees and changes what its credential is for; whoever may not is told so with a code of its own.
#[tokio::test(flavor = "multi_thread")]
async fn each_credential_sees_and_changes_its_own() {
    let guarded = Guarded::new();
    let acme = guarded.token("", &["--tenant", "acme"]);
    let umbrella = guarded.token("", &["--tenant", "umbrella"]);
    let of_all = ["--tenant", "acme", "--may-choose", "*"];
    let first = guarded.token("", &[&of_all[..], &["--role", "admin"]].concat());
    let admin = guarded.token(&first, &["--tenant", "acme", "--role", "admin", "--name", "admin"]);
    let all = guarded.token(&first, &[&of_all[..], &["--role", "read"]].concat());
    let reader = guarded.token(&admin, &["--tenant", "acme", "--role", "read"]);
    let config = guarded.path().join("dev.yaml");
    let access = guarded.access.display();
    let nobody = forebay_testkit::free_port().unwrap();
    let settings = format!(
        "ingest:\n  access_file: {access}\ntelemetry:\n  metrics: token\nkafka:\n  bootstrap_servers: 127.0.0.1:{nobody}\n"
    );
    std::fs::write(&config, settings).unwrap();
    let data = guarded.path().join("data");
    let mut dev = Dev::start(&data, &["--config", config.to_str().unwrap()]).await;
    let banner = dev.process.log();
    assert!(
        banner.contains("Authorization: Bearer <token>") && banner.contains("FOREBAY_TOKEN=<token>"),
        "{banner}"
    );

    let client = reqwest::Client::new();
    for token in [&acme, &umbrella] {
        let url = format!("{}?format=combined", dev.ingest);
        let bad = client.post(&url).bearer_auth(token).header("content-type", "text/plain");
        assert_eq!(bad.body("no access log\n").send().await.unwrap().status(), 200);
        let good = client.post(&dev.ingest).bearer_auth(token).body(r#"{"message":"hello"}"#);
        assert_eq!(good.send().await.unwrap().status(), 200);
    }
    let folder = data.to_str().unwrap();
    let by = |token: &str, arguments: &[&str]| with_token(token, &[&["--data", folder], arguments].concat());
    let lines = |ran: Ran| {
        assert_eq!(ran.code, 0, "{}", ran.err);
        ran.out.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let search = |token: &str, more: &[&str]| by(token, &[&["search", "--json", "hello"], more].concat());
    let list = |token: &str, more: &[&str]| by(token, &[&["dlq", "list", "--json"], more].concat());
    eventually("both are indexed", PATIENCE, async || lines(search(&all, &[])).len() == 2).await.unwrap();
    eventually("both failed", PATIENCE, async || lines(list(&all, &[])).len() == 2).await.unwrap();

    // Nobody, a stranger and a sender see nothing.
    for (token, told) in [("", "no token was given"), ("x", "not known"), (&acme, "may not be used to read")]
    {
        for command in [
            &["search", "hello"][..],
            &["dlq", "list"],
            &["dlq", "show", "0:0"],
            &["dlq", "history"],
            &["status"],
        ] {
            let refused = by(token, command);
            assert_eq!((refused.code, refused.out.as_str()), (77, ""), "{command:?}: {}", refused.err);
            assert!(refused.err.contains(told), "{command:?}: {}", refused.err);
        }
    }
    // A reader sees its own tenant, and is refused another by name.
    let own = lines(search(&reader, &[]));
    assert!(own.len() == 1 && own[0].contains(r#""acme""#), "{own:?}");
    assert_eq!(search(&reader, &["--tenant", "umbrella"]).code, 77);
    let letters = lines(list(&reader, &[]));
    assert!(letters.len() == 1 && letters[0].contains(r#""acme""#), "{letters:?}");
    assert_eq!(list(&reader, &["--tenant", "umbrella"]).code, 77);
    // ... and no number that has others' in it.
    let (of_one, of_all) = (by(&reader, &["dlq", "list"]), by(&all, &["dlq", "list"]));
    assert!(of_one.err.contains("1 of 1 dead letters of tenant `acme`"), "{}", of_one.err);
    assert!(of_all.err.contains("2 of 2 dead letters\n"), "{}", of_all.err);
    let places: Vec<String> = lines(list(&all, &[]))
        .iter()
        .map(|letter| serde_json::from_str::<serde_json::Value>(letter).unwrap())
        .map(|letter| format!("{}:{}", letter["partition"], letter["offset"]))
        .collect();
    let shown = places.iter().map(|place| by(&reader, &["dlq", "show", place]).code).collect::<Vec<_>>();
    assert_eq!(shown.iter().filter(|code| **code == 0).count(), 1, "{shown:?}");
    assert_eq!(by(&reader, &["status"]).code, 77, "it is about all tenants");
    assert_eq!(by(&all, &["status", "--interval", "1"]).code, 0);

    // Readers change nothing; an administrator changes what is its tenant's.
    for token in [&reader, &all] {
        assert_eq!(by(token, &["dlq", "replay", "--dry-run"]).code, 0);
        assert_eq!(by(token, &["dlq", "replay", "--all"]).code, 77);
        assert_eq!(by(token, &["dlq", "purge", "--all", "--yes"]).code, 77);
    }
    assert_eq!(by(&admin, &["dlq", "replay", "--all", "--tenant", "umbrella"]).code, 77);
    assert_eq!(by(&admin, &["dlq", "purge", "--done", "--yes"]).code, 77, "it frees what is everybody's");
    let purged = by(&admin, &["dlq", "purge", "--all", "--yes", "--json"]);
    assert!(purged.out.contains(r#""purged":1"#), "{} {}", purged.out, purged.err);
    let left = lines(list(&all, &[]));
    assert!(left.len() == 1 && left[0].contains("umbrella"), "{left:?}");
    let history = lines(by(&admin, &["dlq", "history", "--json"]));
    assert!(history.len() == 1 && history[0].contains(r#""actor":"credential:admin""#), "{history:?}");
    assert_eq!(by(&admin, &["dlq", "park", "--all", "--run", "nightly"]).code, 0);
    let history = lines(by(&admin, &["dlq", "history", "--json"]));
    assert!(history.len() == 2 && history[1].contains(r#""run":"acme.nightly""#), "{history:?}");

    // The port for metrics asks as well, and `status` reads it.
    let metrics = format!("http://{}/metrics", dev.metrics);
    assert_eq!(client.get(&metrics).send().await.unwrap().status(), 401);
    assert_eq!(client.get(&metrics).bearer_auth(&reader).send().await.unwrap().status(), 403);
    assert_eq!(client.get(&metrics).bearer_auth(&all).send().await.unwrap().status(), 200);
    let status = by(&all, &["status", "--interval", "1", "--json"]);
    assert!(!status.out.contains("401") && !status.out.contains("can't be"), "{}", status.out);

    // Credentials made beside it are of its file, and recorded in its topic, by whom.
    let file = guarded.access.to_str().unwrap();
    for (name, more) in [("late", &[][..]), ("later", &["--file", file])] {
        let create = ["token", "create", "--tenant", "acme", "--name", name];
        let made = by(&admin, &[&create[..], more].concat());
        assert_eq!(made.code, 0, "{}", made.err);
        let shown = lines(by(&all, &["audit", "show", "--json", "--action", "token.create"]));
        let last = shown.last().unwrap();
        assert!(
            last.contains(r#""actor":"credential:admin""#) && last.contains(&format!(r#""{name}""#)),
            "{last}"
        );
    }
    let named = by(&admin, &["token", "create", "--tenant", "acme", "--config", config.to_str().unwrap()]);
    assert!(named.code == 69 && named.err.contains("leave out --config"), "{} {}", named.code, named.err);
    let verified = by(&all, &["audit", "verify"]);
    assert!(verified.code == 0 && !verified.err.contains("warning"), "{} {}", verified.out, verified.err);

    // The store asks also while nothing runs.
    let _killed = dev.process.kill().unwrap();
    for token in ["", "x", &acme] {
        let refused = search(token, &[]);
        assert_eq!((refused.code, refused.out.as_str()), (77, ""), "{}", refused.err);
    }
    assert_eq!(lines(search(&reader, &[])), own);
}
