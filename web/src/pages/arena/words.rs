//! Words for players.

use leptos_i18n::I18nContext;
use trunkline_web_model::arena::Row;

use crate::i18n::{Locale, t_string};

/// What a player is called.
pub(super) fn player_name(i18n: I18nContext<Locale>, row: &Row) -> String {
    match &row.user {
        Some(user) => user.name.to_string(),
        None if row.known => t_string!(i18n, arena.bot, n = u32::from(row.seat) + 1),
        None => t_string!(i18n, arena.somebody).to_owned(),
    }
}
