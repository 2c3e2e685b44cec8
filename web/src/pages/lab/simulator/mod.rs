//! The simulator: the runs that test the rules of this very app, to be watched.
//!
//! The state machines of the client and the server are in this page, with a network between them that
//! fails by a seed. `lanes` draws what is on its way, `words` says what happens.

mod lanes;
mod words;

use std::time::Duration;

use leptos::prelude::*;
use leptos_router::hooks::use_location;
use trunkline_web_model::simulator::{Player, Scene, Script, Sight, Told, Verdict};

use self::lanes::Lanes;
use self::words::{told_words, verdict_words};
use crate::browser::{clock, download, fields, motion};
use crate::i18n::{t, t_string, use_i18n};

/// The speeds that are offered, in thousandths of the run's own.
const SPEEDS: [u32; 5] = [20, 100, 500, 1_000, 5_000];

/// The longest time that passes between two frames, in milliseconds: a hidden page does not rush on.
const FRAME_MS_MAX: f64 = 100.0;

/// How often what happened is told while it is played, in milliseconds.
const TELL_MS: f64 = 200.0;

/// How often a picture changes where little is to move.
const CALM: Duration = Duration::from_millis(500);

/// The state of the section.
#[derive(Clone, Copy)]
struct Stage {
    player: StoredValue<Player, LocalStorage>,
    script: RwSignal<Script>,
    speed: RwSignal<u32>,
    playing: RwSignal<bool>,
    scene: RwSignal<Scene>,
    told: RwSignal<Vec<Told>>,
    /// When the last picture and the last words were made.
    drawn_ms: StoredValue<f64>,
    told_ms: StoredValue<f64>,
}

impl Stage {
    fn new(script: Script) -> Self {
        let player = Player::new(script);
        Self {
            script: RwSignal::new(script),
            speed: RwSignal::new(100),
            playing: RwSignal::new(false),
            scene: RwSignal::new(player.scene()),
            told: RwSignal::new(Vec::new()),
            drawn_ms: StoredValue::new(0.0),
            told_ms: StoredValue::new(0.0),
            player: StoredValue::new_local(player),
        }
    }

    /// Begins again, with another script or the same.
    fn load(self, script: Script) {
        self.playing.set(false);
        self.script.set(script);
        self.player.set_value(Player::new(script));
        self.tell();
    }

    /// Does something to the run, and shows what came of it.
    fn act(self, action: impl FnOnce(&mut Player)) {
        self.playing.set(false);
        self.player.update_value(action);
        self.tell();
    }

    fn tell(self) {
        let (scene, told) = self
            .player
            .with_value(|player| (player.scene(), player.told().collect()));
        self.scene.set(scene);
        self.told.set(told);
        lanes::draw_soon(self.player);
    }

    fn play(self) {
        self.drawn_ms.set_value(now_ms());
        self.playing.set(true);
        self.go_on();
    }

    /// Shows the next picture, and the ones after it as long as it is played.
    fn go_on(self) {
        // The page may be left meanwhile.
        if self.playing.try_get_untracked() != Some(true) {
            return;
        }
        let now_ms = now_ms();
        let passed_ms = now_ms - self.drawn_ms.get_value();
        let most_ms = if motion::is_reduced() {
            2.0 * CALM.as_millis() as f64
        } else {
            FRAME_MS_MAX
        };
        let speed = f64::from(self.speed.get_untracked()) / 1_000.0;
        self.drawn_ms.set_value(now_ms);
        self.player
            .update_value(|player| player.advance(passed_ms.min(most_ms), speed));
        let over = self.player.with_value(Player::is_over);
        if over || now_ms - self.told_ms.get_value() >= TELL_MS {
            self.told_ms.set_value(now_ms);
            self.tell();
        } else {
            lanes::draw_all(self.player);
        }
        if over {
            self.playing.set(false);
        } else if motion::is_reduced() {
            set_timeout(move || self.go_on(), CALM);
        } else {
            request_animation_frame(move || self.go_on());
        }
    }
}

fn now_ms() -> f64 {
    clock::now_us() as f64 / 1_000.0
}

