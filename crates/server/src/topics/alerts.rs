//! Alerts: what the server does with what users are told. The words are in the protocol's
//! `alerts.rs`.

use trunkline_protocol::topics::alerts::{
    ALERT_ACTION_CHARS_MAX, ALERT_BODY_CHARS_MAX, ALERT_TITLE_CHARS_MAX, AlertCommand, AlertEvent,
    Alerts, Notification, is_web_address,
};
use trunkline_protocol::{
    Error, ErrorCode, Text, TextForm, TextProblem, Timestamp, User, UserId, read_text,
};

use super::handler::{Access, Context, Handler};

/// Lets users read what they are told and nobody else, and takes from them what they have read. A
/// user may tell themselves something; others are told by the operator's back ends.
pub(crate) struct AlertsHandler;

impl Handler for AlertsHandler {
    type Topic = Alerts;

    fn authorize(&self, user: &User, key: &UserId) -> Result<Access, Error> {
        if *key == user.id {
            Ok(Access::FULL)
        } else {
            let detail = "notifications are between their user and the server";
            Err(Error::new(ErrorCode::Forbidden, detail))
        }
    }

    async fn on_command(
        &self,
        context: &Context<'_, Alerts>,
        _: &UserId,
        command: AlertCommand,
    ) -> Result<AlertEvent, Error> {
        let at = context.now;
        match command {
            AlertCommand::Notify { notification } => Ok(AlertEvent::Notified {
                at,
                notification: checked(&notification, at)?,
            }),
            AlertCommand::Read { offsets } => {
                some(&offsets)?;
                Ok(AlertEvent::Read { offsets })
            }
            AlertCommand::ReadUpTo { offset } => Ok(AlertEvent::ReadUpTo { offset }),
            AlertCommand::Dismiss { offsets } => {
                some(&offsets)?;
                Ok(AlertEvent::Dismissed { offsets })
            }
        }
    }
}

/// Checks that a command names a notification.
fn some(offsets: &[u64]) -> Result<(), Error> {
    if offsets.is_empty() {
        return Err(invalid("expected at least one offset"));
    }
    Ok(())
}

/// Trims the texts of a notification that is told at `at`, and checks what is left.
pub(crate) fn checked(told: &Notification, at: Timestamp) -> Result<Notification, Error> {
    let title = read("title", &told.title, TextForm::Line, ALERT_TITLE_CHARS_MAX)?;
    if title.is_empty() {
        return Err(invalid("a notification needs a visible title"));
    }
    let body = read("body", &told.body, TextForm::Lines, ALERT_BODY_CHARS_MAX)?;
    if told.link.as_ref().is_some_and(|link| !is_web_address(link)) {
        return Err(invalid(
            "a link is an address of http or https in ASCII, without a user's name",
        ));
    }
    let action = told.action.as_ref();
    let action = action
        .map(|action| read("action", action, TextForm::Line, ALERT_ACTION_CHARS_MAX))
        .transpose()?;
    let action = action.filter(|action| !action.is_empty());
    if action.is_some() && told.link.is_none() {
        return Err(invalid("an action needs a link"));
    }
    if told.expires.is_some_and(|expires| expires <= at) {
        return Err(invalid("a notification expires after it is told"));
    }
    Ok(Notification {
        title,
        body,
        level: told.level,
        link: told.link.clone(),
        action,
        expires: told.expires,
    })
}

/// Reads a text, which may be missing: nothing visible is no text.
fn read<const MAX: usize>(
    name: &str,
    text: &str,
    form: TextForm,
    chars_max: usize,
) -> Result<Text<MAX>, Error> {
    let text = match read_text(text, form, chars_max) {
        Ok(text) => text,
        Err(TextProblem::Empty) => return Ok(Text::default()),
        Err(TextProblem::TooLong(_)) => {
            let detail = format!("the {name} has at most {chars_max} characters");
            return Err(Error::new(ErrorCode::TooLong, detail));
        }
        Err(TextProblem::Character('\r' | '\n' | '\t')) => {
            return Err(invalid(&format!("the {name} is one line, without tabs")));
        }
        Err(problem @ TextProblem::Character(_)) => {
            return Err(invalid(&format!("{problem} in the {name}")));
        }
    };
    Text::try_from(&*text).map_err(|error| Error::new(ErrorCode::TooLong, error))
}

fn invalid(detail: &str) -> Error {
    Error::new(ErrorCode::Invalid, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1000);

    /// Changes a good notification, and tells what becomes of it.
    fn check(change: impl FnOnce(&mut Notification), expected: Result<(), &str>) {
        let mut told = Notification {
            title: Text::cut("Done"),
            ..Notification::default()
        };
        change(&mut told);
        let taken = checked(&told, NOW).map(|_| ());
        let taken = taken
            .as_ref()
            .copied()
            .map_err(|error| error.detail.as_str());
        assert_eq!(taken, expected, "{told:?}");
    }

    #[test]
    fn texts_are_trimmed_short_and_printable() {
        check(|_| {}, Ok(()));
        check(|it| it.body = Text::cut("<b>two</b>\nlines\t안녕"), Ok(()));
        let none = Err("a notification needs a visible title");
        check(|it| it.title = Text::cut(" \n"), none);
        check(|it| it.title = Text::cut("\u{200b}\u{2060}"), none);
        check(
            |it| it.title = Text::cut("two\nlines"),
            Err("the title is one line, without tabs"),
        );
        check(
            |it| it.title = Text::cut("bell \u{7}"),
            Err("the character U+0007 is not allowed in the title"),
        );
        check(
            |it| it.body = Text::cut("\u{0}"),
            Err("the character U+0000 is not allowed in the body"),
        );
        let longest = "한".repeat(ALERT_TITLE_CHARS_MAX);
        check(|it| it.title = Text::cut(&format!(" {longest} ")), Ok(()));
        check(
            |it| it.title = Text::cut(&format!("{}!", "a".repeat(ALERT_TITLE_CHARS_MAX))),
            Err("the title has at most 120 characters"),
        );
        check(
            |it| it.body = Text::cut(&"a".repeat(ALERT_BODY_CHARS_MAX + 1)),
            Err("the body has at most 1000 characters"),
        );
        let spaced = Notification {
            title: Text::cut("  Done "),
            body: Text::cut("\n"),
            ..Notification::default()
        };
        let trimmed = checked(&spaced, NOW).expect("good");
        assert_eq!(
            (trimmed.title.as_str(), trimmed.body.as_str()),
            ("Done", "")
        );
    }

    #[test]
    fn a_link_is_of_the_web_and_an_action_has_one() {
        let link = |link| Some(Text::cut(link));
        check(|it| it.link = link("https://example.com/a"), Ok(()));
        let refused = Err("a link is an address of http or https in ASCII, without a user's name");
        check(|it| it.link = link("javascript:alert(1)"), refused);
        check(|it| it.link = link(""), refused);
        let alone = Err("an action needs a link");
        check(|it| it.action = Some(Text::cut("Look")), alone);
        check(|it| it.action = Some(Text::cut(" ")), Ok(()));
        check(
            |it| {
                it.link = link("http://example.com");
                it.action = Some(Text::cut("Look"));
            },
            Ok(()),
        );
    }

    #[test]
    fn what_expires_has_not_expired_yet() {
        check(|it| it.expires = Some(Timestamp(1001)), Ok(()));
        let late = Err("a notification expires after it is told");
        check(|it| it.expires = Some(NOW), late);
    }
}
