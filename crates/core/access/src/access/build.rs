//! One credential of the file after the other into the tables, or what is wrong with it.

use std::collections::HashMap;
use std::sync::Arc;

use forebay_record::Tenant;
use ipnet::IpNet;
use jiff::Timestamp;

use super::{Access, Credential, ForwardKey, NameKind, Tenants};
use crate::grant::{Choice, Role, Stamp};
use crate::network::{network, plain};
use crate::password;
use crate::secret::{Secret, TokenHash};
use crate::spec::{AccessKeySpec, CertificateSpec, CredentialSpec, ForwardSpec, PasswordSpec};

/// How many shared keys may be tried on somebody of whom nothing is known.
const MAX_ANYBODY: usize = 64;

/// The shortest secret that is kept as it is, in bytes.
const MIN_SECRET: usize = 8;

/// The tables while they are filled.
pub(crate) struct Builder {
    access: Access,
    /// The tenants of the file; `None` where credentials make them.
    known: Option<Tenants>,
    names: HashMap<Arc<str>, ()>,
}

/// What a credential is found by, checked.
enum Key {
    Token(TokenHash),
    Password { user: String, hash: Arc<str> },
    Certificate(NameKind, Box<str>),
    Forward(ForwardSpec),
    Signing(AccessKeySpec),
    Place { network: Option<IpNet>, listener: Option<String> },
}

impl Builder {
    /// No credentials yet. With `tenants`, only those are known.
    pub(crate) fn new(tenants: Option<Tenants>) -> Self {
        Self { access: Access::default(), known: tenants, names: HashMap::new() }
    }

    /// All credentials are there; `rest` is what tenants get that the file doesn't name.
    pub(crate) fn finish(mut self, rest: crate::quota::Limits) -> Access {
        self.access.tenants = match self.known {
            Some(tenants) => tenants,
            None => {
                let credentials = self.access.credentials.iter();
                let chosen = credentials.flat_map(|one| match &one.choice {
                    Choice::Some(tenants) => tenants.to_vec(),
                    Choice::None | Choice::All => Vec::new(),
                });
                let own = self.access.credentials.iter().map(|one| one.tenant.clone());
                own.chain(chosen).map(|tenant| (tenant, rest)).collect()
            }
        };
        self.access
    }

    /// Adds a credential, if nothing is wrong with it; otherwise says all that is. `stamp` stands for all that is written of it.
    pub(crate) fn add(&mut self, spec: CredentialSpec, stamp: Stamp) -> Vec<String> {
        let mut wrong = Vec::new();
        let name: Arc<str> = spec.name.as_str().into();
        if !is_name(&name) {
            wrong.push("`name` must be 1 to 100 characters without control characters".to_owned());
        } else if self.names.insert(Arc::clone(&name), ()).is_some() {
            wrong.push(format!("the name `{name}` stands above already; give each credential its own"));
        }
        let tenant = self.tenant(&spec.tenant, "tenant", &mut wrong);
        let choice = self.choice(&spec.may_choose, &mut wrong);
        let expires = spec.expires.as_deref().and_then(|text| match text.parse::<Timestamp>() {
            Ok(time) => Some(time),
            Err(_) => {
                wrong.push("`expires` must be a time like 2027-01-31T00:00:00Z".to_owned());
                None
            }
        });
        let mut from = Vec::new();
        for text in &spec.from {
            match network(text) {
                Ok(network) => from.push(network),
                Err(error) => wrong.push(format!("`from`: {error}")),
            }
        }
        let roles = if spec.roles.is_empty() { vec![Role::Send] } else { spec.roles.clone() };
        if spec.key_id.is_some() && spec.token.is_none() {
            wrong.push("`key_id` is for credentials with a `token`".to_owned());
        }
        let key_id = spec.key_id.clone().map(String::into_boxed_str);
        let disabled = spec.disabled;
        let key = key(spec, &mut wrong);
        let (Some(tenant), Some((kind, key)), true) = (tenant, key, wrong.is_empty()) else { return wrong };
        let Ok(index) = u32::try_from(self.access.credentials.len()) else {
            return vec!["there are too many credentials".to_owned()];
        };
        if let Err(taken) = self.insert(key, index) {
            return vec![taken];
        }
        let from = from.into();
        let roles = roles.into_iter().collect();
        self.access.credentials.push(Credential {
            name,
            tenant,
            choice,
            roles,
            disabled,
            expires,
            from,
            key_id,
            kind,
            stamp,
        });
        // A name is part of what is written, so that no two have the same.
        let _none = self.access.stamps.insert(stamp, index);
        Vec::new()
    }

