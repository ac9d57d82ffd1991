//! The products and comments of a header.

/// One part of a header.
#[derive(Clone, Copy, Debug)]
pub(super) enum Token<'a> {
    /// `name/version` outside brackets.
    Product {
        /// What stands before the slash.
        name: &'a str,
        /// What stands behind it, if there is one.
        version: Option<&'a str>,
    },
    /// What stands between semicolons in brackets.
    Comment {
        /// The part, without spaces around it.
        part: &'a str,
        /// Whether `compatible` came before it, behind which robots say their names.
        after_compatible: bool,
    },
}

/// Goes through a header once.
pub(super) struct Tokens<'a> {
    rest: &'a str,
    /// How many brackets are open.
    depth: usize,
    after_compatible: bool,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(header: &'a str) -> Self {
        Self { rest: header, depth: 0, after_compatible: false }
    }

    /// Takes so many bytes off the rest.
    fn take(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            let first = *self.rest.as_bytes().first()?;
            match first {
                b'(' => self.depth += 1,
                b')' => {
                    self.depth = self.depth.saturating_sub(1);
                    self.after_compatible = false;
                }
                b' ' | b';' | b',' | b'[' | b']' => {}
                _ if self.depth == 0 => {
                    let end = |byte: &u8| matches!(byte, b' ' | b'(' | b';' | b',' | b'[' | b']');
                    let length = self.rest.as_bytes().iter().position(end).unwrap_or(self.rest.len());
                    let (name, version) = split_product(self.take(length));
                    return Some(Token::Product { name, version });
                }
                _ => {
                    let end = |byte: &u8| matches!(byte, b';' | b'(' | b')');
                    let length = self.rest.as_bytes().iter().position(end).unwrap_or(self.rest.len());
                    let part = self.take(length).trim();
                    let after_compatible = self.after_compatible;
                    self.after_compatible |= part == "compatible";
                    return Some(Token::Comment { part, after_compatible });
                }
            }
            self.take(1);
        }
    }
}

/// Name and version of a product. `v1.30.1` is version `1.30.1`.
pub(super) fn split_product(product: &str) -> (&str, Option<&str>) {
    match product.split_once('/') {
        Some((name, version)) => (name, Some(plain_version(version))),
        None => (product, None),
    }
}

/// A version without a `v` before it and without what isn't part of it.
pub(super) fn plain_version(version: &str) -> &str {
    let version = match version.strip_prefix('v') {
        Some(number) if number.starts_with(|c: char| c.is_ascii_digit()) => number,
        _ => version,
    };
    let end = version.find([' ', ';', ',', '(', ')', '/']).unwrap_or(version.len());
    version.get(..end).unwrap_or_default()
}

/// Name and version that a header begins with. The name may have spaces (`Amazon CloudFront`), where the first word has
/// no version of its own.
pub(super) fn first_product(header: &str) -> (&str, Option<&str>) {
    let end = header.find(['/', '(', ';', ',']).unwrap_or(header.len());
    let name = header.get(..end).unwrap_or_default().trim_end();
    match header.get(end..).and_then(|rest| rest.strip_prefix('/')) {
        Some(version) => (name, Some(plain_version(version))),
        // A number at the end of the name is the version: `Wget 1.21`.
        None => match name.rsplit_once(' ') {
            Some((words, number)) if number.starts_with(|c: char| c.is_ascii_digit()) => {
                (words, Some(number))
            }
            _ => (name, None),
        },
    }
}