/// The section.
#[component]
pub(super) fn SimulatorStep() -> impl IntoView {
    let i18n = use_i18n();
    let script = Script::from_query(&use_location().search.get_untracked());
    let stage = Stage::new(script);
    let scene = stage.scene;
    let over = move || scene.with(|scene| !matches!(scene.verdict, Verdict::Good));
    let play = move |_| {
        if stage.playing.get_untracked() {
            stage.playing.set(false);
        } else {
            stage.play();
        }
    };
    let seconds = move |ms: u64| format!("{:.2}", ms as f64 / 1_000.0);
    view! {
        <section class="lab-step" id="simulator" aria-labelledby="simulator-title">
            <header>
                <h2 id="simulator-title">{t!(i18n, lab.simulator.title)}</h2>
                <p>{t!(i18n, lab.simulator.lead)}</p>
            </header>
            <Choices stage />
            <div class="lab-go">
                <button type="button" class="button primary" data-testid="sim-play" aria-pressed=move || stage.playing.get().to_string() disabled=over on:click=play>
                    {move || if stage.playing.get() {
                        t_string!(i18n, lab.simulator.pause)
                    } else {
                        t_string!(i18n, lab.simulator.play)
                    }}
                </button>
                <button type="button" class="button" data-testid="sim-step" disabled=over on:click=move |_| stage.act(Player::step)>
                    {t!(i18n, lab.simulator.step)}
                </button>
                <button type="button" class="button" data-testid="sim-finish" disabled=over on:click=move |_| stage.act(Player::finish)>
                    {t!(i18n, lab.simulator.finish)}
                </button>
                <button type="button" class="button" data-testid="sim-again" on:click=move |_| stage.load(stage.script.get_untracked())>
                    {t!(i18n, lab.simulator.again)}
                </button>
            </div>
            <Lanes player=stage.player scene />
            <p
                class="sim-verdict"
                role="status"
                data-testid="sim-verdict"
                data-verdict=move || scene.with(|scene| verdict_name(&scene.verdict))
            >
                {move || scene.with(|scene| verdict_words(i18n, &scene.verdict))}
                {move || scene.with(|scene| match &scene.verdict {
                    Verdict::Broken { check, what } => Some(view! {
                        <span class="mono" lang="en">{format!("{check}: {what}")}</span>
                    }),
                    _ => None,
                })}
            </p>
            <dl class="lab-figures figures">
                <div><dt>{t!(i18n, lab.simulator.time)}</dt><dd data-testid="sim-time">{move || scene.with(|scene| {
                    t_string!(i18n, lab.simulator.time_of, now = seconds(scene.now_ms), end = seconds(scene.end_ms))
                })}</dd></div>
                <div><dt>{t!(i18n, lab.simulator.frames)}</dt><dd>{move || scene.with(|scene| scene.frames)}</dd></div>
                <div><dt>{t!(i18n, lab.simulator.lost)}</dt><dd>{move || scene.with(|scene| scene.lost)}</dd></div>
                <div><dt>{t!(i18n, lab.simulator.faults)}</dt><dd>{move || scene.with(|scene| scene.faults)}</dd></div>
                <div><dt>{t!(i18n, lab.simulator.deliveries)}</dt><dd data-testid="sim-deliveries">{move || scene.with(|scene| scene.deliveries)}</dd></div>
            </dl>
            <ol class="cut-log" tabindex="0" data-empty=move || t_string!(i18n, lab.simulator.nothing_yet) aria-label=move || t_string!(i18n, lab.simulator.log) data-testid="sim-log">
                <For each=move || stage.told.get() key=|told| told.number let:told>
                    <li class:fault=is_trouble(told.sight)>
                        <span class="mono sim-at">{t_string!(i18n, lab.ms, n = told.at_ms)}</span>
                        {move || told_words(i18n, told.sight)}
                    </li>
                </For>
            </ol>
            <Save stage />
        </section>
    }
}

