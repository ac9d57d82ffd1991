//! `ingest:` where it listens and to whom, and limits that have to fit into each other.

use forebay_parse::ParseConfig;
use forebay_record::tenant::Tenant;

use super::address;
use super::findings::Findings;
use super::tls;
use crate::sections::IngestSettings;
use crate::sections::ingest::ListenerSettings;
use crate::units::{ByteSize, ListenAddress, Period};

/// The largest event that still fits, with its envelope, into the largest record that Forebay produces (8 MiB).
const MAX_EVENT: ByteSize = ByteSize::mib(7);

pub(super) fn check(ingest: &IngestSettings, findings: &mut Findings) {
    listen(ingest, findings);
    let tenant = Tenant::new(ingest.default_tenant.as_str());
    findings.check(
        "ingest.default_tenant",
        tenant
            .map(drop)
            .map_err(|_| format!("`{}` can't be a tenant's name", ingest.default_tenant.escape_debug())),
        "use 1 to 64 of a-z, 0-9, `_` and `-`, starting with a letter or digit",
    );
    listeners(ingest, findings);
    sizes(ingest, findings);
    // What is nested deeper than the parser reads is better refused than taken and dead-lettered.
    let deepest = as_number(ParseConfig::default().max_depth);
    findings.number("ingest.max_depth", as_number(ingest.max_depth), 1, deepest);
    findings.number("ingest.max_events", as_number(ingest.max_events), 1, 10_000_000);
    findings.number("ingest.max_connections", as_number(ingest.max_connections), 1, 1_000_000);
    let per_address = as_number(ingest.max_connections_per_address);
    findings.number("ingest.max_connections_per_address", per_address, 1, 1_000_000);
    let (second, hour) = (Period::from_secs(1), Period::from_secs(3_600));
    findings.period("ingest.read_timeout", ingest.read_timeout, second, hour);
    findings.period("ingest.ack_timeout", ingest.ack_timeout, second, hour);
    findings.period("ingest.max_latency", ingest.max_latency, Period::from_millis(100), hour);
    findings.require(
        ingest.max_latency <= ingest.ack_timeout,
        "ingest.max_latency",
        format!("{} is more than ingest.ack_timeout ({})", ingest.max_latency, ingest.ack_timeout),
        "make it the smaller one, or what is accepted runs into the timeout before anything is refused",
    );
    // Retry-After counts whole seconds.
    findings.period("ingest.retry_after", ingest.retry_after, second, hour);
    findings.period("ingest.drain_timeout", ingest.drain_timeout, Period::from_secs(0), hour);
    tls::check("ingest.tls", &ingest.tls, findings);
}

fn listen(ingest: &IngestSettings, findings: &mut Findings) {
    match address::split(&ingest.listen) {
        Err(error) => findings.add("ingest.listen", error, address::REMEDY),
        Ok((host, _)) => findings.require(
            ingest.access_file.is_some() || address::is_loopback(host),
            "ingest.listen",
            format!(
                "`{}` can be reached from elsewhere, and without ingest.access_file anyone may send",
                ingest.listen
            ),
            "set ingest.access_file, or listen on `127.0.0.1`",
        ),
    }
    if let Ok((host, _)) = address::split(&ingest.listen) {
        findings.require(
            ingest.tls.is_on() || ingest.plain || address::is_loopback(host),
            "ingest.plain",
            format!(
                "`{}` can be reached from elsewhere, and nothing that is sent there is encrypted",
                ingest.listen
            ),
            "set ingest.tls.certificate_file, or `plain: true` if it has to be so",
        );
    }
}

