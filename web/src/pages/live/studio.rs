//! The studio: choose a source, look at it, and broadcast it.

use leptos::ev::SubmitEvent;
use leptos::html::Video;
use leptos::prelude::*;
use leptos::task::spawn_local;
use trunkline_client::{CallError, Client, Status};
use trunkline_protocol::topics::live::{
    BeginLive, CountLive, LIVE_TITLE_CHARS_MAX, LiveAudience, LiveNamed, LiveRoom, LiveSource,
    LiveWish,
};
use trunkline_protocol::{ErrorCode, Text};

use super::encoding::{Encoding, Shape, video_codec};
use super::recording::{Recording, recorded_type};
use super::server_clock::ServerClock;
use super::transmitter::{Sent, Transmitter};
use super::words;
use crate::browser::codecs::read_track;
use crate::browser::media::{Captured, NoMedia, Source};
use crate::i18n::{t, t_string, use_i18n};
use crate::pages::chat::RoomBeside;
use crate::realtime::{Task, use_realtime};
use crate::words::{counted, error as error_words};

/// What a broadcaster asks for, in bits per second.
const BITRATE: u32 = 4_000_000;

/// How often figures are shown, in milliseconds.
const LOOK_MS: u32 = 1_000;

/// What a studio does.
#[derive(Clone, Debug, PartialEq)]
enum Stage {
    /// Nothing is captured.
    Idle,
    /// The browser asks the user.
    Asking,
    /// What is captured can be seen here.
    Ready,
    /// It is broadcast.
    OnAir,
}

/// What went wrong.
#[derive(Clone, Debug, PartialEq)]
enum Trouble {
    Media(NoMedia),
    NoCodec,
    Refused(ErrorCode),
    /// The server gave the room to somebody else, or ended the broadcast.
    Over,
    /// The source has ended.
    SourceEnded,
    BadRoom,
}

/// Encoders at work.
enum Making {
    Frames { _it: Encoding },
    Container { _it: Recording },
}

/// What lives as long as a broadcast.
struct OnAir {
    transmitter: Transmitter,
    _making: Making,
    _look: Task,
    _follow: Task,
}

impl Drop for OnAir {
    fn drop(&mut self) {
        self.transmitter.end();
    }
}

/// The signals of a studio.
#[derive(Clone, Copy)]
struct Desk {
    stage: RwSignal<Stage>,
    trouble: RwSignal<Option<Trouble>>,
    source: RwSignal<LiveSource>,
    sound: RwSignal<bool>,
    recorder: RwSignal<bool>,
    room: RwSignal<Option<LiveRoom>>,
    shape: RwSignal<Shape>,
    sent: RwSignal<Sent>,
    audience: RwSignal<Option<LiveAudience>>,
    captured: StoredValue<Option<Captured>, LocalStorage>,
    on_air: StoredValue<Option<OnAir>, LocalStorage>,
    preview: NodeRef<Video>,
}

impl Desk {
    fn new() -> Self {
        let desk = Self {
            stage: RwSignal::new(Stage::Idle),
            trouble: RwSignal::new(None),
            source: RwSignal::new(LiveSource::Camera),
            sound: RwSignal::new(true),
            recorder: RwSignal::new(asks_for_recorder()),
            room: RwSignal::new(None),
            shape: RwSignal::new(Shape::default()),
            sent: RwSignal::new(Sent::default()),
            audience: RwSignal::new(None),
            captured: StoredValue::new_local(None),
            on_air: StoredValue::new_local(None),
            preview: NodeRef::new(),
        };
        on_cleanup(move || desk.stop());
        desk
    }

    /// Ends everything.
    fn stop(self) {
        self.on_air.try_set_value(None);
        self.captured.try_set_value(None);
        self.stage.try_set(Stage::Idle);
        self.room.try_set(None);
        self.audience.try_set(None);
    }

    fn fail(self, trouble: Trouble) {
        self.stop();
        self.trouble.try_set(Some(trouble));
    }

    async fn capture(self) {
        self.stop();
        self.trouble.set(None);
        self.stage.set(Stage::Asking);
        let source = match self.source.get_untracked() {
            LiveSource::Camera => Source::Camera,
            LiveSource::Screen => Source::Screen,
            LiveSource::Microphone => Source::Microphone,
        };
        match Captured::ask(source, self.sound.get_untracked()).await {
            Ok(captured) => {
                if let Some(video) = self.preview.try_get_untracked().flatten() {
                    video.set_src_object(Some(&captured.0));
                    video.set_muted(true);
                    // Without a picture there is nothing to be played.
                    let _ = video.play();
                }
                // The page may be left meanwhile: then it ends here.
                self.captured.try_set_value(Some(captured));
                self.stage.try_set(Stage::Ready);
            }
            Err(why) => self.fail(Trouble::Media(why)),
        }
    }

