//! What one does in a room: say, edit, delete, try again. It is shown at once and answered later.

use leptos::prelude::{Update as _, *};
use leptos::task::spawn_local;
use trunkline_client::{PublishError, Publishing};
use trunkline_protocol::topics::chat::{Chat, ChatCommand, ChatText};
use trunkline_protocol::{ErrorCode, Offset};

use super::model::{Change, LocalId};
use super::room::Room;

impl Room {
    /// Says something.
    pub(crate) fn say(&self, text: &str) {
        self.marker.set(None);
        let now = self.realtime.server_now_untracked();
        let id = self
            .timeline
            .try_update(|timeline| timeline.draft(text.to_owned(), now));
        if let Some(id) = id {
            self.send(id, text);
        }
    }

    /// Shows what was said here and is not answered yet: in a page before this one, or before the
    /// room was left. Edits and deletions are sent again, too, and nobody waits to hear of them.
    pub(super) fn reattach(&self) {
        for pending in self.client.pending() {
            let Some((name, ChatCommand::Say { text })) = pending.read::<Chat>() else {
                continue;
            };
            if name != self.name {
                continue;
            }
            let id = self
                .timeline
                .try_update(|timeline| timeline.draft(text.into(), pending.made_at));
            if let Some(id) = id {
                self.wait_for(id, self.client.reattach(pending.command));
            }
        }
    }

    /// Sends a refused message again.
    pub(crate) fn retry(&self, id: LocalId) {
        if let Some(text) = self
            .timeline
            .try_update(|timeline| timeline.retry(id))
            .flatten()
        {
            self.send(id, &text);
        }
    }

    /// Throws a refused message away.
    pub(crate) fn discard(&self, id: LocalId) {
        self.timeline.update(|timeline| timeline.discard(id));
    }

    /// Changes one's own message. `failed` hears why if it is refused.
    pub(crate) fn change(
        &self,
        offset: Offset,
        change: Change,
        failed: impl FnOnce(ErrorCode) + 'static,
    ) {
        let command = match &change {
            Change::Edit(text) => ChatCommand::Edit {
                offset,
                text: ChatText::cut(text),
            },
            Change::Delete => ChatCommand::Delete { offset },
        };
        self.timeline
            .update(|timeline| timeline.begin_change(offset, change));
        let publishing = self.client.publish::<Chat>(&self.name, &command);
        let timeline = self.timeline.clone();
        spawn_local(async move {
            if let Some(code) = refusal(publishing).await {
                timeline.update(|timeline| timeline.undo_change(offset));
                failed(code);
            }
        });
    }

    fn send(&self, id: LocalId, text: &str) {
        let command = ChatCommand::Say {
            text: ChatText::cut(text),
        };
        self.wait_for(id, self.client.publish::<Chat>(&self.name, &command));
    }

    fn wait_for(&self, id: LocalId, publishing: Publishing) {
        let timeline = self.timeline.clone();
        spawn_local(async move {
            match publishing.await {
                Ok(published) => {
                    timeline.update(|timeline| timeline.handle_published(id, published.offset));
                }
                Err(error) => {
                    let code = code_of(error);
                    timeline.update(|timeline| timeline.handle_refused(id, code));
                }
            }
        });
    }
}

async fn refusal(publishing: Publishing) -> Option<ErrorCode> {
    publishing.await.err().map(code_of)
}

fn code_of(error: PublishError) -> ErrorCode {
    match error {
        PublishError::Refused(error) => error.code,
        PublishError::OutboxFull => ErrorCode::TooManyRequests,
        PublishError::Ended => ErrorCode::Unavailable,
    }
}
