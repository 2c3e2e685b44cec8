//! Requests: what a connection asks of handlers and of the broker, from authorization to the
//! answer. None of this knows a shard.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use trunkline_hub::{Append, CatchUp, Page, Proof, PublishKey, ToJson, publications_in};
use trunkline_protocol::frame::{PAGE_MAX, Range, Start};
use trunkline_protocol::{
    Codec, Epoch, Error, ErrorCode, Fingerprint, Gap, List, MessageId, Offset, Payload, Position,
    RequestId, ServerFrame, TopicName, User,
};

use crate::broker::{BrokerError, HandedIn, KeptPage, Placed};
use crate::node::Node;
use crate::topics::{Access, ErasedHandler, Prepared};

/// Who asks: one open conversation, or one request without one.
pub(crate) struct Asker {
    pub(crate) node: Arc<Node>,
    pub(crate) codec: Codec,
    pub(crate) user: User,
    /// A back end of the operator's: it may do everything, in whosever name.
    pub(crate) trusted: bool,
}

/// A wish to subscribe, as the session hands it on.
pub(crate) struct SubscribeRequest {
    pub(crate) id: RequestId,
    pub(crate) topic: TopicName,
    pub(crate) contract: Option<Fingerprint>,
    pub(crate) start: Start,
    pub(crate) presence: bool,
    pub(crate) max_hz: Option<u16>,
}

/// A command, as the session hands it on.
pub(crate) struct PublishRequest {
    pub(crate) message_id: MessageId,
    pub(crate) topic: TopicName,
    pub(crate) contract: Option<Fingerprint>,
    pub(crate) command: Payload,
}

/// Where a subscription starts, as read from history.
pub(crate) struct Begin {
    pub(crate) epoch: Epoch,
    pub(crate) after: Offset,
    pub(crate) recovered: bool,
    pub(crate) gap: Option<Gap>,
    pub(crate) page: Page,
    pub(crate) to_json: ToJson,
}

impl From<BrokerError> for Error {
    fn from(error: BrokerError) -> Self {
        let detail = match error {
            BrokerError::Full => "this server has no room for more topics now",
            BrokerError::Unavailable => "history can be neither read nor written now",
            BrokerError::TooManyIds => "this topic takes too many commands now",
        };
        Self::new(ErrorCode::Unavailable, detail)
    }
}

impl Asker {
    fn handler(
        &self,
        topic: &TopicName,
        contract: Option<Fingerprint>,
    ) -> Result<Arc<dyn ErasedHandler>, Error> {
        let handler = self.node.registry().handler(topic.namespace());
        let handler =
            handler.ok_or_else(|| Error::new(ErrorCode::UnknownNamespace, topic.namespace()))?;
        check_contract(contract, handler.contract())?;
        Ok(Arc::clone(handler))
    }

