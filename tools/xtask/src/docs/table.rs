//! Tables in Markdown.

/// A table with this head and these rows.
pub(super) fn table<const N: usize>(head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut text = line(&head.map(str::to_owned));
    text.push_str(&line(&head.map(|_| "---".to_owned())));
    for row in rows {
        text.push_str(&line(&row.map(|cell| cell.replace('|', "\\|"))));
    }
    text
}

fn line(cells: &[String]) -> String {
    format!("| {} |\n", cells.join(" | "))
}

#[cfg(test)]
mod tests {
    use super::table;

    #[test]
    fn a_pipe_in_a_cell_ends_no_cell() {
        let text = table(["Key", "Meaning"], [["`a`".to_owned(), "this | that".to_owned()]]);
        assert_eq!(text, "| Key | Meaning |\n| --- | --- |\n| `a` | this \\| that |\n");
    }
}