    /// Goes on the air in this room.
    async fn begin(self, client: Client, clock: ServerClock, room: LiveRoom, title: String) {
        let wish = LiveWish {
            room: Text::cut(room.as_str()),
            title: Text::cut(title.trim()),
            source: self.source.get_untracked(),
            bitrate: BITRATE,
        };
        self.trouble.set(None);
        let seat = match client.call::<BeginLive>(&wish).await {
            Ok(seat) => seat,
            Err(CallError::Refused(error)) => {
                self.trouble.try_set(Some(Trouble::Refused(error.code)));
                return;
            }
            Err(CallError::Unreadable(_) | CallError::Ended) => {
                self.trouble
                    .try_set(Some(Trouble::Refused(ErrorCode::ContractMismatch)));
                return;
            }
        };
        let transmitter = Transmitter::new(client.clone(), room.clone(), seat.run, seat.bitrate);
        let Some(making) = self.make(&transmitter, clock).await else {
            transmitter.end();
            self.trouble.try_set(Some(Trouble::NoCodec));
            return;
        };
        let look = Task::spawn(self.look(client.clone(), room.clone(), transmitter.clone()));
        let follow = Task::spawn(self.follow(client, wish, transmitter.clone()));
        let on_air = OnAir {
            transmitter,
            _making: making,
            _look: look,
            _follow: follow,
        };
        // The page may be left meanwhile: then it ends here.
        self.on_air.try_set_value(Some(on_air));
        self.room.try_set(Some(room));
        self.stage.try_set(Stage::OnAir);
    }

    async fn make(self, transmitter: &Transmitter, clock: ServerClock) -> Option<Making> {
        let (stream, video, audio) = self.captured.try_with_value(|captured| {
            let captured = captured.as_ref()?;
            Some((captured.0.clone(), captured.video(), captured.audio()))
        })??;
        let settings = video.as_ref().map(|track| track.get_settings());
        let size = |name: &str| {
            let settings = settings.as_ref()?;
            js_sys::Reflect::get(settings, &name.into()).ok()?.as_f64()
        };
        let size = (
            size("width").unwrap_or(640.0) as u32 & !1,
            size("height").unwrap_or(480.0) as u32 & !1,
        );
        let on_end = move || self.fail(Trouble::SourceEnded);
        let tracks = video.as_ref().or(audio.as_ref());
        let can_read = tracks.is_some_and(|track| read_track(&track.clone()).is_some());
        let codec = video_codec(size).await;
        if !self.recorder.get_untracked() && can_read && (codec.is_some() || video.is_none()) {
            let on_shape = move |shape| drop(self.shape.try_set(shape));
            let encoding = Encoding::start(
                (video, audio),
                codec.unwrap_or_default(),
                transmitter.clone(),
                clock,
                on_shape,
                on_end,
            )?;
            return Some(Making::Frames { _it: encoding });
        }
        let mime = recorded_type(video.is_some(), audio.is_some())?;
        self.shape.try_set(Shape {
            video: mime.to_owned(),
            audio: String::new(),
            width: size.0,
            height: size.1,
        });
        let size = (size.0 as u16, size.1 as u16);
        let recording = Recording::start(stream, mime, size, transmitter.clone(), clock, on_end);
        Some(Making::Container { _it: recording })
    }

    /// Shows figures every now and then.
    async fn look(self, client: Client, room: LiveRoom, transmitter: Transmitter) {
        let room = Text::cut(room.as_str());
        loop {
            gloo_timers::future::TimeoutFuture::new(LOOK_MS).await;
            let sent = transmitter.sent();
            if sent.unseated {
                // Not from inside: this task ends with the rest.
                spawn_local(async move { self.fail(Trouble::Over) });
                return;
            }
            self.sent.try_set(sent);
            let named = LiveNamed { room: room.clone() };
            if let Ok(audience) = client.call::<CountLive>(&named).await {
                self.audience.try_set(Some(audience));
            }
        }
    }

    /// Takes the seat anew whenever the line was lost.
    async fn follow(self, client: Client, wish: LiveWish, transmitter: Transmitter) {
        use futures_util::StreamExt as _;
        let mut statuses = std::pin::pin!(client.statuses());
        let mut lost = false;
        while let Some(status) = statuses.next().await {
            match status {
                Status::Live { .. } if lost => {
                    lost = false;
                    if let Ok(seat) = client.call::<BeginLive>(&wish).await {
                        transmitter.sit(seat.run);
                    }
                }
                Status::Live { .. } => {}
                _ => lost = true,
            }
        }
    }
}

