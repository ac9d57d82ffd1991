//! Tables for people: columns that line up, numbers to the right.

use std::fmt::Write;

/// A table under construction.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these headings.
    pub(crate) fn new(headings: &[&str]) -> Self {
        Self { rows: vec![headings.iter().map(|heading| (*heading).to_owned()).collect()] }
    }

    /// Adds a row; cells that are missing stay empty.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// The lines, the headings first, without blanks at their ends.
    pub(crate) fn lines(&self) -> Vec<String> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let cell =
            |row: &'_ Vec<String>, column: usize| row.get(column).map_or(0, |text| text.chars().count());
        let widths: Vec<usize> = (0..columns)
            .map(|column| self.rows.iter().map(|row| cell(row, column)).max().unwrap_or(0))
            .collect();
        let numeric: Vec<bool> = (0..columns).map(|column| self.is_numeric(column)).collect();
        self.rows.iter().map(|row| line(row, &widths, &numeric)).collect()
    }

    fn is_numeric(&self, column: usize) -> bool {
        let mut cells =
            self.rows.iter().skip(1).filter_map(|row| row.get(column)).filter(|cell| !cell.is_empty());
        let number = |text: &String| text.chars().all(|c| c.is_ascii_digit() || matches!(c, '-' | ',' | '.'));
        self.rows.len() > 1 && cells.all(number)
    }
}

fn line(row: &[String], widths: &[usize], numeric: &[bool]) -> String {
    let mut line = String::new();
    for ((cell, width), numeric) in row.iter().zip(widths).zip(numeric) {
        if !line.is_empty() {
            line.push_str("  ");
        }
        // Writing to a String can't fail.
        let _infallible =
            if *numeric { write!(line, "{cell:>width$}") } else { write!(line, "{cell:<width$}") };
    }
    line.truncate(line.trim_end().len());
    line
}

/// A number with its thousands apart: 1,234,567.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let mut table = Table::new(&["tier", "lag", "note"]);
        table.row(["parser".to_owned(), "5".to_owned(), "ünï".to_owned()]);
        table.row(["indexer".to_owned(), "1,200".to_owned()]);
        assert_eq!(table.lines(), ["tier       lag  note", "parser       5  ünï", "indexer  1,200"]);
    }

    #[test]
    fn thousands_stand_apart() {
        let shown: Vec<String> = [0, 12, 123, 1234, 123_456, 1_234_567].into_iter().map(count).collect();
        assert_eq!(shown, ["0", "12", "123", "1,234", "123,456", "1,234,567"]);
    }
}