    /// Asks the handler whether the user may do something with a topic.
    fn may(
        &self,
        handler: &dyn ErasedHandler,
        topic: &TopicName,
        what: fn(Access) -> bool,
    ) -> Result<bool, Error> {
        match handler.authorize(&self.user, topic.key()) {
            Ok(access) => Ok(self.trusted || what(access)),
            // What is no key is none for anybody.
            Err(error) if self.trusted && error.code != ErrorCode::InvalidKey => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// The handler of a topic that the user may read.
    pub(crate) fn reader(
        &self,
        topic: &TopicName,
        contract: Option<Fingerprint>,
    ) -> Result<Arc<dyn ErasedHandler>, Error> {
        let handler = self.handler(topic, contract)?;
        if !self.may(&*handler, topic, |access| access.read)? {
            return Err(Error::new(
                ErrorCode::Forbidden,
                "you may not read this topic",
            ));
        }
        Ok(handler)
    }

    /// Reads what a subscription starts with.
    pub(crate) async fn begin(
        &self,
        topic: &TopicName,
        handler: &dyn ErasedHandler,
        start: Start,
    ) -> Result<Begin, Error> {
        let broker = self.node.broker();
        let (delivery, to_json) = (handler.delivery(), handler.to_json());
        let since = match start {
            Start::Newest { count } => {
                let kept = broker.newest(topic, delivery, usize::from(count)).await?;
                let first = kept.page.publications.first();
                let after = first.map_or(kept.page.head, |publication| {
                    publication.offset - u64::from(publication.step)
                });
                return Ok(Begin {
                    epoch: kept.epoch,
                    after,
                    recovered: false,
                    gap: None,
                    page: kept.page,
                    to_json,
                });
            }
            Start::After(since) => since,
            Start::AfterEvent { epoch, offset, .. } => Position { epoch, offset },
        };
        let proof = start.digest().map(|digest| Proof {
            digest,
            codec: self.codec,
            to_json,
        });
        let (epoch, recovery) = match &proof {
            Some(proof) => {
                let proven = broker.recover_proven(topic, delivery, since, proof);
                proven.await?
            }
            None => broker.recover(topic, delivery, since).await?,
        };
        Ok(Begin {
            epoch,
            after: recovery.after,
            recovered: recovery.gap.is_none(),
            gap: recovery.gap,
            page: recovery.page,
            to_json,
        })
    }

    /// Publishes the event of a command, and waits until it is kept.
    pub(crate) async fn publish(&self, request: PublishRequest) -> Result<Placed, Error> {
        Ok(self.hand_in(request).await?.placed().await?)
    }

    /// Looks the command's id up, lets the handler decide, and hands the event in.
    pub(crate) async fn hand_in(&self, request: PublishRequest) -> Result<HandedIn, Error> {
        let PublishRequest {
            message_id,
            topic,
            contract,
            command,
        } = request;
        let handler = self.handler(&topic, contract)?;
        if !self.may(&*handler, &topic, |access| access.write)? {
            return Err(Error::new(
                ErrorCode::Forbidden,
                "you may not publish to this topic",
            ));
        }
        let key = PublishKey {
            user: self.user.id,
            message_id,
        };
        let (broker, delivery) = (self.node.broker(), handler.delivery());
        let taken_before = async || {
            let position = broker.find(&topic, delivery, &key).await?;
            let placed = position.map(|position| Placed {
                position,
                duplicate: true,
            });
            Ok::<_, Error>(placed.map(HandedIn::Placed))
        };
        if let Some(taken) = taken_before().await? {
            return Ok(taken);
        }
        let prepared = handler
            .on_command(&self.node, &self.user, topic.key(), self.codec, &command)
            .await;
        let prepared = match prepared {
            Ok(prepared) => prepared,
            // The same command may have been kept meanwhile, and be refused for what it did.
            Err(error) => return taken_before().await?.ok_or(error),
        };
        let Prepared {
            event,
            conflation_key,
            keyframe,
        } = prepared;
        let append = Append {
            key: Some(key),
            event,
            conflation_key,
            keyframe,
        };
        Ok(broker.hand_in(&topic, delivery, append).await?)
    }

    /// Answers a call, within its deadline.
    pub(crate) async fn call(
        &self,
        method: &str,
        contract: Option<Fingerprint>,
        deadline: Duration,
        request: Payload,
    ) -> Result<Payload, Error> {
        let handler = self.node.registry().call(method);
        let handler =
            Arc::clone(handler.ok_or_else(|| Error::new(ErrorCode::UnknownMethod, method))?);
        check_contract(contract, handler.contract())?;
        let mut answer = handler.on_call(&self.node, &self.user, self.codec, &request);
        // Most answers need no timer.
        if let Some(answer) = (&mut answer).now_or_never() {
            return answer;
        }
        match tokio::time::timeout(deadline, answer).await {
            Ok(answer) => answer,
            Err(_) => Err(Error::new(ErrorCode::DeadlineExceeded, method)),
        }
    }

    /// Reads kept publications.
    pub(crate) async fn history(
        &self,
        id: RequestId,
        topic: &TopicName,
        range: Range,
        limit: u16,
    ) -> Result<ServerFrame, Error> {
        let handler = self.reader(topic, None)?;
        let count = usize::from(limit).min(PAGE_MAX);
        let kept = self
            .node
            .broker()
            .range(topic, handler.delivery(), range, count)
            .await?;
        let publications = publications_in(self.codec, &kept.page.publications, handler.to_json());
        Ok(ServerFrame::History {
            id,
            epoch: kept.epoch,
            first: kept.page.first,
            head: kept.page.head,
            publications: List::cut(publications),
        })
    }

    /// Tells who is present.
    pub(crate) fn presence(&self, id: RequestId, topic: &TopicName) -> Result<ServerFrame, Error> {
        self.reader(topic, None)?;
        let members = self.node.members(topic);
        Ok(ServerFrame::Present { id, members })
    }

    /// Reads the next page for a subscription that is behind.
    pub(crate) async fn page(&self, behind: &CatchUp) -> Result<KeptPage, Error> {
        let topic = &behind.topic;
        let handler = self.handler(topic, None)?;
        let offset = behind.after;
        let range = Range::After { offset };
        let broker = self.node.broker();
        let kept = broker.range(topic, handler.delivery(), range, PAGE_MAX);
        Ok(kept.await?)
    }
}

fn check_contract(theirs: Option<Fingerprint>, ours: Fingerprint) -> Result<(), Error> {
    match theirs {
        Some(theirs) if theirs != ours => Err(Error::new(
            ErrorCode::ContractMismatch,
            format!(
                "client has {:08x}, server has {:08x}: reload or update the client",
                theirs.0, ours.0
            ),
        )),
        Some(_) | None => Ok(()),
    }
}
