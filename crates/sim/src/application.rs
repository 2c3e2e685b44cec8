//! The application of a client: what a person does with it.

use std::time::Duration;

use trunkline_protocol::frame::Range;
use trunkline_protocol::{Delivery, Timestamp, TopicName};
use trunkline_session::{NewCommand, Wanted};

use crate::checker::Watch;
use crate::client::Client;
use crate::event::Command;
use crate::setting::Setting;

impl Client {
    /// The application does something.
    pub(crate) fn act(&mut self, setting: &mut Setting) {
        let now = setting.agenda.now();
        let topic = setting.random.below(setting.plan.topics.len() as u64) as usize;
        match setting.random.below(20) {
            0 => self.toggle(setting, topic),
            1 | 2 => {
                self.called += 1;
                let request = self.codec.payload(&self.called).expect("a number is short");
                let patience = Duration::from_millis(setting.random.between(500, 4_000));
                let id = self.session.call(now, "sim.echo", None, request, patience);
                setting.checker.asked(self.index, id, Some(self.called));
            }
            3 => {
                let (offset, limit) = (setting.random.below(60), setting.random.below(300) as u16);
                let range = if setting.random.chance(500) {
                    Range::Before { offset }
                } else {
                    Range::After { offset }
                };
                let id = self
                    .session
                    .history(now, &name(setting, topic), range, limit);
                setting.checker.asked(self.index, id, None);
            }
            // Somebody who waits for so many acknowledgements waits before saying more.
            _ if self.session.commands_waiting() > 20 => {}
            _ => {
                let random = &mut setting.random;
                let filling_len = random.below(setting.plan.filling_len_max + 1) as u16;
                let command = Command {
                    key: random.below(4) as u8,
                    keyframe: random.chance(250),
                    filling_len,
                };
                let command = NewCommand {
                    topic: name(setting, topic),
                    contract: None,
                    log: setting.plan.topics[topic].delivery.is_log(),
                    made_at: Timestamp(0),
                    command: command.payload(self.codec),
                };
                if let Ok(id) = self.session.publish(now, command) {
                    setting.checker.published(self.index, id, topic);
                }
            }
        }
        self.settle(setting);
    }

    fn toggle(&mut self, setting: &mut Setting, topic: usize) {
        if let Some(number) = self.subscriptions.remove(&topic) {
            self.session.unsubscribe(setting.agenda.now(), number);
            setting.checker.unsubscribed(self.index, number);
            setting.note("unsubscribe", self.index as u64, [topic as u64, 0]);
            if setting.random.chance(500) {
                return;
            }
        }
        self.subscribe(setting, topic);
    }

    pub(crate) fn subscribe(&mut self, setting: &mut Setting, topic: usize) {
        let delivery = setting.plan.topics[topic].delivery;
        let newest = setting.random.pick(&[0, 3, 50, 500]);
        let presence = setting.random.chance(600);
        let max_hz = pace(delivery, self.index);
        let wanted = Wanted {
            topic: name(setting, topic),
            contract: None,
            log: delivery.is_log(),
            newest,
            presence,
            max_hz,
        };
        if let Ok(number) = self.session.subscribe(setting.agenda.now(), wanted) {
            self.subscriptions.insert(topic, number);
            let honest = setting.plan.is_server_honest();
            setting.checker.subscribed(
                self.index,
                number,
                topic,
                Watch {
                    delivery,
                    presence,
                    newest,
                    honest,
                },
            );
            setting.note(
                "subscribe",
                self.index as u64,
                [topic as u64, u64::from(newest)],
            );
        }
    }
}

/// How often a client wants values at most. By its place, so that nothing else is drawn otherwise.
fn pace(delivery: Delivery, client: usize) -> Option<u16> {
    let paces = [None, Some(1), Some(6), None];
    matches!(delivery, Delivery::Latest { .. })
        .then_some(paces[client % paces.len()])
        .flatten()
}

fn name(setting: &Setting, topic: usize) -> TopicName {
    setting.plan.topics[topic]
        .name
        .parse()
        .expect("a plan names topics well")
}
