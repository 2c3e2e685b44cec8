//! What a user is told of an alarm that is met. It is figures and signs, and names that others chose:
//! the server does not know which language the user reads.

use trunkline_market::UserAlarm;
use trunkline_protocol::Text;
use trunkline_protocol::topics::alerts::Notification;
use trunkline_protocol::topics::ticker::{AlarmWay, price_digits};

use crate::notices::{Notice, Recipients};

/// The notice of an alarm. Its id follows of the alarm's, so that it reaches nobody twice.
pub(super) fn notice(UserAlarm { user, alarm, met }: &UserAlarm) -> Notice {
    let (symbol, topic) = if alarm.ticker.is_empty() {
        let number = format!("#{}", alarm.symbol);
        (number, format!("ticker:{}", alarm.board))
    } else {
        let ticker = alarm.ticker.to_string();
        let topic = format!("ticker:{}.{ticker}", alarm.board);
        (ticker, topic)
    };
    let way = match alarm.way {
        AlarmWay::Above => '≥',
        AlarmWay::Below => '≤',
    };
    let price = price_digits(met.unwrap_or(alarm.price));
    let title = format!("{symbol} {price} {way} {}", price_digits(alarm.price));
    Notice {
        id: format!("alarm:{:014x}", alarm.id)
            .parse()
            .expect("an id is letters, digits and a colon"),
        to: Recipients::User(*user),
        notification: Notification {
            title: Text::cut(&title),
            body: Text::cut(&topic),
            ..Notification::default()
        },
        at: None,
    }
}

#[cfg(test)]
mod tests {
    use trunkline_protocol::topics::ticker::{Alarm, PRICE_MAX};
    use trunkline_protocol::{Timestamp, UserId};

    use super::*;
    use crate::topics::alerts::checked;

    fn check(ticker: &str, way: AlarmWay, (price, met): (u64, u64), expected: (&str, &str)) {
        let notice = notice(&UserAlarm {
            user: UserId(42),
            alarm: Alarm {
                id: (1 << 53) - 1,
                board: Text::cut("user-000000000000002a-0123456789"),
                symbol: 65_535,
                ticker: Text::cut(ticker),
                way,
                price,
            },
            met: Some(met),
        });
        let told = checked(&notice.notification, Timestamp(1)).expect("a good notification");
        assert_eq!((told.title.as_str(), told.body.as_str()), expected);
        assert_eq!(notice.id.to_string(), "alarm:1fffffffffffff");
    }

    #[test]
    fn it_has_the_symbol_the_price_that_came_and_the_one_that_was_waited_for() {
        let board = "ticker:user-000000000000002a-0123456789";
        check(
            "BRK.B",
            AlarmWay::Above,
            (1_850_000, 1_853_050),
            ("BRK.B 185.305 ≥ 185.00", &format!("{board}.BRK.B")),
        );
        check(
            "",
            AlarmWay::Below,
            (1, 1),
            ("#65535 0.0001 ≤ 0.0001", board),
        );
        check(
            "ABCDEFGH-IJK",
            AlarmWay::Above,
            (PRICE_MAX, PRICE_MAX),
            (
                "ABCDEFGH-IJK 1000000000.00 ≥ 1000000000.00",
                &format!("{board}.ABCDEFGH-IJK"),
            ),
        );
    }
}
