//! Who plays, with scores, and how long the match goes on.

use leptos::prelude::*;

use super::table::{Part, Table};
use super::words::player_name;
use crate::following::Following;
use crate::i18n::{t, t_string, use_i18n};

/// The board of scores.
#[component]
pub(super) fn Scores() -> impl IntoView {
    let i18n = use_i18n();
    let table: Table = expect_context();
    let rows = Memo::new(move |_| table.told.with(|told| told.rows.clone()));
    let seat = Memo::new(move |_| table.told.with(|told| told.seat));
    let left = Memo::new(move |_| {
        table
            .told
            .with(|told| (told.number, told.playing, told.left_s))
    });
    let plays = Memo::new(move |_| table.part.get() == Part::Plays);
    view! {
        <section class="arena-scores">
            <header>
                <h2>{move || t_string!(i18n, arena.match_number, n = left.get().0)}</h2>
                <span class="figures" data-testid="arena-left">{move || {
                    let (_, playing, left) = left.get();
                    let time = format!("{}:{:02}", left / 60, left % 60);
                    if playing { time } else { t_string!(i18n, arena.pause, time = time) }
                }}</span>
            </header>
            <ol class="arena-rows" data-testid="arena-scores">
                <For each=move || rows.get() key=|row| (row.seat, row.clone().score, row.is_out, row.user.clone(), row.known) let:row>
                    <li
                        data-seat=row.seat
                        data-out=row.is_out.to_string()
                        data-you=move || (seat.get() == Some(row.seat)).to_string()
                    >
                        <span class="name">
                            {
                                let row = row.clone();
                                move || player_name(i18n, &row)
                            }
                            {move || (seat.get() == Some(row.seat)).then(|| view! {
                                <small>{t!(i18n, you.you)}</small>
                            })}
                        </span>
                        {row.is_out.then(|| view! { <small>{t!(i18n, arena.is_out)}</small> })}
                        <strong class="figures">{row.score}</strong>
                    </li>
                </For>
            </ol>
            {move || (rows.with(Vec::is_empty) && table.state.get() == Following::Here).then(|| view! {
                <p class="hint">{t!(i18n, arena.nobody)}</p>
            })}
            {move || if plays.get() {
                view! {
                    <button type="button" class="button" data-testid="arena-leave" on:click=move |_| table.leave()>
                        {t!(i18n, arena.stand)}
                    </button>
                }.into_any()
            } else {
                view! {
                    <button
                        type="button"
                        class="button primary"
                        data-testid="arena-sit"
                        disabled=move || table.state.get() != Following::Here || table.part.get() == Part::Joins
                        on:click=move |_| table.join()
                    >
                        {t!(i18n, arena.play)}
                    </button>
                }.into_any()
            }}
        </section>
    }
}
