//! The access file of operators. It is looked at whenever somebody asks, which is seldom.

use std::net::IpAddr;
use std::path::PathBuf;

use forebay_access::{Caller, Denial, Operator, Role};
use jiff::Timestamp;

use crate::watched::{FileError, Watched};

/// The access file that a port asks who its callers are.
#[derive(Debug)]
pub struct OperatorFile(Watched);

// === impl OperatorFile ===

impl OperatorFile {
    /// Reads the file for the first time.
    ///
    /// # Errors
    /// When it can't be used: nothing must start that asks for other credentials than it was told to.
    pub fn load(path: PathBuf) -> Result<Self, FileError> {
        Watched::load(path).map(Self)
    }

    /// Who shows this token, comes from there, and may act in that `role` now. Blocks while the file is read, if it has
    /// changed.
    ///
    /// # Errors
    /// When he may not.
    pub fn operator(&self, token: &[u8], address: Option<IpAddr>, role: Role) -> Result<Operator, Denial> {
        let caller = Caller { address, listener: "" };
        let _told = self.0.look();
        self.0.current().operator(token, &caller, role, Timestamp::now())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use forebay_access::secret::TokenHash;

    use super::*;

    fn file(names: &[&str]) -> String {
        let one = |name: &&str| {
            let token = TokenHash::of(name.as_bytes()).to_text();
            format!(
                "- {{name: {name}, tenant: acme, roles: [read], from: [10.0.0.0/8], token: \"{token}\"}}\n"
            )
        };
        format!("credentials:\n{}", names.iter().map(one).collect::<String>())
    }

    /// Scenario: a token is added; the file breaks, is emptied, is gone; then it is there with another token.
    /// Guarantees: what is good counts at once, what is broken changes nothing.
    #[test]
    fn what_the_file_says_counts_when_somebody_asks() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("access.yaml");
        fs::write(&path, file(&["ann"])).unwrap();
        let operators = OperatorFile::load(path.clone()).unwrap();
        let office = Some(IpAddr::from([10, 1, 2, 3]));
        let ask = |token: &str| {
            operators.operator(token.as_bytes(), office, Role::Read).map(|one| one.actor.to_string())
        };
        assert_eq!(ask("ann"), Ok("credential:ann".to_owned()));
        assert_eq!(ask("bob"), Err(Denial::Unknown));
        let elsewhere = Some(IpAddr::from([11, 1, 2, 3]));
        assert_eq!(operators.operator(b"ann", elsewhere, Role::Read), Err(Denial::Address));

        fs::write(&path, file(&["ann", "bob"])).unwrap();
        assert!(ask("bob").is_ok());
        for broken in ["credentials: [broken", ""] {
            fs::write(&path, broken).unwrap();
            assert!(ask("bob").is_ok(), "{broken:?}");
        }
        fs::remove_file(&path).unwrap();
        assert!(ask("bob").is_ok());
        fs::write(&path, file(&["carol"])).unwrap();
        assert_eq!((ask("bob"), ask("carol").is_ok()), (Err(Denial::Unknown), true));
    }
}
