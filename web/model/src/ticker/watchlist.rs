//! The watchlist: short names of symbols in the reader's own order.

/// The most symbols that are watched.
pub const WATCHED_MAX: usize = 100;

/// The longest name that is kept, in bytes.
const NAME_LEN_MAX: usize = 12;

/// What the reader watches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watchlist(Vec<String>);

impl Watchlist {
    /// Reads what was kept: names with commas between. What is no name is left out.
    pub fn parse(kept: &str) -> Self {
        let mut list = Self::default();
        for name in kept.split(',') {
            list.add(name);
        }
        list
    }

    /// What is to be kept.
    pub fn to_text(&self) -> String {
        self.0.join(",")
    }

    /// The names, in order.
    pub fn names(&self) -> &[String] {
        &self.0
    }

    /// Whether a symbol is watched.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|it| it == name)
    }

    /// Whether no more can be watched.
    pub fn is_full(&self) -> bool {
        self.0.len() >= WATCHED_MAX
    }

    /// Watches a symbol, after the others. Not if there are too many, or it is watched already.
    pub fn add(&mut self, name: &str) {
        let is_name = (1..=NAME_LEN_MAX).contains(&name.len()) && !name.contains(',');
        if is_name && !self.is_full() && !self.has(name) {
            self.0.push(name.to_owned());
        }
    }

    /// Watches a symbol no longer.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|it| it != name);
    }

    /// Watches it, or no longer.
    pub fn toggle(&mut self, name: &str) {
        if self.has(name) {
            self.remove(name);
        } else {
            self.add(name);
        }
    }

    /// Moves a symbol to a place, counted from 0. The others close the gap; a place after the end is
    /// the end.
    pub fn move_to(&mut self, name: &str, place: usize) {
        let Some(from) = self.0.iter().position(|it| it == name) else {
            return;
        };
        let name = self.0.remove(from);
        self.0.insert(place.min(self.0.len()), name);
    }

    /// Moves a symbol up (below 0) or down by so many places, not beyond the ends.
    pub fn move_by(&mut self, name: &str, places: isize) {
        if let Some(from) = self.0.iter().position(|it| it == name) {
            self.move_to(name, from.saturating_add_signed(places));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(list: &Watchlist, expected: &str) {
        assert_eq!(list.to_text(), expected);
        assert_eq!(Watchlist::parse(expected), *list);
    }

    #[test]
    fn a_list_keeps_its_order_and_no_name_twice() {
        let mut list = Watchlist::parse("A,B,,A,TOO-LONG-FOR-A-NAME,C");
        check(&list, "A,B,C");
        list.toggle("B");
        list.toggle("D");
        list.add("");
        list.add("E,F");
        check(&list, "A,C,D");
        assert!(list.has("D") && !list.has("B"));
        check(&Watchlist::parse(""), "");
    }

    #[test]
    fn a_symbol_moves_within_the_ends() {
        let mut list = Watchlist::parse("A,B,C,D");
        list.move_by("A", 1);
        check(&list, "B,A,C,D");
        list.move_by("D", -1);
        check(&list, "B,A,D,C");
        list.move_by("B", -5);
        list.move_by("C", 5);
        list.move_by("none", 1);
        check(&list, "B,A,D,C");
        list.move_to("B", 2);
        check(&list, "A,D,B,C");
        list.move_to("A", 99);
        check(&list, "D,B,C,A");
    }

    #[test]
    fn a_list_is_bounded() {
        let many: Vec<String> = (0..300).map(|n| n.to_string()).collect();
        let mut list = Watchlist::parse(&many.join(","));
        assert!(list.is_full());
        list.add("more");
        assert_eq!(list.names().len(), WATCHED_MAX);
    }
}
