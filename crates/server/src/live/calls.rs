//! The calls of broadcasts: the seat, the list, reports and who is told of them.

use std::sync::Arc;

use trunkline_protocol::topics::live::{
    BeginLive, CountLive, LIVE_TITLE_CHARS_MAX, ListLive, Live, LiveAsked, LiveAudience, LiveCrowd,
    LiveNamed, LiveReport, LiveRoom, LiveRooms, LiveSeat, LiveTitle, LiveWish, ReportLive,
};
use trunkline_protocol::{Error, ErrorCode, List, TextForm, TextProblem, read_text};

use super::Studio;
use super::rooms::Wish;
use super::run::invalid;
use crate::clock;
use crate::topics::live::LiveHandler;
use crate::topics::{CallContext, CallHandler, Registry};

/// Adds them to a server's.
pub(super) fn join(studio: &Arc<Studio>, registry: Registry) -> Registry {
    registry
        .with(LiveHandler(Arc::clone(studio)))
        .with_call(BeginHandler(Arc::clone(studio)))
        .with_call(ListHandler(Arc::clone(studio)))
        .with_call(ReportHandler(Arc::clone(studio)))
        .with_call(CountHandler(Arc::clone(studio)))
}

/// Gives seats to those who may broadcast.
struct BeginHandler(Arc<Studio>);

impl CallHandler for BeginHandler {
    type Call = BeginLive;

    async fn on_call(&self, context: &CallContext<'_>, wish: LiveWish) -> Result<LiveSeat, Error> {
        if !self.0.broadcasters.include(context.user.id) {
            let detail = "you may not broadcast on this server";
            return Err(Error::new(ErrorCode::Forbidden, detail));
        }
        let wish = Wish {
            room: parsed(&wish.room)?,
            title: checked(&wish.title)?,
            source: wish.source,
            bitrate: wish.bitrate,
            at: clock::timestamp(),
        };
        self.0
            .with_rooms(|rooms, now| rooms.begin(now, context.user, wish))
    }
}

/// Lists what is broadcast.
struct ListHandler(Arc<Studio>);

impl CallHandler for ListHandler {
    type Call = ListLive;

    async fn on_call(&self, context: &CallContext<'_>, _: LiveAsked) -> Result<LiveRooms, Error> {
        let rooms = self.0.with_rooms(|rooms, now| rooms.list(now));
        let counted = rooms.into_iter().map(|(room, mut info)| {
            info.viewers = context.people::<Live>(&room);
            info
        });
        let mut rooms: Vec<_> = counted.collect();
        // The most watched first; the sort is stable, so that others stay in the order of their names.
        rooms.sort_by_key(|info| std::cmp::Reverse(info.viewers));
        Ok(LiveRooms {
            rooms: List::cut(rooms),
        })
    }
}

/// Takes reports of viewers.
struct ReportHandler(Arc<Studio>);

impl CallHandler for ReportHandler {
    type Call = ReportLive;

    async fn on_call(
        &self,
        context: &CallContext<'_>,
        report: LiveReport,
    ) -> Result<LiveCrowd, Error> {
        let (room, user) = (parsed(&report.room)?, context.user.id);
        let take = |rooms: &mut super::Rooms, now| rooms.report(now, user, &room, &report);
        let bitrate = self.0.with_rooms(take)?;
        Ok(LiveCrowd {
            viewers: context.people::<Live>(&room),
            bitrate,
        })
    }
}

/// Tells broadcasters how they are seen.
struct CountHandler(Arc<Studio>);

impl CallHandler for CountHandler {
    type Call = CountLive;

    async fn on_call(
        &self,
        context: &CallContext<'_>,
        named: LiveNamed,
    ) -> Result<LiveAudience, Error> {
        let (room, user) = (parsed(&named.room)?, context.user.id);
        let look = |rooms: &mut super::Rooms, now| rooms.sight(now, user, &room);
        let (sight, bitrate, seconds_left) = self.0.with_rooms(look)?;
        Ok(LiveAudience {
            viewers: context.people::<Live>(&room),
            slow: sight.slow,
            latency_ms: sight.latency_ms,
            skipped: sight.skipped,
            bitrate,
            seconds_left,
        })
    }
}

fn parsed(room: &str) -> Result<LiveRoom, Error> {
    room.parse()
        .map_err(|error| Error::new(ErrorCode::Invalid, error))
}

/// Reads a title: trimmed, one line.
fn checked(title: &str) -> Result<LiveTitle, Error> {
    let title = read_text(title, TextForm::Line, LIVE_TITLE_CHARS_MAX);
    let title = title.map_err(|problem| match problem {
        TextProblem::Empty => invalid("a broadcast needs a visible title"),
        TextProblem::TooLong(_) => {
            let detail = format!("a title has at most {LIVE_TITLE_CHARS_MAX} characters");
            Error::new(ErrorCode::TooLong, detail)
        }
        TextProblem::Character(_) => invalid(&format!("{problem} in a title")),
    })?;
    LiveTitle::try_from(&*title).map_err(|error| Error::new(ErrorCode::TooLong, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_one_short_line() {
        let check = |title: &str, expected: Result<&str, ErrorCode>| {
            let checked = checked(title);
            let checked = checked.as_ref().map(|title| title.as_str());
            assert_eq!(checked.map_err(|error| error.code), expected, "{title:?}");
        };
        let longest = "방".repeat(LIVE_TITLE_CHARS_MAX);
        check("  Evening show ", Ok("Evening show"));
        check(&longest, Ok(&longest));
        check(&format!("{longest}!"), Err(ErrorCode::TooLong));
        check(" ", Err(ErrorCode::Invalid));
        check("\u{2800}", Err(ErrorCode::Invalid));
        check("two\nlines", Err(ErrorCode::Invalid));
    }
}
