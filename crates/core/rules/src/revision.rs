//! The name of a revision: a hash of everything that an outcome depends on.

use sha2::{Digest, Sha256};

use crate::files::{Purpose, RuleFiles, purpose};

/// How many hex digits of the hash are kept: enough that two revisions of one installation never share a name.
const DIGITS: usize = 12;

/// The revision of these files. Samples don't count; `settings` are those that the rules are compiled with.
pub(crate) fn of(files: &RuleFiles, settings: &str) -> String {
    let mut hash = Sha256::new();
    let mut part = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    };
    part(settings.as_bytes());
    for (path, content) in files.iter().filter(|(path, _)| purpose(path) != Purpose::Samples) {
        part(path.as_bytes());
        part(content);
    }
    let mut revision = hex::encode(hash.finalize());
    revision.truncate(DIGITS);
    revision
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_names_content_and_nothing_else() {
        let mut files = RuleFiles::new();
        files.add("a.yaml", *b"steps: []");
        let first = of(&files, "");
        assert_eq!((first.len(), of(&files.clone(), "")), (DIGITS, first.clone()));
        files.add("a.test.yaml", *b"samples");
        assert_eq!(of(&files, ""), first);
        files.add("t.csv", *b"a,b");
        assert_ne!(of(&files, ""), first);
        assert_ne!(of(&RuleFiles::new(), "x"), of(&RuleFiles::new(), ""));
    }
}
