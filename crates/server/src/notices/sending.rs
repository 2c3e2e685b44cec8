//! Tells users what a notice says, each once.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::{StreamExt, stream};
use trunkline_protocol::topics::alerts::{AlertCommand, Alerts};
use trunkline_protocol::{Codec, Error, ErrorCode, Text, Topic, User, UserId};

use super::notice::{Notice, Recipients};
use crate::node::Node;
use crate::requests::{Asker, PublishRequest};
use crate::shard::guarded;

/// How many users are told at once.
const AT_ONCE: usize = 64;

/// What became of a notice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sent {
    /// How many users have it now.
    pub(crate) users: usize,
    /// How many of them had it before.
    pub(crate) before: usize,
}

/// Tells it to everybody it is for.
///
/// # Errors
///
/// The first refusal. Others may have been told; whoever sends it again reaches the rest.
pub(crate) async fn send(node: &Arc<Node>, notice: &Notice) -> Result<Sent, Error> {
    let command = AlertCommand::Notify {
        notification: notice.notification.clone(),
    };
    let command = Codec::Bincode
        .payload(&command)
        .map_err(|error| Error::new(ErrorCode::TooLong, error))?;
    let asker = Asker {
        node: Arc::clone(node),
        codec: Codec::Bincode,
        user: User {
            id: UserId(0),
            name: Text::cut("server"),
        },
        trusted: true,
    };
    let message_id = notice.id.message_id();
    let tell = |user: UserId| {
        let request = PublishRequest {
            message_id,
            topic: Alerts::name(&user),
            contract: None,
            command: command.clone(),
        };
        guarded(asker.publish(request))
    };
    let mut sent = Sent::default();
    let mut refused = None;
    let mut answers = stream::iter(users(node, &notice.to))
        .map(tell)
        .buffer_unordered(AT_ONCE);
    while let Some(answer) = answers.next().await {
        match answer {
            Ok(placed) => {
                sent.users += 1;
                sent.before += usize::from(placed.duplicate);
            }
            Err(error) => refused = refused.or(Some(error)),
        }
    }
    refused.map_or(Ok(sent), Err)
}

/// Whom it is for, each once. Known are those who read their notifications now, and those for whom
/// something is kept.
fn users(node: &Node, to: &Recipients) -> BTreeSet<UserId> {
    match to {
        Recipients::User(user) => BTreeSet::from([*user]),
        Recipients::Users(users) => users.iter().copied().collect(),
        Recipients::All => {
            let topics = node.topics_in_use(Alerts::NAMESPACE).into_iter();
            topics
                .filter_map(|(topic, _, _)| topic.key().parse().ok())
                .collect()
        }
    }
}
