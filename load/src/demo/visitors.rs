//! Who visits the demo's nginx: browsers that find their pages, those that don't, and some that don't speak HTTP.

use std::net::Ipv4Addr;

use anyhow::{Context as _, Result};
use reqwest::header::{REFERER, USER_AGENT};
use reqwest::redirect::Policy;
use reqwest::{Client, Method};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// How many visits there are.
pub(super) const VISITS: usize = 20_000;
const VISITORS: usize = 8;
/// One visit of so many doesn't speak HTTP.
const STRANGE: usize = 500;

const PAGES: [&str; 10] = [
    "/",
    "/style.css",
    "/?page=2",
    "/rooms/17",
    "/favicon.ico",
    "/private/",
    "/old/offer",
    "/busy",
    "/caf%C3%A9",
    "/",
];
const BROWSERS: [&str; 4] =
    ["Mozilla/5.0 (X11; Linux x86_64) Firefox/128.0", "curl/8.9.1", "a \"quoted\" robot", "Jäger/1.0"];
const REFERRERS: [&str; 2] = ["http://localhost/", "https://example.org/a?b=\"c\""];
/// The start of a TLS handshake, a request with a control character, and half a request.
const NOISE: [&[u8]; 3] = [
    b"\x16\x03\x01\x00\xee\x01\x00\x00\xea\x03\x03\r\n\r\n",
    b"GET /\x01\xff HTTP/1.1\r\n\r\n",
    b"BREW /pot HTCPCP/1.0\r\n\r\n",
];

/// Pays all visits and waits for their ends.
pub(super) async fn visit(port: u16) -> Result<()> {
    let client = Client::builder().redirect(Policy::none()).build()?;
    let mut visitors = JoinSet::new();
    for visitor in 0..VISITORS {
        let client = client.clone();
        let _handle = visitors.spawn(async move {
            for n in (visitor..VISITS).step_by(VISITORS) {
                if n % STRANGE == 0 { disturb(port, n).await? } else { browse(&client, port, n).await? }
            }
            anyhow::Ok(())
        });
    }
    while let Some(ended) = visitors.join_next().await {
        ended.context("a visitor panicked")??;
    }
    Ok(())
}

async fn browse(client: &Client, port: u16, n: usize) -> Result<()> {
    let pick = |words: &[&'static str], salt: usize| {
        words.get((n / 3 + n * salt) % words.len().max(1)).copied().unwrap_or_default()
    };
    let method = if n.is_multiple_of(97) { Method::POST } else { Method::GET };
    let url = format!("http://127.0.0.1:{port}{}", pick(&PAGES, 7));
    let request = client.request(method, url).header(USER_AGENT, pick(&BROWSERS, 5).as_bytes());
    let answer = request.header(REFERER, pick(&REFERRERS, 1)).send().await.context("no answer from nginx")?;
    // Whatever the status, it stands in the log; reading the page to its end lets the connection be used again.
    let _page = answer.bytes().await?;
    Ok(())
}

async fn disturb(port: u16, n: usize) -> Result<()> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    stream.write_all(NOISE.get(n / STRANGE % NOISE.len()).copied().unwrap_or_default()).await?;
    stream.shutdown().await?;
    // nginx answers with 400, or just closes.
    let _answer = stream.read_to_end(&mut Vec::new()).await;
    Ok(())
}
