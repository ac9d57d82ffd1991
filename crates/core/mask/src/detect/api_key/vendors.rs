//! The prefixes of vendors' keys, and what follows them. Each row names the vendor's page, as a place to
//! look: not all of them were opened when this was written.

use crate::view::base64url;

/// How much of a prefix the automaton knows, in bytes.
const HEAD: usize = 8;

/// A kind of key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Vendor {
    /// What it begins with.
    pub(crate) prefix: &'static str,
    /// What follows.
    pub(super) shape: Shape,
    characters: Characters,
    /// Whether the prefix must begin a word. Those that no word ends with don't need that, and are found in the middle
    /// too.
    pub(super) word: bool,
}

/// How much follows.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shape {
    /// So many bytes or more. Below what the vendor gives out, since lengths change.
    AtLeast(usize),
    /// So many bytes, and the end of a word.
    Exactly(usize),
    /// So many bytes or more, which must not look like words with dashes between.
    Mixed(usize),
}

/// What it consists of.
#[derive(Clone, Copy, Debug)]
enum Characters {
    /// Capital letters and digits.
    Upper,
    /// Letters and digits.
    Alphanumeric,
    /// Hex digits.
    Hex,
    /// Letters, digits, `-`, `_`.
    Base64Url,
    /// Letters, digits, `-`, `_`, dots.
    Dotted,
    /// Letters, digits, `-`, `_`, slashes.
    Path,
    /// Letters, digits, `-`, `_`, a colon.
    Colon,
}

use Characters::{Alphanumeric, Base64Url, Colon, Dotted, Hex, Path, Upper};
use Shape::{AtLeast, Exactly, Mixed};

// === impl Vendor ===

impl Vendor {
    /// Begins a word.
    const fn word(prefix: &'static str, shape: Shape, characters: Characters) -> Self {
        Self { prefix, shape, characters, word: true }
    }

    /// Is found anywhere.
    const fn any(prefix: &'static str, shape: Shape, characters: Characters) -> Self {
        Self { prefix, shape, characters, word: false }
    }

    /// What the automaton looks for: the first bytes of the prefix, so that its table stays small.
    pub(crate) fn head(&self) -> &'static str {
        self.prefix.get(..HEAD).unwrap_or(self.prefix)
    }

    pub(super) fn class(&self) -> fn(u8) -> bool {
        match self.characters {
            Upper => |byte| byte.is_ascii_uppercase() || byte.is_ascii_digit(),
            Alphanumeric => |byte| byte.is_ascii_alphanumeric(),
            Hex => |byte| byte.is_ascii_hexdigit(),
            Base64Url => base64url,
            Dotted => |byte| base64url(byte) || byte == b'.',
            Path => |byte| base64url(byte) || byte == b'/',
            Colon => |byte| base64url(byte) || byte == b':',
        }
    }
}

