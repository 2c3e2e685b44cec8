//! Cut the line: what a conversation does while there is none.
//!
//! A second client of this page, the other end, keeps sending ticks to the visitor's own topic. The
//! first one, which the whole app uses, reads them, and can be cut.

use leptos::prelude::*;
use trunkline_client::{Client, ClientConfig, Options, Update as News};
use trunkline_protocol::topics::lab::{Lab, LabKey, Tick};
use trunkline_protocol::{Text, UserId};
use trunkline_web_model::lab::CutLog;

use super::cut_words::entry_words;
use crate::account;
use crate::browser::clock;
use crate::i18n::{t, t_string, use_i18n};
use crate::realtime::{Task, socket_url, use_realtime};
use crate::words;

/// How often the other end sends, in milliseconds.
const TICK_MS: u32 = 500;

/// How many ticks it sends until it has had enough.
const TICKS_MAX: u32 = 240;

/// The section.
#[component]
pub(super) fn CutStep() -> impl IntoView {
    let i18n = use_i18n();
    let realtime = use_realtime();
    let log = RwSignal::new(CutLog::default());
    let other_end = StoredValue::new_local(None::<Task>);
    let listening = StoredValue::new_local(None::<Task>);
    let talking = RwSignal::new(false);
    on_cleanup(move || {
        other_end.set_value(None);
        listening.set_value(None);
        // Nobody leaves this page with the line cut by its own switch.
        if realtime.cut.get_untracked() || realtime.blocked.get_untracked() {
            realtime.set_cut(false);
        }
    });
    // The line's states are part of the story.
    Effect::new(move |_| {
        let line = realtime.line.get();
        if talking.get_untracked() {
            log.update(|log| log.note_line(line, clock::now_ms()));
        }
    });
    let stop = move || {
        talking.set(false);
        other_end.set_value(None);
        listening.set_value(None);
    };
    let start = move |user: UserId, client: Client| {
        log.set(CutLog::default());
        talking.set(true);
        listening.set_value(Some(Task::spawn(listen(client, user, log))));
        other_end.set_value(Some(Task::spawn(async move {
            talk(user).await;
            talking.try_set(false);
        })));
    };
    let toggle = move |_| match (
        talking.get_untracked(),
        realtime.user_id(),
        realtime.client.get_untracked(),
    ) {
        (true, ..) => stop(),
        (false, Some(user), Some(client)) => start(user, client),
        (false, ..) => {}
    };
    let say = move |_| {
        if let (Some(user), Some(client)) = (realtime.user_id(), realtime.client.get_untracked()) {
            say(&client, user, log);
        }
    };
    let (cut, blocked) = (realtime.cut, realtime.blocked);
    view! {
        <section class="lab-step" id="cut" aria-labelledby="cut-title">
            <header>
                <h2 id="cut-title">{t!(i18n, lab.cut.title)}</h2>
                <p>{t!(i18n, lab.cut.lead)}</p>
            </header>
            <div class="lab-go">
                <button type="button" class="button" data-testid="cut-talk" aria-pressed=move || talking.get().to_string() on:click=toggle>
                    {move || if talking.get() {
                        t_string!(i18n, lab.cut.quiet)
                    } else {
                        t_string!(i18n, lab.cut.talk)
                    }}
                </button>
                <button
                    type="button"
                    class="button"
                    class:danger=move || !cut.get()
                    data-testid="cut-switch"
                    aria-pressed=move || cut.get().to_string()
                    on:click=move |_| realtime.set_cut(!cut.get_untracked())
                >
                    {move || if cut.get() {
                        t_string!(i18n, lab.cut.mend)
                    } else {
                        t_string!(i18n, lab.cut.cut)
                    }}
                </button>
                <button
                    type="button"
                    class="button"
                    data-testid="cut-block"
                    aria-pressed=move || blocked.get().to_string()
                    on:click=move |_| realtime.set_blocked(!blocked.get_untracked())
                >
                    {move || if blocked.get() {
                        t_string!(i18n, lab.cut.unblock)
                    } else {
                        t_string!(i18n, lab.cut.block)
                    }}
                </button>
                <button type="button" class="button" data-testid="cut-say" disabled=move || !talking.get() on:click=say>
                    {t!(i18n, lab.cut.say)}
                </button>
            </div>
            <dl class="lab-figures figures">
                <div><dt>{t!(i18n, lab.cut.line)}</dt><dd>{move || words::line(i18n, realtime.line.get())}</dd></div>
                <div><dt>{t!(i18n, lab.cut.round_trip)}</dt><dd>{move || realtime.round_trip().map_or_else(|| "–".to_owned(), |n| t_string!(i18n, lab.ms, n = n))}</dd></div>
                <div><dt>{t!(i18n, lab.cut.arrived)}</dt><dd data-testid="cut-arrived">{move || log.with(CutLog::arrived)}</dd></div>
                <div><dt>{t!(i18n, lab.cut.recovered)}</dt><dd data-testid="cut-recovered">{move || log.with(CutLog::recovered)}</dd></div>
                <div><dt>{t!(i18n, lab.cut.lost)}</dt><dd data-testid="cut-lost">{move || log.with(CutLog::lost)}</dd></div>
                <div><dt>{t!(i18n, lab.cut.waiting)}</dt><dd data-testid="cut-waiting">{move || log.with(CutLog::waiting)}</dd></div>
            </dl>
            <ol class="cut-log" role="log" tabindex="0" data-empty=move || t_string!(i18n, lab.cut.nothing_yet) aria-label=move || t_string!(i18n, lab.cut.log) data-testid="cut-log">
                {move || log.with(|log| log
                    .entries()
                    .map(|entry| view! { <li>{entry_words(i18n, entry)}</li> })
                    .collect_view())}
            </ol>
        </section>
    }
}

/// Reads the visitor's own topic.
async fn listen(client: Client, user: UserId, log: RwSignal<CutLog>) {
    let mut ticks = client.subscribe::<Lab>(LabKey::Of(user), Options::default());
    while let Some(update) = ticks.next().await {
        let noted = log.try_update(|log| match update {
            News::Event { event, .. } => log.note_tick(event.number),
            News::Subscribed { recovered, .. } => log.note_back(recovered),
            News::Gap(gap) => log.note_gap(gap.count),
            _ => {}
        });
        if noted.is_none() {
            return;
        }
    }
}

/// The other end: a client of its own that sends ticks for a while.
async fn talk(user: UserId) {
    let config = ClientConfig {
        agent: "trunkline-lab".to_owned(),
        fallback: false,
        ..ClientConfig::new(socket_url())
    };
    let client = Client::connect(config, || async {
        account::fetch_token().await.map(|granted| granted.token)
    });
    for number in 1..=TICKS_MAX {
        // Its own commands wait in its own outbox, should its line be lost.
        drop(client.publish::<Lab>(&LabKey::Of(user), &tick(number)));
        gloo_timers::future::TimeoutFuture::new(TICK_MS).await;
    }
    client.end();
}

/// Sends something over the line that may be cut: it waits in the outbox until it is acknowledged.
fn say(client: &Client, user: UserId, log: RwSignal<CutLog>) {
    let said = client.publish::<Lab>(&LabKey::Of(user), &tick(CutLog::OWN));
    log.update(CutLog::note_said);
    leptos::task::spawn_local(async move {
        let taken = said.await.is_ok();
        // The page may be left by now.
        log.try_update(|log| log.note_answered(taken));
    });
}

fn tick(number: u32) -> Tick {
    Tick {
        number,
        at_us: 0,
        filler: Text::default(),
    }
}
