//! The words that names of secrets consist of.

use std::collections::HashSet;
use std::sync::LazyLock;

/// The lists, as sets.
pub(super) static LISTS: LazyLock<Lists> = LazyLock::new(Lists::new);

/// Sets of words.
pub(super) struct Lists {
    /// Words that are enough.
    pub(super) words: HashSet<&'static str>,
    /// Words that are enough, but stand in sentences too.
    pub(super) weak: HashSet<&'static str>,
    /// Names without separators that are enough.
    pub(super) whole: HashSet<&'static str>,
    /// What makes a key a secret.
    pub(super) keys: HashSet<&'static str>,
    /// Last words that say what a name is about instead of naming the secret.
    pub(super) about: HashSet<&'static str>,
}

/// Words that the automaton looks for; a name has one of them, or is no name.
pub(crate) const TRIGGERS: &[&str] = &[
    "pass", "pwd", "secret", "token", "key", "cred", "sig", "cvv", "cvc", "otp", "jwt", "sess", "cookie",
    "kennwort", "pin", "auth",
];

/// Parts of a name that are enough, wherever they stand.
pub(super) const PARTS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "passwort",
    "passcode",
    "kennwort",
    "secret",
    "apikey",
    "privatekey",
    "accesskey",
    "accountkey",
    "authtoken",
    "accesstoken",
    "refreshtoken",
];

const WORDS: &str = "pwd passwd credential credentials creds cvv cvc cvv2 sessid sessionid jsessionid phpsessid \
    authorization userpwd appkey authkey signingkey sharedkey masterkey";

const WEAK: &str = "token pass jwt otp signature sig";

const WHOLE: &str = "cookie setcookie pin cardpin pincode ssn connectsid sessiontoken";

/// `auth` alone is a name in Docker's configuration, and a word elsewhere.
pub(super) const WEAK_WHOLE: &str = "auth";

const KEYS: &str = "api app access secret private encryption signing sign account auth master consumer client shared ssh \
    hmac storage service deploy admin license webhook subscription crypto aes rsa tls ssl jwt root \
    host write ingest integration recovery session";

const ABOUT: &str = "name names type types count counts endpoint url uri at age expiry expires expiration expired expire \
    policy length len size ttl limit limits ref refs arn version versions status state valid invalid \
    required enabled disabled changed updated created attempts retries error errors file path dir \
    field fields index date time hint used usage total rate budget present exists method mode \
    provider rotation store ms secs seconds minutes interval lifetime timeout class classes alg \
    algorithm";

// === impl Lists ===

impl Lists {
    fn new() -> Self {
        let set = |words: &'static str| words.split_whitespace().collect();
        Self { words: set(WORDS), weak: set(WEAK), whole: set(WHOLE), keys: set(KEYS), about: set(ABOUT) }
    }
}
