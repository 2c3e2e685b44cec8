//! Judges what people type into the form that tells oneself something, before a server has to.

use trunkline_protocol::topics::alerts::{
    ALERT_ACTION_CHARS_MAX, ALERT_BODY_CHARS_MAX, ALERT_TITLE_CHARS_MAX, AlertLevel, Notification,
    is_web_address,
};
use trunkline_protocol::{Text, Timestamp};

/// What stands in the form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// The title.
    pub title: String,
    /// More words.
    pub body: String,
    /// How much it matters.
    pub level: AlertLevel,
    /// Where there is more.
    pub link: String,
    /// What one does there.
    pub action: String,
    /// For how many minutes it means something; for ever without.
    pub minutes: Option<u32>,
}

/// Why a draft cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DraftProblem {
    /// There is no title.
    Untitled,
    /// The title is longer than 120 characters.
    TitleTooLong,
    /// The text is longer than 1,000 characters.
    BodyTooLong,
    /// The link does not lead to the web.
    Link,
    /// The words for the link are longer than 40 characters.
    ActionTooLong,
    /// There are words for a link, but no link.
    ActionAlone,
}

/// Makes a notification of what stands in the form at `now`.
pub fn check_draft(draft: &Draft, now: Timestamp) -> Result<Notification, DraftProblem> {
    let title = draft.title.trim();
    if title.is_empty() {
        return Err(DraftProblem::Untitled);
    }
    let title = short(title, ALERT_TITLE_CHARS_MAX).ok_or(DraftProblem::TitleTooLong)?;
    let body = short(draft.body.trim(), ALERT_BODY_CHARS_MAX).ok_or(DraftProblem::BodyTooLong)?;
    let link = some(&draft.link);
    if link.is_some_and(|link| !is_web_address(link)) {
        return Err(DraftProblem::Link);
    }
    let link = link.map(|link| Text::try_from(link).map_err(|_| DraftProblem::Link));
    let action = some(&draft.action)
        .map(|action| short(action, ALERT_ACTION_CHARS_MAX).ok_or(DraftProblem::ActionTooLong));
    let (link, action) = (link.transpose()?, action.transpose()?);
    if action.is_some() && link.is_none() {
        return Err(DraftProblem::ActionAlone);
    }
    let expires = draft
        .minutes
        .map(|minutes| Timestamp(now.0.saturating_add(minutes.saturating_mul(60))));
    Ok(Notification {
        title,
        body,
        level: draft.level,
        link,
        action,
        expires,
    })
}

fn some(text: &str) -> Option<&str> {
    let text = text.trim();
    (!text.is_empty()).then_some(text)
}

fn short<const MAX: usize>(text: &str, chars_max: usize) -> Option<Text<MAX>> {
    if text.chars().count() > chars_max {
        return None;
    }
    Text::try_from(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1000);

    fn check(change: impl FnOnce(&mut Draft), expected: Result<(), DraftProblem>) {
        let mut draft = Draft {
            title: " Done ".to_owned(),
            ..Draft::default()
        };
        change(&mut draft);
        let told = check_draft(&draft, NOW);
        assert_eq!(told.map(|_| ()), expected, "{draft:?}");
    }

    #[test]
    fn a_draft_is_judged_as_the_server_does() {
        check(|_| {}, Ok(()));
        check(|it| it.title = " ".to_owned(), Err(DraftProblem::Untitled));
        let long = "한".repeat(ALERT_TITLE_CHARS_MAX + 1);
        check(|it| it.title = long, Err(DraftProblem::TitleTooLong));
        let long = "a".repeat(ALERT_BODY_CHARS_MAX + 1);
        check(|it| it.body = long, Err(DraftProblem::BodyTooLong));
        let link = |it: &mut Draft, link: &str| it.link = link.to_owned();
        check(|it| link(it, " https://example.com "), Ok(()));
        check(
            |it| link(it, "javascript:alert(1)"),
            Err(DraftProblem::Link),
        );
        let long = format!("https://example.com/{}", "a".repeat(2000));
        check(|it| link(it, &long), Err(DraftProblem::Link));
        let alone = Err(DraftProblem::ActionAlone);
        check(|it| it.action = "Look".to_owned(), alone);
        check(
            |it| {
                link(it, "https://example.com");
                it.action = "a".repeat(ALERT_ACTION_CHARS_MAX + 1);
            },
            Err(DraftProblem::ActionTooLong),
        );
    }

    #[test]
    fn minutes_count_from_now() {
        let draft = Draft {
            title: "Done".to_owned(),
            minutes: Some(2),
            ..Draft::default()
        };
        let told = check_draft(&draft, NOW).expect("good");
        assert_eq!(
            (told.title.as_str(), told.expires),
            ("Done", Some(Timestamp(1120)))
        );
    }
}