/// Whether something breaks.
fn is_trouble(sight: Sight) -> bool {
    matches!(
        sight,
        Sight::Struck { .. } | Sight::Down | Sight::Lost { .. }
    )
}

fn verdict_name(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Good => "good",
        Verdict::Held => "held",
        Verdict::Broken { .. } => "broken",
    }
}

/// Which run, and how fast.
#[component]
fn Choices(stage: Stage) -> impl IntoView {
    let i18n = use_i18n();
    let script = stage.script;
    let wrong = RwSignal::new(false);
    let enter = move |event| {
        let seed = Script::parse_seed(&fields::value(&event));
        wrong.set(seed.is_none());
        if let Some(seed) = seed {
            stage.load(Script {
                seed,
                ..script.get_untracked()
            });
        }
    };
    let draw_lots = move |_| {
        wrong.set(false);
        let seed = (js_sys::Math::random() * 1e9) as u64;
        stage.load(Script {
            seed,
            ..script.get_untracked()
        });
    };
    let lie = move |_| {
        stage.load(Script {
            lying: !script.get_untracked().lying,
            ..script.get_untracked()
        });
    };
    let pace = move |event| {
        if let Ok(speed) = fields::value(&event).parse() {
            stage.speed.set(speed);
        }
    };
    let factor = |thousandths: u32| format!("{}", f64::from(thousandths) / 1_000.0);
    view! {
        <div class="lab-controls">
            <label class="lab-choice">
                <span>{t!(i18n, lab.simulator.seed)}</span>
                <input
                    class="input"
                    inputmode="numeric"
                    autocomplete="off"
                    spellcheck="false"
                    maxlength="32"
                    data-testid="sim-seed"
                    aria-invalid=move || wrong.get().to_string()
                    aria-describedby="sim-seed-hint"
                    prop:value=move || script.get().seed.to_string()
                    on:change=enter
                />
            </label>
            <label class="lab-choice">
                <span>{t!(i18n, lab.simulator.speed)}</span>
                <select class="input" data-testid="sim-speed" on:change=pace>
                    {SPEEDS.map(|speed| view! {
                        <option value=speed.to_string() selected=move || stage.speed.get() == speed>
                            {move || t_string!(i18n, lab.simulator.times, n = factor(speed))}
                        </option>
                    })}
                </select>
            </label>
        </div>
        <div class="lab-go">
            <button type="button" class="button" data-testid="sim-lots" on:click=draw_lots>{t!(i18n, lab.simulator.lots)}</button>
            <button type="button" class="button" data-testid="sim-lie" aria-pressed=move || script.get().lying.to_string() on:click=lie>
                {t!(i18n, lab.simulator.lie)}
            </button>
            <p class="hint" class:wrong=move || wrong.get() id="sim-seed-hint" role="status">
                {move || if wrong.get() {
                    t_string!(i18n, lab.simulator.seed_wrong)
                } else {
                    t_string!(i18n, lab.simulator.seed_hint)
                }}
            </p>
        </div>
    }
}

/// Lets one keep what came out, and come back to this very run.
#[component]
fn Save(stage: Stage) -> impl IntoView {
    let i18n = use_i18n();
    let json = move || {
        stage.scene.track();
        let script = stage.script.get();
        stage.player.with_value(|player| player.to_json(script))
    };
    let save = move |_| download::offer("trunkline-run.json", "application/json", &json());
    let address = move || format!("/lab{}#simulator", stage.script.get().to_query());
    view! {
        <div class="lab-go">
            <button type="button" class="button" on:click=save>{t!(i18n, lab.simulator.save)}</button>
            <p class="hint"><a href=address data-testid="sim-permalink">{t!(i18n, lab.simulator.permalink)}</a></p>
        </div>
        <p class="lab-note">
            {t!(i18n, lab.simulator.terminal)}
            " "
            <code class="mono">{move || format!("cargo xtask sim --seed {}", stage.script.get().seed)}</code>
        </p>
        <details class="lab-more">
            <summary>{t!(i18n, lab.race.json)}</summary>
            <pre class="mono" tabindex="0" data-testid="sim-json">{json}</pre>
        </details>
    }
}
