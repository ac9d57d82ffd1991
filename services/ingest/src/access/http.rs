//! Who sends a request.
//!
//! A password is checked before the handler is called (`check_passwords`), since that takes a while; everything else is looked
//! up by the handler, which knows how its protocol says no ([`authorize`]).

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::header::ORIGIN;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;
use forebay_access::unnamed::{at_open_door, named, own};
use forebay_access::{Answer, Claim, Denial, Grant, Known, PeerNames, Proof, Role};
use forebay_record::Tenant;
use jiff::Timestamp;

use super::headers::Shown;
use super::{Access, AccessFile, Origin, denied};
use crate::intake::{Intake, Peer};
use crate::listen::Listener;
use crate::refusal::{Kind, Refusal};

/// The tenant that a sender names.
const TENANT: &str = "x-forebay-tenant";

/// What came of a request's password.
#[derive(Clone, Debug)]
struct Checked(Result<Grant, Denial>);

/// Whose events a request brings: the tenant of its credential, never one that it claims, unless the credential may choose.
///
/// # Errors
/// 401 without a valid credential, 403 if it may not send, or not as the tenant that is asked for, 429 after too many wrong
/// ones.
pub(crate) fn authorize(access: &Access, parts: &Parts, now: Timestamp) -> Result<Known, Refusal> {
    let file = match access {
        Access::Open(everybody) => {
            let listener = parts.extensions.get::<Arc<Listener>>();
            let tenant = listener.and_then(|listener| listener.tenant.as_ref());
            return unnamed(parts, Known::by_settings(at_open_door(tenant, everybody)));
        }
        Access::File(file) => file,
    };
    let shown = Shown::read(&parts.headers).map_err(|unreadable| unauthorized(unreadable.0))?;
    match (shown.claim(), &shown) {
        (Some(claim), _) => {
            let grant = ask(file, &claim, parts, now).map_err(|denial| denied(&denial))?;
            let tenant = choose(file, &grant, &parts.headers)?;
            Ok(Known { tenant, stamp: Some(grant.stamp) })
        }
        (None, Shown::Signature) => Err(unauthorized("a signature is no credential at this path")),
        (None, _) => {
            let listener = parts.extensions.get::<Arc<Listener>>();
            let nothing = || unauthorized("the request has no token");
            let listener = listener.ok_or_else(nothing)?;
            let names = parts.extensions.get::<Arc<PeerNames>>().map(|names| &**names);
            let origin = Origin { peer: peer(parts), listener, names };
            match access.unnamed(&origin, now) {
                Ok(known) if names.is_some() => same(&parts.headers, known),
                Ok(known) => unnamed(parts, known),
                Err(refusal) if refusal.kind == Kind::Unauthorized => Err(nothing()),
                Err(refusal) => Err(refusal),
            }
        }
    }
}

/// Whose events a signed request brings: `proves` says whether a secret explains its signature; without one, `id` has to be
/// a token itself.
///
/// # Errors
/// As [`authorize`].
pub(crate) fn authorize_signed(
    access: &Access,
    parts: &Parts,
    id: &str,
    proves: Option<Proof<'_>>,
    now: Timestamp,
) -> Result<Tenant, Refusal> {
    match access {
        Access::Open(_) => authorize(access, parts, now).map(|known| known.tenant),
        Access::File(file) => {
            let grant = ask(file, &Claim::AccessKey { id, proves }, parts, now);
            choose(file, &grant.map_err(|denial| denied(&denial))?, &parts.headers)
        }
    }
}

/// Checks the password of a request that has one, for [`authorize`].
pub(crate) async fn check_passwords(
    State(intake): State<Arc<Intake>>,
    mut request: Request,
    next: Next,
) -> Response {
    if let Access::File(file) = &intake.access
        && file.current().has_passwords()
        && let Ok(Shown::Basic { user, password }) = Shown::read(request.headers())
    {
        let (peer, listener) =
            (request.extensions().get().copied(), request.extensions().get::<Arc<Listener>>());
        let listener = listener.map_or("", |listener| listener.name.as_str());
        let address = peer.unwrap_or(Peer::Local).address();
        let caller = forebay_access::Caller { address, listener };
        let claim = Claim::Basic { user: &user, password: &password };
        let answer = file.current().check(&claim, &caller, Role::Send, Timestamp::now());
        if let Ok(Answer::Password(challenge)) = answer {
            let checked = file.passwords().check(challenge, &password, address).await;
            let _none = request.extensions_mut().insert(Checked(checked));
        }
    }
    next.run(request).await
}

fn ask(file: &AccessFile, claim: &Claim<'_>, parts: &Parts, now: Timestamp) -> Result<Grant, Denial> {
    let listener = parts.extensions.get::<Arc<Listener>>().map_or("", |listener| listener.name.as_str());
    let caller = forebay_access::Caller { address: peer(parts).address(), listener };
    match file.current().check(claim, &caller, Role::Send, now)? {
        Answer::Granted(grant) => Ok(grant),
        Answer::Password(_) => {
            let checked = parts.extensions.get::<Checked>().cloned();
            checked.unwrap_or(Checked(Err(Denial::Unknown))).0
        }
    }
}

fn peer(parts: &Parts) -> Peer {
    parts.extensions.get().copied().unwrap_or(Peer::Local)
}

/// The tenant of a sender that showed nothing. Every page that somebody in the right network opens in a browser could send here,
/// and would say where it is from.
fn unnamed(parts: &Parts, known: Known) -> Result<Known, Refusal> {
    if parts.headers.contains_key(ORIGIN) {
        let hint = "set ingest.access_file and send a token";
        return Err(Refusal::new(Kind::Forbidden, "web pages may not send without a token", hint));
    }
    same(&parts.headers, known)
}

/// The tenant, unless another one is asked for.
fn same(headers: &HeaderMap, known: Known) -> Result<Known, Refusal> {
    let tenant = own(known.tenant, written(headers)).map_err(|denial| denied(&denial))?;
    Ok(Known { tenant, ..known })
}

fn choose(file: &AccessFile, grant: &Grant, headers: &HeaderMap) -> Result<Tenant, Refusal> {
    let chosen = named(written(headers)).and_then(|named| file.current().choose(grant, named));
    chosen.map_err(|denial| denied(&denial))
}

/// The tenants that the sender asks for.
fn written(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    headers.get_all(TENANT).iter().map(axum::http::HeaderValue::as_bytes)
}

fn unauthorized(reason: &'static str) -> Refusal {
    Refusal::new(Kind::Unauthorized, reason, "send `Authorization: Bearer <token>`")
}
