//! The calls about alarms: set one, list one's own, drop one.

use std::sync::Arc;

use trunkline_protocol::topics::ticker::{
    Alarm, AlarmNamed, AlarmRequest, Alarms, AlarmsRequest, DropAlarm, ListAlarms, Listing,
    MARKET_BOARD, PRICE_MAX, SetAlarm,
};
use trunkline_protocol::{Error, ErrorCode, List, Text, UserId};

use super::Exchange;
use super::calls::{parsed, unknown};
use crate::shutdown::ended;
use crate::topics::{CallContext, CallHandler, Registry};

/// An id has so many bits, so that every reader of JSON holds it.
const ID_BITS: u32 = 53;

/// Adds them to a server's.
pub(super) fn join(exchange: &Arc<Exchange>, registry: Registry) -> Registry {
    registry
        .with_call(SetAlarmHandler(Arc::clone(exchange)))
        .with_call(AlarmsHandler(Arc::clone(exchange)))
        .with_call(DropAlarmHandler(Arc::clone(exchange)))
}

/// Sets an alarm.
struct SetAlarmHandler(Arc<Exchange>);

impl CallHandler for SetAlarmHandler {
    type Call = SetAlarm;

    async fn on_call(
        &self,
        context: &CallContext<'_>,
        AlarmRequest {
            board,
            symbol,
            way,
            price,
        }: AlarmRequest,
    ) -> Result<Alarm, Error> {
        let name = parsed(&board)?;
        if !(1..=PRICE_MAX).contains(&price) {
            let detail = format!("the price is {price}, expected 1 to {PRICE_MAX}");
            return Err(Error::new(ErrorCode::Invalid, detail));
        }
        let random = getrandom::u64().map_err(|error| Error::new(ErrorCode::Internal, error))?;
        let mut alarm = Alarm {
            id: random >> (u64::BITS - ID_BITS),
            board,
            symbol,
            ticker: Text::default(),
            way,
            price,
        };
        let user = context.user.id;
        if name.as_str() == MARKET_BOARD {
            return self.0.set_of_market(user, alarm).await;
        }
        let told = context.kept::<Listing>(&name).await?;
        let listed = told.into_iter().find(|it| it.symbol == symbol);
        alarm.ticker = listed.map(|it| it.ticker).unwrap_or_default();
        self.0.set_of_board(user, alarm).await
    }
}

impl Exchange {
    async fn set_of_market(
        self: &Arc<Self>,
        user: UserId,
        mut alarm: Alarm,
    ) -> Result<Alarm, Error> {
        let place = self.watch.place().await?;
        let watch = Arc::clone(&self.watch);
        // Under the market's lock: no quote comes between the price and the alarm.
        let set = self.read(move |market| {
            let Some((price, ticker)) = market.price(alarm.symbol) else {
                return Err(unknown(MARKET_BOARD, alarm.symbol));
            };
            alarm.ticker = Text::cut(ticker);
            let kept = watch.set(place, user, alarm.clone(), price)?;
            Ok((alarm, kept))
        });
        let (alarm, kept) = set.await??;
        kept.await.map_err(|_| ended())??;
        Ok(alarm)
    }

    async fn set_of_board(&self, user: UserId, alarm: Alarm) -> Result<Alarm, Error> {
        let place = self.watch.place().await?;
        // Under the lock of the tapes, for the same reason.
        let kept = self.with_tapes(|tapes| {
            let price = tapes.price(&alarm.board, alarm.symbol);
            let price = price.ok_or_else(|| unknown(&*alarm.board, alarm.symbol))?;
            self.watch.set(place, user, alarm.clone(), price)
        })?;
        kept.await.map_err(|_| ended())??;
        Ok(alarm)
    }
}

/// Lists a user's own.
struct AlarmsHandler(Arc<Exchange>);

impl CallHandler for AlarmsHandler {
    type Call = ListAlarms;

    async fn on_call(
        &self,
        context: &CallContext<'_>,
        AlarmsRequest {}: AlarmsRequest,
    ) -> Result<Alarms, Error> {
        let user = context.user.id;
        let alarms = self.0.watch.with(|alarms| {
            let own = alarms.of_user(user).into_iter();
            List::cut(own.cloned())
        });
        Ok(Alarms { alarms })
    }
}

/// Drops one.
struct DropAlarmHandler(Arc<Exchange>);

impl CallHandler for DropAlarmHandler {
    type Call = DropAlarm;

    async fn on_call(
        &self,
        context: &CallContext<'_>,
        AlarmNamed { id }: AlarmNamed,
    ) -> Result<AlarmNamed, Error> {
        self.0.watch.forget(context.user.id, id).await?;
        Ok(AlarmNamed { id })
    }
}
