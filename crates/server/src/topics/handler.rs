//! What a handler is, and what it may ask for while it handles.

use std::future::Future;
use std::marker::PhantomData;

use trunkline_protocol::frame::{PAGE_MAX, Range};
use trunkline_protocol::{
    Call, Codec, Error, ErrorCode, Offset, Timestamp, Topic, TopicName, User,
};

use crate::clock;
use crate::node::Node;

/// The key of a handler's topic.
pub type Key<H> = <<H as Handler>::Topic as Topic>::Key;
/// The command of a handler's topic.
pub type Command<H> = <<H as Handler>::Topic as Topic>::Command;
/// The event of a handler's topic.
pub type Event<H> = <<H as Handler>::Topic as Topic>::Event;

/// What a user may do with a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// Subscribe, read history, see who is present.
    pub read: bool,
    /// Publish commands.
    pub write: bool,
}

impl Access {
    /// Everything.
    pub const FULL: Self = Self {
        read: true,
        write: true,
    };
    /// Reading only.
    pub const READ: Self = Self {
        read: true,
        write: false,
    };
}

/// What the server does for one kind of topic.
pub trait Handler: Send + Sync + 'static {
    /// The kind of topic.
    type Topic: Topic;

    /// Tells what `user` may do with the topic of this `key`.
    ///
    /// # Errors
    ///
    /// A refusal, where the user may do nothing and should be told why.
    fn authorize(&self, user: &User, key: &Key<Self>) -> Result<Access, Error>;

    /// Turns a command into the event that everybody gets. A command that is sent again under its
    /// message id does not come here twice, unless both are under way at once; then one of the two
    /// events is dropped.
    ///
    /// # Errors
    ///
    /// A refusal. Nothing has changed then.
    fn on_command(
        &self,
        context: &Context<'_, Self::Topic>,
        key: &Key<Self>,
        command: Command<Self>,
    ) -> impl Future<Output = Result<Event<Self>, Error>> + Send;
}

/// What a handler may ask for while it handles a command.
pub struct Context<'a, T: Topic> {
    /// Who sent the command.
    pub user: &'a User,
    /// The server's time.
    pub now: Timestamp,
    topic: TopicName,
    node: &'a Node,
    kind: PhantomData<fn() -> T>,
}

impl<'a, T: Topic> Context<'a, T> {
    pub(crate) fn new(node: &'a Node, user: &'a User, key: &T::Key) -> Self {
        Self {
            user,
            now: clock::timestamp(),
            topic: T::name(key),
            node,
            kind: PhantomData,
        }
    }

    /// The events of this topic from `offset` on, as far as they are kept, with their offsets.
    /// Empty if the one at `offset` is not kept. The events of commands that the user sent before on
    /// this connection are among them.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::Unavailable`] if the broker cannot be read now.
    pub async fn kept_from(&self, offset: Offset) -> Result<Vec<(Offset, T::Event)>, Error> {
        let Some(after) = offset.checked_sub(1) else {
            return Ok(Vec::new());
        };
        // They may still be on their way to the disk.
        let settled = self.node.broker().settle().await;
        settled.map_err(|_| unreadable())?;
        let mut events = kept_after::<T>(self.node, &self.topic, after).await?;
        if events.first().is_some_and(|(first, _)| *first != offset) {
            events.clear();
        }
        Ok(events)
    }

    /// Returns the newest offset that this topic gave to an event; 0 if there was none.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::Unavailable`] if the broker cannot be read now.
    pub async fn head(&self) -> Result<Offset, Error> {
        let newest = self.node.broker().newest(&self.topic, T::DELIVERY, 0).await;
        Ok(newest.map_err(|_| unreadable())?.page.head)
    }
}

/// The events of a topic after an offset, as far as they are kept, with their offsets.
async fn kept_after<T: Topic>(
    node: &Node,
    topic: &TopicName,
    mut after: Offset,
) -> Result<Vec<(Offset, T::Event)>, Error> {
    let mut events = Vec::new();
    loop {
        let range = Range::After { offset: after };
        let kept = node
            .broker()
            .range(topic, T::DELIVERY, range, PAGE_MAX)
            .await;
        let kept = kept.map_err(|_| unreadable())?;
        let Some(last) = kept
            .page
            .publications
            .last()
            .map(|publication| publication.offset)
        else {
            break;
        };
        for publication in kept.page.publications {
            let event = Codec::Bincode.decode(publication.event.as_bytes());
            let event = event.map_err(|error| Error::new(ErrorCode::Internal, error))?;
            events.push((publication.offset, event));
        }
        after = last;
    }
    Ok(events)
}

fn unreadable() -> Error {
    Error::new(ErrorCode::Unavailable, "history cannot be read now")
}

/// What the server does for one kind of call.
pub trait CallHandler: Send + Sync + 'static {
    /// The kind of call.
    type Call: Call;

    /// Answers a call. It is dropped when the caller cancels or the deadline passes.
    ///
    /// # Errors
    ///
    /// A refusal.
    fn on_call(
        &self,
        context: &CallContext<'_>,
        request: <Self::Call as Call>::Request,
    ) -> impl Future<Output = Result<<Self::Call as Call>::Response, Error>> + Send;
}

/// What a handler may ask for while it answers a call.
pub struct CallContext<'a> {
    /// Who calls.
    pub user: &'a User,
    node: &'a Node,
}

impl<'a> CallContext<'a> {
    pub(crate) fn new(node: &'a Node, user: &'a User) -> Self {
        Self { user, node }
    }

    /// The events of a topic that are kept, in order.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::Unavailable`] if the broker cannot be read now.
    pub async fn kept<T: Topic>(&self, key: &T::Key) -> Result<Vec<T::Event>, Error> {
        let kept = kept_after::<T>(self.node, &T::name(key), 0).await?;
        Ok(kept.into_iter().map(|(_, event)| event).collect())
    }

    /// How many users are present in a topic.
    pub fn people<T: Topic>(&self, key: &T::Key) -> u32 {
        self.node.members(&T::name(key)).count
    }

    /// The topics of `T` that are in use: their key, the number of users present, and the newest
    /// offset.
    pub fn topics_in_use<T: Topic>(&self) -> Vec<(T::Key, u32, Offset)> {
        self.node
            .topics_in_use(T::NAMESPACE)
            .into_iter()
            .filter_map(|(topic, people, head)| Some((topic.key().parse().ok()?, people, head)))
            .collect()
    }
}
