//! Publishing: from a command or a source to the log, and on to the subscribers.

use trunkline_hub::{Append, Appended, PublishKey};
use trunkline_protocol::{
    Codec, Error, ErrorCode, MessageId, Moment, Offset, Payload, Position, Publication, RequestId,
    TopicName, UserId,
};

use super::disk::Write;
use super::{Server, Work};
use crate::event::{Command, Event};
use crate::network::LinkId;
use crate::setting::Setting;

impl Server {
    /// What the handler of a topic does: it makes the event of a command.
    pub(super) fn handle_command(
        &mut self,
        setting: &mut Setting,
        link: LinkId,
        id: RequestId,
        message_id: MessageId,
        name: &TopicName,
        command: &Payload,
    ) {
        let topic = self.topic(name);
        let Some(line) = self.lines.get_mut(&link) else {
            return;
        };
        let read = Command::read(line.codec, command);
        let Some((topic, command)) = topic.zip(read) else {
            let error = Error::new(ErrorCode::Malformed, name);
            return self.finish(link, |line| line.session.refuse(id, error));
        };
        let event = Event {
            author: line.user,
            sender: message_id.sender.into(),
            counter: message_id.counter,
            key: command.key,
            keyframe: command.keyframe,
            filling: command.filling(),
        };
        let lag = setting.lag_ms();
        self.put_work(
            setting,
            lag,
            Work::Append {
                link,
                id,
                topic,
                message_id,
                event,
            },
        );
    }

    pub(super) fn append(
        &mut self,
        setting: &mut Setting,
        link: LinkId,
        id: RequestId,
        topic: usize,
        message_id: MessageId,
        event: &Event,
    ) {
        let key = Some(PublishKey {
            user: UserId(event.author),
            message_id,
        });
        if self.topics[topic].delivery.is_log() {
            let write = Write {
                topic,
                event: event.clone(),
                key,
                asked: Some((link, id)),
            };
            return self.write(setting, write);
        }
        let now = setting.agenda.now();
        let taken = self.take_event(setting, (topic, now), key, event);
        self.acknowledge(setting, (link, id), topic, taken);
    }

    /// Answers a command, a little later.
    pub(super) fn acknowledge(
        &mut self,
        setting: &mut Setting,
        (link, id): (LinkId, RequestId),
        topic: usize,
        (offset, duplicate): (Offset, bool),
    ) {
        let position = Position {
            epoch: self.topics[topic].log.epoch(),
            offset,
        };
        let lag = setting.lag_ms();
        self.put_work(
            setting,
            lag,
            Work::Acknowledge {
                link,
                id,
                position,
                duplicate,
            },
        );
    }

    /// The server itself publishes, or the crowd where there is one.
    pub(crate) fn publish(&mut self, setting: &mut Setting, topic: usize, mut event: Event) {
        if setting.plan.crowd > 0 && self.topics[topic].delivery.is_log() {
            return self.press(setting, topic, event);
        }
        self.sourced += 1;
        event.counter = self.sourced;
        if self.topics[topic].delivery.is_log() {
            let write = Write {
                topic,
                event,
                key: None,
                asked: None,
            };
            return self.write(setting, write);
        }
        let now = setting.agenda.now();
        self.take_event(setting, (topic, now), None, &event);
    }

    /// Appends an event and has it fanned out. `now` is a reading of the clock that the topic's
    /// events are aged by.
    pub(super) fn take_event(
        &mut self,
        setting: &mut Setting,
        (at, now): (usize, Moment),
        key: Option<PublishKey>,
        event: &Event,
    ) -> (u64, bool) {
        let topic = &mut self.topics[at];
        let conflation_key = Some(event.conflation_key());
        let payload = event.payload(Codec::Bincode);
        let append = Append {
            key,
            event: payload,
            conflation_key,
            keyframe: event.keyframe,
        };
        let (epoch, at_ms) = (topic.log.epoch(), setting.agenda.now_ms());
        match topic.log.append(now, append) {
            Appended::Duplicate(offset) => (offset, true),
            Appended::NoRoom => {
                setting.checker.has_no_room(at);
                (0, true)
            }
            Appended::New(publication) => {
                let offset = publication.offset;
                setting.checker.appended(at, epoch, offset, event);
                setting.checker.keeps(at, epoch, topic.log.first(), at_ms);
                setting.note("append", at as u64, [offset, event.sender]);
                self.fan_out(setting, at, publication, event);
                (offset, false)
            }
        }
    }

    /// Gives a publication to the subscribers, in the order of offsets.
    pub(super) fn fan_out(
        &mut self,
        setting: &mut Setting,
        at: usize,
        publication: Publication,
        event: &Event,
    ) {
        let lag = if setting.plan.late_fan_out {
            setting.lag_ms()
        } else {
            0
        };
        let topic = &mut self.topics[at];
        topic.fan_out_at = topic.fan_out_at.max(setting.agenda.now_ms() + lag);
        let wait = topic.fan_out_at - setting.agenda.now_ms();
        let (key, keyframe) = (event.conflation_key(), event.keyframe);
        let fan_out = Work::FanOut {
            topic: at,
            publication,
            key,
            keyframe,
        };
        if setting.plan.late_fan_out {
            self.put_work(setting, wait, fan_out);
        } else {
            self.handle_work(setting, self.incarnation, fan_out);
        }
    }
}
