//! Publishing: what waits is given its place, committed together, and only then told.

use std::collections::HashMap;
use std::sync::PoisonError;
use std::time::Duration;

use tokio::sync::oneshot;
use trunkline_hub::{Append, Appended, Extent, IdLimits, Stage, Staged, Trim};
use trunkline_protocol::{Delivery, Epoch, Moment, Offset, Position, TopicName};

use super::{Publish, Writer, delivered, tell};
use crate::broker::disk::record::TopicRecord;
use crate::broker::{BrokerError, Placed};
use crate::wake;

/// How many events a log must have dropped before they are removed from the store.
const TRIM_MIN: u64 = 64;

/// A publish on its way to the disk.
struct Pending {
    topic: TopicName,
    append: Append,
    /// Offset at which it will stand, once everything before it is appended.
    offset: Offset,
    duplicate: bool,
    epoch: Epoch,
    answer: oneshot::Sender<Result<Placed, BrokerError>>,
}

/// What a batch does to one topic.
struct Touched {
    staged: Staged,
    record: TopicRecord,
    trim: Trim,
}

impl Writer {
    /// Stages, commits, and only then appends, delivers and answers.
    pub(super) fn publish(&mut self, publishes: Vec<Publish>) {
        let now = self.now();
        let Some(store) = self.store.as_mut() else {
            for publish in publishes {
                tell(publish.answer, Err(BrokerError::Unavailable));
            }
            return;
        };
        let mut changes = store.changes();
        let mut touched: HashMap<TopicName, Touched> = HashMap::new();
        let mut pending = Vec::with_capacity(publishes.len());
        {
            let mut shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
            for publish in publishes {
                let Publish {
                    topic,
                    delivery,
                    append,
                    answer,
                } = publish;
                let known = shelf.get(&topic).and_then(|entry| entry.record);
                let Some(log) = shelf.log(&topic) else {
                    tell(answer, Err(BrokerError::Unavailable));
                    continue;
                };
                let epoch = log.epoch();
                let first = || TopicRecord {
                    id: store.new_id(&mut changes),
                    epoch,
                    extent: Extent::default(),
                    expires: now,
                };
                let touch = touched.entry(topic.clone()).or_insert_with(|| Touched {
                    staged: Staged::default(),
                    record: known.unwrap_or_else(first),
                    trim: Trim::default(),
                });
                let (offset, duplicate) = match log.stage(now, &mut touch.staged, &append) {
                    Stage::New(offset) => (offset, false),
                    Stage::Duplicate(offset) => (offset, true),
                    Stage::NoRoom => {
                        tell(answer, Err(BrokerError::TooManyIds));
                        continue;
                    }
                };
                if !duplicate {
                    let record = &mut touch.record;
                    record.extent.head = offset;
                    record.expires = record.expires.max(now + kept_for(delivery, &append));
                    store.put_event(&mut changes, record, &append, now);
                }
                pending.push(Pending {
                    topic,
                    append,
                    offset,
                    duplicate,
                    epoch,
                    answer,
                });
            }
            for (topic, touch) in &mut touched {
                if let Some(log) = shelf.log(topic) {
                    touch.trim = log.trim(&mut touch.record.extent, TRIM_MIN);
                    store.trim(&mut changes, touch.record.id, &touch.trim);
                }
                store.put_topic(&mut changes, topic, &touch.record);
            }
        }
        if self.commit(changes).is_err() {
            for Pending { answer, .. } in pending {
                tell(answer, Err(BrokerError::Unavailable));
            }
            return;
        }
        // A shard is woken once, with all events and answers of the batch before it.
        wake::gather(|| self.deliver(pending, touched, now));
    }

    /// Appends what is on the disk now to the logs, delivers it, and answers, in order.
    fn deliver(
        &mut self,
        pending: Vec<Pending>,
        touched: HashMap<TopicName, Touched>,
        now: Moment,
    ) {
        let mut answers = Vec::with_capacity(pending.len());
        {
            let mut shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
            for Pending {
                topic,
                append,
                offset,
                duplicate,
                epoch,
                answer,
            } in pending
            {
                if !duplicate
                    && let Some(log) = shelf.log(&topic)
                    && let Appended::New(publication) = log.append(now, append)
                {
                    self.tally.events += 1;
                    debug_assert_eq!(publication.offset, offset, "it stands where it was staged");
                    (self.deliver)(&topic, &delivered(&publication));
                }
                let position = Position { epoch, offset };
                answers.push((
                    answer,
                    Placed {
                        position,
                        duplicate,
                    },
                ));
            }
            for (topic, touch) in touched {
                if let Some(log) = shelf.log(&topic) {
                    log.handle_trimmed(&touch.trim);
                }
                shelf.note(&topic, touch.record);
            }
        }
        for (answer, placed) in answers {
            tell(answer, Ok(placed));
        }
    }
}

/// Time for which a topic is kept on account of an append: that of the event, or that of the
/// command's id if it is longer.
fn kept_for(delivery: Delivery, append: &Append) -> Duration {
    let of_event = match delivery {
        Delivery::Log { max_age, .. } => max_age,
        Delivery::Latest { .. } | Delivery::Volatile | Delivery::Keyframed { .. } => Duration::ZERO,
    };
    let of_id = append.key.map(|_| IdLimits::PROMISED.kept_for);
    of_event.max(of_id.unwrap_or_default())
}
