//! From a request's head to what its body holds: let in, read, decompressed, decoded. The same for every protocol that comes by HTTP.

use axum::body::Body;
use axum::http::request::Parts;
use bytes::Bytes;
use forebay_wire::Encoding;

use super::body::read_body;
use super::request::{encoding, sender};
use super::unpack::{Room, unpack};
use crate::intake::{Admitted, Intake, Sender};
use crate::protocols::Protocol;
use crate::refusal::Refusal;

/// What the heads of nearly all requests say.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    /// Who sends.
    pub(crate) sender: Sender,
    /// How the body is compressed.
    pub(crate) encoding: Encoding,
}

impl Head {
    /// Reads it.
    ///
    /// # Errors
    /// Without a credential that may send, and when nothing here can decompress the body.
    pub(crate) fn read(parts: &Parts, intake: &Intake, protocol: Protocol) -> Result<Self, Refusal> {
        Ok(Self { sender: sender(parts, &intake.access, protocol)?, encoding: encoding(parts)? })
    }

    /// Lets the sender in, reads the body, and has it decoded.
    ///
    /// # Errors
    /// When there is no room, the body can't be read, or the decoder says so. It is counted then.
    pub(crate) async fn take<T, E>(
        &self,
        intake: &Intake,
        body: &mut Body,
        decode: impl FnOnce(Bytes, &mut Room<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<(T, Admitted), E>
    where
        T: Send + 'static,
        E: From<Refusal> + AsMut<Refusal> + Send + 'static,
    {
        let mut admitted = intake.admit(&self.sender)?;
        let raw = read_body(intake, &mut admitted, body).await?;
        decoded(intake, admitted, raw, self.encoding, decode).await
    }
}

/// Has a body decoded that was read already.
///
/// # Errors
/// When it can't be decompressed, there is no room for it, or the decoder says so. It is counted then.
pub(crate) async fn decoded<T, E>(
    intake: &Intake,
    admitted: Admitted,
    raw: Bytes,
    encoding: Encoding,
    decode: impl FnOnce(Bytes, &mut Room<'_>) -> Result<T, E> + Send + 'static,
) -> Result<(T, Admitted), E>
where
    T: Send + 'static,
    E: From<Refusal> + AsMut<Refusal> + Send + 'static,
{
    let sender = admitted.sender().clone();
    unpack(admitted, raw, encoding, &intake.limits, decode).await.map_err(|mut error| {
        let refusal = error.as_mut();
        *refusal = intake.refuse(&sender, refusal.clone());
        error
    })
}
