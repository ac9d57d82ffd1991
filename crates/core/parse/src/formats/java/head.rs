//! What stands between the time of a record and its message: level, thread, logger, in whatever order.

/// The parts of a head; what isn't there is empty.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Head<'a> {
    pub(crate) level: &'a str,
    pub(crate) thread: &'a str,
    pub(crate) logger: &'a str,
    pub(crate) application: &'a str,
    pub(crate) pid: &'a str,
    /// The line of source.
    pub(crate) line: &'a str,
    pub(crate) message: &'a str,
}

/// The most parts that a head has.
const MAX_PARTS: usize = 8;

/// Reads the parts off the front. None unless there is a level, a thread or a logger, and an end before the message.
pub(crate) fn read<'a>(text: &'a str, mut head: Head<'a>) -> Option<Head<'a>> {
    let mut rest = text.trim_start_matches(is_blank);
    for _ in 0..MAX_PARTS {
        if let Some((group, after)) = take_group(rest) {
            head.take_brackets(group);
            rest = after.trim_start_matches(is_blank);
            // `LEVEL [thread]: message`, `[thread]: message`.
            if let Some(message) = rest.strip_prefix(": ").filter(|_| !head.level.is_empty()) {
                return head.end(message);
            }
            continue;
        }
        // A thread in parentheses is the last part, and its brackets were the logger's.
        if let Some((thread, after)) = rest.strip_prefix('(').and_then(|rest| rest.split_once(") ")) {
            if !head.thread.is_empty() && head.logger.is_empty() && !head.level.is_empty() {
                (head.logger, head.thread) = (head.thread, thread);
                return head.end(after);
            }
            return None;
        }
        let (word, after) = rest.split_once(is_blank)?;
        let after = after.trim_start_matches(is_blank);
        rest = after;
        match word {
            "---" | "|" => {}
            // Before the level it is no end.
            "-" | "--" | ":" if head.level.is_empty() => {}
            "-" | "--" | ":" => return head.end(after),
            word if head.level.is_empty() && is_level(word) => head.level = word,
            _ if head.level.is_empty() => return None,
            word if head.pid.is_empty() && is_number(word) && after.starts_with("---") => head.pid = word,
            word if head.logger.is_empty() => match word.strip_suffix(':').filter(|name| is_logger(name)) {
                Some(name) => {
                    head.logger = name;
                    return head.end(after);
                }
                None if !is_logger(word) => return None,
                None => {
                    head.logger = word;
                    // Tomcat has nothing between logger and message.
                    if !after.starts_with(['-', ':']) && !head.thread.is_empty() && word.contains('.') {
                        return head.end(after);
                    }
                }
            },
            _ => return None,
        }
    }
    None
}

// === impl Head ===

impl<'a> Head<'a> {
    /// What is in brackets: the level, `ZooKeeper`'s thread with its logger, or a thread with the application before it.
    fn take_brackets(&mut self, group: &'a str) {
        let group = group.trim();
        if self.level.is_empty() && is_level(group) {
            self.level = group;
        } else if let Some((thread, logger, line)) = with_origin(group) {
            (self.thread, self.logger, self.line) = (thread, logger, line);
        } else if !group.starts_with("myid:") {
            self.application = std::mem::replace(&mut self.thread, group);
        }
    }

    fn end(self, message: &'a str) -> Option<Self> {
        let has_more = !self.thread.is_empty() || !self.logger.is_empty();
        (!self.level.is_empty() && has_more).then_some(Self { message, ..self })
    }
}

/// Whether a word is the name of a level.
pub(crate) fn is_level(word: &str) -> bool {
    matches!(
        word,
        "INFO"
            | "WARN"
            | "ERROR"
            | "DEBUG"
            | "TRACE"
            | "FATAL"
            | "WARNING"
            | "SEVERE"
            | "CONFIG"
            | "FINE"
            | "FINER"
            | "FINEST"
            | "CRITICAL"
    )
}

/// Takes a group in brackets off the front, which may hold further ones.
pub(crate) fn take_group(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix('[')?;
    let mut depth = 0_usize;
    // Names of threads are short, and an open bracket must not cost a pass over the whole message.
    for (at, byte) in inner.bytes().enumerate().take(512) {
        match byte {
            b'[' => depth += 1,
            b']' if depth == 0 => return Some((inner.get(..at)?, inner.get(at + 1..)?)),
            b']' => depth -= 1,
            b'\n' => return None,
            _ => {}
        }
    }
    None
}

/// `thread:logger@line`.
fn with_origin(group: &str) -> Option<(&str, &str, &str)> {
    let (names, line) = group.rsplit_once('@').filter(|(_, line)| is_number(line))?;
    let (thread, logger) = names.rsplit_once(':')?;
    Some((thread, logger, line))
}

/// Whether a word may be the name of a logger: names of packages and classes, with a line of source or without.
pub(crate) fn is_logger(word: &str) -> bool {
    word.bytes().any(|byte| byte.is_ascii_alphabetic())
        && word.bytes().all(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'$' | b'-' | b'/' | b':')
        })
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_blank(char: char) -> bool {
    matches!(char, ' ' | '\t')
}
