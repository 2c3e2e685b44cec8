//! The reader's own menu: change the nickname, sign out.

use leptos::html::Div;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::components::{Dialog, Glyph, Icon, Monogram, dismiss};
use crate::i18n::{t, t_string, use_i18n};
use crate::realtime::use_realtime;
use crate::sign_in::NicknameForm;

/// Whether the dialog that changes the nickname is open.
#[derive(Clone, Copy)]
struct Renaming(RwSignal<bool>);

/// The button at the foot of the rail, with its menu.
#[component]
pub(super) fn YouMenu() -> impl IntoView {
    let i18n = use_i18n();
    let open = RwSignal::new(false);
    let anchor = NodeRef::<Div>::new();
    dismiss(open, anchor);
    let name = your_name();
    view! {
        <Show when=move || name.get().is_some()>
            <div class="you anchor" node_ref=anchor>
                <button
                    type="button"
                    data-testid="you-menu"
                    aria-label=move || t_string!(i18n, you.menu, name = name.get().unwrap_or_default())
                    aria-expanded=move || open.get().to_string()
                    on:click=move |_| open.update(|open| *open = !*open)
                >
                    <Monogram name=Signal::derive(move || name.get().unwrap_or_default()) you=true />
                    <span dir="auto">{name}</span>
                    <Icon glyph=Glyph::Up />
                </button>
                <Show when=move || open.get()>
                    <ul class="float menu">
                        <YouItems open />
                    </ul>
                </Show>
            </div>
        </Show>
    }
}

/// The items of the menu, for the rail and for "more".
#[component]
pub(super) fn YouItems(
    /// The menu that they stand in.
    open: RwSignal<bool>,
) -> impl IntoView {
    let i18n = use_i18n();
    let realtime = use_realtime();
    let Renaming(renaming) = expect_context();
    let name = your_name();
    let rename = move |_| {
        open.set(false);
        renaming.set(true);
    };
    let sign_out = move |_| {
        open.set(false);
        spawn_local(realtime.sign_out());
    };
    view! {
        <Show when=move || name.get().is_some()>
            <li class="head" dir="auto">{name}</li>
            <li>
                <button type="button" data-testid="change-nickname" on:click=rename>
                    <Icon glyph=Glyph::Edit />
                    {t!(i18n, you.change_nickname)}
                </button>
            </li>
            <li>
                <button type="button" data-testid="sign-out" on:click=sign_out>
                    <Icon glyph=Glyph::SignOut />
                    {t!(i18n, you.sign_out)}
                </button>
            </li>
        </Show>
    }
}

/// The dialog that changes the nickname. It stands outside the menus, which close.
#[component]
pub(crate) fn RenameDialog() -> impl IntoView {
    let i18n = use_i18n();
    let Renaming(open) = expect_context();
    let name = your_name();
    view! {
        <Dialog open title=Signal::derive(move || t_string!(i18n, rename.title).to_owned())>
            <p class="hint">{t!(i18n, rename.lead)}</p>
            <NicknameForm
                initial=name.get_untracked().unwrap_or_default()
                submit=Signal::derive(move || t_string!(i18n, rename.submit))
                done=move || open.set(false)
            />
        </Dialog>
    }
}

/// Provides what opens the dialog.
pub(crate) fn provide_renaming() {
    provide_context(Renaming(RwSignal::new(false)));
}

fn your_name() -> Memo<Option<String>> {
    let realtime = use_realtime();
    Memo::new(move |_| {
        realtime
            .account
            .with(|account| account.user().map(|user| user.name.to_string()))
    })
}
