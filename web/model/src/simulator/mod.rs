//! The simulator on the page: the very runs that test the rules, played slowly enough to be watched.
//!
//! [`Player`] lets a run go on by the page's clock and says what is on its way; [`Script`] is which
//! run it is, as the address of the page says it.

mod player;
mod script;

pub use player::{Dot, Player, Scene, Told, Verdict};
pub use script::Script;
pub use trunkline_sim::{ClientState, Fault, Flight, Mood, Peer, Sight};
