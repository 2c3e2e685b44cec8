//! The form that tells oneself something, and the command of a shell that does the same.

use leptos::ev::SubmitEvent;
use leptos::prelude::{Update as _, *};
use leptos::task::spawn_local;
use leptos_i18n::I18nContext;
use trunkline_protocol::ErrorCode;
use trunkline_protocol::topics::alerts::AlertLevel;

use super::feed::code_of;
use super::model::{Draft, DraftProblem, check_draft, curl};
use super::row::level_word;
use super::use_alerts;
use crate::browser::{clipboard, fields};
use crate::i18n::{Locale, t, t_string, use_i18n};
use crate::realtime::use_realtime;
use crate::words;

/// How far the last notification has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sending {
    Nothing,
    UnderWay,
    Sent,
    Refused(ErrorCode),
}

/// The form.
#[component]
pub(super) fn SelfForm() -> impl IntoView {
    let i18n = use_i18n();
    let alerts = use_alerts();
    let realtime = use_realtime();
    let draft = RwSignal::new(Draft {
        title: t_string!(i18n, alerts.form.example_title).to_owned(),
        body: t_string!(i18n, alerts.form.example_body).to_owned(),
        level: AlertLevel::Success,
        ..Draft::default()
    });
    let sending = RwSignal::new(Sending::Nothing);
    let id = RwSignal::new(random_id());
    let problem = Memo::new(move |_| {
        draft
            .with(|draft| check_draft(draft, realtime.server_now()))
            .err()
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let checked =
            draft.with_untracked(|draft| check_draft(draft, realtime.server_now_untracked()));
        let Some(publishing) = checked.ok().and_then(|told| alerts.tell(told)) else {
            return;
        };
        sending.set(Sending::UnderWay);
        id.set(random_id());
        spawn_local(async move {
            let result = publishing.await;
            // The form may be gone by now, and its signals with it.
            sending.try_set(match result {
                Ok(_) => Sending::Sent,
                Err(error) => Sending::Refused(code_of(&error)),
            });
        });
    };
    let hint = move || match (problem.get(), sending.get()) {
        (Some(problem), _) => problem_words(i18n, problem).to_owned(),
        (None, Sending::Nothing) => String::new(),
        (None, Sending::UnderWay) if !realtime.line.get().is_live() => {
            t_string!(i18n, alerts.form.waits).to_owned()
        }
        (None, Sending::UnderWay) => t_string!(i18n, alerts.form.sending).to_owned(),
        (None, Sending::Sent) => t_string!(i18n, alerts.form.sent).to_owned(),
        (None, Sending::Refused(code)) => {
            t_string!(i18n, alerts.form.refused, why = words::error(i18n, code))
        }
    };
    let wrong = move || problem.get().is_some() || matches!(sending.get(), Sending::Refused(_));
    let command = Memo::new(move |_| {
        let me = realtime
            .account
            .with(|account| account.user().map(|me| me.id));
        let told = draft
            .with(|draft| check_draft(draft, realtime.server_now()))
            .ok();
        let origin = window().location().origin().unwrap_or_default();
        me.zip(told)
            .map(|(me, told)| id.with(|id| curl(&origin, id, me, &told)))
    });
    view! {
        <form class="self-form" on:submit=submit novalidate data-testid="self-form">
            <p class="hint">{t!(i18n, alerts.form.lead)}</p>
            <Fields draft />
            <div class="self-send">
                <button class="button primary" data-testid="self-send" disabled=move || problem.get().is_some()>
                    {t!(i18n, alerts.form.send)}
                </button>
                <p class="hint" class:wrong=wrong role="status" data-testid="self-hint">{hint}</p>
            </div>
        </form>
        <Curl command />
    }
}

#[component]
fn Fields(draft: RwSignal<Draft>) -> impl IntoView {
    let i18n = use_i18n();
    let level = move |level: AlertLevel| {
        view! {
            <button
                type="button"
                aria-pressed=move || draft.with(|draft| draft.level == level).to_string()
                data-level=level.name()
                on:click=move |_| draft.update(|draft| draft.level = level)
            >
                {move || level_word(i18n, level)}
            </button>
        }
    };
    let expiry = move |event| {
        let minutes = fields::value(&event).parse().ok();
        draft.update(|draft| draft.minutes = minutes);
    };
    view! {
        <div class="field">
            <label for="alert-title">{t!(i18n, alerts.form.subject)}</label>
            <input
                id="alert-title"
                data-testid="self-title"
                type="text"
                dir="auto"
                prop:value=move || draft.with(|draft| draft.title.clone())
                on:input=move |event| draft.update(|draft| draft.title = fields::value(&event))
            />
        </div>
        <div class="field">
            <label for="alert-body">{t!(i18n, alerts.form.body)}</label>
            <textarea
                id="alert-body"
                class="input"
                data-testid="self-body"
                rows="3"
                dir="auto"
                prop:value=move || draft.with(|draft| draft.body.clone())
                on:input=move |event| draft.update(|draft| draft.body = fields::value(&event))
            ></textarea>
        </div>
        <div class="choice" role="group" aria-label=move || t_string!(i18n, alerts.form.level)>
            {AlertLevel::ALL.map(level)}
        </div>
        <details class="self-more">
            <summary>{t!(i18n, alerts.form.more)}</summary>
            <div class="field">
                <label for="alert-link">{t!(i18n, alerts.form.link)}</label>
                <input
                    id="alert-link"
                    data-testid="self-link"
                    type="url"
                    spellcheck="false"
                    placeholder="https://"
                    prop:value=move || draft.with(|draft| draft.link.clone())
                    on:input=move |event| draft.update(|draft| draft.link = fields::value(&event))
                />
            </div>
            <div class="field">
                <label for="alert-action">{t!(i18n, alerts.form.action)}</label>
                <input
                    id="alert-action"
                    data-testid="self-action"
                    type="text"
                    dir="auto"
                    prop:value=move || draft.with(|draft| draft.action.clone())
                    on:input=move |event| draft.update(|draft| draft.action = fields::value(&event))
                />
            </div>
            <div class="field">
                <label for="alert-expires">{t!(i18n, alerts.form.expires)}</label>
                <select id="alert-expires" class="input" on:change=expiry>
                    <option value="">{t!(i18n, alerts.form.never)}</option>
                    <option value="10">{t!(i18n, alerts.form.minutes)}</option>
                    <option value="60">{t!(i18n, alerts.form.hour)}</option>
                    <option value="1440">{t!(i18n, alerts.form.day)}</option>
                </select>
            </div>
        </details>
    }
}

/// The command, to be copied.
#[component]
fn Curl(command: Memo<Option<String>>) -> impl IntoView {
    let i18n = use_i18n();
    let copied = RwSignal::new(None::<bool>);
    Effect::new(move |_| {
        command.track();
        copied.set(None);
    });
    let copy = move |_| {
        let Some(command) = command.get_untracked() else {
            return;
        };
        spawn_local(async move {
            let done = clipboard::copy(&command).await;
            copied.try_set(Some(done));
        });
    };
    let word = move || match copied.get() {
        None => "",
        Some(true) => t_string!(i18n, alerts.curl.copied),
        Some(false) => t_string!(i18n, alerts.curl.not_copied),
    };
    view! {
        <section class="self-curl">
            <header>
                <h3>{t!(i18n, alerts.curl.title)}</h3>
                <span class="hint" role="status">{word}</span>
                <button type="button" class="button quiet" on:click=copy disabled=move || command.with(Option::is_none)>
                    {t!(i18n, alerts.curl.copy)}
                </button>
            </header>
            <p class="hint">{t!(i18n, alerts.curl.lead)}</p>
            <pre class="mono" tabindex="0" data-testid="self-curl">{move || command.get().unwrap_or_default()}</pre>
        </section>
    }
}

/// An id that no other notice of this page has.
fn random_id() -> String {
    format!(
        "try-{:08x}",
        (js_sys::Math::random() * 4_294_967_296.0) as u32
    )
}

fn problem_words(i18n: I18nContext<Locale>, problem: DraftProblem) -> &'static str {
    match problem {
        DraftProblem::Untitled => t_string!(i18n, alerts.form.problem.untitled),
        DraftProblem::TitleTooLong => t_string!(i18n, alerts.form.problem.title_too_long),
        DraftProblem::BodyTooLong => t_string!(i18n, alerts.form.problem.body_too_long),
        DraftProblem::Link => t_string!(i18n, alerts.form.problem.link),
        DraftProblem::ActionTooLong => t_string!(i18n, alerts.form.problem.action_too_long),
        DraftProblem::ActionAlone => t_string!(i18n, alerts.form.problem.action_alone),
    }
}
