//! Who broadcasts now, and the way to broadcast oneself.

use leptos::prelude::*;
use trunkline_protocol::topics::live::{ListLive, LiveAsked, LiveRoomInfo};

use super::studio::Studio;
use super::words;
use crate::i18n::{t, t_string, use_i18n};
use crate::realtime::{Task, use_realtime};
use crate::words::counted;

/// How often it is asked what is broadcast, in milliseconds.
const LOOK_MS: u32 = 2_000;

/// The broadcasts, and the studio.
#[component]
pub(super) fn Lobby() -> impl IntoView {
    let i18n = use_i18n();
    let realtime = use_realtime();
    let rooms = RwSignal::new(None::<Vec<LiveRoomInfo>>);
    let look = StoredValue::new_local(None::<Task>);
    Effect::new(move |_| {
        let client = realtime.client.get();
        look.set_value(client.map(|client| {
            Task::spawn(async move {
                loop {
                    if let Ok(told) = client.call::<ListLive>(&LiveAsked {}).await {
                        rooms.try_set(Some(told.rooms.to_vec()));
                    }
                    gloo_timers::future::TimeoutFuture::new(LOOK_MS).await;
                }
            })
        }));
    });
    on_cleanup(move || look.set_value(None));
    view! {
        <div class="live-lobby">
            <Studio />
            <section class="live-list" aria-label=move || t_string!(i18n, live.now)>
                <h2>{t!(i18n, live.now)}</h2>
                {move || rooms.with(|rooms| match rooms {
                    None => view! { <p class="hint">{t!(i18n, live.asking)}</p> }.into_any(),
                    Some(rooms) if rooms.is_empty() => {
                        view! { <p class="hint" data-testid="live-none">{t!(i18n, live.none)}</p> }.into_any()
                    }
                    Some(rooms) => view! {
                        <ul data-testid="live-rooms">
                            {rooms.iter().map(|info| view! {
                                <li>
                                    <a href=format!("/live/{}", info.room)>
                                        <strong>{info.title.to_string()}</strong>
                                        <span>{info.broadcaster.name.to_string()}</span>
                                        <span>{words::source(i18n, info.source)}</span>
                                        <span class="figures">{counted!(i18n, info.viewers, live.viewers)}</span>
                                        <span class="figures">{words::bitrate(info.bitrate)}</span>
                                    </a>
                                </li>
                            }).collect_view()}
                        </ul>
                    }.into_any(),
                })}
            </section>
        </div>
    }
}
