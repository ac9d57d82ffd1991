//! Robots, which say so in their name, or are known for it.

use super::tokens::split_product;

/// Parts of names that only robots have.
const WORDS: [&str; 5] = ["bot", "crawl", "spider", "slurp", "archiver"];

/// Robots whose name has none of these, from the pages of those who run them.
const NAMES: [&str; 16] = [
    "facebookexternalhit",
    "meta-externalagent",
    "Mediapartners-Google",
    "APIs-Google",
    "GoogleOther",
    "Google-InspectionTool",
    "Google-Read-Aloud",
    "Google-Site-Verification",
    "FeedFetcher-Google",
    "ChatGPT-User",
    "Claude-User",
    "Perplexity-User",
    "BingPreview",
    "Chrome-Lighthouse",
    "Qwantify",
    "Embedly",
];

/// Name and version of the robot that a product is, if it is one.
pub(super) fn product<'a>(name: &'a str, version: Option<&'a str>) -> Option<(&'a str, Option<&'a str>)> {
    is_robot(name).then_some((name, version))
}

/// The same for a part of a comment: with a version, or behind `compatible`, since a telephone may be a `CUBOT`.
pub(super) fn comment(part: &str, after_compatible: bool) -> Option<(&str, Option<&str>)> {
    if part.contains("Build/") {
        return None;
    }
    let (name, version) = split_product(part);
    ((version.is_some() || after_compatible) && is_robot(name)).then_some((name, version))
}

fn is_robot(name: &str) -> bool {
    // An address of a page or a mailbox is about the robot.
    name.len() <= 64
        && !name.ends_with(':')
        && !name.starts_with("www.")
        && !name.contains('@')
        && (NAMES.contains(&name)
            || (0..name.len()).any(|at| {
                WORDS.iter().any(|word| {
                    let found = name.as_bytes().get(at..at + word.len());
                    found.is_some_and(|found| found.eq_ignore_ascii_case(word.as_bytes()))
                })
            }))
}
