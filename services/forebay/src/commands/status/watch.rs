//! Looks again and again: on the whole screen, or as lines of JSON.

use std::io;
use std::time::{Duration, Instant};

use forebay_service::clock::now_ms;
use jiff::tz::TimeZone;
use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use super::json;
use super::prober::Prober;
use crate::exit::{Exit, Failure, Outcome};
use crate::output::{Data, term};
use crate::status::model::Model;
use crate::status::report::Report;
use crate::status::text::span;
use crate::status::view::{Around, draw};
use crate::when::local;

/// How long the keyboard is listened to before the thread looks whether anybody still wants to know.
const LISTEN: Duration = Duration::from_millis(100);

/// How often the screen is drawn without news.
const REDRAW: Duration = Duration::from_secs(1);

/// A report that is older than so many intervals is told to be.
const STALE: u32 = 3;

/// A line of JSON for each look, until Ctrl-C.
pub(super) async fn lines(mut prober: Prober, every: Duration) -> Outcome {
    let mut model = Model::default();
    let mut data = Data::new();
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let _tick = ticks.tick().await;
        let report = model.look(prober.look().await);
        data.line(json(&report)?)?;
        data.flush()?;
    }
}

/// The whole screen, until q or Ctrl-C. Who is asked may take its time to answer; the screen goes on.
pub(super) async fn screen(prober: Prober, every: Duration) -> Outcome {
    let (told, mut news) = watch::channel(None);
    let looking = Task(tokio::spawn(look(prober, every, told)));
    let mut screen = Screen::enter()?;
    let (pressed, mut keys) = mpsc::channel(16);
    let _listening = tokio::task::spawn_blocking(move || listen(&pressed));
    let mut redraw = interval(REDRAW);
    let mut shown: Option<(Instant, Report)> = None;
    loop {
        screen.draw(shown.as_ref(), every)?;
        tokio::select! {
            changed = news.changed() => {
                if changed.is_err() {
                    return Err(Failure::failed("the looking ended by itself"));
                }
                shown = news.borrow_and_update().clone();
            }
            event = keys.recv() => match event {
                Some(Ok(event)) => if let Some(exit) = meant(&event) {
                    drop(looking);
                    return Ok(exit);
                },
                Some(Err(error)) => return Err(Failure::failed(format!("the terminal can't be read: {error}"))),
                None => return Err(Failure::failed("the terminal can't be read")),
            },
            _ = redraw.tick() => {}
        }
    }
}

/// A task that ends with its owner.
struct Task(JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn look(mut prober: Prober, every: Duration, told: watch::Sender<Option<(Instant, Report)>>) {
    let mut model = Model::default();
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let _tick = ticks.tick().await;
        let report = model.look(prober.look().await);
        if told.send(Some((Instant::now(), report))).is_err() {
            return;
        }
    }
}

/// Hands on what happens at the terminal, until nobody wants to know.
fn listen(pressed: &mpsc::Sender<io::Result<Event>>) {
    while !pressed.is_closed() {
        let event = match event::poll(LISTEN) {
            Ok(false) => continue,
            Ok(true) => event::read(),
            Err(error) => Err(error),
        };
        let is_over = event.is_err();
        if pressed.blocking_send(event).is_err() || is_over {
            return;
        }
    }
}

/// Whether the end is meant. In raw mode Ctrl-C is a key like others.
fn meant(event: &Event) -> Option<Exit> {
    let Event::Key(key) = event else { return None };
    if key.kind == KeyEventKind::Release {
        return None;
    }
    match key.code {
        KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => Some(Exit::Interrupted),
        KeyCode::Char('q') | KeyCode::Esc => Some(Exit::Done),
        _ => None,
    }
}

/// The terminal, which is given back as it was, also after a panic.
struct Screen(DefaultTerminal);

impl Screen {
    fn enter() -> Result<Self, Failure> {
        ratatui::try_init()
            .map(Self)
            .map_err(|error| Failure::failed(format!("the terminal can't be drawn on: {error}")))
    }

    fn draw(&mut self, shown: Option<&(Instant, Report)>, every: Duration) -> Result<(), Failure> {
        let zone = TimeZone::system();
        let clock = local(now_ms(), &zone);
        let age = shown.map(|(at, _)| at.elapsed()).filter(|age| *age > every * STALE);
        let around = Around {
            clock: clock.split('.').next().unwrap_or_default().to_owned(),
            stale: age.map(|age| span(age.as_secs_f64())),
            coloured: term::stdout().is_coloured(),
            zone,
        };
        let drawn = self.0.draw(|frame| draw(frame, shown.map(|(_, report)| report), &around));
        drawn.map(drop).map_err(|error| Failure::failed(format!("the terminal can't be drawn on: {error}")))
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        ratatui::restore();
    }
}

#[cfg(test)]
mod tests {
    use ratatui::crossterm::event::KeyEvent;

    use super::*;

    #[test]
    fn keys_that_end_it() {
        let key = |code, modifiers| Event::Key(KeyEvent::new(code, modifiers));
        let none = KeyModifiers::NONE;
        assert_eq!(meant(&key(KeyCode::Char('q'), none)), Some(Exit::Done));
        assert_eq!(meant(&key(KeyCode::Esc, none)), Some(Exit::Done));
        assert_eq!(meant(&key(KeyCode::Char('c'), KeyModifiers::CONTROL)), Some(Exit::Interrupted));
        assert_eq!(meant(&key(KeyCode::Char('c'), none)), None);
        assert_eq!(meant(&Event::Resize(80, 24)), None);
    }
}
