//! What the comments say of the system and the device.

use std::borrow::Cow;

use super::Category;
use super::tokens::plain_version;

/// The system and the device, as far as they are known.
#[derive(Debug, Default)]
pub(super) struct System<'a> {
    pub(super) name: Option<&'static str>,
    raw_version: Option<&'a str>,
    pub(super) device: Option<&'a str>,
    /// How much the name says: a distribution more than `Linux`, `Linux` more than `X11`.
    rank: u8,
    explorer: Option<&'a str>,
    trident: bool,
    desktop: bool,
    tablet: bool,
    phone: bool,
    tv: bool,
    console: bool,
    /// The next part is the model: it stands behind the version of Android.
    model_next: bool,
}

impl<'a> System<'a> {
    /// What a product says.
    pub(super) fn product(&mut self, name: &'a str, version: Option<&'a str>) {
        match name {
            "Ubuntu" => self.set(3, "Ubuntu", version),
            "Fedora" => self.set(3, "Fedora", version),
            "Debian" => self.set(3, "Debian", version),
            "KAIOS" => self.set(4, "KaiOS", version),
            "Darwin" => self.set(2, "Darwin", version),
            "Linux" => self.set(2, "Linux", version),
            "Windows" => self.set(2, "Windows", version),
            _ => {}
        }
    }

    /// What a part of a comment says.
    pub(super) fn comment(&mut self, part: &'a str) {
        if std::mem::take(&mut self.model_next) && self.model(part) {
            return;
        }
        if let Some(version) = part.strip_prefix("Windows NT ") {
            self.desktop = true;
            return self.set(3, "Windows", Some(windows(plain_version(version))));
        }
        if let Some(version) =
            part.strip_prefix("Windows Phone OS ").or_else(|| part.strip_prefix("Windows Phone "))
        {
            self.phone = true;
            return self.set(5, "Windows Phone", Some(plain_version(version)));
        }
        if let Some(version) = part.strip_prefix("Android") {
            self.model_next = true;
            let version = version.trim_start_matches([' ', '-', '/']);
            let version = version.starts_with(|c: char| c.is_ascii_digit()).then(|| plain_version(version));
            return self.set(4, "Android", version);
        }
        if let Some((_, version)) = part.split_once("OS ").filter(|_| part.starts_with("CPU ")) {
            return self.set(4, "iOS", version.split(' ').next());
        }
        if let Some(version) =
            part.strip_prefix("Intel Mac OS X").or_else(|| part.strip_prefix("PPC Mac OS X"))
        {
            return self.set(3, "Mac OS X", Some(version.trim_start()).filter(|version| !version.is_empty()));
        }
        if let Some(build) = part.strip_prefix("CrOS ") {
            self.desktop = true;
            return self.set(4, "Chrome OS", build.split(' ').nth(1));
        }
        if let Some(version) = part.strip_prefix("MSIE ") {
            self.explorer = Some(plain_version(version));
            return;
        }
        self.word(part);
    }

