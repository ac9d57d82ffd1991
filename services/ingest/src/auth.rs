//! Whose events a request brings: the tenant of its token, never one that it claims.

use axum::http::HeaderMap;
use axum::http::header::ORIGIN;
use forebay_record::Tenant;
use jiff::Timestamp;

use crate::config::Access;
use crate::protocols::ingest::options::header;
use crate::refusal::{Kind, Refusal};
use crate::tokens::Denial;

/// The longest token that is looked at, in bytes.
const MAX_TOKEN: usize = 1024;

/// Finds the tenant of a request.
///
/// # Errors
/// 401 without a valid token, 403 if the token may not send, or the request asks for another tenant than the token's.
pub fn authorize(access: &Access, headers: &HeaderMap, now: Timestamp) -> Result<Tenant, Refusal> {
    let tenant = match access {
        // Every page that somebody on this machine opens in a browser could send here, and would say where it is from.
        Access::Open(_) if headers.contains_key(ORIGIN) => {
            let hint = "set ingest.token_file and send a token";
            return Err(Refusal::new(Kind::Forbidden, "web pages may not send without a token", hint));
        }
        Access::Open(tenant) => tenant.clone(),
        Access::Tokens(tokens) => {
            let table = tokens.table();
            table.check(bearer(headers)?, now).map_err(denied)?.tenant.clone()
        }
    };
    match headers.get("x-forebay-tenant") {
        Some(wanted) if wanted.as_bytes() != tenant.as_str().as_bytes() => Err(Refusal::new(
            Kind::Forbidden,
            "the token belongs to another tenant than `X-Forebay-Tenant` asks for",
            "leave the header out, or use a token of that tenant",
        )),
        _ => Ok(tenant),
    }
}

fn bearer(headers: &HeaderMap) -> Result<&[u8], Refusal> {
    let refused = |reason| Refusal::new(Kind::Unauthorized, reason, "send `Authorization: Bearer <token>`");
    let value = header(headers, "authorization").map_err(|error| refused(error.to_string()))?;
    let value = value.ok_or_else(|| refused("the request has no token".to_owned()))?;
    match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") && token.len() <= MAX_TOKEN => {
            Ok(token.trim().as_bytes())
        }
        _ => Err(refused("the `Authorization` header holds no bearer token".to_owned())),
    }
}

fn denied(denial: Denial) -> Refusal {
    let (kind, hint) = match denial {
        Denial::Unknown => (Kind::Unauthorized, "check the token, or make one with `forebay token create`"),
        Denial::Disabled | Denial::Expired => {
            (Kind::Forbidden, "make a new token with `forebay token create`")
        }
    };
    Refusal::new(kind, denial.to_string(), hint)
}
