//! Ten thousand tenants in one file.

use std::time::Duration;

use forebay_access::secret::TokenHash;
use forebay_access::{Access, Answer, Caller, Claim, Role, read};
use jiff::Timestamp;
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const TENANTS: usize = 10_000;

fn file() -> String {
    let mut text = "tenants:\n".to_owned();
    for tenant in 0..TENANTS {
        text.push_str(&format!("  tenant-{tenant}: {{events_per_second: 1000, bytes_per_day: 10GiB}}\n"));
    }
    text.push_str("credentials:\n");
    for (tenant, n) in (0..TENANTS).flat_map(|tenant| (0..=tenant % 3).map(move |n| (tenant, n))) {
        let hash = TokenHash::of(format!("fbt_{tenant}_{n}").as_bytes()).to_text();
        text.push_str(&format!(
            "  - name: tenant {tenant} number {n}\n    tenant: tenant-{tenant}\n    token: \"{hash}\"\n"
        ));
    }
    text
}

fn tenant(access: &Access, token: &str) -> Option<String> {
    let caller = Caller { address: None, listener: "http" };
    match access.check(&Claim::Token(token.as_bytes()), &caller, Role::Send, Timestamp::UNIX_EPOCH) {
        Ok(Answer::Granted(grant)) => Some(grant.tenant.to_string()),
        _ => None,
    }
}

/// How long this thread has been on a processor: how busy the machine is with other things doesn't count.
fn worked() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    stat.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}

/// Scenario: ten thousand tenants with one to three tokens each.
/// Guarantees: the file is read in a time that a start and a reload can wait for, what is kept of it is small, and every
/// token finds its tenant without a look at the others.
#[test]
fn ten_thousand_tenants_are_one_table() {
    let text = file();
    let before = MEMORY.current_usage();
    let started = worked().unwrap();
    let access = read(&text).unwrap_or_else(|problems| panic!("{problems}"));
    let took = worked().unwrap() - started;
    let kept = MEMORY.current_usage() - before;
    println!("{} bytes read in {took:?}, {} bytes kept of them", text.len(), kept);
    // Unoptimised and beside other tests; what an optimised build takes is a tenth of it.
    assert!(took < Duration::from_secs(20), "{took:?}");
    assert!(kept < 16 << 20, "{kept}");

    let started = worked().unwrap();
    for n in 0..TENANTS {
        assert_eq!(tenant(&access, &format!("fbt_{n}_0")), Some(format!("tenant-{n}")));
        assert_eq!(tenant(&access, &format!("fbt_{n}_3")), None);
    }
    println!("{:?} a look-up", (worked().unwrap() - started) / (2 * TENANTS as u32));
    assert!(worked().unwrap() - started < Duration::from_secs(10));
}
