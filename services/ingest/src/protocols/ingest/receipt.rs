//! What a client of `/v1/ingest` gets back when its request could be read.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use forebay_wire::{Rejection, Rejections};
use serde::Serialize;

use crate::http::answer::json;

/// What became of the events of a request that could be read.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Receipt {
    /// Events that all in-sync replicas of the brokers have.
    pub accepted: u64,
    /// Events that were refused.
    pub rejected: usize,
    /// The first of the refused events.
    pub errors: Vec<Rejection>,
}

impl Receipt {
    /// What to answer when `accepted` events are in Kafka and the others were refused.
    #[must_use]
    pub(crate) fn new(accepted: u64, rejections: &Rejections) -> Self {
        Self { accepted, rejected: rejections.count(), errors: rejections.listed().to_vec() }
    }
}

impl IntoResponse for Receipt {
    /// 200, or 400 if there were events and none was taken. An empty array has none, and nothing is wrong with it: a
    /// shipper that has nothing to send must not be told that its events are bad.
    fn into_response(self) -> Response {
        let status =
            if self.accepted == 0 && self.rejected > 0 { StatusCode::BAD_REQUEST } else { StatusCode::OK };
        json(status, &self)
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    async fn text(response: Response) -> String {
        String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
    }

    #[tokio::test]
    async fn nothing_taken_is_no_success() {
        let status =
            |accepted, rejected| Receipt { accepted, rejected, errors: Vec::new() }.into_response().status();
        assert_eq!(
            (status(1, 0), status(1, 1), status(0, 0), status(0, 1)),
            (StatusCode::OK, StatusCode::OK, StatusCode::OK, StatusCode::BAD_REQUEST)
        );
        let receipt = Receipt { accepted: 2, rejected: 0, errors: Vec::new() }.into_response();
        assert_eq!(text(receipt).await, r#"{"accepted":2,"rejected":0,"errors":[]}"#);
    }
}
