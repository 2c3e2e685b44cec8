//! The words for what a cut line does.

use leptos_i18n::I18nContext;
use trunkline_web_model::lab::CutEntry;

use crate::i18n::{Locale, t_string};
use crate::words;

/// What happened, in a sentence.
pub(super) fn entry_words(i18n: I18nContext<Locale>, entry: CutEntry) -> String {
    match entry {
        CutEntry::Line(line) => {
            t_string!(i18n, lab.cut.entry.line, state = words::line(i18n, line))
        }
        CutEntry::Wait { ms } => t_string!(i18n, lab.cut.entry.wait, ms = ms),
        CutEntry::Ticks { from, to } if from == to => {
            t_string!(i18n, lab.cut.entry.tick, n = from)
        }
        CutEntry::Ticks { from, to } => t_string!(i18n, lab.cut.entry.ticks, from = from, to = to),
        CutEntry::Recovered(0) => t_string!(i18n, lab.cut.entry.nothing_missed).to_owned(),
        CutEntry::Recovered(count) => t_string!(i18n, lab.cut.entry.recovered, n = count),
        CutEntry::Anew => t_string!(i18n, lab.cut.entry.anew).to_owned(),
        CutEntry::Gap(count) => t_string!(i18n, lab.cut.entry.gap, n = count),
        CutEntry::Said => t_string!(i18n, lab.cut.entry.said).to_owned(),
        CutEntry::Answered { taken: true } => t_string!(i18n, lab.cut.entry.taken).to_owned(),
        CutEntry::Answered { taken: false } => t_string!(i18n, lab.cut.entry.refused).to_owned(),
        CutEntry::Own => t_string!(i18n, lab.cut.entry.own).to_owned(),
    }
}
