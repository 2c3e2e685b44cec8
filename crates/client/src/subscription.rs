//! Typed subscriptions: events out, commands in.

use std::fmt;
use std::marker::PhantomData;
use std::task::Poll;

use trunkline_protocol::{Codec, Error, Gap, Member, Members, Offset, Topic, UserId};
use trunkline_session::{SubscriptionId, Wanted};

use crate::client::Client;
use crate::platform;
use crate::publishing::Publishing;
use crate::updates::{RawUpdate, Updates};

/// How to subscribe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// How many kept events to start with.
    pub newest: u16,
    /// Whether to be told who is present.
    pub presence: bool,
    /// How many updates per second and key are wanted at most, of a topic that delivers the latest.
    /// None for as many as it gives.
    pub max_hz: Option<u16>,
}

impl Options {
    /// Starts with the newest `count` kept events.
    pub fn newest(count: u16) -> Self {
        Self {
            newest: count,
            ..Self::default()
        }
    }

    /// Also tells who is present.
    pub fn with_presence(self) -> Self {
        Self {
            presence: true,
            ..self
        }
    }

    /// At most so many updates per second and key: for topics that deliver the latest, which the
    /// server rounds down to one of [`PACES`](trunkline_protocol::PACES).
    pub fn with_max_hz(self, max_hz: u16) -> Self {
        Self {
            max_hz: Some(max_hz),
            ..self
        }
    }
}

/// What a subscriber of `T` is told.
pub enum Update<T: Topic> {
    /// The server confirmed the subscription, for the first time or after a reconnect.
    Subscribed {
        /// After a reconnect without loss, how many missed events follow.
        recovered: Option<u64>,
        /// The newest offset of the topic now.
        head: Offset,
        /// Who is present, if that was asked for.
        members: Option<Members>,
    },
    /// The line goes on over another request or another transport, and this is who is present now.
    Members(Members),
    /// An event.
    Event {
        /// Where it stands in the topic.
        offset: Offset,
        /// The event.
        event: T::Event,
    },
    /// Events that will not come, and why.
    Gap(Gap),
    /// A user joined, or has another number of connections.
    Joined {
        /// How many users are present.
        count: u32,
        /// Who.
        member: Member,
    },
    /// A user left.
    Left {
        /// How many users are present.
        count: u32,
        /// Who.
        user: UserId,
    },
    /// The subscription was refused. It comes back by itself only if the error is retryable.
    Refused(Error),
    /// The line is lost. `Subscribed` follows when it is back.
    Lost,
    /// An event could not be read: client and server were built from different versions.
    Unreadable {
        /// Where it stands in the topic.
        offset: Offset,
    },
}

impl<T: Topic> fmt::Debug for Update<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Subscribed {
                recovered,
                head,
                members,
            } => f
                .debug_struct("Subscribed")
                .field("recovered", recovered)
                .field("head", head)
                .field("members", members)
                .finish(),
            Self::Members(members) => f.debug_tuple("Members").field(members).finish(),
            Self::Event { offset, event } => f
                .debug_struct("Event")
                .field("offset", offset)
                .field("event", event)
                .finish(),
            Self::Gap(gap) => f.debug_tuple("Gap").field(gap).finish(),
            Self::Joined { count, member } => f
                .debug_struct("Joined")
                .field("count", count)
                .field("member", member)
                .finish(),
            Self::Left { count, user } => f
                .debug_struct("Left")
                .field("count", count)
                .field("user", user)
                .finish(),
            Self::Refused(error) => f.debug_tuple("Refused").field(error).finish(),
            Self::Lost => f.write_str("Lost"),
            Self::Unreadable { offset } => f
                .debug_struct("Unreadable")
                .field("offset", offset)
                .finish(),
        }
    }
}

/// A subscription to one topic. Read it with [`Subscription::next`]; drop it to leave.
pub struct Subscription<T: Topic> {
    client: Client,
    key: T::Key,
    /// None after a refusal by the client itself, which is then the only update.
    id: Option<SubscriptionId>,
    refusal: Option<Error>,
}

