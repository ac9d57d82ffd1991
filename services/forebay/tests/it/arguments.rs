//! Arguments, help, offline commands.

use std::io::Read;
use std::process::Stdio;

use crate::support::{command, ran, run};

#[test]
fn help_names_every_command_and_the_exit_codes() {
    let help = run(&["--help"]);
    assert_eq!(help.code, 0);
    for word in [
        "dev",
        "send",
        "generate",
        "search",
        "status",
        "check",
        "test",
        "try",
        "profile",
        "bootstrap",
        "retention",
        "size",
        "dlq",
        "token",
        "audit",
        "completions",
        "Exit codes:",
    ] {
        assert!(help.out.contains(word), "{word} is missing in\n{}", help.out);
    }
    for command in [
        "dev",
        "send",
        "generate",
        "search",
        "status",
        "check",
        "test",
        "try",
        "profile",
        "bootstrap",
        "retention",
        "size",
        "dlq",
        "token",
        "audit",
        "completions",
    ] {
        assert_eq!(run(&[command, "--help"]).code, 0, "{command}");
    }
    assert_eq!(run(&["version"]).out, format!("forebay {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn wrong_arguments_are_told_apart_from_failures() {
    let wrong = run(&["serch", "x"]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.err.contains("search"), "a suggestion: {}", wrong.err);
    assert_eq!(run(&["search", "--since", "yesterday"]).code, 2);
    assert_eq!(run(&["dlq", "list", "--stage", "fly"]).code, 2);
    let still = run(&["dlq", "replay", "--all", "--rate", "0"]);
    assert_eq!(still.code, 2);
    assert!(still.err.contains("from 1"), "what can be given: {}", still.err);
}

#[test]
fn completions_are_made_for_each_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let completions = run(&["completions", shell]);
        assert_eq!(completions.code, 0);
        assert!(completions.out.contains("bootstrap"), "{shell}");
    }
}

#[test]
fn check_accepts_a_good_file() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("forebay.yaml");
    std::fs::write(&file, "kafka:\n  linger: 5ms\ningest:\n  max_body: 8MiB\n").unwrap();
    let checked = run(&["check", file.to_str().unwrap()]);
    assert_eq!((checked.code, checked.out), (0, format!("{}: the settings are valid\n", file.display())));
}

/// Scenario: an access file with a credential for a misspelt listener, so that nobody can send by the one that there is.
/// Guarantees: both are told; they are warnings, which fail only where they are to.
#[test]
fn check_holds_credentials_against_listeners() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("forebay.yaml");
    let access = dir.path().join("access.yaml");
    let made = run(&["token", "create", "--tenant", "acme", "--file", access.to_str().unwrap()]);
    assert_eq!(made.code, 0, "{}", made.err);
    let mut credentials = std::fs::read_to_string(&access).unwrap();
    credentials += "  - name: devices\n    tenant: acme\n    listener: syslgo\n";
    std::fs::write(&access, credentials).unwrap();
    let listeners = "  listeners:\n    syslog: { protocol: syslog, address: \"udp://127.0.0.1:5514\" }\n";
    let settings = format!("ingest:\n  access_file: {}\n{listeners}", access.display());
    std::fs::write(&file, settings).unwrap();
    let file = file.to_str().unwrap();
    let checked = run(&["check", file]);
    assert_eq!(checked.code, 0, "{}{}", checked.out, checked.err);
    for part in [
        "2 credentials are valid",
        "did you mean `syslog`?",
        "ingest.listeners.syslog: nobody can send there",
    ] {
        assert!(checked.out.contains(part), "{part}: {}", checked.out);
    }
    assert_eq!(run(&["check", "--strict", file]).code, 78);
}

/// Scenario: several mistakes in one file, and a file that is not there.
/// Guarantees: all are told at once with line and remedy, and the exit code says that it's the settings.
#[test]
fn check_tells_every_mistake() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("forebay.yaml");
    std::fs::write(&file, "kafka:\n  lingr: 5ms\ningest:\n  max_body: 8\nsearch:\n  url: nowhere\n").unwrap();
    let checked = run(&["check", file.to_str().unwrap()]);
    assert_eq!(checked.code, 78);
    for part in
        ["3 problems in", "line 2: kafka.lingr", "linger", "line 4: ingest.max_body", "line 6: search.url"]
    {
        assert!(checked.err.contains(part), "{part} is missing in\n{}", checked.err);
    }
    let missing = run(&["check", "does/not/exist.yaml"]);
    assert_eq!(missing.code, 78);
    assert!(missing.err.contains("does/not/exist.yaml: No such file"), "{}", missing.err);
}

