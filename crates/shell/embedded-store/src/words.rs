//! Words as Elasticsearch's standard analyser cuts them: by Unicode's rules (UAX #29), in lower case, at most 255
//! characters each. `10.0.0.1`, `example.com` and `can't` are one word; `web-1` is two.

use tantivy::tokenizer::{Token, TokenStream, Tokenizer};
use unicode_segmentation::{UnicodeSegmentation as _, UnicodeWordIndices};

const MAX_CHARS: usize = 255;

/// All words of `text`.
pub(crate) fn of(text: &str) -> Vec<String> {
    let mut tokenizer = Words::default();
    let mut stream = tokenizer.token_stream(text);
    let mut words = Vec::new();
    while stream.advance() {
        words.push(stream.token().text.clone());
    }
    words
}

/// The tokenizer that the index uses.
#[derive(Clone, Debug, Default)]
pub(crate) struct Words {
    token: Token,
}

/// The words of one text.
#[allow(missing_debug_implementations, reason = "the iterator of the segmentation library has none")]
pub(crate) struct WordStream<'a> {
    words: UnicodeWordIndices<'a>,
    /// The rest of a word that is too long for one token.
    rest: Option<(usize, &'a str)>,
    token: &'a mut Token,
}

impl Tokenizer for Words {
    type TokenStream<'a> = WordStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> WordStream<'a> {
        self.token.reset();
        WordStream { words: text.unicode_word_indices(), rest: None, token: &mut self.token }
    }
}

impl TokenStream for WordStream<'_> {
    fn advance(&mut self) -> bool {
        let Some((start, word)) = self.rest.take().or_else(|| self.words.next()) else {
            return false;
        };
        let end = word.char_indices().nth(MAX_CHARS).map_or(word.len(), |(index, _)| index);
        let (word, rest) = word.split_at(end);
        self.rest = (!rest.is_empty()).then_some((start + end, rest));
        self.token.position = self.token.position.wrapping_add(1);
        self.token.offset_from = start;
        self.token.offset_to = start + word.len();
        self.token.text.clear();
        self.token.text.extend(word.chars().flat_map(char::to_lowercase));
        true
    }

    fn token(&self) -> &Token {
        self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        self.token
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_cut_as_the_standard_analyser_does() {
        assert_eq!(
            of("Can't reach web-1 at 10.0.0.1 (example.com), snake_case"),
            ["can't", "reach", "web", "1", "at", "10.0.0.1", "example.com", "snake_case"]
        );
        assert_eq!(of("!?"), Vec::<String>::new());
    }

    #[test]
    fn a_long_word_is_cut() {
        let words = of(&"é".repeat(600));
        assert_eq!(words.iter().map(|word| word.chars().count()).collect::<Vec<_>>(), [255, 255, 90]);
    }
}
