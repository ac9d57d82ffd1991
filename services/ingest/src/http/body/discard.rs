//! Reads on after a refusal.
//!
//! A connection that is closed while the client still sends is reset, and with it goes the answer that says why. So a
//! little more is read and thrown away: most clients have sent their body by then.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, header};
use http_body_util::BodyExt;
use tokio::time::timeout;

const MAX_BYTES: usize = 1024 * 1024;
/// Under overload this is what most requests end with, on machines and lines that are busy themselves.
const MAX_TIME: Duration = Duration::from_secs(2);

/// Throws away what is left of a body, within limits.
pub(crate) async fn discard(mut body: Body, headers: &HeaderMap) {
    // This client waits for our word before it sends; reading would be that word.
    if headers.contains_key(header::EXPECT) {
        return;
    }
    let reading = async {
        let mut left = MAX_BYTES;
        while let Some(Ok(frame)) = body.frame().await {
            let Some(less) = left.checked_sub(frame.data_ref().map_or(0, bytes::Bytes::len)) else { return };
            left = less;
        }
    };
    // Whether it ended or not, the answer goes out now.
    let _ended = timeout(MAX_TIME, reading).await;
}
