//! An operation: something that the server or a client does again and again.

/// Something whose instructions are counted. It is performed `n` times and `2n` times; what the
/// second run has more is the cost of `n`, without the preparation.
#[derive(Clone, Copy)]
pub(crate) struct Operation {
    /// As the budget calls it.
    pub(crate) name: &'static str,
    /// How often it is performed in the shorter run.
    pub(crate) times: u32,
    /// What it consists of, such as the readers of a publication: told is the cost of one.
    pub(crate) units: u32,
    /// Prepares, and performs it so often.
    pub(crate) perform: fn(u32),
}

impl Operation {
    /// One that is told as a whole.
    pub(crate) const fn new(name: &'static str, perform: fn(u32)) -> Self {
        Self {
            name,
            times: 1000,
            units: 1,
            perform,
        }
    }
}
