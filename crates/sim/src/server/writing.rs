//! Writing: what the transport takes, and the bounds of what waits for it.

use crate::agenda::Happening;
use crate::checker::{Verdict, ensure};
use crate::framing;
use crate::network::{LinkId, Packet, Side};
use crate::setting::Setting;

use super::{Server, Topic};

impl Server {
    /// Hands to the transport what it takes now.
    pub(super) fn flush(&mut self, setting: &mut Setting, link: LinkId) {
        let verdict = self.check_outbox(setting, link);
        setting.checker.judge(verdict);
        let now = setting.agenda.now_ms();
        let Some((line, there)) = self.lines.get_mut(&link).zip(setting.network.get(link)) else {
            return;
        };
        let (take, pause_ms) = there.take;
        let ready_at = line.write_at.max(there.stalled_until);
        // What vanishes is never acknowledged, so the transport's buffer is full for good.
        if !there.hole_down && !there.cut {
            if ready_at <= now {
                let batches = self.hub.take(link, take);
                if !batches.is_empty() {
                    line.write_at = now + pause_ms;
                }
                for frame in batches.iter().flat_map(|batch| framing::frames(batch)) {
                    for bytes in line.lossy.pass(line.codec, frame, &mut setting.random) {
                        setting.send(link, Side::Client, Packet::Frame(bytes));
                    }
                }
            }
            let next = ready_at.max(line.write_at);
            if self.hub.waiting_len(link) > 0 && line.writable_at.is_none() {
                line.writable_at = Some(next);
                setting.agenda.put(next, Happening::Writable { link });
            }
        }
        self.catch_up(setting, link);
    }

    /// Nothing waits to be fanned out for longer than its topic lets it, so that no reader's newest
    /// value is older than that because of the hub.
    pub(super) fn check_waiting(&self, setting: &Setting) -> Verdict {
        // The slowest reader of values wants them once a second.
        let slowest = |it: &Topic| it.delivery.paced(1).unwrap_or(it.delivery).interval_min();
        let intervals = self.topics.iter().map(slowest);
        let longest = intervals.max().max(Some(setting.plan.flush_window));
        let last = setting.agenda.now() + longest.unwrap_or_default();
        let due = self.hub.poll_flush();
        ensure("a value goes out in its time", due <= Some(last), || {
            format!("{due:?} comes after {last:?}")
        })
    }

    /// What was due has been fanned out.
    pub(super) fn check_flushed(&self, setting: &Setting) -> Verdict {
        let (now, due) = (setting.agenda.now(), self.hub.poll_flush());
        ensure(
            "what is due goes out",
            due.is_none_or(|due| due > now),
            || format!("{due:?} at {now:?}"),
        )
    }

    /// Everything that a peer can make grow has a bound.
    pub(super) fn check_bounds(&self, setting: &Setting) -> Verdict {
        ensure(
            "no connection outlives its line",
            self.hub.connections() <= self.lines.len(),
            || {
                format!(
                    "{} connections on {} lines",
                    self.hub.connections(),
                    self.lines.len()
                )
            },
        )?;
        ensure(
            "no topic outlives its members",
            self.hub.topics().count() <= setting.plan.topics.len(),
            || format!("{} topics", self.hub.topics().count()),
        )
    }

    pub(super) fn check_outbox(&self, setting: &Setting, link: LinkId) -> Verdict {
        let Some(line) = self.lines.get(&link) else {
            return Ok(());
        };
        let (waiting, plan) = (self.hub.waiting_len(link), &setting.plan);
        // What is pushed where there was room may be one event and one gap more than fits.
        let slack = plan.filling_len_max as usize + 500;
        let most = plan.hub.outbox_len_max + plan.hub.reserve_len_max + slack;
        ensure("an outbox is bounded", waiting <= most, || {
            format!("{waiting} bytes wait on line {link}")
        })?;
        let requests = line.session.requests_waiting();
        let most = plan.session.requests_max + trunkline_protocol::frame::SUBSCRIPTIONS_MAX;
        ensure("requests are bounded", requests <= most, || {
            format!("{requests} requests wait on line {link}")
        })
    }
}