impl<T: Topic> Subscription<T> {
    pub(crate) fn open(client: Client, key: T::Key, options: Options) -> Self {
        let wanted = Wanted {
            topic: T::name(&key),
            contract: (client.shared().codec == Codec::Bincode).then(T::contract),
            log: T::DELIVERY.is_log(),
            newest: options.newest,
            presence: options.presence,
            max_hz: options.max_hz,
        };
        let opened = client.shared().with(|state| {
            let id = state.session.subscribe(platform::now(), wanted)?;
            let mut updates = Updates::default();
            if state.ended {
                updates.end();
            }
            state.updates.insert(id, updates);
            Ok(id)
        });
        client.shared().ring();
        let (id, refusal) = match opened {
            Ok(id) => (Some(id), None),
            Err(error) => (None, Some(error)),
        };
        Self {
            client,
            key,
            id,
            refusal,
        }
    }

    /// The key of the topic.
    pub fn key(&self) -> &T::Key {
        &self.key
    }

    /// The next update; none when the client has ended or the subscription was refused for good
    /// by the client itself. Cancel safe: an update is taken only when it is returned.
    pub async fn next(&mut self) -> Option<Update<T>> {
        if let Some(error) = self.refusal.take() {
            return Some(Update::Refused(error));
        }
        let id = self.id?;
        let shared = self.client.shared();
        let raw = std::future::poll_fn(|context| {
            shared.with(|state| {
                let Some(updates) = state.updates.get_mut(&id) else {
                    return Poll::Ready(None);
                };
                match updates.pop() {
                    Ok(update) => Poll::Ready(Some(update)),
                    Err(true) => {
                        updates.wait(context.waker());
                        Poll::Pending
                    }
                    Err(false) => Poll::Ready(None),
                }
            })
        })
        .await?;
        Some(decode(shared.codec, raw))
    }

    /// Hands a command to this topic's handler; see [`Client::publish`].
    pub fn publish(&self, command: &T::Command) -> Publishing {
        self.client.publish::<T>(&self.key, command)
    }

    /// A handle that publishes to this topic while somebody else reads it.
    pub fn publisher(&self) -> Publisher<T> {
        Publisher {
            client: self.client.clone(),
            key: self.key.clone(),
            topic: PhantomData,
        }
    }
}

impl<T: Topic> Drop for Subscription<T> {
    fn drop(&mut self) {
        let Some(id) = self.id else { return };
        self.client.shared().with(|state| {
            state.session.unsubscribe(platform::now(), id);
            state.updates.remove(&id);
        });
        self.client.shared().ring();
    }
}

impl<T: Topic> fmt::Debug for Subscription<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("topic", &T::name(&self.key))
            .finish_non_exhaustive()
    }
}

/// Publishes to one topic.
pub struct Publisher<T: Topic> {
    client: Client,
    key: T::Key,
    topic: PhantomData<fn() -> T>,
}

impl<T: Topic> Clone for Publisher<T> {
    fn clone(&self) -> Self {
        Self {
            client: self.client.clone(),
            key: self.key.clone(),
            topic: PhantomData,
        }
    }
}

impl<T: Topic> fmt::Debug for Publisher<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Publisher")
            .field("topic", &T::name(&self.key))
            .finish_non_exhaustive()
    }
}

impl<T: Topic> Publisher<T> {
    /// Hands a command to the topic's handler; see [`Client::publish`].
    pub fn publish(&self, command: &T::Command) -> Publishing {
        self.client.publish::<T>(&self.key, command)
    }
}

fn decode<T: Topic>(codec: Codec, raw: RawUpdate) -> Update<T> {
    match raw {
        RawUpdate::Subscribed {
            recovered,
            head,
            members,
        } => Update::Subscribed {
            recovered,
            head,
            members,
        },
        RawUpdate::Members(members) => Update::Members(members),
        RawUpdate::Event { offset, event } => match codec.decode(event.as_bytes()) {
            Ok(event) => Update::Event { offset, event },
            Err(_) => Update::Unreadable { offset },
        },
        RawUpdate::Gap(gap) => Update::Gap(gap),
        RawUpdate::Joined { count, member } => Update::Joined { count, member },
        RawUpdate::Left { count, user } => Update::Left { count, user },
        RawUpdate::Refused(error) => Update::Refused(error),
        RawUpdate::Lost => Update::Lost,
    }
}