/// All that are known.
pub(crate) const VENDORS: &[Vendor] = &[
    // AWS: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
    Vendor::word("AKIA", Exactly(16), Upper),
    Vendor::word("ASIA", Exactly(16), Upper),
    Vendor::word("ABIA", Exactly(16), Upper),
    Vendor::word("ACCA", Exactly(16), Upper),
    // GitHub:
    // https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/about-authentication-to-github
    Vendor::any("ghp_", AtLeast(30), Base64Url),
    Vendor::any("gho_", AtLeast(30), Base64Url),
    Vendor::any("ghu_", AtLeast(30), Base64Url),
    Vendor::any("ghs_", AtLeast(30), Dotted),
    Vendor::any("ghr_", AtLeast(30), Base64Url),
    Vendor::any("github_pat_", AtLeast(40), Base64Url),
    // GitLab: https://docs.gitlab.com/security/tokens/
    Vendor::any("glpat-", AtLeast(20), Dotted),
    Vendor::any("gloas-", AtLeast(20), Dotted),
    Vendor::any("gldt-", AtLeast(20), Dotted),
    Vendor::any("glrt-", AtLeast(20), Dotted),
    Vendor::any("glrtr-", AtLeast(20), Dotted),
    Vendor::any("glcbt-", AtLeast(20), Dotted),
    Vendor::any("glptt-", AtLeast(20), Dotted),
    Vendor::any("glft-", AtLeast(20), Dotted),
    Vendor::any("glimt-", AtLeast(20), Dotted),
    Vendor::any("glagent-", AtLeast(20), Dotted),
    Vendor::any("glsoat-", AtLeast(20), Dotted),
    Vendor::any("glffct-", AtLeast(20), Dotted),
    // Slack: https://docs.slack.dev/authentication/tokens
    Vendor::any("xoxb-", AtLeast(16), Base64Url),
    Vendor::any("xoxp-", AtLeast(16), Base64Url),
    Vendor::any("xoxa-", AtLeast(16), Base64Url),
    Vendor::any("xoxr-", AtLeast(16), Base64Url),
    Vendor::any("xoxs-", AtLeast(16), Base64Url),
    Vendor::any("xoxo-", AtLeast(16), Base64Url),
    Vendor::any("xoxe-", AtLeast(16), Base64Url),
    Vendor::any("xoxe.xox", AtLeast(16), Base64Url),
    Vendor::any("xapp-", AtLeast(16), Base64Url),
    Vendor::any("hooks.slack.com/services/", AtLeast(20), Path),
    // Stripe: https://docs.stripe.com/keys
    Vendor::any("sk_live_", AtLeast(16), Alphanumeric),
    Vendor::any("sk_test_", AtLeast(16), Alphanumeric),
    Vendor::any("rk_live_", AtLeast(16), Alphanumeric),
    Vendor::any("rk_test_", AtLeast(16), Alphanumeric),
    Vendor::any("whsec_", AtLeast(24), Alphanumeric),
    // Google: https://docs.cloud.google.com/docs/authentication/api-keys, and OAuth's tokens and client secrets
    Vendor::word("AIza", AtLeast(35), Base64Url),
    Vendor::word("ya29.", AtLeast(20), Dotted),
    Vendor::any("GOCSPX-", AtLeast(24), Base64Url),
    // OpenAI, https://platform.openai.com/docs/api-reference/authentication, and others that took the same prefix
    Vendor::word("sk-", Mixed(20), Base64Url),
    // OpenRouter: https://openrouter.ai/docs/api-reference/authentication
    Vendor::any("sk-or-v1-", AtLeast(32), Hex),
    // Anthropic: https://docs.claude.com/en/api/overview
    Vendor::any("sk-ant-", AtLeast(20), Base64Url),
    // npm: https://github.blog/2021-09-23-announcing-npms-new-access-token-format/
    Vendor::word("npm_", AtLeast(30), Alphanumeric),
    // PyPI: https://pypi.org/help/#apitoken
    Vendor::word("pypi-Ag", AtLeast(30), Base64Url),
    // SendGrid: https://www.twilio.com/docs/sendgrid/ui/account-and-settings/api-keys
    Vendor::word("SG.", Mixed(50), Dotted),
    // Twilio: https://www.twilio.com/docs/iam/api-keys
    Vendor::word("SK", Exactly(32), Hex),
    // DigitalOcean: https://docs.digitalocean.com/reference/api/create-personal-access-token/
    Vendor::any("dop_v1_", AtLeast(40), Hex),
    Vendor::any("doo_v1_", AtLeast(40), Hex),
    Vendor::any("dor_v1_", AtLeast(40), Hex),
    // Hugging Face: https://huggingface.co/docs/hub/security-tokens
    Vendor::word("hf_", AtLeast(30), Alphanumeric),
    // Cloudflare: https://developers.cloudflare.com/fundamentals/api/get-started/token-formats
    Vendor::word("cfk_", AtLeast(40), Alphanumeric),
    Vendor::word("cfut_", AtLeast(40), Alphanumeric),
    Vendor::word("cfat_", AtLeast(40), Alphanumeric),
    // Sentry: https://docs.sentry.io/security-legal-pii/security/token-formats/
    Vendor::any("sntrys_", AtLeast(40), Base64Url),
    Vendor::any("sntryu_", AtLeast(40), Hex),
    // HashiCorp Vault: https://developer.hashicorp.com/vault/docs/concepts/tokens
    Vendor::word("hvs.", AtLeast(20), Base64Url),
    Vendor::word("hvb.", AtLeast(20), Base64Url),
    Vendor::word("hvr.", AtLeast(20), Base64Url),
    // Databricks: https://docs.databricks.com/aws/en/dev-tools/auth/pat
    Vendor::word("dapi", Exactly(32), Hex),
    // Shopify: https://shopify.dev/docs/apps/build/authentication-authorization
    Vendor::any("shpat_", AtLeast(32), Hex),
    Vendor::any("shpca_", AtLeast(32), Hex),
    Vendor::any("shppa_", AtLeast(32), Hex),
    Vendor::any("shpss_", AtLeast(32), Hex),
    // Grafana: https://grafana.com/docs/grafana/latest/administration/service-accounts/
    Vendor::any("glsa_", AtLeast(32), Base64Url),
    // Docker: https://docs.docker.com/security/access-tokens/
    Vendor::any("dckr_pat_", AtLeast(20), Base64Url),
    // New Relic: https://docs.newrelic.com/docs/apis/intro-apis/new-relic-api-keys/
    Vendor::word("NRAK-", AtLeast(20), Upper),
    // Telegram: https://core.telegram.org/bots/api#authorizing-your-bot
    Vendor::any("api.telegram.org/bot", AtLeast(35), Colon),
    // age: https://age-encryption.org/v1
    Vendor::any("AGE-SECRET-KEY-1", AtLeast(50), Upper),
];
