//! The topic and the calls of the lab.

use std::sync::Arc;

use trunkline_protocol::topics::lab::{
    Echo, EchoText, Lab as LabTopic, LabKey, ListLanes, ReportRace, ServerTime, ShowHandshake,
    StartRace, TellTime, Tick,
};
use trunkline_protocol::{Call, Error, User};

use super::Lab;
use crate::topics::{Access, CallContext, CallHandler, Context, Handler, Registry};

/// Adds them to a server's.
pub(super) fn join(lab: &Arc<Lab>, registry: Registry) -> Registry {
    registry
        .with(TickHandler { feed: false })
        .with_call(EchoHandler)
        .with_call(TimeHandler(Arc::clone(lab)))
        .with_call(LanesHandler(Arc::clone(lab)))
        .with_call(RaceHandler(Arc::clone(lab)))
        .with_call(ReportHandler(Arc::clone(lab)))
        .with_call(HandshakeHandler(Arc::clone(lab)))
}

/// Ticks, which come back as they were sent. On a lane it is the feed, which everybody reads and only
/// the lane itself writes. Elsewhere they are a user's own, with which a visitor sees what becomes of
/// them on a line that fails.
pub(super) struct TickHandler {
    pub(super) feed: bool,
}

impl Handler for TickHandler {
    type Topic = LabTopic;

    fn authorize(&self, user: &User, key: &LabKey) -> Result<Access, Error> {
        let own = !self.feed && *key == LabKey::Of(user.id);
        let feed = self.feed && *key == LabKey::Feed;
        Ok(Access {
            read: own || feed,
            write: own,
        })
    }

    async fn on_command(
        &self,
        _: &Context<'_, LabTopic>,
        _: &LabKey,
        tick: Tick,
    ) -> Result<Tick, Error> {
        Ok(tick)
    }
}

/// Sends a text back as it came.
struct EchoHandler;

impl CallHandler for EchoHandler {
    type Call = Echo;

    async fn on_call(&self, _: &CallContext<'_>, request: EchoText) -> Result<EchoText, Error> {
        Ok(request)
    }
}

/// Declares a handler that answers by a method of the lab.
macro_rules! answers {
    ($name:ident, $call:ty, |$lab:ident, $user:ident, $request:ident| $answer:expr) => {
        struct $name(Arc<Lab>);

        impl CallHandler for $name {
            type Call = $call;

            async fn on_call(
                &self,
                context: &CallContext<'_>,
                $request: <$call as Call>::Request,
            ) -> Result<<$call as Call>::Response, Error> {
                let $user = context.user.id;
                let $lab = &self.0;
                $answer
            }
        }
    };
}

answers!(TimeHandler, TellTime, |lab, _user, _asked| Ok(ServerTime {
    now_us: lab.now_us()
}));
answers!(
    LanesHandler,
    ListLanes,
    |lab, _user, _asked| Ok(lab.lanes())
);
answers!(RaceHandler, StartRace, |lab, user, wish| lab
    .race(user, wish));
answers!(ReportHandler, ReportRace, |lab, user, race| lab
    .report(user, race.id));
answers!(HandshakeHandler, ShowHandshake, |lab, _user, asked| lab
    .handshake(asked.nonce));