/// Scenario: settings with an access file that isn't there, and another that is broken; then `dev` is to start with them.
/// Guarantees: both are told as errors, with the command that makes the first one, and nothing is called valid; the exit
/// code says that it's the settings.
#[test]
fn access_files_that_cannot_be_used_are_told_with_the_remedy() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("forebay.yaml");
    let (senders, operators) = (dir.path().join("senders.yaml"), dir.path().join("operators.yaml"));
    let (senders, operators) = (senders.display(), operators.display());
    let text = format!("ingest:\n  access_file: {senders}\ntelemetry:\n  access_file: {operators}\n");
    std::fs::write(&file, text).unwrap();
    std::fs::write(operators.to_string(), "credentials: [broken").unwrap();
    let file = file.to_str().unwrap();
    let make = format!("forebay token create --file {senders} --tenant ops --role admin --may-choose '*'");
    let checked = run(&["check", file]);
    assert_eq!(checked.code, 78, "{}", checked.err);
    for part in [
        &format!("error: access file {senders}: there is none"),
        &make,
        &format!("error: access file {operators}: "),
    ] {
        assert!(checked.out.contains(part), "{part} is missing in\n{}", checked.out);
    }
    assert!(!checked.out.contains("settings are valid"), "{}", checked.out);
    let data = dir.path().join("data");
    let started = run(&["dev", "--config", file, "--data", data.to_str().unwrap(), "--port", "0"]);
    assert_eq!(started.code, 78, "{}", started.err);
    assert!(started.err.contains(&make) && !started.err.contains("os error"), "{}", started.err);
}

/// Guarantees: files of TLS that can't be used are told before anything starts, each by its name.
#[test]
fn check_looks_into_the_files_of_tls() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("forebay.yaml");
    let text = "ingest:\n  tls:\n    certificate_file: nowhere.pem\n    key_file: nowhere.key\n";
    std::fs::write(&file, text).unwrap();
    let checked = run(&["check", file.to_str().unwrap()]);
    assert_eq!(checked.code, 78);
    for part in ["error: nowhere.pem: it can't be read", "error: nowhere.key: it can't be read"] {
        assert!(checked.out.contains(part), "{part} is missing in\n{}", checked.out);
    }
}

#[test]
fn the_same_seed_gives_the_same_lines() {
    let lines = |seed: &str| {
        run(&[
            "generate",
            "--kind",
            "mixed",
            "--count",
            "500",
            "--start",
            "2026-11-21T10:00:00Z",
            "--seed",
            seed,
        ])
        .out
    };
    assert_eq!(lines("7").lines().count(), 500);
    assert_eq!(lines("7"), lines("7"));
    assert_ne!(lines("7"), lines("8"));
}

/// Scenario: the reader of an endless output goes away. Guarantees: the command ends, and says nothing.
#[test]
fn a_broken_pipe_is_quiet() {
    let mut endless = command(&["generate", "--count", "0"]);
    let mut child = endless.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut some = [0; 1000];
    child.stdout.take().unwrap().read_exact(&mut some).unwrap();
    let ended = ran(&child.wait_with_output().unwrap());
    assert_eq!((ended.code, ended.err.as_str()), (0, ""));
}

#[test]
fn without_anything_to_speak_to_the_error_says_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    for arguments in [&["status"][..], &["search", "x"], &["dlq", "list"], &["bootstrap"], &["send", "-"]] {
        let failed = run(&[&["--data", dir.path().to_str().unwrap()], arguments].concat());
        assert_eq!(failed.code, 69, "{arguments:?}: {}", failed.err);
        assert!(failed.err.contains("forebay dev") && failed.err.contains("--config"), "{}", failed.err);
    }
}

