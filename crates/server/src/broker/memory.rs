//! The memory broker: a log per topic under one lock. History lasts as long as the process.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use trunkline_hub::{Append, Appended, Log, Page, PublishKey, Recovery};
use trunkline_protocol::{Delivery, Epoch, Offset, Position, TopicName};

use super::{BrokerError, Deliver, Delivered, KeptPage, Placed, TOPICS_MAX, new_epoch};
use crate::clock::Clock;

pub(crate) struct Memory {
    logs: Mutex<HashMap<TopicName, Log>>,
    deliver: Deliver,
    clock: Clock,
}

impl Memory {
    pub(crate) fn new(clock: Clock, deliver: Deliver) -> Self {
        Self {
            logs: Mutex::default(),
            deliver,
            clock,
        }
    }

    fn with<R>(&self, reach: impl FnOnce(&mut HashMap<TopicName, Log>) -> R) -> R {
        reach(&mut self.logs.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn with_log<R>(
        &self,
        topic: &TopicName,
        delivery: Delivery,
        reach: impl FnOnce(&mut Log) -> R,
    ) -> Result<R, BrokerError> {
        self.with(|logs| {
            if !logs.contains_key(topic) {
                if logs.len() >= TOPICS_MAX {
                    return Err(BrokerError::Full);
                }
                logs.insert(topic.clone(), Log::new(new_epoch(), delivery));
            }
            logs.get_mut(topic).map(reach).ok_or(BrokerError::Full)
        })
    }

    pub(crate) fn find(&self, topic: &TopicName, key: &PublishKey) -> Option<Position> {
        self.with(|logs| {
            let log = logs.get(topic)?;
            Some(Position {
                epoch: log.epoch(),
                offset: log.find(key)?,
            })
        })
    }

    pub(crate) fn publish(
        &self,
        topic: &TopicName,
        delivery: Delivery,
        append: Append,
    ) -> Result<Placed, BrokerError> {
        let (conflation_key, keyframe) = (append.conflation_key.clone(), append.keyframe);
        let now = self.clock.now();
        // Deliver while the log is held: two publishers must not swap places between getting
        // their offsets and reaching the hub.
        let placed = self.with_log(topic, delivery, |log| match log.append(now, append) {
            Appended::New(publication) => {
                let delivered = Delivered::Publication {
                    publication: &publication,
                    conflation_key: conflation_key.as_deref(),
                    keyframe,
                };
                (self.deliver)(topic, &delivered);
                Ok(Placed {
                    position: log.position(),
                    duplicate: false,
                })
            }
            Appended::Duplicate(offset) => Ok(Placed {
                position: Position {
                    epoch: log.epoch(),
                    offset,
                },
                duplicate: true,
            }),
            Appended::NoRoom => Err(BrokerError::TooManyIds),
        });
        placed?
    }

    pub(crate) fn read(
        &self,
        topic: &TopicName,
        delivery: Delivery,
        read: impl FnOnce(&Log) -> Page,
    ) -> Result<KeptPage, BrokerError> {
        let now = self.clock.now();
        self.with_log(topic, delivery, |log| {
            log.expire(now);
            KeptPage {
                epoch: log.epoch(),
                page: read(log),
            }
        })
    }

    pub(crate) fn recover(
        &self,
        topic: &TopicName,
        delivery: Delivery,
        since: Position,
    ) -> Result<(Epoch, Recovery), BrokerError> {
        let now = self.clock.now();
        self.with_log(topic, delivery, |log| {
            log.expire(now);
            (log.epoch(), log.recover(since))
        })
    }

    pub(crate) fn heads(&self) -> Vec<(TopicName, Offset)> {
        self.with(|logs| {
            logs.iter()
                .map(|(topic, log)| (topic.clone(), log.head()))
                .collect()
        })
    }

    pub(crate) fn sweep(&self, in_use: &(dyn Fn(&TopicName) -> bool + Send + Sync)) {
        let now = self.clock.now();
        self.with(|logs| {
            logs.retain(|topic, log| {
                log.expire(now);
                !log.is_spent(now) || in_use(topic)
            });
        });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use trunkline_hub::IdLimits;

    use super::*;
    use crate::broker::conformance::{LOG, append, key, name};

    #[test]
    fn a_command_whose_id_cannot_be_remembered_is_refused() {
        let memory = Memory::new(Clock::start(), Arc::new(|_, _| {}));
        let topic = name("chat:a");
        let one = IdLimits {
            of_topic: 1,
            ..IdLimits::PROMISED
        };
        let log = Log::new(new_epoch(), LOG).with_id_limits(one);
        memory.with(|logs| logs.insert(topic.clone(), log));
        let say = |user| memory.publish(&topic, LOG, append(key(user, 1), "x"));
        assert!(say(1).is_ok());
        assert_eq!(say(2), Err(BrokerError::TooManyIds));
        assert!(say(1).expect("a retry is answered").duplicate);
        let of_server = memory.publish(&topic, LOG, append(None, "x"));
        assert!(of_server.is_ok(), "the server's own events have no id");
    }
}