    /// What the first word of a part says.
    fn word(&mut self, part: &'a str) {
        let word_end = part.find([' ', '/', '_', '-']).unwrap_or(part.len());
        let (word, rest) = part.split_at_checked(word_end).unwrap_or((part, ""));
        let version = Some(rest.trim_start_matches([' ', '/']))
            .filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        match word {
            "iPhone" | "iPad" => {
                self.device = Some(word);
                self.set(3, "iOS", None);
            }
            "iPod" => self.device = Some("iPod"),
            "Macintosh" => {
                self.desktop = true;
                self.device = Some("Mac");
                self.set(2, "Mac OS X", None);
            }
            "Windows" => {
                self.desktop = true;
                self.set(2, "Windows", version);
            }
            "X11" => {
                self.desktop = true;
                self.set(1, "Linux", None);
            }
            "Linux" | "linux" => self.set(2, "Linux", None),
            "windows" => self.set(2, "Windows", None),
            "darwin" => self.set(2, "Darwin", None),
            "Ubuntu" => self.set(3, "Ubuntu", version),
            "Fedora" => self.set(3, "Fedora", version),
            "FreeBSD" => self.set(3, "FreeBSD", version),
            "OpenBSD" => self.set(3, "OpenBSD", version),
            "NetBSD" => self.set(3, "NetBSD", version),
            "SunOS" => self.set(3, "Solaris", version),
            "Tizen" => self.set(4, "Tizen", version.map(plain_version)),
            "Web0S" | "WebOS" | "webOS" => {
                self.tv = true;
                self.set(4, "webOS", None);
            }
            "SMART" | "SmartTV" | "SMARTTV" => self.tv = true,
            "Xbox" => {
                self.console = true;
                self.device = Some("Xbox");
            }
            "PlayStation" | "PLAYSTATION" => {
                self.console = true;
                self.device = Some("PlayStation");
                self.set(4, "PlayStation", None);
            }
            "Nintendo" => {
                self.console = true;
                self.device = Some(part);
                self.set(4, "Nintendo", None);
            }
            "Mobile" => self.phone = true,
            "Tablet" => self.tablet = true,
            "Trident" => self.trident = true,
            "rv:11.0" if self.trident => self.explorer = Some("11.0"),
            _ => {}
        }
    }

    /// Takes a part as the model of an Android device, unless it is one of the other things that stand there.
    fn model(&mut self, part: &'a str) -> bool {
        let model = part.split(" Build").next().unwrap_or_default().trim();
        let locale = matches!(model.as_bytes(), [a, b, b'-' | b'_', ..] if a.is_ascii_lowercase() && b.is_ascii_lowercase());
        if locale || matches!(model, "U" | "wv" | "Linux") {
            // The model is still to come.
            self.model_next = true;
            return true;
        }
        if model.is_empty()
            || model == "K"
            || matches!(model, "Mobile" | "Tablet")
            || model.starts_with("rv:")
        {
            return false;
        }
        self.tv |= model.contains("TV");
        self.device = Some(model);
        true
    }

    fn set(&mut self, rank: u8, name: &'static str, version: Option<&'a str>) {
        if rank > self.rank || (rank == self.rank && self.raw_version.is_none()) {
            self.rank = rank;
            self.name = Some(name);
            self.raw_version = version;
        }
    }

    /// The version of Internet Explorer, if it is one.
    pub(super) fn internet_explorer(&self) -> Option<&'a str> {
        self.explorer
    }

    /// The version of the system, with dots for underscores.
    pub(super) fn version(&self) -> Option<Cow<'a, str>> {
        let version = super::cut(self.raw_version?, super::MAX_NAME);
        if version.is_empty() {
            return None;
        }
        Some(if version.contains('_') {
            Cow::Owned(version.replace('_', "."))
        } else {
            Cow::Borrowed(version)
        })
    }

    /// What kind of thing it is: `mobile` says that there was a product of that name, which tablets leave out.
    pub(super) fn kind(&self, mobile: bool, in_browsers: bool) -> Option<Category> {
        let tablet = self.tablet || self.device == Some("iPad");
        Some(match self.name {
            _ if self.tv => Category::Tv,
            _ if self.console => Category::Console,
            _ if tablet => Category::Tablet,
            Some("iOS" | "Windows Phone" | "KaiOS") => Category::Smartphone,
            Some("Android") if mobile || self.phone || !in_browsers => Category::Smartphone,
            Some("Android") => Category::Tablet,
            _ if !in_browsers => Category::Tool,
            _ if mobile || self.phone => Category::Smartphone,
            _ if self.desktop => Category::Pc,
            _ => return None,
        })
    }
}

/// The name that a version of Windows NT was sold under
/// (<https://learn.microsoft.com/en-us/windows/win32/sysinfo/operating-system-version>).
fn windows(version: &str) -> &str {
    match version {
        "10.0" => "10",
        "6.3" => "8.1",
        "6.2" => "8",
        "6.1" => "7",
        "6.0" => "Vista",
        "5.1" | "5.2" => "XP",
        "5.0" => "2000",
        other => other,
    }
}
