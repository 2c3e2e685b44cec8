//! The field: its canvas, what is held down on it, and what is said over it.

use leptos::ev::{KeyboardEvent, PointerEvent};
use leptos::html::Canvas;
use leptos::prelude::*;
use trunkline_web_model::arena::{Camera, Controls, Stick, TICK_HZ};

use super::drawing::{Scene, draw};
use super::sparks::Sparks;
use super::table::{Part, Table};
use super::words::player_name;
use crate::browser::{clock, fields, motion};
use crate::following::Following;
use crate::i18n::{t, t_string, use_i18n};
use crate::words;

/// How many frames there are between two looks at what is told in words: at 60 frames a second no
/// whole number of ticks, so that two pages come to tell of the same one.
const TELL_EVERY: u32 = 7;

/// What a field has beside its signals.
#[derive(Default)]
struct Hands {
    controls: Controls,
    sparks: Sparks,
    camera: Option<Camera>,
    drive: Option<i32>,
    aim: Option<i32>,
    frames: u32,
    was_seated: bool,
}

/// The field.
#[component]
pub(super) fn Field() -> impl IntoView {
    let i18n = use_i18n();
    let table: Table = expect_context();
    let canvas = NodeRef::<Canvas>::new();
    let hands = StoredValue::new_local(Hands::default());
    let focused = RwSignal::new(false);
    let names = Memo::new(move |_| table.told.with(|told| told.rows.clone()));
    let play = move || {
        let drawn = hands.try_update_value(|hands| {
            let now = clock::now_us();
            let fired = steer(table, hands, now);
            let canvas = canvas.try_get_untracked().flatten()?;
            hands.frames = hands.frames.wrapping_add(1);
            if hands.frames.is_multiple_of(TELL_EVERY) {
                table.tell(now);
            }
            let name = |seat: u8| {
                let found = names.try_with_untracked(|rows| {
                    let row = rows.iter().find(|row| row.seat == seat)?;
                    Some(player_name(i18n, row))
                });
                found.flatten().unwrap_or_default()
            };
            table.with(|game| {
                let now_ms = now as f64 / 1000.0;
                let beams = game.take_beams(now);
                hands.sparks.fire(now_ms, &fired);
                hands.sparks.add(now_ms, &beams, game.seat());
                let scene = Scene {
                    now_us: now,
                    game,
                    sparks: &mut hands.sparks,
                    controls: &hands.controls,
                    name: &name,
                    calm: motion::is_reduced(),
                };
                hands.camera = draw(&canvas, scene);
            })
        });
        drawn.is_some()
    };
    Effect::new(move |_| again(play));
    let on_key = move |event: KeyboardEvent, down: bool| {
        if event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        if fields::code(&event) == "Escape" {
            if let Some(canvas) = canvas.get_untracked() {
                // A focus that cannot be given back stays.
                let _ = canvas.blur();
            }
            return;
        }
        let is_ours =
            hands.try_update_value(|hands| hands.controls.handle_key(&fields::code(&event), down));
        if is_ours == Some(true) {
            event.prevent_default();
        }
    };
    let at = |event: &PointerEvent| (f64::from(event.offset_x()), f64::from(event.offset_y()));
    let on_move = move |event: PointerEvent| {
        hands.update_value(|hands| {
            let (id, at) = (event.pointer_id(), at(&event));
            let controls = &mut hands.controls;
            match (&mut controls.drive, &mut controls.aim) {
                (Some(stick), _) if hands.drive == Some(id) => stick.at = at,
                (_, Some(stick)) if hands.aim == Some(id) => stick.at = at,
                _ if fields::pointer_type(&event) != "touch" => controls.pointer = Some(at),
                _ => {}
            }
        });
    };
    let on_down = move |event: PointerEvent| {
        let at = at(&event);
        if let Some(canvas) = canvas.get_untracked() {
            let _ = canvas.focus();
            // A pointer that is gone already is not captured.
            let _ = canvas.set_pointer_capture(event.pointer_id());
            let is_left = at.0 < f64::from(canvas.client_width()) / 2.0;
            hands.update_value(|hands| {
                let stick = Some(Stick { from: at, at });
                if fields::pointer_type(&event) != "touch" {
                    hands.controls.pointer = Some(at);
                    hands.controls.button = event.button() == 0;
                } else if is_left {
                    (hands.drive, hands.controls.drive) = (Some(event.pointer_id()), stick);
                } else {
                    (hands.aim, hands.controls.aim) = (Some(event.pointer_id()), stick);
                }
            });
        }
    };
    let on_up = move |event: PointerEvent| {
        hands.update_value(|hands| {
            let id = Some(event.pointer_id());
            if hands.drive == id {
                (hands.drive, hands.controls.drive) = (None, None);
            } else if hands.aim == id {
                (hands.aim, hands.controls.aim) = (None, None);
            } else {
                hands.controls.button = false;
            }
        });
    };
    let release = move || {
        hands.update_value(|hands| {
            hands.controls.release();
            (hands.drive, hands.aim) = (None, None);
        });
    };
    // Who has just got a seat plays without a click more.
    Effect::new(move |_| {
        if table.part.get() == Part::Plays
            && let Some(canvas) = canvas.get()
        {
            let _ = canvas.focus();
        }
    });
    // The keys are the game's only while the field has the focus.
    let rests = Memo::new(move |_| {
        !focused.get() && table.part.get() == Part::Plays && table.state.get() == Following::Here
    });
    view! {
        <div class="arena-field">
            <canvas
                node_ref=canvas
                tabindex="0"
                role="application"
                aria-label=move || t_string!(i18n, arena.field)
                aria-describedby="arena-keys"
                data-testid="arena-field"
                data-number=move || table.told.with(|told| told.number)
                data-seat=move || table.told.with(|told| told.seat)
                // A tick and what belongs to it are one attribute, so that they are seen together.
                data-places=move || table.told.with(|told| {
                    let place = |&(seat, x, y): &(u8, i32, i32)| format!("{seat}:{x},{y}");
                    let places: Vec<_> = told.places.iter().map(place).collect();
                    format!("{} {}", told.tick, places.join(" "))
                })
                data-ahead=move || table.told.with(|told| {
                    told.ahead.map(|(tick, x, y)| format!("{tick} {x},{y}"))
                })
                data-error=move || table.told.with(|told| format!("{:.2}", told.error))
                data-late=move || table.told.with(|told| told.late)
                data-desyncs=move || table.told.with(|told| told.desyncs)
                on:keydown=move |event| on_key(event, true)
                on:keyup=move |event| on_key(event, false)
                on:focus=move |_| focused.set(true)
                on:blur=move |_| {
                    release();
                    focused.set(false);
                }
                on:pointermove=on_move
                on:pointerdown=on_down
                on:pointerup=on_up
                on:pointercancel=on_up
                on:contextmenu=move |event| event.prevent_default()
            ></canvas>
            <Over />
            {move || rests.get().then(|| view! {
                <p class="arena-rests" data-testid="arena-rests">{t!(i18n, arena.rests)}</p>
            })}
            <p class="unseen" aria-live="polite">{move || t_string!(
                i18n,
                arena.heard,
                n = table.told.with(|told| own_score(told).unwrap_or_default())
            )}</p>
        </div>
    }
}

