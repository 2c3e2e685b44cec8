//! The symbols: made-up companies, whose names are put together from syllables.
//!
//! They are the same whatever the seed, so that `ticker:market.BARV` is always the same one.

/// How many symbols there are.
pub const SYMBOLS: u16 = 500;

/// Where names begin, and with them the first two letters of a ticker.
const FIRST: [&str; 25] = [
    "Ba", "Ce", "Do", "Fy", "Gu", "Ha", "Ji", "Ko", "Lu", "Ma", "Ne", "Ox", "Pi", "Qu", "Ro", "Sy",
    "Te", "Ul", "Vo", "Wy", "Xa", "Yo", "Ze", "Ar", "Ev",
];

/// How names go on, and tickers end.
const SECOND: [&str; 20] = [
    "rv", "lq", "nd", "xt", "mb", "zz", "sk", "gn", "vr", "pt", "lm", "kk", "rn", "dl", "nz", "bb",
    "th", "ql", "fv", "jm",
];

/// How names end. The first letter is the last one of a ticker of five.
const ENDING: [&str; 7] = ["ena", "or", "ix", "ando", "um", "ova", "iel"];

/// What companies do, and what they call themselves.
const SECTORS: [(&str, [&str; 3]); 10] = [
    ("energy", ["Energy", "Power", "Grid"]),
    ("shipping", ["Lines", "Freight", "Harbours"]),
    ("software", ["Software", "Systems", "Data"]),
    ("health", ["Health", "Remedies", "Clinics"]),
    ("food", ["Foods", "Mills", "Orchards"]),
    ("mining", ["Minerals", "Ores", "Salt"]),
    ("robotics", ["Robotics", "Machines", "Drives"]),
    ("transport", ["Rail", "Transit", "Cycles"]),
    ("finance", ["Credit", "Mutual", "Holdings"]),
    ("media", ["Media", "Pictures", "Press"]),
];

/// How many sectors there are.
pub(crate) const SECTOR_COUNT: usize = SECTORS.len();

/// A company that does not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Company {
    /// Its short name: four or five letters.
    pub ticker: String,
    /// Its name.
    pub name: String,
    /// What it does.
    pub sector: &'static str,
}

/// All companies, in the order of their numbers.
pub fn companies() -> Vec<Company> {
    (0..usize::from(SYMBOLS)).map(company).collect()
}

/// The sector of a symbol, as a number.
pub(crate) fn sector(symbol: usize) -> usize {
    (symbol * 7 + symbol / FIRST.len()) % SECTOR_COUNT
}

fn company(symbol: usize) -> Company {
    let first = FIRST[symbol % FIRST.len()];
    let second = SECOND[symbol / FIRST.len() % SECOND.len()];
    let ending = ENDING[symbol % ENDING.len()];
    let (sector, words) = SECTORS[sector(symbol)];
    let mut ticker = format!("{first}{second}");
    if symbol % 5 == 4 {
        ticker.push_str(&ending[..1]);
    }
    Company {
        ticker: ticker.to_ascii_uppercase(),
        name: format!("{first}{second}{ending} {}", words[symbol % words.len()]),
        sector,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use trunkline_protocol::topics::ticker::{SectorText, SymbolName, TitleText};

    use super::*;

    #[test]
    fn every_company_has_names_of_its_own_that_can_travel() {
        let all = companies();
        assert_eq!(all.len(), usize::from(SYMBOLS));
        let tickers: BTreeSet<&str> = all.iter().map(|it| it.ticker.as_str()).collect();
        let names: BTreeSet<&str> = all.iter().map(|it| it.name.as_str()).collect();
        let sectors: BTreeSet<&str> = all.iter().map(|it| it.sector).collect();
        assert_eq!((tickers.len(), names.len()), (all.len(), all.len()));
        assert_eq!(sectors.len(), SECTOR_COUNT);
        for company in &all {
            assert!(matches!(company.ticker.len(), 4..=5), "{company:?}");
            assert!(company.ticker.parse::<SymbolName>().is_ok(), "{company:?}");
            assert!(TitleText::try_from(company.name.as_str()).is_ok());
            assert!(SectorText::try_from(company.sector).is_ok());
        }
    }

    #[test]
    fn numbers_and_names_stay_together() {
        let all = companies();
        let of = |symbol: usize| (all[symbol].ticker.as_str(), all[symbol].name.as_str());
        assert_eq!(of(0), ("BARV", "Barvena Energy"));
        assert_eq!(of(499), ("EVJMI", "Evjmix Systems"));
    }
}
