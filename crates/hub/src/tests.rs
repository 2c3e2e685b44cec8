//! The hub as its drivers use it.
