//! A report on a terminal's screen.
//!
//! The verdict and the flow are always whole; what is left of the room is shared among the other sections, which show their
//! first lines and say in their headings how many they leave out. Nothing is decided here but places and colours.

use forebay_rule_tools::{Line, Tone};
use jiff::tz::TimeZone;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line as Row, Span};
use ratatui::widgets::{Paragraph, Wrap};

use super::report::Report;
use super::text::Section;
use crate::output::term::safe;

/// From this width on there are two columns.
const WIDE: u16 = 110;

/// How many lines the verdict may take.
const VERDICT: u16 = 2;

/// What is shown around the report.
#[derive(Clone, Debug)]
pub(crate) struct Around {
    /// The time of day.
    pub(crate) clock: String,
    /// How long ago the report was made, where that is longer than it should be.
    pub(crate) stale: Option<String>,
    /// Whether colours are wanted.
    pub(crate) coloured: bool,
    /// By which times are shown.
    pub(crate) zone: TimeZone,
}

/// Draws the whole screen; without a report it says what is waited for.
pub(crate) fn draw(frame: &mut Frame<'_>, report: Option<&Report>, around: &Around) {
    let [title, body] = Layout::vertical([Constraint::Length(1), Constraint::Min(0)]).areas(frame.area());
    frame.render_widget(Paragraph::new(title_row(title.width, around)), title);
    let Some(report) = report else {
        frame.render_widget(Paragraph::new("asking Kafka, the store and the processes..."), body);
        return;
    };
    let flow = report.flow();
    let height = u16::try_from(flow.len()).unwrap_or(u16::MAX).saturating_add(1);
    let [verdict, middle, rest] =
        Layout::vertical([Constraint::Length(VERDICT), Constraint::Length(height), Constraint::Min(0)])
            .areas(body);
    let headline = report.headline();
    let style = style(headline.tone, around.coloured).add_modifier(Modifier::BOLD);
    frame.render_widget(
        Paragraph::new(safe(&headline.text).into_owned()).style(style).wrap(Wrap { trim: true }),
        verdict,
    );
    place(frame, middle, &[flow], around.coloured);
    let second =
        [report.dead_letters.section(), report.indices(&around.zone), report.rules(), report.asked()];
    let first = |width| [folded(report.findings(), width), report.books()];
    if rest.width >= WIDE {
        let [left, right] =
            Layout::horizontal([Constraint::Fill(8), Constraint::Fill(7)]).spacing(2).areas(rest);
        place(frame, left, &first(left.width), around.coloured);
        place(frame, right, &second, around.coloured);
    } else {
        place(frame, rest, &[&first(rest.width)[..], &second[..]].concat(), around.coloured);
    }
}

/// The name, the time and the keys.
fn title_row(width: u16, around: &Around) -> Row<'static> {
    let left = match &around.stale {
        Some(since) => format!("forebay status  {}  no news for {since}", around.clock),
        None => format!("forebay status  {}", around.clock),
    };
    let keys = "q quits";
    let room = usize::from(width).saturating_sub(left.chars().count() + keys.len());
    Row::from(vec![Span::raw(left), Span::raw(" ".repeat(room)), Span::raw(keys)])
        .style(Style::new().add_modifier(Modifier::DIM))
}

/// Puts sections below each other, with an empty line between those that fit.
fn place(frame: &mut Frame<'_>, area: Rect, sections: &[Section], coloured: bool) {
    let sections: Vec<&Section> = sections.iter().filter(|section| !section.is_empty()).collect();
    let lengths: Vec<usize> = sections.iter().map(|section| section.len()).collect();
    let mut rows = Vec::new();
    for (section, room) in sections.iter().zip(share(&lengths, usize::from(area.height))) {
        if room == 0 {
            continue;
        }
        rows.extend(shown(section, room).iter().map(|line| row(line, area.width, coloured)));
        rows.push(Row::default());
    }
    frame.render_widget(Paragraph::new(rows), area);
}

/// How many lines each section gets of this room, an empty one after each counted: first headings, then the first section up to
/// half of the room, since it says why, then a line at a time for each, in their order.
fn share(lengths: &[usize], room: usize) -> Vec<usize> {
    let mut shares = vec![0; lengths.len()];
    // The last section's empty line may be cut off.
    let mut left = room + 1;
    for share in &mut shares {
        if left >= 2 {
            *share = 1;
            left -= 2;
        }
    }
    if let (Some(share @ 1), Some(length)) = (shares.first_mut(), lengths.first()) {
        let more = length.saturating_sub(1).min(left).min((room / 2).saturating_sub(1));
        *share += more;
        left -= more;
    }
    loop {
        let before = left;
        for (share, length) in shares.iter_mut().zip(lengths) {
            if left > 0 && *share > 0 && *share < *length {
                *share += 1;
                left -= 1;
            }
        }
        if left == before {
            return shares;
        }
    }
}

/// The first lines of a section; its heading says how many are left out.
fn shown(section: &Section, room: usize) -> Vec<Line> {
    let mut lines: Vec<Line> = section.iter().take(room).cloned().collect();
    if let Some(heading) = lines.first_mut().filter(|_| section.len() > room) {
        heading.text.push_str(&format!("  (+{})", section.len() - room));
    }
    lines
}

/// The section with its long lines folded between words: what says why is not cut.
fn folded(section: Section, width: u16) -> Section {
    let width = usize::from(width).max(20);
    let mut lines = Vec::new();
    for line in section {
        let mut text = String::new();
        for word in line.text.split_inclusive(' ') {
            if text.chars().count() + word.trim_end().chars().count() > width && !text.trim().is_empty() {
                lines.push(Line::new(line.tone, text.trim_end()));
                text = "     ".to_owned();
            }
            text.push_str(word);
        }
        lines.push(Line::new(line.tone, text));
    }
    lines
}

/// A line, cut to the width.
fn row(line: &Line, width: u16, coloured: bool) -> Row<'static> {
    let text = safe(&line.text);
    let width = usize::from(width);
    let text: String = if text.chars().count() > width {
        text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
    } else {
        text.into_owned()
    };
    Row::styled(text, style(line.tone, coloured))
}

fn style(tone: Tone, coloured: bool) -> Style {
    let colour = |colour| if coloured { Style::new().fg(colour) } else { Style::new() };
    match tone {
        Tone::Plain => Style::new(),
        Tone::Heading => Style::new().add_modifier(Modifier::BOLD),
        Tone::Quiet => Style::new().add_modifier(Modifier::DIM),
        Tone::Good | Tone::Added => colour(Color::Green),
        Tone::Bad | Tone::Removed => colour(Color::Red),
        Tone::Warning => colour(Color::Yellow),
    }
}

#[cfg(test)]
mod tests;
