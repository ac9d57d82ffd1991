//! One way of writing what shippers write in several.

use std::borrow::Cow;

/// The architecture as `uname` has it: Go's and OpenTelemetry's `amd64` is `x86_64`.
pub(super) fn architecture(name: &str) -> &str {
    match name {
        "amd64" | "AMD64" | "x64" | "x86-64" => "x86_64",
        "arm64" | "ARM64" => "aarch64",
        "386" | "i386" | "x86" => "i686",
        "ppc64le" | "powerpc64le" => "ppc64le",
        other => other,
    }
}

/// The type of a system, of the six that the schema allows, from its type, family or name.
pub(super) fn os_type(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    let first = name.split([' ', '-', '_']).next().unwrap_or_default();
    Some(match first {
        "linux" | "ubuntu" | "debian" | "fedora" | "centos" | "rhel" | "redhat" | "red" | "alpine"
        | "amzn" | "amazon" | "suse" | "sles" | "opensuse" | "arch" | "rocky" | "almalinux" | "ol"
        | "oracle" | "gentoo" | "nixos" => "linux",
        "darwin" | "macos" | "mac" => "macos",
        "windows" => "windows",
        "ios" => "ios",
        "android" => "android",
        "unix" | "freebsd" | "netbsd" | "openbsd" | "dragonflybsd" | "hpux" | "aix" | "solaris" | "sunos"
        | "illumos" => "unix",
        _ => return None,
    })
}

/// An identifier: those of machines and boots have small letters and no hyphens (`machine-id(5)`); all others stay.
pub(super) fn id(text: &str) -> Cow<'_, str> {
    let digits = text.bytes().filter(|byte| *byte != b'-');
    if digits.clone().count() == 32 && digits.clone().all(|byte| byte.is_ascii_hexdigit()) {
        Cow::Owned(text.chars().filter(|c| *c != '-').map(|c| c.to_ascii_lowercase()).collect())
    } else {
        Cow::Borrowed(text)
    }
}

/// A hardware address of 6 or 8 bytes as RFC 7042 writes it: `00-00-5E-00-53-23`.
pub(super) fn mac(text: &str) -> Option<String> {
    if text.len() > 32 {
        return None;
    }
    let digits: Vec<char> = text.chars().filter(|c| !matches!(c, ':' | '-' | '.')).collect();
    if !matches!(digits.len(), 12 | 16) || !digits.iter().all(char::is_ascii_hexdigit) {
        return None;
    }
    let pairs = digits.chunks(2).map(|pair| pair.iter().map(char::to_ascii_uppercase).collect::<String>());
    Some(pairs.collect::<Vec<_>>().join("-"))
}
