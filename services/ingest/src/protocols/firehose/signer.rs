//! Who signs: the access key of a signature (AWS signature version 4), which covers the body, and so is proved only when
//! that has been read. Until then it is known for whom memory is held, and no more.

use axum::http::request::Parts;
use forebay_access::Proof;
use forebay_record::Tenant;
use forebay_record::tenant::MAX_LEN;
use forebay_wire::firehose::{Signature, Signed};
use jiff::Timestamp;

use crate::access::Access;
use crate::access::headers::Shown;
use crate::access::http::authorize_signed;
use crate::http::request::{budget, sender, text, trace};
use crate::intake::{Peer, Sender};
use crate::protocols::Protocol;
use crate::refusal::{Kind, Refusal};

/// What the name ends with under which memory is held for those of whom no signature is proved.
const UNPROVED: &str = "-unproved";

/// Who says that it sends. A signature is not proved yet: see [`prove`].
pub(super) fn claimed(parts: &Parts, access: &Access) -> Result<Sender, Refusal> {
    let Some(signature) = signature(parts)? else { return sender(parts, access, Protocol::Firehose) };
    let not_yet: Proof<'_> = &|_| true;
    let tenant = authorize_signed(access, parts, signature.key_id, Some(not_yet), Timestamp::now())?;
    let peer = parts.extensions.get().copied().unwrap_or(Peer::Local);
    let trace = trace(&parts.headers);
    Ok(Sender { tenant, protocol: Protocol::Firehose, peer, budget: budget(parts), trace })
}

/// For whom memory is held while the body of a request comes in: apart from its tenant's until a signature is proved. The id of a
/// key is no secret, and who knows no more than that is to take nothing away from the tenant.
pub(super) fn until_proved(parts: &Parts, sender: &Sender) -> Sender {
    let is_signed = matches!(Shown::read(&parts.headers), Ok(Shown::Signature));
    let name = sender.tenant.as_str();
    let name = format!("{}{UNPROVED}", name.get(..MAX_LEN - UNPROVED.len()).unwrap_or(name));
    match Tenant::new(name) {
        Ok(tenant) if is_signed => Sender { tenant, ..sender.clone() },
        _ => sender.clone(),
    }
}

/// Whether the signature, if there is one, is that of the key that it names, over this body, and of now.
pub(super) fn prove(parts: &Parts, access: &Access, body: &[u8]) -> Result<(), Refusal> {
    let Some(signature) = signature(parts)? else { return Ok(()) };
    let (now, date) = (Timestamp::now(), text(parts, "x-amz-date")?.unwrap_or_default());
    let signed = Signed {
        method: parts.method.as_str(),
        path: parts.uri.path(),
        query: parts.uri.query().unwrap_or_default(),
        date,
        body,
    };
    let seconds = u64::try_from(now.as_second()).unwrap_or_default();
    let proves: Proof<'_> = &|secret| {
        signature.is_fresh(date, seconds)
            && signature.is_explained_by(secret, &signed, |name| header(parts, name))
    };
    authorize_signed(access, parts, signature.key_id, Some(proves), now).map(drop)
}

fn signature(parts: &Parts) -> Result<Option<Signature<'_>>, Refusal> {
    let refused =
        |reason: &str| Refusal::new(Kind::Unauthorized, reason, "sign with AWS signature version 4");
    if Shown::read(&parts.headers).map_err(|unreadable| refused(unreadable.0))? != Shown::Signature {
        return Ok(None);
    }
    let signature = text(parts, "authorization")?.and_then(Signature::read);
    signature.map(Some).ok_or_else(|| refused("the signature can't be read"))
}

/// A header's values, joined by commas. HTTP/2 has the host elsewhere.
fn header(parts: &Parts, name: &str) -> Option<String> {
    let values: Option<Vec<&str>> =
        parts.headers.get_all(name).iter().map(|value| value.to_str().ok()).collect();
    match values?.as_slice() {
        [] if name == "host" => parts.uri.authority().map(ToString::to_string),
        [] => None,
        values => Some(values.join(",")),
    }
}
