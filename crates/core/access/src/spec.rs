//! What an access file may say. The docs of the fields are the reference manual.

use std::collections::BTreeMap;

use forebay_yaml::Shape;
use forebay_yaml::shape::declared;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::grant::Role;

/// An access file.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AccessSpec {
    /// What a tenant gets that says nothing else, key by key.
    pub defaults: TenantSpec,
    /// The tenants. Where this is left out, every tenant that a credential names is one.
    pub tenants: BTreeMap<String, TenantSpec>,
    /// Who may come in.
    pub credentials: Vec<CredentialSpec>,
}

/// How much a tenant may send. Every process of ingest counts for itself, so that three of them let in three times as
/// much; what is counted is forgotten at a restart.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TenantSpec {
    /// The most events a second, in the long run; without it any number.
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub events_per_second: Option<u64>,
    /// The most bytes of events a second, in the long run, such as `20MiB`; without it any number.
    pub bytes_per_second: Option<String>,
    /// For how long a tenant that was quiet may send as much as it can: it may be that many seconds' worth of its rates ahead. The
    /// default is `10s`.
    pub burst: Option<String>,
    /// The most bytes of events in a day, which begins at midnight UTC, such as `500GiB`; without it any number.
    pub bytes_per_day: Option<String>,
    /// How large its share is beside other tenants' while Kafka takes less than what comes in; the default is 1.
    #[schemars(range(min = 1, max = 100))]
    pub weight: Option<u32>,
}

/// Somebody who may come in. It has exactly one of `token`, `password`, `certificate`, `forward` and `access_key`, or, of
/// senders that show nothing, `network`, `listener` or both.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CredentialSpec {
    /// What people call it, such as the shipper's name; unique in the file.
    pub name: String,
    /// The tenant that it is for.
    pub tenant: String,
    /// Other tenants that its bearer may name instead, in `X-Forebay-Tenant`; `"*"` stands for every tenant of the file. From all others,
    /// such a claim is refused.
    #[serde(default)]
    pub may_choose: Vec<String>,
    /// What it may do; to send, if left out.
    #[serde(default)]
    pub roles: Vec<Role>,
    /// From when on it is no longer valid, such as `2027-01-31T00:00:00Z`.
    #[serde(default)]
    pub expires: Option<String>,
    /// Whether it is switched off.
    #[serde(default)]
    pub disabled: bool,
    /// The networks and addresses that it may be shown from, such as `10.0.0.0/8`; all, if left out. Commands come from none, so that
    /// operators show them one without.
    #[serde(default)]
    pub from: Vec<String>,
    /// `sha256:` and the SHA-256 hash of a token in hexadecimal digits (`forebay token create` makes both). It is taken from wherever a
    /// protocol carries one: `Bearer`, `Splunk`, `ApiKey`, the password of `Basic`, `X-Log-Key`, `X-Amz-Firehose-Access-Key`.
    #[serde(default)]
    pub token: Option<String>,
    /// What has to stand before the colon where the token comes as an `ApiKey`; anything may, if left out.
    #[serde(default)]
    pub key_id: Option<String>,
    /// A user and a password, as in `Basic`.
    #[serde(default)]
    pub password: Option<PasswordSpec>,
    /// A name in the certificate that the other side shows.
    #[serde(default)]
    pub certificate: Option<CertificateSpec>,
    /// A shared key of Fluent Forward.
    #[serde(default)]
    pub forward: Option<ForwardSpec>,
    /// An access key, as clients of AWS sign with.
    #[serde(default)]
    pub access_key: Option<AccessKeySpec>,
    /// The network or address of a sender that shows nothing, such as a syslog device. The narrowest one counts. Over UDP an address is easily
    /// forged: let nobody else into that network.
    #[serde(default)]
    pub network: Option<String>,
    /// The listener on which a sender shows nothing, by its name in `ingest.listeners`.
    #[serde(default)]
    pub listener: Option<String>,
}

/// A user and a password.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordSpec {
    /// The user; unique in the file.
    pub user: String,
    /// The hash of the password in the PHC form, `$argon2id$v=19$m=19456,t=2,p=1$...` (`forebay token create --user` makes one).
    pub argon2id: String,
}

/// A name in a certificate; exactly one.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CertificateSpec {
    /// The whole subject, as RFC 4514 writes it: `CN=web-1,O=Acme`.
    pub subject: Option<String>,
    /// The subject's common name.
    pub common_name: Option<String>,
    /// A DNS name among its alternative names; capital letters don't matter.
    pub dns: Option<String>,
    /// A URI among its alternative names, such as a SPIFFE id.
    pub uri: Option<String>,
    /// An e-mail address among its alternative names.
    pub email: Option<String>,
    /// An IP address among its alternative names.
    pub ip: Option<String>,
}

/// A shared key of Fluent Forward. It stands here as it is, since both sides hash it anew with every handshake.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ForwardSpec {
    /// The key.
    pub shared_key: String,
    /// The host name that the other side says it has; any, if left out. At most 64 keys have neither that nor a user, as each of them
    /// has to be tried.
    #[serde(default)]
    pub hostname: Option<String>,
    /// The user that the other side has to be as well.
    #[serde(default)]
    pub user: Option<String>,
    /// That user's password, as it is.
    #[serde(default)]
    pub password: Option<String>,
}

/// An access key. The secret stands here as it is, since signatures are checked by making them anew.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccessKeySpec {
    /// The id of the key, which clients send.
    pub id: String,
    /// The secret, with which they sign.
    pub secret: String,
}

/// What a file takes, its keys in the order of the code.
#[must_use]
pub fn shape() -> Shape {
    let mut shape = Shape::of::<AccessSpec>();
    shape.sort(&[
        declared::<AccessSpec>(),
        declared::<TenantSpec>(),
        declared::<CredentialSpec>(),
        declared::<PasswordSpec>(),
        declared::<CertificateSpec>(),
        declared::<ForwardSpec>(),
        declared::<AccessKeySpec>(),
    ]);
    shape
}

/// The JSON schema of the file, for editors.
#[must_use]
pub fn schema() -> serde_json::Value {
    forebay_yaml::shape::schema::<AccessSpec>()
}

// Secrets that can be read are in nobody's log.

impl std::fmt::Debug for ForwardSpec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ForwardSpec").field("hostname", &self.hostname).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for AccessKeySpec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccessKeySpec").field("id", &self.id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guarantees: the manual has no holes.
    #[test]
    fn every_key_is_documented() {
        let shape = shape();
        assert_eq!(shape.undocumented(), [""; 0]);
        let Shape::Section(fields) = &shape else { panic!("{shape:?}") };
        let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
        assert_eq!(names, ["defaults", "tenants", "credentials"]);
    }
}
