use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::super::examples::{stuck, well};
use super::*;

fn around(stale: Option<&str>) -> Around {
    let (clock, stale) = ("2026-11-22 03:04:05".to_owned(), stale.map(str::to_owned));
    Around { clock, stale, coloured: false, zone: TimeZone::UTC }
}

/// The screen as text, without blanks at the ends of lines.
fn screen(report: Option<&Report>, width: u16, height: u16) -> String {
    let around = around(None);
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    let drawn = terminal.draw(|frame| draw(frame, report, &around)).unwrap();
    let cells = drawn.buffer.content();
    let rows = cells.chunks(usize::from(width)).map(|row| {
        let text: String = row.iter().map(ratatui::buffer::Cell::symbol).collect();
        format!("{}\n", text.trim_end())
    });
    rows.collect()
}

/// What is expected stands in a file; a screen that differs is written beside the test's other output.
fn assert_screen(report: &Report, width: u16, height: u16, expected: &str) {
    let shown = screen(Some(report), width, height);
    assert_eq!(shown, expected, "\n{shown}");
}

#[test]
fn a_small_screen_in_trouble() {
    assert_screen(&stuck(), 80, 24, include_str!("stuck-80x24.txt"));
}

#[test]
fn a_wide_screen_in_trouble() {
    assert_screen(&stuck(), 120, 40, include_str!("stuck-120x40.txt"));
}

#[test]
fn a_small_screen_when_all_is_well() {
    assert_screen(&well(), 80, 24, include_str!("well-80x24.txt"));
}

/// Guarantees: the verdict is seen on the smallest screen, and nothing panics on any.
#[test]
fn any_screen_is_drawn() {
    for (width, height) in [(1, 1), (20, 3), (80, 5), (109, 12), (110, 12), (300, 100)] {
        for report in [Some(well()), Some(stuck()), Some(Report::default()), None] {
            let shown = screen(report.as_ref(), width, height);
            assert_eq!(shown.lines().count(), usize::from(height));
        }
    }
    assert!(screen(Some(&stuck()), 40, 3).contains("STUCK: the indexer takes nothing"));
}

/// Scenario: what a log holds got into a reason. Guarantees: it does not steer the terminal.
#[test]
fn reasons_are_harmless() {
    let mut report = well();
    report.dead_letters.reasons[0].reason = "a\u{1b}[2Jb".to_owned();
    let shown = screen(Some(&report), 80, 24);
    assert!(shown.contains("a\\u{1b}[2Jb") && !shown.contains('\u{1b}'), "{shown}");
}

#[test]
fn old_news_are_told_to_be() {
    let text: String =
        title_row(60, &around(Some("9 s"))).spans.iter().map(|span| span.content.as_ref()).collect();
    assert!(text.contains("no news for 9 s") && text.ends_with("q quits"), "{text}");
}

#[test]
fn room_is_shared_by_turns() {
    assert_eq!(share(&[5, 2, 9], 30), [5, 2, 9], "all fit");
    assert_eq!(share(&[5, 2, 9], 10), [5, 2, 1], "two empty lines between, and the first one says why");
    assert_eq!(share(&[5, 5, 5], 3), [1, 1, 0]);
    assert_eq!(share(&[], 3), Vec::<usize>::new());
}

#[test]
fn what_says_why_is_folded_and_not_cut() {
    let line = Line::new(Tone::Bad, "STUCK: the indexer takes nothing at all");
    let folded = folded(vec![line, Line::new(Tone::Plain, "a")], 22);
    let texts: Vec<&str> = folded.iter().map(|line| line.text.trim_end()).collect();
    assert_eq!(texts, ["STUCK: the indexer", "     takes nothing at", "     all", "a"]);
    assert!(folded[..3].iter().all(|line| line.tone == Tone::Bad));
}
