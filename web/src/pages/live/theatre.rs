//! The theatre: one broadcast, its figures, and the chat beside it.

use leptos::html::{Canvas, Div, Video};
use leptos::prelude::{Update as _, *};
use trunkline_client::{Client, Options, Update};
use trunkline_protocol::Text;
use trunkline_protocol::topics::live::{
    Live, LiveEnd, LiveEvent, LiveForm, LiveReport, LiveRoom, ReportLive,
};

use super::player::{Player, Playing, Remote, Shape};
use super::server_clock::ServerClock;
use super::words;
use crate::browser::{clock, events};
use crate::following::Following;
use crate::i18n::{t, t_string, use_i18n};
use crate::pages::chat::RoomBeside;
use crate::realtime::{Task, use_realtime};
use crate::words::{counted, error as error_words};

/// How often figures are shown, in milliseconds.
const LOOK_MS: u32 = 500;

/// After so many looks the server is told how well one sees.
const REPORT_EVERY: u32 = 6;

/// The figures that are shown.
#[derive(Clone, Debug, Default, PartialEq)]
struct Figures {
    latency_ms: Option<u32>,
    bitrate: u32,
    shown: u64,
    dropped: u32,
    skips: u32,
    shape: Shape,
}

/// The signals of a theatre.
#[derive(Clone, Copy)]
struct Seat {
    state: RwSignal<Following>,
    playing: RwSignal<Playing>,
    ended: RwSignal<Option<LiveEnd>>,
    figures: RwSignal<Figures>,
    viewers: RwSignal<Option<u32>>,
    remote: StoredValue<Option<Remote>, LocalStorage>,
}

impl Seat {
    async fn watch(self, client: Client, room: LiveRoom, mut player: Player) {
        let mut events = client.subscribe::<Live>(room, Options::newest(1));
        while let Some(update) = events.next().await {
            Following::hear(&self.state, &update);
            match update {
                Update::Event { event, .. } => {
                    match &event {
                        LiveEvent::Ended { reason } => drop(self.ended.try_set(Some(*reason))),
                        LiveEvent::Run { .. } => drop(self.ended.try_set(None)),
                        LiveEvent::Part { .. } => {}
                    }
                    if let Some(playing) = player.take(&event).await {
                        self.playing.try_set(playing);
                    }
                }
                Update::Gap(gap) => player.take_gap(gap.count),
                Update::Subscribed { .. }
                | Update::Lost
                | Update::Refused(_)
                | Update::Unreadable { .. }
                | Update::Members(_)
                | Update::Joined { .. }
                | Update::Left { .. } => {}
            }
        }
    }

    /// Shows figures, and reports them.
    async fn look(self, client: Client, room: LiveRoom) {
        let room = Text::cut(room.as_str());
        for looks in 1_u32.. {
            gloo_timers::future::TimeoutFuture::new(LOOK_MS).await;
            let Some(remote) = self.remote.try_get_value().flatten() else {
                return;
            };
            let now = clock::now_ms();
            let figures = remote.with_meter(|meter| Figures {
                latency_ms: meter.latency_ms(now),
                bitrate: meter.bitrate(now),
                shown: meter.shown(),
                dropped: meter.dropped(),
                skips: meter.skips(),
                shape: remote.shape(),
            });
            let latency_ms = figures.latency_ms;
            self.figures.try_set(figures);
            if looks == 2 || looks.is_multiple_of(REPORT_EVERY) {
                let (skipped, dropped) = remote.with_meter(|meter| meter.take_report());
                let report = LiveReport {
                    room: room.clone(),
                    latency_ms,
                    skipped,
                    dropped,
                };
                // Where nothing is broadcast, nobody is told.
                let crowd = client.call::<ReportLive>(&report).await.ok();
                self.viewers.try_set(crowd.map(|crowd| crowd.viewers));
            }
        }
    }
}

