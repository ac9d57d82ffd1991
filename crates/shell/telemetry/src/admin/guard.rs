//! Who may read the metrics: everybody, or who has a token to look at all tenants, whom metrics name.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use forebay_access::{Denial, Role};
use forebay_operators::OperatorFile;

/// What a caller is told to show (RFC 6750).
const BEARER: &str = "Bearer realm=\"forebay\"";

/// Who may read the metrics.
#[derive(Clone, Debug, Default)]
pub enum Guard {
    /// Who can reach the port.
    #[default]
    Open,
    /// Who shows a token of this file whose credential has the role `read` and may choose every tenant.
    File(Arc<OperatorFile>),
}

/// Why somebody is turned away.
struct Refused {
    status: StatusCode,
    what: String,
    hint: String,
}

// === impl Guard ===

impl Guard {
    async fn admits(&self, headers: &HeaderMap, caller: Option<SocketAddr>) -> Result<(), Refused> {
        let Self::File(file) = self else { return Ok(()) };
        let token = bearer(headers).ok_or_else(|| Refused {
            status: StatusCode::UNAUTHORIZED,
            what: "metrics are for who shows a token with the role `read`".to_owned(),
            hint: "send it as `Authorization: Bearer ...`; `forebay token create --role read` makes one"
                .to_owned(),
        })?;
        let (file, token) = (Arc::clone(file), token.to_owned());
        let address = caller.map(|caller| caller.ip());
        // The file is read again when it has changed.
        let asked = tokio::task::spawn_blocking(move || file.operator(&token, address, Role::Read)).await;
        let operator = asked.unwrap_or(Err(Denial::Unknown)).map_err(|denial| Refused {
            status: if denial == Denial::Unknown { StatusCode::UNAUTHORIZED } else { StatusCode::FORBIDDEN },
            what: denial.to_string(),
            hint: denial.hint().to_owned(),
        })?;
        operator.scope.everybody().map_err(|_tenants| Refused {
            status: StatusCode::FORBIDDEN,
            what: "metrics name all tenants, and the credential is not for all of them".to_owned(),
            hint: "use one with `may_choose: [\"*\"]`".to_owned(),
        })
    }
}

/// Lets in whom the guard admits.
pub(super) async fn guarded(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let caller = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(caller)| *caller);
    match guard.admits(request.headers(), caller).await {
        Ok(()) => next.run(request).await,
        Err(refused) => refused.into_response(),
    }
}

/// The token in the one `Authorization` that there is.
fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (all.next(), all.next()) else { return None };
    let (scheme, token) = value.as_bytes().split_at_checked("Bearer ".len())?;
    let token = token.trim_ascii();
    (scheme.eq_ignore_ascii_case(b"Bearer ") && !token.is_empty()).then_some(token)
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let challenge: &[(HeaderName, HeaderValue)] = match self.status {
            StatusCode::UNAUTHORIZED => &[(header::WWW_AUTHENTICATE, HeaderValue::from_static(BEARER))],
            _ => &[],
        };
        let mut response = (self.status, format!("{}: {}\n", self.what, self.hint)).into_response();
        response.headers_mut().extend(challenge.iter().cloned());
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_token_is_read_and_nothing_else() {
        let read = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                let _appended = headers.append(header::AUTHORIZATION, HeaderValue::from_static(value));
            }
            bearer(&headers).map(<[u8]>::to_vec)
        };
        assert_eq!(read(&["Bearer t"]), Some(b"t".to_vec()));
        assert_eq!(read(&["bearer  t "]), Some(b"t".to_vec()));
        for wrong in [&[][..], &["Bearer "], &["Bearer"], &["Basic dDp0"], &["Bearer a", "Bearer b"]] {
            assert_eq!(read(wrong), None, "{wrong:?}");
        }
    }
}
