//! Alarms of a symbol: a form that sets one, and those that wait.

use leptos::ev::SubmitEvent;
use leptos::prelude::{Update as _, *};
use leptos::task::spawn_local;
use leptos_i18n::I18nContext;
use trunkline_client::CallError;
use trunkline_protocol::ErrorCode;
use trunkline_protocol::topics::ticker::{
    ALARMS_MAX, Alarm, AlarmNamed, AlarmRequest, AlarmWay, AlarmsRequest, DropAlarm, ListAlarms,
    PRICE_SCALE, SetAlarm, price_digits,
};
use trunkline_web_model::ticker::{PriceProblem, parse_price, price_text};

use super::desk::Desk;
use crate::browser::{fields, formats};
use crate::components::{Glyph, Icon};
use crate::i18n::{Locale, t, t_string, use_i18n};
use crate::realtime::Task;
use crate::words;

/// How often one's alarms are asked for, in milliseconds: another tab may set one, and one that was
/// told is gone.
const ASK_MS: u32 = 2_000;

/// Why an alarm is not set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Problem {
    Price(PriceProblem),
    There,
    TooMany,
    Refused(ErrorCode),
    Unreached,
}

/// The form and the list.
#[component]
pub(super) fn Alarms(symbol: u16) -> impl IntoView {
    let i18n = use_i18n();
    let desk: Desk = expect_context();
    let alarms = RwSignal::new(Vec::<Alarm>::new());
    let way = RwSignal::new(AlarmWay::Above);
    let price = RwSignal::new(None::<String>);
    let problem = RwSignal::new(None::<Problem>);
    let asking = StoredValue::new_local(Some(Task::spawn(ask(desk, alarms))));
    on_cleanup(move || asking.set_value(None));
    let now = Memo::new(move |_| desk.with(|board| board.row(symbol).and_then(|row| row.price)));
    // The current price, until one is typed.
    let text = move || {
        price
            .get()
            .unwrap_or_else(|| now.get().map(price_digits).unwrap_or_default())
    };
    let decimal_mark = formats::decimal_mark();
    // What is understood of the words stands below them before it counts.
    let typed = Memo::new(move |_| {
        let typed = price.get().filter(|text| !text.trim().is_empty());
        typed.map(|text| parse_price(&text, decimal_mark))
    });
    let hint = move || match (problem.get(), typed.get()) {
        (Some(problem), _) => Some(problem_words(i18n, problem)),
        (None, Some(Ok(price))) => Some(t_string!(
            i18n,
            ticker.alarm.understood,
            what = format!("{} {}", way_words(i18n, way.get()), price_digits(price))
        )),
        (None, Some(Err(problem @ PriceProblem::Ambiguous { .. }))) => {
            Some(problem_words(i18n, Problem::Price(problem)))
        }
        // The price may be half typed.
        (None, Some(Err(PriceProblem::NotAPrice)) | None) => None,
    };
    let wrong = move || {
        let ambiguous = matches!(typed.get(), Some(Err(PriceProblem::Ambiguous { .. })));
        problem.get().is_some() || ambiguous
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let (way, current) = (way.get_untracked(), now.get_untracked());
        // The price that stands there unasked is the page's own.
        let mark = price.with_untracked(|typed| typed.as_ref().map_or('.', |_| decimal_mark));
        let wanted = match parse_price(&untrack(text), mark) {
            Ok(wanted) => wanted,
            Err(wrong) => return problem.set(Some(Problem::Price(wrong))),
        };
        if current.is_some_and(|current| way.is_met(wanted, current)) {
            return problem.set(Some(Problem::There));
        }
        if alarms.with_untracked(Vec::len) >= ALARMS_MAX {
            return problem.set(Some(Problem::TooMany));
        }
        let Some(client) = desk.client() else {
            return problem.set(Some(Problem::Unreached));
        };
        let request = AlarmRequest {
            board: desk.board_text(),
            symbol,
            way,
            price: wanted,
        };
        problem.set(None);
        spawn_local(async move {
            // The form may be gone by now, and its signals with it.
            match client.call::<SetAlarm>(&request).await {
                Ok(alarm) => {
                    alarms.try_update(|alarms| alarms.push(alarm));
                    price.try_set(None);
                }
                Err(CallError::Refused(error)) => {
                    problem.try_set(Some(Problem::Refused(error.code)));
                }
                Err(_) => {
                    problem.try_set(Some(Problem::Unreached));
                }
            }
        });
    };
    let drop_it = move |id: u64| {
        let Some(client) = desk.client() else {
            return problem.set(Some(Problem::Unreached));
        };
        spawn_local(async move {
            match client.call::<DropAlarm>(&AlarmNamed { id }).await {
                Err(CallError::Refused(error)) if error.code != ErrorCode::NotKept => {
                    problem.try_set(Some(Problem::Refused(error.code)));
                }
                // One that is not kept was told meanwhile.
                Ok(_) | Err(CallError::Refused(_)) => {
                    alarms.try_update(|alarms| alarms.retain(|it| it.id != id));
                }
                Err(_) => {
                    problem.try_set(Some(Problem::Unreached));
                }
            }
        });
    };
    let side = move |of: AlarmWay| {
        view! {
            <button
                type="button"
                data-testid=if of == AlarmWay::Above { "alarm-above" } else { "alarm-below" }
                aria-pressed=move || (way.get() == of).to_string()
                on:click=move |_| {
                    way.set(of);
                    problem.set(None);
                }
            >
                {move || way_words(i18n, of)}
            </button>
        }
    };
    let of_symbol = Memo::new(move |_| {
        let board = desk.board_text();
        alarms.with(|alarms| {
            let own = alarms.iter();
            let own = own.filter(|it| it.board == board && it.symbol == symbol);
            own.cloned().collect::<Vec<_>>()
        })
    });
    view! {
        <section class="alarms">
            <h3>{t!(i18n, ticker.alarm.title)}</h3>
            <p class="hint">{t!(i18n, ticker.alarm.lead)}</p>
            <form class="alarm-form" on:submit=submit novalidate>
                <div class="choice" role="group" aria-label=move || t_string!(i18n, ticker.alarm.way)>
                    {side(AlarmWay::Above)}
                    {side(AlarmWay::Below)}
                </div>
                <input
                    class="input figures"
                    type="text"
                    inputmode="decimal"
                    autocomplete="off"
                    data-testid="alarm-price"
                    aria-describedby="alarm-hint"
                    aria-label=move || t_string!(i18n, ticker.alarm.price)
                    prop:value=text
                    on:input=move |event| {
                        price.set(Some(fields::value(&event)));
                        problem.set(None);
                    }
                />
                <button class="button primary" data-testid="alarm-set">{t!(i18n, ticker.alarm.set)}</button>
            </form>
            <p
                class="hint"
                class:wrong=wrong
                role="status"
                data-testid="alarm-problem"
                id="alarm-hint"
            >
                {hint}
            </p>
            <ul class="alarm-list">
                {move || of_symbol.get().into_iter().map(|alarm| {
                    let words = move || format!("{} {}", way_words(i18n, alarm.way), price_text(alarm.price));
                    let id = alarm.id;
                    view! {
                        <li>
                            <span class="figures" data-testid="alarm">{words}</span>
                            <button
                                type="button"
                                class="button quiet icon"
                                data-testid="alarm-drop"
                                aria-label=move || t_string!(i18n, ticker.alarm.drop, what = words())
                                title=move || t_string!(i18n, ticker.alarm.drop, what = words())
                                on:click=move |_| drop_it(id)
                            >
                                <Icon glyph=Glyph::Close />
                            </button>
                        </li>
                    }
                }).collect_view()}
            </ul>
        </section>
    }
}

