//! The lanes: on the left those who dial, on the right the server, and what is on its way between
//! them. What goes to the server has the upper half of a lane, what comes from it the lower one.

use leptos::prelude::*;
use trunkline_web_model::simulator::{ClientState, Dot, Peer, Player, Scene};
use wasm_bindgen::JsCast;
use web_sys::HtmlCanvasElement;

use super::words::{codec_name, mood_name, mood_words, peer_name};
use crate::browser::canvas::Surface;
use crate::browser::events;
use crate::i18n::{t, t_string, use_i18n};
use crate::theme::use_theme;

/// The half of a dot's width, in CSS pixels.
const RADIUS: f64 = 3.5;

/// Everybody, and what is between them.
#[component]
pub(super) fn Lanes(
    player: StoredValue<Player, LocalStorage>,
    scene: RwSignal<Scene>,
) -> impl IntoView {
    let i18n = use_i18n();
    let theme = use_theme();
    Effect::new(move |_| {
        theme.track();
        draw_soon(player);
    });
    events::on_window(leptos::ev::resize, move |_| draw_all(player));
    let peers = Memo::new(move |_| {
        let (clients, intruders) = scene.with(|scene| (scene.clients.len(), scene.intruders));
        let clients = (0..clients).map(Peer::Client);
        clients
            .chain((0..intruders).map(Peer::Intruder))
            .collect::<Vec<_>>()
    });
    let up = Memo::new(move |_| scene.with(|scene| scene.server_up));
    view! {
        <div class="sim">
            <ul class="sim-lanes" aria-label=move || t_string!(i18n, lab.simulator.lanes)>
                <For each=move || peers.get() key=|peer| *peer let:peer>
                    <Lane peer scene />
                </For>
            </ul>
            <div class="sim-server" data-up=move || up.get().to_string() data-testid="sim-server">
                <strong>{t!(i18n, lab.simulator.server)}</strong>
                <span>{move || if up.get() {
                    t_string!(i18n, lab.simulator.there)
                } else {
                    t_string!(i18n, lab.simulator.away)
                }}</span>
            </div>
        </div>
        <p class="lab-note">{t!(i18n, lab.simulator.legend)}</p>
    }
}

/// One who dials.
#[component]
fn Lane(peer: Peer, scene: RwSignal<Scene>) -> impl IntoView {
    let i18n = use_i18n();
    let state = Memo::new(move |_| scene.with(|scene| state_of(scene, peer)));
    view! {
        <li data-mood=move || state.get().map(|state| mood_name(state.mood))>
            <div class="sim-peer">
                <strong>{move || peer_name(i18n, peer)}</strong>
                {move || state.get().map(|ClientState { user, codec, mood, waiting }| view! {
                    <span class="sim-mood">{mood_words(i18n, mood)}</span>
                    <small>
                        {t_string!(i18n, lab.simulator.user, n = user, codec = codec_name(codec))}
                        {(waiting > 0).then(|| format!(", {}", t_string!(i18n, lab.simulator.waits, n = waiting)))}
                    </small>
                })}
            </div>
            <div class="sim-way">
                <canvas data-lane=lane_id(peer) aria-hidden="true"></canvas>
            </div>
        </li>
    }
}

fn state_of(scene: &Scene, peer: Peer) -> Option<ClientState> {
    match peer {
        Peer::Client(client) => scene.clients.get(client).copied(),
        Peer::Intruder(_) => None,
    }
}

fn lane_id(peer: Peer) -> String {
    match peer {
        Peer::Client(client) => format!("client-{client}"),
        Peer::Intruder(intruder) => format!("intruder-{intruder}"),
    }
}

/// Draws before the next frame, when what was changed has its place.
pub(super) fn draw_soon(player: StoredValue<Player, LocalStorage>) {
    request_animation_frame(move || draw_all(player));
}

/// Draws all lanes as they are.
pub(super) fn draw_all(player: StoredValue<Player, LocalStorage>) {
    let drawn = player.try_with_value(|player| {
        for peer in player.peers() {
            let place = format!(".sim canvas[data-lane=\"{}\"]", lane_id(peer));
            let canvas = document().query_selector(&place).ok().flatten();
            if let Some(canvas) = canvas.and_then(|it| it.dyn_into::<HtmlCanvasElement>().ok()) {
                let dots = player.dots().filter(|dot| dot.flight.peer == peer);
                draw(dots, &canvas);
            }
        }
    });
    // Nobody looks at a page that is left.
    drawn.unwrap_or_default();
}

/// Draws one lane.
fn draw(dots: impl Iterator<Item = Dot>, canvas: &HtmlCanvasElement) -> Option<()> {
    let surface = Surface::clear(canvas)?;
    let context = &surface.context;
    let (event, other, lost) = (
        surface.style("color")?,
        surface.style("border-block-start-color")?,
        surface.style("border-block-end-color")?,
    );
    context.set_line_width(2.0);
    context.set_stroke_style_str(&lost);
    let way = surface.width - 2.0 * (RADIUS + 2.0);
    for dot in dots {
        let from_left = if dot.flight.up { dot.at } else { 1.0 - dot.at };
        let x = RADIUS + 2.0 + way * from_left;
        let y = surface.height * if dot.flight.up { 0.3 } else { 0.7 };
        if dot.lost {
            let r = RADIUS;
            context.begin_path();
            context.move_to(x - r, y - r);
            context.line_to(x + r, y + r);
            context.move_to(x - r, y + r);
            context.line_to(x + r, y - r);
            context.stroke();
            continue;
        }
        let carries = matches!(dot.flight.kind, "publish" | "publication");
        context.set_fill_style_str(if carries { &event } else { &other });
        surface.circle((x, y), RADIUS);
        context.fill();
    }
    Some(())
}
