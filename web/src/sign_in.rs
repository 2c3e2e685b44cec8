//! The first screen: a nickname, and one is in.

use leptos::ev::SubmitEvent;
use leptos::html::Input;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_i18n::I18nContext;

use crate::account::{Account, NICKNAME_CHARS_MAX, NicknameProblem, SignInProblem, check_nickname};
use crate::browser::fields;
use crate::i18n::{Locale, t, t_string, use_i18n};
use crate::realtime::use_realtime;
use crate::unsent::UnsentMessages;

/// Shows its children to whoever is signed in, and the first screen to others.
#[component]
pub(crate) fn SignedIn(children: ChildrenFn) -> impl IntoView {
    let realtime = use_realtime();
    let stage = Memo::new(move |_| {
        realtime.account.with(|account| match account {
            Account::SignedIn(_) => Stage::Inside,
            Account::SignedOut => Stage::Outside,
            Account::Asking => Stage::Asking,
            Account::Unreachable => Stage::Unreachable,
        })
    });
    move || match stage.get() {
        Stage::Inside => children().into_any(),
        Stage::Outside => view! { <SignIn /> }.into_any(),
        Stage::Asking => view! { <Asking /> }.into_any(),
        Stage::Unreachable => view! { <Unreachable /> }.into_any(),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Asking,
    Unreachable,
    Outside,
    Inside,
}

#[component]
fn Asking() -> impl IntoView {
    let i18n = use_i18n();
    view! { <div class="sign-in"><p class="lead">{t!(i18n, sign_in.asking)}</p></div> }
}

#[component]
fn Unreachable() -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <div class="sign-in">
            <div class="empty" role="alert" data-testid="unreachable">
                <strong>{t!(i18n, sign_in.unreachable_title)}</strong>
                <p>{t!(i18n, sign_in.unreachable)}</p>
            </div>
        </div>
    }
}

/// The first screen.
#[component]
fn SignIn() -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <div class="sign-in">
            <div class="card">
                <Switchboard />
                <div>
                    <h2>{t!(i18n, sign_in.title)}</h2>
                    <p class="lead">{t!(i18n, sign_in.lead)}</p>
                </div>
                <NicknameForm
                    initial=String::new()
                    submit=Signal::derive(move || t_string!(i18n, sign_in.submit))
                    done=|| {}
                />
                <UnsentMessages />
            </div>
        </div>
    }
}

/// The form with the nickname.
#[component]
pub(crate) fn NicknameForm(
    /// What stands in the field.
    initial: String,
    /// The word on the button.
    submit: Signal<&'static str>,
    /// Called when the server has taken the nickname.
    done: impl Fn() + Clone + Send + Sync + 'static,
) -> impl IntoView {
    let i18n = use_i18n();
    let realtime = use_realtime();
    let name = RwSignal::new(initial);
    let problem = RwSignal::new(None::<SignInProblem>);
    let busy = RwSignal::new(false);
    let input = NodeRef::<Input>::new();
    Effect::new(move |_| {
        if let Some(input) = input.get() {
            // Nothing is lost if the field cannot take the focus.
            let _ = input.focus();
            input.select();
        }
    });
    let on_submit = move |event: SubmitEvent| {
        event.prevent_default();
        let name = name.get_untracked();
        let name = match check_nickname(&name) {
            Ok(name) => name.to_owned(),
            Err(wrong) => return problem.set(Some(SignInProblem::Nickname(wrong))),
        };
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        let done = done.clone();
        spawn_local(async move {
            let result = realtime.sign_in(name).await;
            // The form may be gone by now, and its signals with it.
            busy.try_set(false);
            match result {
                Ok(()) => done(),
                Err(error) => drop(problem.try_set(Some(error))),
            }
        });
    };
    let on_input = move |event| {
        name.set(fields::value(&event));
        // A word about too much comes while typing; one about nothing waits for the button.
        let too_long =
            name.with_untracked(|name| check_nickname(name) == Err(NicknameProblem::TooLong));
        problem.set(too_long.then_some(SignInProblem::Nickname(NicknameProblem::TooLong)));
    };
    let hint = move || match problem.get() {
        Some(problem) => problem_words(i18n, &problem),
        None => t_string!(i18n, sign_in.hint).to_owned(),
    };
    view! {
        <form on:submit=on_submit novalidate>
            <div class="field">
                <label for="nickname">{t!(i18n, sign_in.label)}</label>
                <input
                    id="nickname"
                    data-testid="nickname-input"
                    type="text"
                    dir="auto"
                    autocomplete="nickname"
                    spellcheck="false"
                    maxlength=NICKNAME_CHARS_MAX * 2
                    node_ref=input
                    prop:value=name
                    aria-describedby="nickname-hint"
                    aria-invalid=move || problem.with(Option::is_some).to_string()
                    on:input=on_input
                />
                <p class="hint" class:wrong=move || problem.with(Option::is_some) id="nickname-hint" role="status">
                    {hint}
                </p>
            </div>
            <button class="button primary" data-testid="nickname-submit" disabled=busy>
                {move || if busy.get() { t_string!(i18n, sign_in.busy) } else { submit.get() }}
            </button>
        </form>
    }
}

fn problem_words(i18n: I18nContext<Locale>, problem: &SignInProblem) -> String {
    match problem {
        SignInProblem::Nickname(NicknameProblem::Empty) => {
            t_string!(i18n, sign_in.problem.empty).to_owned()
        }
        SignInProblem::Nickname(NicknameProblem::TooLong) => {
            t_string!(i18n, sign_in.problem.too_long).to_owned()
        }
        SignInProblem::Nickname(NicknameProblem::Unprintable) => {
            t_string!(i18n, sign_in.problem.unprintable).to_owned()
        }
        SignInProblem::Unreachable => t_string!(i18n, sign_in.problem.unreachable).to_owned(),
        SignInProblem::Refused(detail) => {
            t_string!(i18n, sign_in.problem.refused, detail = detail.clone())
        }
    }
}

/// Two rows of jacks and the cords between them; one of them is lit.
#[component]
fn Switchboard() -> impl IntoView {
    const COLUMNS: [u32; 8] = [30, 79, 127, 176, 224, 273, 321, 370];
    const CORDS: [(usize, usize); 4] = [(0, 1), (5, 3), (7, 6), (2, 4)];
    const LIT: (usize, usize) = (2, 4);
    let jack = |column: usize, is_top: bool| {
        let plugged = CORDS
            .iter()
            .any(|(top, bottom)| column == if is_top { *top } else { *bottom });
        let lit = column == if is_top { LIT.0 } else { LIT.1 };
        let (x, y) = (COLUMNS[column], if is_top { 26 } else { 94 });
        view! {
            <circle class:lit=lit cx=x cy=y r="9" />
            {plugged.then(|| view! { <circle class="plug" class:lit=lit cx=x cy=y r="3.5" /> })}
        }
    };
    view! {
        <svg class="cords" viewBox="0 0 400 120" fill="none" stroke="currentColor" stroke-width="2" aria-hidden="true">
            {CORDS.map(|(top, bottom)| {
                let (from, to) = (COLUMNS[top], COLUMNS[bottom]);
                view! { <path class:lit={(top, bottom) == LIT} d=format!("M{from} 26C{from} 78 {to} 44 {to} 94") /> }
            })}
            {(0..COLUMNS.len()).map(|column| jack(column, true)).collect_view()}
            {(0..COLUMNS.len()).map(|column| jack(column, false)).collect_view()}
        </svg>
    }
}
