//! What a person is told when everything runs: commands that work as they stand. Pure.

use std::path::Path;

use forebay_settings::Settings;
use forebay_settings::sections::ClientCertificates;

use super::paths::DataDir;
use super::state::Instance;

/// What the banner depends on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Banner<'a> {
    /// What runs.
    pub(crate) instance: &'a Instance,
    /// Where its data are.
    pub(crate) data: &'a DataDir,
    /// How it was set up.
    pub(crate) settings: &'a Settings,
    /// The command's name, with what leads to this instance.
    pub(crate) words: &'a str,
    /// Whether the environment, or `--config`, would lead other commands to an installation instead.
    pub(crate) is_hidden: bool,
    /// How many paths are followed.
    pub(crate) following: usize,
}

impl Banner<'_> {
    /// Its lines: what it is about, and what is said of it. The commands are to be typed, and shown so.
    pub(crate) fn lines(&self) -> Vec<(&'static str, String, bool)> {
        let Self { instance, data, settings, words, is_hidden, following } = *self;
        let mut lines = vec![("send", self.curl(), true)];
        let token = if instance.access_file.is_some() { "FOREBAY_TOKEN=<token> " } else { "" };
        lines.push(("search", format!("{token}{words} search hello"), true));
        lines.push((
            "token",
            match (&settings.ingest.access_file, &instance.access_file) {
                (Some(file), _) => {
                    format!(
                        "needed: one of {}; commands want one with the role read or admin",
                        file.display()
                    )
                }
                (None, Some(file)) => format!("needed by commands: one of {}", file.display()),
                (None, None) => "none needed on loopback".to_owned(),
            },
            false,
        ));
        if is_hidden {
            let what = "other commands find this one without --config and FOREBAY_CONFIG, FOREBAY__...";
            lines.push(("note", what.to_owned(), false));
        }
        if following > 0 {
            let paths = if following == 1 { "path" } else { "paths" };
            lines.push(("follow", format!("{following} {paths}, each file from its start"), false));
        }
        lines.push(("metrics", format!("http://{}/metrics", instance.metrics), false));
        lines.push(("kafka", instance.kafka.to_string(), false));
        lines.push(("data", data.path().display().to_string(), false));
        lines.push(("stop", "Ctrl-C".to_owned(), false));
        lines
    }

    /// The request that sends an event, with all that it needs.
    fn curl(&self) -> String {
        let Self { instance, settings, .. } = *self;
        let ca = instance.ca_file.as_deref().map(|file| format!(" --cacert {}", word(file)));
        let certificate = match settings.ingest.tls.client_certificates {
            ClientCertificates::Required => " --cert <certificate> --key <key>",
            ClientCertificates::Off | ClientCertificates::Optional => "",
        };
        let has_tokens = settings.ingest.access_file.is_some();
        let token = if has_tokens { " -H 'Authorization: Bearer <token>'" } else { "" };
        let (ca, url) = (ca.unwrap_or_default(), &instance.ingest_url);
        format!("curl{ca}{certificate} {url}{token} -d '{{\"message\":\"hello\"}}'")
    }
}

/// A path as a word of a shell.
pub(crate) fn word(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+=:@%,~".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;

    fn lines(instance: &Instance, settings: &Settings, words: &str) -> Vec<String> {
        let data = DataDir::find(Some(Path::new("/data"))).unwrap();
        let banner = Banner { instance, data: &data, settings, words, is_hidden: false, following: 0 };
        banner.lines().into_iter().map(|(name, text, _)| format!("{name} {text}")).collect()
    }

    fn instance(url: &str) -> Instance {
        let somewhere = SocketAddr::from(([127, 0, 0, 1], 9));
        Instance {
            pid: 1,
            ingest_url: url.to_owned(),
            ca_file: None,
            kafka: somewhere,
            metrics: somewhere,
            senders_file: None,
            access_file: None,
            parser: forebay_settings::sections::ParserSettings::default(),
            retention: forebay_settings::sections::RetentionSettings::default(),
        }
    }

    #[test]
    fn samples_have_all_that_they_need() {
        let open =
            lines(&instance("http://127.0.0.1:8080/v1/ingest"), &Settings::default(), "forebay --data /d");
        assert_eq!(open[0], r#"send curl http://127.0.0.1:8080/v1/ingest -d '{"message":"hello"}'"#);
        assert_eq!(open[1], "search forebay --data /d search hello");
        assert_eq!(open[2], "token none needed on loopback");

        let mut settings = Settings::default();
        settings.ingest.access_file = Some("access.yaml".into());
        settings.ingest.tls.client_certificates = ClientCertificates::Required;
        let mut closed = instance("https://127.0.0.1:8443/v1/ingest");
        closed.ca_file = Some("/my keys/it's.pem".into());
        closed.access_file = Some("/etc/access.yaml".into());
        let closed = lines(&closed, &settings, "forebay");
        let expected = concat!(
            r"send curl --cacert '/my keys/it'\''s.pem' --cert <certificate> --key <key> https://127.0.0.1:8443/v1/ingest ",
            r#"-H 'Authorization: Bearer <token>' -d '{"message":"hello"}'"#
        );
        assert_eq!(closed[0], expected);
        assert_eq!(closed[1], "search FOREBAY_TOKEN=<token> forebay search hello");
        assert!(closed[2].starts_with("token needed: one of access.yaml"), "{}", closed[2]);
    }
}