    fn tenant(&self, name: &str, key: &str, wrong: &mut Vec<String>) -> Option<Tenant> {
        match Tenant::new(name) {
            Err(error) => wrong.push(format!("`{key}`: {error}")),
            Ok(tenant) => match &self.known {
                Some(known) if !known.contains_key(&tenant) => {
                    let near = forebay_yaml::suggest::nearest(name, known.keys().map(Tenant::as_str));
                    let near = near.map(|near| format!("did you mean `{near}`? Or ")).unwrap_or_default();
                    wrong.push(format!("`{key}`: there is no tenant `{name}`; {near}add it to `tenants`"));
                }
                _ => return Some(tenant),
            },
        }
        None
    }

    fn choice(&self, names: &[String], wrong: &mut Vec<String>) -> Choice {
        match names {
            [] => Choice::None,
            [all] if all == "*" => Choice::All,
            names => {
                let tenants = names.iter().filter_map(|name| self.tenant(name, "may_choose", wrong));
                Choice::Some(tenants.collect())
            }
        }
    }

    fn insert(&mut self, key: Key, index: u32) -> Result<(), String> {
        let access = &mut self.access;
        let of = |access: &Access, other: u32| {
            access.credentials.get(other as usize).map_or_else(String::new, |one| format!("`{}`", one.name))
        };
        let taken = match key {
            Key::Token(hash) => match access.tokens.get(&hash.prefix()) {
                Some((_, other)) => Some(("token", *other)),
                None => {
                    let _none = access.tokens.insert(hash.prefix(), (hash, index));
                    None
                }
            },
            Key::Password { user, hash } => match access.users.get(user.as_str()) {
                Some((_, other)) => Some(("user", *other)),
                None => {
                    let _none = access.users.insert(user.into(), (hash, index));
                    None
                }
            },
            Key::Certificate(kind, name) => match access.certificates.get(&(kind, name.clone())) {
                Some(other) => Some(("name in a certificate", *other)),
                None => {
                    let _none = access.certificates.insert((kind, name), index);
                    None
                }
            },
            Key::Signing(AccessKeySpec { id, secret }) => match access.access_keys.get(id.as_str()) {
                Some((_, other)) => Some(("id of an access key", *other)),
                None => {
                    let _none = access.access_keys.insert(id.into(), (Secret::new(&secret), index));
                    None
                }
            },
            Key::Forward(spec) => return access.forward.insert(&spec, index),
            Key::Place { network: Some(network), listener } => {
                let networks = match listener {
                    Some(listener) => &mut access.listeners.entry(listener.into()).or_default().networks,
                    None => &mut access.anywhere,
                };
                if networks.insert(network, index) {
                    None
                } else {
                    return Err(format!("the network {network} stands above already"));
                }
            }
            Key::Place { network: None, listener } => {
                let all = &mut access.listeners.entry(listener.unwrap_or_default().into()).or_default().all;
                all.replace(index).map(|other| ("listener", other))
            }
        };
        match taken {
            None => Ok(()),
            Some((what, other)) => Err(format!("the same {what} belongs to {} above", of(access, other))),
        }
    }
}

impl super::ForwardKeys {
    fn insert(&mut self, spec: &ForwardSpec, credential: u32) -> Result<(), String> {
        let index = u32::try_from(self.keys.len()).unwrap_or(u32::MAX);
        match (&spec.user, &spec.hostname) {
            (Some(user), _) => self.by_user.entry(user.as_str().into()).or_default().push(index),
            (None, Some(hostname)) => {
                self.by_hostname.entry(hostname.as_str().into()).or_default().push(index);
            }
            (None, None) if self.others.len() < MAX_ANYBODY => self.others.push(index),
            (None, None) => {
                return Err(format!(
                    "there are more than {MAX_ANYBODY} shared keys for anybody; give this one a `hostname` or a `user`"
                ));
            }
        }
        self.keys.push(ForwardKey {
            key: Secret::new(&spec.shared_key),
            hostname: spec.hostname.as_deref().map(Into::into),
            password: spec.password.as_deref().map(Secret::new),
            credential,
        });
        Ok(())
    }
}