/// Asks again and again, while the page can be seen.
async fn ask(desk: Desk, alarms: RwSignal<Vec<Alarm>>) {
    loop {
        if let Some(client) = desk.client().filter(|_| !document().hidden())
            && let Ok(told) = client.call::<ListAlarms>(&AlarmsRequest {}).await
        {
            let told = told.alarms.into_vec();
            // The page may be left meanwhile.
            if alarms
                .try_get_untracked()
                .is_some_and(|before| before != told)
            {
                alarms.set(told);
            }
        }
        gloo_timers::future::TimeoutFuture::new(ASK_MS).await;
    }
}

fn way_words(i18n: I18nContext<Locale>, way: AlarmWay) -> &'static str {
    match way {
        AlarmWay::Above => t_string!(i18n, ticker.alarm.above),
        AlarmWay::Below => t_string!(i18n, ticker.alarm.below),
    }
}

fn problem_words(i18n: I18nContext<Locale>, problem: Problem) -> String {
    match problem {
        Problem::Price(PriceProblem::NotAPrice) => {
            t_string!(i18n, ticker.alarm.no_price).to_owned()
        }
        Problem::Price(PriceProblem::Ambiguous { decimal, whole }) => t_string!(
            i18n,
            ticker.alarm.ambiguous,
            decimal = format!("{}.{:04}", decimal / PRICE_SCALE, decimal % PRICE_SCALE),
            whole = (whole / PRICE_SCALE).to_string()
        ),
        Problem::There | Problem::Refused(ErrorCode::Invalid) => {
            t_string!(i18n, ticker.alarm.there).to_owned()
        }
        Problem::TooMany => t_string!(i18n, ticker.alarm.too_many, n = ALARMS_MAX),
        Problem::Refused(ErrorCode::NotKept) => t_string!(i18n, ticker.alarm.no_quote).to_owned(),
        Problem::Refused(code) => {
            t_string!(i18n, ticker.alarm.refused, why = words::error(i18n, code))
        }
        Problem::Unreached => t_string!(i18n, ticker.alarm.unreached).to_owned(),
    }
}