/// Scenario: a token and a password are made, listed, and the token is revoked.
/// Guarantees: each is shown once and kept as a hash; the list has no secret and says what counts.
#[test]
fn a_token_is_shown_once_and_kept_as_a_hash() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("access.yaml");
    let token =
        |arguments: &[&str]| run(&[&["token"], arguments, &["--file", file.to_str().unwrap()]].concat());
    let created = token(&["create", "--tenant", "acme", "--name", "web"]);
    assert_eq!(created.code, 0, "{}", created.err);
    assert!(created.err.contains("ingest records this"), "who has no settings has no Kafka: {}", created.err);
    let user = token(&["create", "--tenant", "acme", "--name", "ann", "--user", "ann"]);
    assert_eq!(user.code, 0, "{}", user.err);
    let kept = std::fs::read_to_string(&file).unwrap();
    assert!(kept.contains("acme") && !kept.contains(created.out.trim()), "{kept}");
    assert!(kept.contains("$argon2id$") && !kept.contains(user.out.trim()), "{kept}");
    assert_eq!(token(&["create", "--tenant", "Not A Tenant"]).code, 2);

    assert_eq!(token(&["revoke", "web"]).code, 0);
    assert_ne!(token(&["revoke", "nobody"]).code, 0);
    let list = token(&["list"]).out;
    let rows: Vec<Vec<&str>> = list.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[1], ["web", "acme", "token", "send", "never", "disabled"]);
    assert_eq!(rows[2], ["ann", "acme", "password", "send", "never", "valid"]);
}

/// Guarantees: a token that nobody could ever use isn't made.
#[test]
fn what_has_expired_is_not_made() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("access.yaml");
    let expires = ["--tenant", "acme", "--expires", "2020-01-01T00:00:00Z", "--file", file.to_str().unwrap()];
    let refused = run(&[&["token", "create"], &expires[..]].concat());
    assert!(refused.code == 2 && refused.err.contains("is in the past"), "{} {}", refused.code, refused.err);
    assert!(!file.exists());
}

/// Scenario: the first administrator is to be bound to a network, or to have a password; then a file has such a one, written by hand.
/// Guarantees: he isn't made, since no command would take what he shows, and is told what to do instead; one who was written all the
/// same locks nobody out of `forebay token`, and `check` tells of him.
#[test]
fn an_administrator_whom_no_command_takes_locks_nobody_out() {
    let dir = tempfile::tempdir().unwrap();
    let access = dir.path().join("access.yaml");
    let file = access.to_str().unwrap();
    let create = |more: &[&str]| {
        run(&[&["token", "create", "--file", file, "--tenant", "ops", "--may-choose", "*"], more].concat())
    };
    for (more, told) in [
        (&["--role", "admin", "--from", "10.0.0.0/8"][..], "leave --from out"),
        (&["--role", "send", "--role", "admin", "--from", "127.0.0.1"], "leave --from out"),
        (&["--role", "admin", "--user", "ann"], "leave --user out"),
        (&["--role", "read", "--user", "ann"], "leave --user out"),
    ] {
        let refused = create(more);
        assert_eq!((refused.code, refused.out.as_str()), (2, ""), "{more:?}: {}", refused.err);
        assert!(refused.err.contains(told), "{more:?}: {}", refused.err);
        assert!(!access.exists(), "{more:?}");
    }
    let scraper = create(&["--role", "read", "--from", "10.0.0.0/8", "--name", "scraper"]);
    assert!(scraper.code == 0 && scraper.err.contains("closed metrics"), "{}", scraper.err);

    let made = create(&["--role", "admin", "--name", "office"]);
    assert_eq!(made.code, 0, "{}", made.err);
    let bound = std::fs::read_to_string(&access).unwrap() + "    from: [10.0.0.0/8]\n";
    std::fs::write(&access, bound).unwrap();
    let config = dir.path().join("forebay.yaml");
    std::fs::write(&config, format!("ingest:\n  access_file: {file}\n")).unwrap();
    let checked = run(&["check", config.to_str().unwrap()]);
    assert!(checked.out.contains("nobody can administrate with the credential `office`"), "{}", checked.out);
    let another = create(&["--role", "admin", "--name", "ann"]);
    assert_eq!(another.code, 0, "{}", another.err);
    assert_eq!(create(&["--name", "late"]).code, 77, "now there is one who can");
}

/// Guarantees: who names a data folder is told where the environment leads elsewhere.
#[test]
fn a_data_folder_that_does_not_count_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("access.yaml");
    let arguments =
        ["token", "list", "--data", dir.path().to_str().unwrap(), "--file", file.to_str().unwrap()];
    let told = |ran: crate::support::Ran| ran.err.contains("--data isn't used: FOREBAY__... variables");
    assert!(!told(run(&arguments)));
    let mut elsewhere = command(&arguments);
    assert!(told(ran(&elsewhere.env("FOREBAY__KAFKA__BOOTSTRAP_SERVERS", "127.0.0.1:1").output().unwrap())));
}
