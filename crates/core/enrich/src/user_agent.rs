//! The program, system and device behind a `User-Agent` header.
//!
//! A header is a row of products, `name/version`, and of comments in brackets
//! (<https://www.rfc-editor.org/rfc/rfc9110#section-10.1.5>). It is read once from left to right: products say which
//! browser it is (they all claim to be others, so there is an order of precedence), comments say the system and the
//! device. A header that doesn't begin with `Mozilla` or `Opera` says plainly who sends it. So the time is linear, and a
//! program that nobody has heard of still has a name and a version.
//!
//! Names are those that browsers have for themselves: `Chrome` on a phone is `Chrome`, and the system and the device say
//! the rest. Browsers that freeze parts of their header (Windows 11 says `10.0`, macOS `10.15.7`, Android's model is
//! `K`: <https://www.chromium.org/updates/ua-reduction/>) are believed, the `K` is left out.

mod browsers;
mod cache;
mod comment;
mod robots;
#[cfg(test)]
mod tests;
mod tokens;

use std::borrow::Cow;
use std::sync::Arc;

use vrl::value::{ObjectMap, Value};

use crate::fields::put;
use browsers::Browser;
use comment::System;
use tokens::{Token, Tokens};

pub use cache::UserAgentCache;

/// How much of a header is looked at, in bytes: servers take longer ones, programs don't send them.
pub const MAX_AGENT: usize = 2048;

/// The longest name and version, in bytes. What is longer is cut, since these are fields to group by.
const MAX_NAME: usize = 64;

/// What a header says.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Agent<'a> {
    /// The program: `Firefox`, `curl`, `Googlebot`.
    pub name: &'a str,
    /// Its version: `128.0`.
    pub version: Option<&'a str>,
    /// The system: `Windows`, `Mac OS X`, `iOS`, `Android`, `Linux`.
    pub os: Option<&'a str>,
    /// Its version, with dots: `10.15.7`.
    pub os_version: Option<Cow<'a, str>>,
    /// The device: `iPhone`, `Mac`, `Pixel 8`, `Spider` for robots.
    pub device: Option<&'a str>,
    /// What kind of thing it is.
    pub category: Option<Category>,
}

/// What kind of thing sends the header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Category {
    /// A computer with a browser.
    Pc,
    /// A phone.
    Smartphone,
    /// A tablet.
    Tablet,
    /// A television or a box beside it.
    Tv,
    /// A console for games.
    Console,
    /// A robot that reads pages.
    Crawler,
    /// A program that isn't a browser: a library, a probe, a command.
    Tool,
}

// === impl Category ===

impl Category {
    /// The name in `user_agent.device.category`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pc => "pc",
            Self::Smartphone => "smartphone",
            Self::Tablet => "tablet",
            Self::Tv => "tv",
            Self::Console => "console",
            Self::Crawler => "crawler",
            Self::Tool => "tool",
        }
    }
}

// === impl Agent ===

impl<'a> Agent<'a> {
    /// Reads a header; of a long one the first [`MAX_AGENT`] bytes. None if it doesn't begin with a name.
    #[must_use]
    pub fn parse(header: &'a str) -> Option<Self> {
        let header = cut(header.trim(), MAX_AGENT);
        if !header.bytes().next()?.is_ascii_alphanumeric() {
            return None;
        }
        let mut system = System::default();
        let mut browser: Option<Browser<'a>> = None;
        let mut robot = None;
        let mut mobile = false;
        for token in Tokens::new(header) {
            match token {
                Token::Product { name, version } => {
                    mobile |= name == "Mobile";
                    robot = robot.or_else(|| robots::product(name, version));
                    browser = Browser::better(browser, name, version);
                    system.product(name, version);
                }
                Token::Comment { part, after_compatible } => {
                    robot = robot.or_else(|| robots::comment(part, after_compatible));
                    system.comment(part);
                }
            }
        }
        let in_browsers = header.starts_with("Mozilla/") || header.starts_with("Opera/");
        let (name, version) = match (robot, system.internet_explorer(), browser) {
            (Some(robot), _, _) => robot,
            (None, Some(version), None) => ("Internet Explorer", Some(version)),
            // The browser that Android had before Chrome calls itself Safari.
            (None, _, Some(browser)) if browser.name == "Safari" && system.name == Some("Android") => {
                ("Android Browser", browser.version)
            }
            (None, _, Some(browser)) if in_browsers => (browser.name, browser.version),
            _ => tokens::first_product(header),
        };
        let name = cut(name, MAX_NAME);
        let kind = system.kind(mobile, in_browsers);
        Some(Self {
            name,
            version: version.map(|version| cut(version, MAX_NAME)).filter(|version| !version.is_empty()),
            os: system.name,
            os_version: system.version(),
            device: if robot.is_some() {
                Some("Spider")
            } else {
                system.device.map(|name| cut(name, MAX_NAME))
            },
            category: if robot.is_some() { Some(Category::Crawler) } else { kind },
        })
        .filter(|agent| !agent.name.is_empty())
    }

    /// The facts as an ECS `user_agent` object, without `original`
    /// (<https://www.elastic.co/guide/en/ecs/current/ecs-user_agent.html>). `device.category` is an addition to it.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut map = ObjectMap::new();
        map.insert("name".into(), self.name.into());
        if let Some(version) = self.version {
            map.insert("version".into(), version.into());
        }
        if let Some(os) = self.os {
            put(&mut map, &["os", "name"], os.into());
            if let Some(version) = self.os_version.as_deref() {
                put(&mut map, &["os", "version"], version.into());
                put(&mut map, &["os", "full"], format!("{os} {version}").into());
            }
        }
        if let Some(device) = self.device {
            put(&mut map, &["device", "name"], device.into());
        }
        if let Some(category) = self.category {
            put(&mut map, &["device", "category"], category.as_str().into());
        }
        Value::Object(map)
    }
}

// === free functions ===

/// [`Agent::parse`] and [`Agent::to_value`], remembered. None where there is no name in it.
pub fn user_agent(header: &str, cache: &mut UserAgentCache) -> Option<Arc<Value>> {
    cache.find(header, || Agent::parse(header).map(|agent| Arc::new(agent.to_value())))
}

/// The first bytes of a text, whole characters only.
fn cut(text: &str, most: usize) -> &str {
    text.get(..text.floor_char_boundary(most)).unwrap_or_default()
}