fn listeners(ingest: &IngestSettings, findings: &mut Findings) {
    for (name, listener) in &ingest.listeners {
        let path = |field: &str| format!("ingest.listeners.{name}.{field}");
        match listener.address.parse::<ListenAddress>() {
            Ok(address) if address.is_datagram() && !listener.protocol.takes_datagrams() => findings.add(
                &path("address"),
                format!("`{address}` is for datagrams, which this protocol does not come in"),
                "leave `udp://` out, or write `unix://` instead of `unixgram://`",
            ),
            Ok(_) => {}
            Err(error) => findings.add(&path("address"), error.to_string(), "the host is an IP address"),
        }
        if let Some(Err(error)) = listener.tenant.as_ref().map(|tenant| Tenant::new(tenant.as_str())) {
            findings.add(&path("tenant"), error.to_string(), "name a tenant");
        }
        if let Some(max) = listener.max_connections {
            findings.number(&path("max_connections"), as_number(max), 1, 1_000_000);
        }
        if let Some(max) = listener.max_connections_per_address {
            findings.number(&path("max_connections_per_address"), as_number(max), 1, 1_000_000);
        }
        if let Some(most) = listener.max_in_flight {
            findings.size(&path("max_in_flight"), most, ByteSize::kib(64), ingest.max_in_flight);
        }
        tls::check(&path("tls"), &listener.tls, findings);
        without_effect(listener, &path, findings);
        let reached =
            listener.address.parse::<ListenAddress>().is_ok_and(|address| !address.is_of_this_machine());
        findings.require(
            !reached || ingest.access_file.is_some(),
            &path("address"),
            format!(
                "`{}` can be reached from elsewhere, and without ingest.access_file anyone may send",
                listener.address
            ),
            "set ingest.access_file, or listen on `127.0.0.1`",
        );
        // Datagrams are never encrypted: who writes `udp://` asks for that.
        let exposed = |address: &ListenAddress| !address.is_of_this_machine() && !address.is_datagram();
        let exposed = listener.address.parse().is_ok_and(|address| exposed(&address));
        findings.require(
            !exposed || listener.plain || ingest.tls_of(listener).is_some(),
            &path("plain"),
            format!(
                "`{}` can be reached from elsewhere, and nothing that is sent there is encrypted",
                listener.address
            ),
            "set ingest.tls.certificate_file, or `plain: true` if it has to be so",
        );
    }
}

/// What changes nothing on this listener, while somebody may believe that it does.
fn without_effect(listener: &ListenerSettings, path: &dyn Fn(&str) -> String, findings: &mut Findings) {
    let Ok(address) = listener.address.parse::<ListenAddress>() else { return };
    if matches!(address, ListenAddress::Tcp(_)) {
        findings.require(
            !(listener.plain && listener.tls.is_on()),
            &path("plain"),
            "it does without TLS, and has a certificate",
            "take one of them out",
        );
        return;
    }
    // That `plain` stands there is no mistake: it is.
    let never = format!("`{address}` never has TLS, so that this changes nothing");
    findings.require(!listener.tls.is_on(), &path("tls"), never, "take it out, or listen on TCP");
}

fn sizes(ingest: &IngestSettings, findings: &mut Findings) {
    let (least, greatest) = (ByteSize::kib(1), ByteSize::mib(16 * 1_024));
    findings.size("ingest.max_body", ingest.max_body, least, greatest);
    findings.size("ingest.max_inflated_body", ingest.max_inflated_body, least, greatest);
    findings.size("ingest.max_event", ingest.max_event, ByteSize(1), MAX_EVENT);
    findings.require(
        ingest.max_event <= ingest.max_inflated_body,
        "ingest.max_event",
        format!("{} is more than ingest.max_inflated_body ({})", ingest.max_event, ingest.max_inflated_body),
        "make the body's limit the larger one, since an event comes in a body",
    );
    findings.require(
        ingest.max_inflated_body <= ingest.max_in_flight,
        "ingest.max_in_flight",
        format!(
            "{} is less than ingest.max_inflated_body ({})",
            ingest.max_in_flight, ingest.max_inflated_body
        ),
        "raise it, or the largest body gets 429 for ever",
    );
}

fn as_number(number: usize) -> i128 {
    i128::try_from(number).unwrap_or(i128::MAX)
}
