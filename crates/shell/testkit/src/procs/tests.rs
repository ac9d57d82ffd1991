use super::*;

fn shell(script: &str) -> Process {
    Process::start(Path::new("/bin/sh"), ["-c", script], []).expect("starts")
}

const SOON: Duration = Duration::from_secs(10);

#[tokio::test]
async fn reports_how_it_ended_and_what_it_printed() {
    let mut process = shell("echo out; echo err >&2; exit 3");
    let status = process.wait(SOON).await.expect("ends");
    assert_eq!(status.code(), Some(3));
    assert_eq!(process.log(), "out\nerr\n");
}

/// Scenario: a service that can't bind its port ends at once. Guarantees: `ready` doesn't wait for the time-out, and
/// the error shows what the process said.
#[tokio::test]
async fn an_early_end_is_told_at_once() {
    let mut process = shell("echo the port is taken; exit 1");
    let error =
        process.ready("http://127.0.0.1:9/readyz", Duration::from_secs(600)).await.expect_err("ended");
    assert!(error.to_string().contains("the port is taken"), "{error}");
}

#[tokio::test]
async fn terminate_kill_and_pause() {
    let mut polite = shell("trap 'kill $!; exit 7' TERM; sleep 60 & echo up; wait");
    eventually("it is up", SOON, async || polite.log().contains("up")).await.expect("up");
    assert_eq!(polite.terminate(SOON).await.expect("ends").code(), Some(7));
    assert!(polite.pause().await.is_err(), "there is nobody left to signal");

    let mut other = shell("exec sleep 60");
    other.pause().await.expect("pauses");
    other.resume().expect("resumes");
    assert!(other.is_running());
    assert_eq!(other.kill().expect("dies").code(), None);
}
