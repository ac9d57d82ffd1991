//! The table of targets. A target is a file in the folder beside this one, a row here, a file in `fuzz/fuzz_targets`, a row in
//! `fuzz/Cargo.toml`, seeds in `fuzz/seeds`, and a file in `inputs`; tests hold these against each other.

/// A decoder, or a group of them, and what has to hold for any bytes.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name, which is that of its files.
    pub name: &'static str,
    /// What is made before the first input, since it takes longer than an input may.
    pub prepare: fn(),
    /// Looks at one input, and panics when a promise is broken.
    pub check: fn(&[u8]),
}

macro_rules! targets {
    ($($name:ident $(prepared by $prepare:path)?;)*) => {
        $(pub mod $name;)*

        /// All targets.
        pub const TARGETS: &[Target] = &[$(
            Target { name: stringify!($name), prepare: targets!(@ $($prepare)?), check: $name::check },
        )*];

        /// A test for each target, named after it.
        #[cfg(test)]
        mod replay {
            $(
                #[test]
                fn $name() {
                    let target = super::TARGETS.iter().find(|target| target.name == stringify!($name)).unwrap();
                    crate::tests::replay(target);
                }
            )*
        }
    };
    (@) => { nothing };
    (@ $prepare:path) => { $prepare };
}

const fn nothing() {}

targets! {
    body;
    bridge;
    bulk;
    event_key;
    firehose;
    forward;
    gelf;
    grok;
    hec;
    inflate;
    lines;
    loki;
    lumberjack;
    mask prepared by mask::prepare;
    msgpack;
    otlp;
    parse;
    raw_event;
    relp;
    rpc;
    rules prepared by rules::prepare;
    syslog;
    vrl prepared by vrl::prepare;
    windows_event;
}