/// `?encoder=recorder` asks for MediaRecorder where WebCodecs would do, too.
fn asks_for_recorder() -> bool {
    let query = window().location().search().unwrap_or_default();
    query
        .trim_start_matches('?')
        .split('&')
        .any(|pair| pair == "encoder=recorder")
}

/// The studio.
#[component]
pub(super) fn Studio() -> impl IntoView {
    let i18n = use_i18n();
    let realtime = use_realtime();
    let desk = Desk::new();
    let clock = StoredValue::new_local(None::<ServerClock>);
    Effect::new(move |_| {
        if let Some(client) = realtime.client.get() {
            clock.set_value(Some(ServerClock::follow(client)));
        }
    });
    let named = move || {
        let name = realtime
            .account
            .with_untracked(|account| account.user().map(|user| user.name.to_string()));
        name.unwrap_or_default()
    };
    let title = RwSignal::new(t_string!(i18n, live.title_of, name = named()));
    let room = RwSignal::new(room_of(&named()));
    let begin = move |event: SubmitEvent| {
        event.prevent_default();
        let (Some(client), Some(clock)) = (realtime.client.get_untracked(), clock.get_value())
        else {
            return;
        };
        match room.get_untracked().trim().parse::<LiveRoom>() {
            Ok(room) => spawn_local(desk.begin(client, clock, room, title.get_untracked())),
            Err(_) => desk.trouble.set(Some(Trouble::BadRoom)),
        }
    };
    let trouble = move || {
        desk.trouble.get().map(|trouble| match trouble {
            Trouble::Media(why) => words::no_media(i18n, why).to_owned(),
            Trouble::NoCodec => t_string!(i18n, live.no_encoder).to_owned(),
            Trouble::Refused(code) => {
                t_string!(i18n, live.refused, why = error_words(i18n, code))
            }
            Trouble::Over => t_string!(i18n, live.over).to_owned(),
            Trouble::SourceEnded => t_string!(i18n, live.source_ended).to_owned(),
            Trouble::BadRoom => t_string!(i18n, live.bad_name).to_owned(),
        })
    };
    let stage = Memo::new(move |_| desk.stage.get());
    let shows = Memo::new(move |_| {
        matches!(stage.get(), Stage::Ready | Stage::OnAir)
            && desk.source.get() != LiveSource::Microphone
    });
    view! {
        <section class="live-studio" data-stage=move || match stage.get() {
            Stage::Idle => "idle",
            Stage::Asking => "asking",
            Stage::Ready => "ready",
            Stage::OnAir => "on-air",
        } data-testid="live-studio">
            <h2>{t!(i18n, live.studio)}</h2>
            <p class="live-lead">{t!(i18n, live.lead)}</p>
            {move || trouble().map(|words| view! {
                <p class="hint wrong" role="alert" data-testid="live-trouble">{words}</p>
            })}
            <div class="live-preview" hidden=move || !shows.get()>
                <video node_ref=desk.preview muted playsinline aria-label=move || t_string!(i18n, live.preview)></video>
                {move || (stage.get() == Stage::OnAir).then(|| view! {
                    <strong class="live-sign">{t!(i18n, live.on_air)}</strong>
                })}
            </div>
            {move || match stage.get() {
                Stage::Idle | Stage::Asking => view! { <Sources desk /> }.into_any(),
                Stage::Ready => view! {
                    <form class="live-form" on:submit=begin novalidate>
                        <div class="field">
                            <label for="live-title">{t!(i18n, live.title)}</label>
                            <input
                                id="live-title"
                                maxlength=LIVE_TITLE_CHARS_MAX
                                prop:value=move || title.get()
                                on:input:target=move |event| title.set(event.target().value())
                            />
                        </div>
                        <div class="field">
                            <label for="live-room">{t!(i18n, live.room)}</label>
                            <input
                                id="live-room"
                                autocomplete="off"
                                autocapitalize="none"
                                spellcheck="false"
                                prop:value=move || room.get()
                                on:input:target=move |event| room.set(event.target().value())
                            />
                        </div>
                        <div class="live-buttons">
                            <button type="submit" class="button primary" data-testid="live-begin">{t!(i18n, live.begin)}</button>
                            <button type="button" class="button" on:click=move |_| desk.stop()>{t!(i18n, cancel)}</button>
                        </div>
                    </form>
                }.into_any(),
                Stage::OnAir => view! { <OnAirPanel desk /> }.into_any(),
            }}
        </section>
    }
}

