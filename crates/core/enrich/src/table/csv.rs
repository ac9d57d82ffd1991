//! Tables as lines of cells.

use csv::{ErrorKind, Position, ReaderBuilder, StringRecord, Trim};

use super::build::{Builder, Cell};
use super::error::TableError;

/// Reads all rows. Cells are trimmed, empty lines are left out.
pub(super) fn read(bytes: &[u8], delimiter: char, into: &mut Builder<'_>) -> Result<(), TableError> {
    let delimiter = u8::try_from(delimiter).unwrap_or(b',');
    let mut reader =
        ReaderBuilder::new().delimiter(delimiter).has_headers(false).trim(Trim::All).from_reader(bytes);
    let mut record = StringRecord::new();
    if !reader.read_record(&mut record).map_err(|error| refuse(into.file, bytes, &error))? {
        return Err(TableError::syntax(
            into.file,
            1,
            "the file is empty: its first line must name the columns",
        ));
    }
    for (at, name) in record.iter().enumerate() {
        if name.is_empty() {
            return Err(TableError::syntax(
                into.file,
                1,
                format!("column {} has no name: give it one", at + 1),
            ));
        }
        if into.column(name, 1)? != at {
            return Err(TableError::syntax(
                into.file,
                1,
                format!("column `{name}` is there twice: rename one"),
            ));
        }
    }
    while reader.read_record(&mut record).map_err(|error| refuse(into.file, bytes, &error))? {
        let line = line_of(bytes, record.position());
        for (column, cell) in record.iter().enumerate() {
            into.cell(column, Cell::Text(cell), line)?;
        }
        into.end_row(line)?;
    }
    Ok(())
}

fn refuse(file: &str, bytes: &[u8], error: &csv::Error) -> TableError {
    let line = line_of(bytes, error.position());
    let message = match error.kind() {
        ErrorKind::UnequalLengths { expected_len, len, .. } => format!(
            "{len} cells where the first line has {expected_len}: quote cells that hold the delimiter, or give another"
        ),
        ErrorKind::Utf8 { .. } => "not UTF-8: save the file in this encoding".to_owned(),
        other => format!("not CSV: {other:?}"),
    };
    TableError::syntax(file, line, message)
}

/// The line that a record begins at. Its position is that of the empty lines before it.
fn line_of(bytes: &[u8], position: Option<&Position>) -> u32 {
    let Some(position) = position else { return 1 };
    let start = usize::try_from(position.byte()).unwrap_or(usize::MAX);
    let before =
        bytes.get(start..).unwrap_or_default().iter().take_while(|byte| matches!(byte, b'\n' | b'\r'));
    let empty = before.filter(|byte| **byte == b'\n').count();
    u32::try_from(position.line())
        .unwrap_or(u32::MAX)
        .saturating_add(u32::try_from(empty).unwrap_or(u32::MAX))
}
