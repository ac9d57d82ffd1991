//! The corpus: what each detector has to find, and what it should leave.
//!
//! Scenario: every line of `corpus/*.txt`, with the file's detector alone and with all of them.
//! Guarantees: no secret that is listed is missed, nothing around it is touched, and no more look-alikes are taken for
//! secrets than today. It says nothing about what isn't listed.

#![allow(clippy::unwrap_used, reason = "a test may stop")]

use std::path::Path;

use forebay_mask::{Detector, MaskConfig, Masker, Mode};

/// How many look-alikes may be masked, by all detectors together. Lower it when it gets less.
const MOST_FALSE: usize = 2;

struct Line {
    place: String,
    positive: bool,
    text: String,
    expected: String,
    secrets: Vec<String>,
}

/// `{hex:32}` and the like, made of a fixed sequence.
fn fill(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    let mut state = 12345_u32;
    while let Some(at) = rest.find('{') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let made = rest.find('}').and_then(|end| {
            let (class, count) = rest[1..end].split_once(':')?;
            let of: &[u8] = match class {
                "alnum" => b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ123456789",
                "b64" => b"abcdefghijkmnpqrstuvwxyz-_ABCDEFGHJKLMNPQRSTUVWXYZ123456789",
                "b64p" => b"abcdefghijkmnpqrstuvwxyz+/ABCDEFGHJKLMNPQRSTUVWXYZ123456789",
                "hex" => b"0123456789abcdef",
                "upper" => b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
                "digits" => b"1234567890",
                _ => return None,
            };
            let count: usize = count.parse().ok()?;
            for place in 0..count {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                // The last character is one that no separator can be.
                let of = if place + 1 == count { &of[..10.min(of.len())] } else { of };
                out.push(char::from(of[(state >> 16) as usize % of.len()]));
            }
            Some(end + 1)
        });
        match made {
            Some(end) => rest = &rest[end..],
            None => {
                out.push('{');
                rest = &rest[1..];
            }
        }
    }
    out + rest
}

fn lines(detector: Detector) -> Vec<Line> {
    lines_of(detector.name())
}

/// The lines of one file, which is named like a detector or has look-alikes only.
fn lines_of(detector: &str) -> Vec<Line> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("corpus/{detector}.txt"));
    let file = std::fs::read_to_string(&path).unwrap();
    let marker = format!("[{detector}]");
    let wanted = |line: &&str| line.starts_with("+ ") || line.starts_with("- ");
    let read = |(number, line): (usize, &str)| {
        let filled = fill(&line[2..]).replace('⏎', "\n").replace('⇥', "\t");
        let (mut text, mut expected, mut secrets) = (String::new(), String::new(), Vec::new());
        for (place, piece) in filled.split(['«', '‹']).enumerate() {
            let Some(end) = piece.find(['»', '›']).filter(|_| place > 0) else {
                if place == 0 {
                    text.push_str(piece);
                    expected.push_str(piece);
                } else {
                    text.push_str(piece);
                    expected.push_str(&marker);
                    secrets.push(piece.to_owned());
                }
                continue;
            };
            let quoted = piece[end..].starts_with('›');
            let rest = piece[end..].trim_start_matches(['»', '›']);
            secrets.push(piece[..end].to_owned());
            text.push_str(&piece[..end]);
            text.push_str(rest);
            expected.push_str(&if quoted { format!("\"{marker}\"") } else { marker.clone() });
            expected.push_str(rest);
        }
        Line {
            place: format!("{detector}.txt:{}", number + 1),
            positive: line.starts_with('+'),
            text,
            expected,
            secrets,
        }
    };
    file.lines().enumerate().filter(|(_, line)| wanted(line)).map(read).collect()
}

fn mask(masker: &Masker, text: &str) -> String {
    let mut out = String::new();
    let tally = masker.mask(text, &mut masker.cache(), &mut out);
    assert!(!tally.is_empty() || out.is_empty(), "{text}");
    assert_eq!(tally.is_empty(), !masker.finds(text, &mut masker.cache()), "{text}");
    if tally.is_empty() { text.to_owned() } else { out }
}

#[test]
fn each_detector_finds_what_is_listed_and_nothing_around_it() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for detector in Detector::ALL {
        let config = MaskConfig { detectors: vec![detector], ..MaskConfig::default() };
        let masker = Masker::new(&config).unwrap();
        for line in lines(detector).iter().filter(|line| line.positive) {
            seen += line.secrets.len();
            let masked = mask(&masker, &line.text);
            if masked != line.expected {
                wrong.push(format!(
                    "{}\n     text {}\n   masked {}\n expected {}",
                    line.place, line.text, masked, line.expected
                ));
            }
        }
    }
    println!("{seen} secrets");
    assert!(wrong.is_empty(), "{} lines\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn all_detectors_together_leave_nothing_that_is_listed() {
    let masker = Masker::new(&MaskConfig::default()).unwrap();
    let mut missed = Vec::new();
    for line in Detector::ALL.into_iter().flat_map(lines).filter(|line| line.positive) {
        let masked = mask(&masker, &line.text);
        // Secrets that are too short to be searched for are compared by the test above.
        let left = line.secrets.iter().any(|secret| secret.len() > 3 && masked.contains(secret.as_str()));
        if left {
            missed.push(format!("{}: {} became {masked}", line.place, line.text));
        }
        let again = mask(&masker, &masked);
        if again != masked {
            missed.push(format!("{}: {masked} became {again} the second time", line.place));
        }
    }
    assert!(missed.is_empty(), "{} lines\n{}", missed.len(), missed.join("\n"));
}

#[test]
fn what_is_dropped_stays_away_the_second_time() {
    let masker = Masker::new(&MaskConfig { mode: Mode::Drop, ..MaskConfig::default() }).unwrap();
    for line in Detector::ALL.into_iter().flat_map(lines) {
        let once = mask(&masker, &line.text);
        assert_eq!(mask(&masker, &once), once, "{}: {}", line.place, line.text);
    }
}

#[test]
fn no_more_look_alikes_are_masked_than_today() {
    let masker = Masker::new(&MaskConfig::default()).unwrap();
    let (mut count, mut found) = (0, Vec::new());
    let whole = lines_of("lines");
    for line in Detector::ALL.into_iter().flat_map(lines).chain(whole).filter(|line| !line.positive) {
        count += 1;
        let masked = mask(&masker, &line.text);
        if masked != line.text {
            found.push(format!("{}: {} became {masked}", line.place, line.text));
        }
    }
    println!("{} of {count} look-alikes are masked\n{}", found.len(), found.join("\n"));
    assert_eq!(found.len(), MOST_FALSE, "if there are fewer, lower MOST_FALSE\n{}", found.join("\n"));
}
