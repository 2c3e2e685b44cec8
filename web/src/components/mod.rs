//! The parts that pages and the shell share.

mod badge;
mod choices;
mod dialog;
mod icon;
mod monogram;
mod popover;

pub(crate) use badge::Badge;
pub(crate) use choices::{ChoiceRows, LanguageChoice, ThemeSwitch};
pub(crate) use dialog::Dialog;
pub(crate) use icon::{Glyph, Icon};
pub(crate) use monogram::Monogram;
pub(crate) use popover::dismiss;
