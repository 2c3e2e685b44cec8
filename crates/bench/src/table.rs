//! Tables in plain text, which are Markdown as well.

use std::fmt;

/// Rows below a head. The first column holds words, the others figures.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with this head.
    pub(crate) fn new(head: &[&str]) -> Self {
        Self {
            rows: vec![head.iter().map(|&it| it.to_owned()).collect()],
        }
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let cell = |row: &Vec<String>, at: usize| row.get(at).cloned().unwrap_or_default();
        let widths: Vec<usize> = (0..columns)
            .map(|at| {
                let lens = self.rows.iter().map(|row| cell(row, at).chars().count());
                lens.max().unwrap_or(0).max(2)
            })
            .collect();
        for (index, row) in self.rows.iter().enumerate() {
            for (at, &width) in widths.iter().enumerate() {
                let text = cell(row, at);
                if at == 0 {
                    write!(f, "| {text:<width$} ")?;
                } else {
                    write!(f, "| {text:>width$} ")?;
                }
            }
            writeln!(f, "|")?;
            if index == 0 {
                for (at, &width) in widths.iter().enumerate() {
                    let end = if at == 0 { '-' } else { ':' };
                    write!(f, "|{}{end}", "-".repeat(width + 1))?;
                }
                writeln!(f, "|")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_left_and_figures_right() {
        let mut table = Table::new(&["broker", "per s"]);
        table.row(["disk".to_owned(), "12".to_owned()]);
        let expected = "\
            | broker | per s |\n\
            |--------|------:|\n\
            | disk   |    12 |\n";
        assert_eq!(table.to_string(), expected);
    }
}