fn own_score(told: &super::table::Told) -> Option<u16> {
    let row = told.rows.iter().find(|row| Some(row.seat) == told.seat)?;
    Some(row.score)
}

/// Calls `frame` before each frame, as long as it says so.
fn again(frame: impl Fn() -> bool + Copy + 'static) {
    request_animation_frame(move || {
        if frame() {
            again(frame);
        }
    });
}

/// Sends what is held down, and returns the pulses that are fired.
fn steer(table: Table, hands: &mut Hands, now: u64) -> Vec<trunkline_web_model::arena::Fired> {
    let pointed = hands.controls.pointer.zip(hands.camera);
    let pointed = pointed.map(|((x, y), camera)| camera.point(x, y));
    let may_send = table.may_send();
    let (steering, fired) = table
        .with(|game| {
            let own = game.own(now);
            if !hands.was_seated
                && let Some((me, _)) = own
            {
                hands.controls.look(me.aim);
            }
            hands.was_seated = own.is_some();
            let steering = may_send.then(|| game.poll_steering(now, &mut hands.controls, pointed));
            (steering.flatten(), game.take_fired())
        })
        .unwrap_or_default();
    if let Some(steering) = steering {
        table.send(steering);
    }
    fired
}

/// What is said over the field.
#[component]
fn Over() -> impl IntoView {
    let i18n = use_i18n();
    let table: Table = expect_context();
    let state = move || match table.state.get() {
        Following::Opening => Some(t_string!(i18n, arena.opening).to_owned()),
        Following::Here => None,
        Following::Lost => Some(t_string!(i18n, arena.lost).to_owned()),
        Following::Refused(code) => {
            let why = words::error(i18n, code);
            Some(t_string!(i18n, arena.refused, why = why))
        }
        Following::Outdated => Some(t_string!(i18n, arena.outdated).to_owned()),
    };
    let play = move || {
        view! {
            <button type="button" class="button primary" data-testid="arena-play" on:click=move |_| table.join()>
                {t!(i18n, arena.play)}
            </button>
        }
    };
    let watch = move || {
        view! {
            <button type="button" class="button" data-testid="arena-watch" on:click=move |_| table.watch()>
                {t!(i18n, arena.watch)}
            </button>
        }
    };
    let end = Memo::new(move |_| {
        table
            .told
            .with(|told| (told.number > 0 && !told.playing).then_some(told.left_s))
    });
    let out = Memo::new(move |_| {
        let ticks = table.told.with(|told| told.out_for)?;
        Some(u32::from(ticks).div_ceil(TICK_HZ))
    });
    let winner = Memo::new(move |_| {
        table.told.with(|told| {
            let first = told.rows.first().filter(|row| row.score > 0)?;
            let alone = told.rows.get(1).is_none_or(|row| row.score < first.score);
            alone.then(|| (player_name(i18n, first), first.score))
        })
    });
    view! {
        {move || state().map(|words| view! {
            <div class="arena-over" role="status" data-testid="arena-state"><p>{words}</p></div>
        })}
        {move || (table.state.get() == Following::Here).then(|| match table.part.get() {
            Part::Asked => Some(view! {
                <div class="arena-over" data-testid="arena-asked">
                    <p>{t!(i18n, arena.lead)}</p>
                    <div class="arena-buttons">{play()}{watch()}</div>
                </div>
            }.into_any()),
            Part::Joins => Some(view! {
                <div class="arena-over" role="status"><p>{t!(i18n, arena.joining)}</p></div>
            }.into_any()),
            Part::Unseated => Some(view! {
                <div class="arena-over" role="alert">
                    <p>{t!(i18n, arena.unseated)}</p>
                    <div class="arena-buttons">{play()}{watch()}</div>
                </div>
            }.into_any()),
            Part::Full => Some(view! {
                <div class="arena-over" role="alert">
                    <p>{t!(i18n, arena.full)}</p>
                    <div class="arena-buttons">{watch()}<a class="button" href="/arena">{t!(i18n, arena.to_rooms)}</a></div>
                </div>
            }.into_any()),
            Part::Refused(code) => Some(view! {
                <div class="arena-over" role="alert">
                    <p>{t_string!(i18n, arena.not_seated, why = words::error(i18n, code))}</p>
                    <div class="arena-buttons">{play()}{watch()}</div>
                </div>
            }.into_any()),
            Part::Plays | Part::Watches => None,
        })}
        {move || end.get().map(|left| view! {
            <div class="arena-banner" role="status" data-testid="arena-end">
                <strong>{match winner.get() {
                    Some((name, score)) => t_string!(i18n, arena.won, name = name, n = score),
                    None => t_string!(i18n, arena.drawn).to_owned(),
                }}</strong>
                <span>{t_string!(i18n, arena.next_in, n = left)}</span>
            </div>
        })}
        {move || out.get().filter(|_| end.get().is_none()).map(|left| view! {
            <div class="arena-banner" role="status" data-testid="arena-out">
                <strong>{t_string!(i18n, arena.out, n = left)}</strong>
            </div>
        })}
    }
}