/// A broadcast.
#[component]
pub(super) fn Theatre(room: LiveRoom) -> impl IntoView {
    let i18n = use_i18n();
    let realtime = use_realtime();
    let seat = Seat {
        state: RwSignal::new(Following::Opening),
        playing: RwSignal::new(Playing::Waiting),
        ended: RwSignal::new(None),
        figures: RwSignal::new(Figures::default()),
        viewers: RwSignal::new(None),
        remote: StoredValue::new_local(None),
    };
    let (canvas, video) = (NodeRef::<Canvas>::new(), NodeRef::<Video>::new());
    let stage = NodeRef::<Div>::new();
    let tasks = StoredValue::new_local(Vec::<Task>::new());
    let name = room.clone();
    Effect::new(move |_| {
        let (client, canvas, video) = (realtime.client.get(), canvas.get(), video.get());
        tasks.set_value(Vec::new());
        if let (Some(client), Some(canvas), Some(video)) = (client, canvas, video) {
            let clock = ServerClock::follow(client.clone());
            let player = Player::new(canvas, video, clock);
            seat.remote.set_value(Some(player.remote()));
            let watch = Task::spawn(seat.watch(client.clone(), name.clone(), player));
            let look = Task::spawn(seat.look(client, name.clone()));
            tasks.set_value(vec![watch, look]);
        }
    });
    on_cleanup(move || tasks.set_value(Vec::new()));
    let visible = events::visible();
    Effect::new(move |_| {
        let hidden = !visible.get();
        seat.remote.with_value(|remote| {
            if let Some(remote) = remote {
                remote.set_hidden(hidden);
            }
        });
    });
    let sound = RwSignal::new(false);
    let toggle_sound = move |_| {
        sound.update(|sound| *sound = !*sound);
        seat.remote.with_value(|remote| {
            if let Some(remote) = remote {
                remote.set_sound(sound.get_untracked());
            }
        });
    };
    let paused = RwSignal::new(false);
    let toggle_pause = move |_| {
        paused.update(|paused| *paused = !*paused);
        seat.remote.with_value(|remote| {
            if let Some(remote) = remote {
                remote.set_paused(paused.get_untracked());
            }
        });
    };
    let fill = move |_| {
        if let Some(stage) = stage.get_untracked() {
            // A browser may not let a page fill the screen.
            let _ = stage.request_fullscreen();
        }
    };
    let is_container = Memo::new(move |_| {
        seat.figures
            .with(|figures| figures.shape.form == Some(LiveForm::Container))
    });
    let says = move || match seat.state.get() {
        Following::Opening => Some(t_string!(i18n, live.opening).to_owned()),
        Following::Lost => Some(t_string!(i18n, live.lost).to_owned()),
        Following::Refused(code) => {
            let why = error_words(i18n, code);
            Some(t_string!(i18n, live.not_opened, why = why))
        }
        Following::Outdated => Some(t_string!(i18n, live.outdated).to_owned()),
        Following::Here => match (seat.ended.get(), seat.playing.get()) {
            (Some(LiveEnd::Done), _) => Some(t_string!(i18n, live.ended.done).to_owned()),
            (Some(LiveEnd::Lost), _) => Some(t_string!(i18n, live.ended.lost).to_owned()),
            (Some(LiveEnd::TimeOver), _) => Some(t_string!(i18n, live.ended.time_over).to_owned()),
            (Some(LiveEnd::TooFast), _) => Some(t_string!(i18n, live.ended.too_fast).to_owned()),
            (None, Playing::Waiting) => Some(t_string!(i18n, live.nothing_yet).to_owned()),
            (None, Playing::NoCodec(codec)) => {
                Some(t_string!(i18n, live.no_decoder, codec = codec))
            }
            (None, Playing::Here | Playing::Ended) => None,
        },
    };
    let figures = move |read: fn(&Figures) -> String| move || seat.figures.with(read);
    let chat = room.chat();
    view! {
        <div class="live-theatre">
            <div class="live-stage">
                <div
                    class="live-screen"
                    node_ref=stage
                    data-testid="live-screen"
                    data-shown=move || seat.figures.with(|figures| figures.shown)
                    data-skips=move || seat.figures.with(|figures| figures.skips)
                    data-form=move || seat.figures.with(|figures| figures.shape.form.map(words::form))
                >
                    <canvas
                        node_ref=canvas
                        role="img"
                        aria-label=move || t_string!(i18n, live.picture)
                        hidden=move || is_container.get()
                    ></canvas>
                    <video node_ref=video muted playsinline autoplay hidden=move || !is_container.get()></video>
                    {move || says().map(|words| view! {
                        <p class="live-says" role="status" data-testid="live-says">{words}</p>
                    })}
                </div>
                <div class="live-buttons">
                    <button type="button" class="button" aria-pressed=move || paused.get().to_string() data-testid="live-pause" on:click=toggle_pause>
                        {move || if paused.get() { t_string!(i18n, live.go_on) } else { t_string!(i18n, live.pause) }}
                    </button>
                    <button type="button" class="button" aria-pressed=move || sound.get().to_string() on:click=toggle_sound>
                        {move || if sound.get() { t_string!(i18n, live.mute) } else { t_string!(i18n, live.unmute) }}
                    </button>
                    <button type="button" class="button" on:click=fill>{t!(i18n, live.fill)}</button>
                    <a class="button quiet" href="/live">{t!(i18n, live.to_rooms)}</a>
                </div>
                <dl class="live-figures figures" data-testid="live-figures">
                    <div><dt>{t!(i18n, live.latency)}</dt><dd data-testid="live-latency">{figures(|it| match it.latency_ms {
                        Some(ms) => format!("{ms} ms"),
                        None => "–".to_owned(),
                    })}</dd></div>
                    <div><dt>{t!(i18n, live.bitrate)}</dt><dd>{figures(|it| words::bitrate(it.bitrate))}</dd></div>
                    <div title=move || t_string!(i18n, live.skips_title)><dt>{t!(i18n, live.skips)}</dt><dd data-testid="live-skips">{figures(|it| it.skips.to_string())}</dd></div>
                    <div title=move || t_string!(i18n, live.dropped_title)><dt>{t!(i18n, live.dropped)}</dt><dd>{figures(|it| it.dropped.to_string())}</dd></div>
                    <div><dt>{t!(i18n, live.codec)}</dt><dd>{figures(|it| it.shape.codec.clone())}</dd></div>
                    <div><dt>{t!(i18n, live.by)}</dt><dd>{figures(|it| it.shape.form.map_or("–", words::form).to_owned())}</dd></div>
                    <div><dt>{t!(i18n, live.size)}</dt><dd>{figures(|it| format!("{}×{}", it.shape.size.0, it.shape.size.1))}</dd></div>
                </dl>
                {move || seat.viewers.get().map(|count| view! {
                    <p class="hint" data-testid="live-viewers">{counted!(i18n, count, live.viewers)}</p>
                })}
            </div>
            <div class="live-chat"><RoomBeside name=chat /></div>
        </div>
    }
}
