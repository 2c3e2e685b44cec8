//! The app: what every page shares, and which address shows which page.

use leptos::prelude::*;
use leptos_router::components::{Redirect, Route, Router, Routes};
use leptos_router::path;

use crate::browser::formats;
use crate::i18n::{I18nContextProvider, keep_choice};
use crate::pages::{AlertsPage, Arena, Chat, Lab, Live, NotFound, Ticker};
use crate::pages::{alerts, chat};
use crate::shell::{
    RenameDialog, Shell, keep_favicon, provide_renaming, provide_title, provide_wire,
};
use crate::sign_in::SignedIn;
use crate::{realtime, theme};

/// The app.
#[component]
pub(crate) fn App() -> impl IntoView {
    view! {
        <I18nContextProvider>
            <Shared />
        </I18nContextProvider>
    }
}

/// Provides what pages share, then shows one. It is inside the provider of the languages.
#[component]
fn Shared() -> impl IntoView {
    keep_choice();
    theme::provide_theme();
    formats::provide_times();
    realtime::provide_realtime();
    chat::provide_rooms();
    alerts::provide_alerts();
    provide_renaming();
    provide_title();
    keep_favicon();
    provide_wire();
    view! {
        <Router>
            <Shell>
                <SignedIn>
                    <Routes fallback=NotFound>
                        <Route path=path!("/") view=|| view! { <Redirect path="/chat" /> } />
                        <Route path=path!("/chat") view=Chat />
                        <Route path=path!("/chat/:room") view=Chat />
                        <Route path=path!("/ticker/:board?/:symbol?") view=Ticker />
                        <Route path=path!("/alerts") view=AlertsPage />
                        <Route path=path!("/arena/:room?") view=Arena />
                        <Route path=path!("/live/:room?") view=Live />
                        <Route path=path!("/lab") view=Lab />
                    </Routes>
                </SignedIn>
            </Shell>
            <RenameDialog />
        </Router>
    }
}
