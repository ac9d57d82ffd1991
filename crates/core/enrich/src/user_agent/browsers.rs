//! Which of the products is the browser.

/// A browser and its version.
#[derive(Clone, Copy, Debug)]
pub(super) struct Browser<'a> {
    pub(super) name: &'static str,
    pub(super) version: Option<&'a str>,
    rank: u8,
}

/// Products and what they mean, the most telling rank first: Edge also says that it is Chrome and Safari, Safari says
/// nothing else. `Version` is Safari's, unless there is a product of a better rank.
#[rustfmt::skip]
fn known(product: &str) -> Option<(u8, &'static str)> {
    Some(match product {
        "Edg" | "EdgA" | "EdgiOS" | "Edge" => (1, "Edge"),
        "OPR" | "OPX" | "OPiOS" => (1, "Opera"),
        "OPT" => (1, "Opera Touch"),
        "SamsungBrowser" => (1, "Samsung Internet"),
        "Vivaldi" => (1, "Vivaldi"),
        "YaBrowser" => (1, "Yandex Browser"),
        "UCBrowser" | "UCWEB" => (1, "UC Browser"),
        "MiuiBrowser" => (1, "MIUI Browser"),
        "HuaweiBrowser" => (1, "Huawei Browser"),
        "HeyTapBrowser" => (1, "HeyTap Browser"),
        "VivoBrowser" => (1, "Vivo Browser"),
        "Whale" => (1, "Whale"),
        "DuckDuckGo" | "Ddg" => (1, "DuckDuckGo"),
        "Silk" => (1, "Silk"),
        "QQBrowser" | "MQQBrowser" => (1, "QQ Browser"),
        "MicroMessenger" => (1, "WeChat"),
        "GSA" => (1, "Google App"),
        "Instagram" => (1, "Instagram"),
        "FBAV" | "FBAN" => (1, "Facebook"),
        "Line" => (1, "LINE"),
        "HeadlessChrome" => (1, "HeadlessChrome"),
        "Electron" => (1, "Electron"),
        "PhantomJS" => (1, "PhantomJS"),
        "SeaMonkey" => (1, "SeaMonkey"),
        "PaleMoon" => (1, "Pale Moon"),
        "Waterfox" => (1, "Waterfox"),
        "Thunderbird" => (1, "Thunderbird"),
        "Focus" | "Klar" => (1, "Firefox Focus"),
        "Epiphany" => (1, "Epiphany"),
        "Konqueror" => (1, "Konqueror"),
        "Falkon" => (1, "Falkon"),
        "Brave" => (1, "Brave"),
        "FxiOS" | "Firefox" => (2, "Firefox"),
        "CriOS" | "CrMo" => (2, "Chrome"),
        "Chromium" => (3, "Chromium"),
        "Chrome" => (4, "Chrome"),
        "Opera" => (6, "Opera"),
        "Safari" => (7, "Safari"),
        _ => return None,
    })
}

impl<'a> Browser<'a> {
    /// The better of the browser so far and this product.
    pub(super) fn better(so_far: Option<Self>, product: &str, version: Option<&'a str>) -> Option<Self> {
        match (so_far, product) {
            // The version of Safari, and of Opera from 10 on, is a product of its own.
            (None, "Version") => Some(Self { name: "Safari", version, rank: 5 }),
            (Some(opera), "Version") if opera.rank == 6 => Some(Self { version, ..opera }),
            (so_far, product) => match known(product) {
                Some((rank, name)) if so_far.is_none_or(|so_far| rank < so_far.rank) => {
                    // Safari's own number is that of its engine.
                    let version = if rank == 7 { None } else { version };
                    Some(Self { name, version, rank })
                }
                _ => so_far,
            },
        }
    }
}