/// What a credential is found by, of which it must have one.
fn key(spec: CredentialSpec, wrong: &mut Vec<String>) -> Option<(&'static str, Key)> {
    let CredentialSpec {
        token, password, certificate, forward, access_key, network: place, listener, ..
    } = spec;
    let mut keys = Vec::new();
    let before = wrong.len();
    if let Some(text) = token {
        match TokenHash::from_text(&text) {
            Some(hash) => keys.push(("token", Key::Token(hash))),
            None => wrong.push(
                "`token` must be `sha256:` and 64 hexadecimal digits: the hash of the token, not the token"
                    .to_owned(),
            ),
        }
    }
    if let Some(PasswordSpec { user, argon2id }) = password {
        if user.is_empty() || user.contains(':') {
            wrong.push("`user` must not be empty or have a colon in it".to_owned());
        }
        if let Err(error) = password::check(&argon2id) {
            wrong.push(format!("`password.argon2id`: {error}"));
        }
        keys.push(("password", Key::Password { user, hash: argon2id.into() }));
    }
    if let Some(names) = certificate {
        match name(names) {
            Ok((kind, name)) => keys.push(("certificate", Key::Certificate(kind, name))),
            Err(error) => wrong.push(format!("`certificate`: {error}")),
        }
    }
    if let Some(forward) = forward {
        if forward.shared_key.len() < MIN_SECRET {
            wrong.push(format!("`forward.shared_key` must have at least {MIN_SECRET} bytes"));
        }
        if forward.user.is_some() != forward.password.is_some() {
            wrong.push("`forward` needs both `user` and `password`, or neither".to_owned());
        }
        keys.push(("forward", Key::Forward(forward)));
    }
    if let Some(access_key) = access_key {
        if access_key.id.is_empty() || access_key.secret.len() < MIN_SECRET {
            wrong.push(format!("`access_key` needs an `id`, and a `secret` of at least {MIN_SECRET} bytes"));
        }
        keys.push(("access_key", Key::Signing(access_key)));
    }
    let place = place.map(|text| network(&text)).transpose();
    match (place, listener) {
        (Err(error), _) => wrong.push(format!("`network`: {error}")),
        (Ok(None), None) => {}
        (Ok(network), listener) => {
            let kind = if network.is_some() { "network" } else { "listener" };
            keys.push((kind, Key::Place { network, listener }));
        }
    }
    let mut keys = keys.into_iter();
    let key = keys.next();
    let fault = match (&key, keys.next()) {
        (Some((one, _)), Some((other, _))) => {
            format!("it has both `{one}` and `{other}`; make two credentials of them")
        }
        (None, _) if wrong.len() == before => {
            "nothing says how it is shown: give it one of `token`, `password`, `certificate`, `forward`, `access_key`, `network` and `listener`".to_owned()
        }
        _ => return key,
    };
    wrong.push(fault);
    None
}

fn name(spec: CertificateSpec) -> Result<(NameKind, Box<str>), String> {
    let CertificateSpec { subject, common_name, dns, uri, email, ip } = spec;
    let ip = match ip.map(|text| text.parse().map(plain).map_err(|_| text)).transpose() {
        Ok(ip) => ip.map(|ip| ip.to_string()),
        Err(text) => return Err(format!("`{text}` is no IP address")),
    };
    let all = [
        (NameKind::Subject, subject),
        (NameKind::CommonName, common_name),
        (NameKind::Dns, dns.map(|name| name.to_ascii_lowercase())),
        (NameKind::Uri, uri),
        (NameKind::Email, email),
        (NameKind::Ip, ip),
    ];
    let mut given = all.into_iter().filter_map(|(kind, name)| Some((kind, name?)));
    match (given.next(), given.next()) {
        (Some((kind, name)), None) if !name.is_empty() => Ok((kind, name.into())),
        _ => {
            Err("give it exactly one of `subject`, `common_name`, `dns`, `uri`, `email` and `ip`".to_owned())
        }
    }
}

/// Whether people can read it and the file can hold it.
pub(crate) fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().count() <= 100 && !name.contains(char::is_control)
}
