//! Who is typing: telling the others, and the line that says so.

use leptos::prelude::{Update as _, *};
use trunkline_client::{Client, Options, Update};
use trunkline_protocol::topics::chat::{RoomName, Typing, TypingCommand};

use super::model::Typists;
use super::room::Room;
use crate::browser::{clock, events};
use crate::i18n::{t_string, use_i18n};
use crate::line::Line;
use crate::realtime::{Task, use_realtime};

/// How often to repeat that keys are being pressed. Others forget after six seconds.
const REPEAT_MS: u64 = 3_000;

/// Who types in the room that is shown.
#[derive(Clone, Copy)]
struct Shown(RwSignal<Typists>);

/// Tells the others in a room whether the reader types.
#[derive(Clone)]
pub(super) struct Teller {
    client: Client,
    name: RoomName,
    line: Memo<Line>,
    told_at_ms: StoredValue<Option<u64>>,
}

impl Teller {
    /// A teller for `room`.
    pub(super) fn new(room: &Room) -> Self {
        let line = use_realtime().line;
        Self {
            client: room.client.clone(),
            name: room.name.clone(),
            line,
            told_at_ms: StoredValue::new(None),
        }
    }

    /// A key was pressed, and the composer is not empty.
    pub(super) fn typed(&self) {
        let now = clock::now_ms();
        if self
            .told_at_ms
            .get_value()
            .is_none_or(|told| now >= told + REPEAT_MS)
        {
            self.told_at_ms.set_value(Some(now));
            self.tell(TypingCommand::Started);
        }
    }

    /// The composer is empty, or what was in it is sent.
    pub(super) fn stopped(&self) {
        if self.told_at_ms.get_value().is_some() {
            self.told_at_ms.set_value(None);
            self.tell(TypingCommand::Stopped);
        }
    }

    fn tell(&self, command: TypingCommand) {
        // Old news about typing is no news: it does not wait for the line.
        if self.line.get_untracked().is_live() {
            drop(self.client.publish::<Typing>(&self.name, &command));
        }
    }
}

/// Listens to who types in `room`, as long as the owner lives.
pub(super) fn provide_typing(room: &Room) {
    let typists = RwSignal::new(Typists::default());
    provide_context(Shown(typists));
    let me = room.me.id;
    let mut subscription = room
        .client
        .subscribe::<Typing>(room.name.clone(), Options::default());
    let task = Task::spawn(async move {
        while let Some(update) = subscription.next().await {
            match update {
                Update::Event { event, .. } => {
                    typists.try_update(|typists| typists.handle(event, me, clock::now_ms()));
                }
                Update::Lost => drop(typists.try_set(Typists::default())),
                _ => {}
            }
        }
    });
    let _keep = StoredValue::new(task);
    let tick = events::ticks(1_000, move || typists.with(|typists| !typists.is_empty()));
    Effect::new(move |_| {
        tick.track();
        let now = clock::now_ms();
        if typists.with_untracked(|typists| typists.clone().expire(now)) {
            typists.update(|typists| {
                typists.expire(now);
            });
        }
    });
    // Who has said something has stopped typing.
    let timeline = room.timeline.clone();
    Effect::new(move |seen: Option<u64>| {
        let (newest, author) = timeline.with(|timeline| {
            (
                timeline.newest(),
                timeline
                    .messages()
                    .next_back()
                    .map(|(_, last)| last.author.id),
            )
        });
        if let Some(author) = author.filter(|_| seen.is_some_and(|seen| seen < newest)) {
            typists.update(|typists| typists.forget(author));
        }
        newest
    });
}

/// The line below the messages. It keeps its place when nobody types.
#[component]
pub(super) fn TypingLine() -> impl IntoView {
    let i18n = use_i18n();
    let Shown(typists) = expect_context();
    let words = move || {
        typists.with(|typists| {
            let names: Vec<_> = typists.names().take(3).map(str::to_owned).collect();
            match names.as_slice() {
                [] => None,
                [a] => Some(t_string!(i18n, chat.typing_one, a = a.clone())),
                [a, b] => Some(t_string!(
                    i18n,
                    chat.typing_two,
                    a = a.clone(),
                    b = b.clone()
                )),
                _ => Some(t_string!(i18n, chat.typing_many).to_owned()),
            }
        })
    };
    view! {
        <div class="typing" data-testid="typing" aria-live="off">
            {move || words().map(|words| view! { <i aria-hidden="true"><b></b></i><span>{words}</span> })}
        </div>
    }
}