/// A room's name from a person's: what of it may stand there.
fn room_of(name: &str) -> String {
    let plain: String = name
        .to_lowercase()
        .chars()
        .filter(|it| it.is_ascii_alphanumeric())
        .take(20)
        .collect();
    if plain.is_empty() {
        "studio".to_owned()
    } else {
        plain
    }
}

/// Where one chooses what to broadcast.
#[component]
fn Sources(desk: Desk) -> impl IntoView {
    let i18n = use_i18n();
    let asking = move || desk.stage.get() == Stage::Asking;
    let all = [
        LiveSource::Camera,
        LiveSource::Screen,
        LiveSource::Microphone,
    ];
    view! {
        <div class="live-sources">
            <div class="choice" role="group" aria-label=move || t_string!(i18n, live.what)>
                {all.map(|each| view! {
                    <button
                        type="button"
                        aria-pressed=move || (desk.source.get() == each).to_string()
                        on:click=move |_| desk.source.set(each)
                    >
                        {move || words::source(i18n, each)}
                    </button>
                })}
            </div>
            <label class="live-check">
                <input
                    type="checkbox"
                    prop:checked=move || desk.sound.get()
                    on:change:target=move |event| desk.sound.set(event.target().checked())
                />
                {t!(i18n, live.with_sound)}
            </label>
            <label class="live-check">
                <input
                    type="checkbox"
                    prop:checked=move || desk.recorder.get()
                    on:change:target=move |event| desk.recorder.set(event.target().checked())
                />
                {t!(i18n, live.with_recorder)}
            </label>
            <button
                type="button"
                class="button primary"
                data-testid="live-capture"
                disabled=asking
                on:click=move |_| spawn_local(desk.capture())
            >
                {move || if asking() { t_string!(i18n, live.waiting_for_browser) } else { t_string!(i18n, live.choose) }}
            </button>
        </div>
    }
}

/// Who watches, and what goes out.
#[component]
fn OnAirPanel(desk: Desk) -> impl IntoView {
    let i18n = use_i18n();
    let audience = move || desk.audience.get();
    let codec = move || {
        desk.shape.with(|shape| {
            let sound = if shape.audio.is_empty() {
                String::new()
            } else {
                format!(", {}", shape.audio)
            };
            format!("{}{sound}", shape.video)
        })
    };
    let room = desk.room.get_untracked();
    let address = room.as_ref().map(|room| format!("/live/{room}"));
    view! {
        <dl class="live-figures figures" data-testid="live-figures" data-viewers=move || audience().map(|it| it.viewers)>
            <div><dt>{t!(i18n, live.watching)}</dt><dd data-testid="live-watching">{move || audience().map_or(0, |it| it.viewers)}</dd></div>
            <div><dt>{t!(i18n, live.slow)}</dt><dd>{move || audience().map_or(0, |it| it.slow)}</dd></div>
            <div><dt>{t!(i18n, live.latency)}</dt><dd>{move || match audience().and_then(|it| it.latency_ms) {
                Some(ms) => format!("{ms} ms"),
                None => "–".to_owned(),
            }}</dd></div>
            <div><dt>{t!(i18n, live.bitrate)}</dt><dd>{move || words::bitrate(desk.sent.get().bitrate)}</dd></div>
            <div><dt>{t!(i18n, live.target)}</dt><dd>{move || words::bitrate(desk.sent.get().target)}</dd></div>
            <div><dt>{t!(i18n, live.codec)}</dt><dd data-testid="live-codec">{codec}</dd></div>
            <div><dt>{t!(i18n, live.size)}</dt><dd>{move || desk.shape.with(|shape| format!("{}×{}", shape.width, shape.height))}</dd></div>
            <div><dt>{t!(i18n, live.time_left)}</dt><dd>{move || match audience() {
                Some(told) => {
                    let minutes = told.seconds_left / 60;
                    counted!(i18n, minutes, live.minutes)
                }
                None => "–".to_owned(),
            }}</dd></div>
        </dl>
        <div class="live-buttons">
            <button type="button" class="button danger" data-testid="live-stop" on:click=move |_| desk.stop()>{t!(i18n, live.stop)}</button>
            {address.map(|address| view! {
                <a class="button" href=address target="_blank" rel="noopener">{t!(i18n, live.see)}</a>
            })}
        </div>
        {room.map(|room| view! { <div class="live-chat"><RoomBeside name=room.chat() /></div> })}
    }
}
