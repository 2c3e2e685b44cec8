//! Visible text: judges what people write where others read it.
//!
//! Servers refuse by these rules, and pages ask them before they send. The rules know characters, not
//! fonts: a character that is not assigned yet counts as visible.

use std::borrow::Cow;
use std::fmt;

/// Shape of a text that people read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextForm {
    /// The name of a person: one line that must not turn the direction of the text around it.
    Name,
    /// One line, such as a title.
    Line,
    /// Any number of lines, with tabs.
    Lines,
}

/// Reason why a text is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextProblem {
    /// Nothing in it can be seen.
    Empty,
    /// It has this many characters above the limit.
    TooLong(usize),
    /// It has a character that is not allowed in its form.
    Character(char),
}

/// Trims a text, makes its line ends `\n` if it may have several lines, and judges what is left. The
/// limit is in Unicode scalar values.
///
/// # Errors
///
/// If nothing is left to see, if too much is left, or if a character is not allowed.
pub fn read_text(
    text: &str,
    form: TextForm,
    chars_max: usize,
) -> Result<Cow<'_, str>, TextProblem> {
    let text = match form {
        TextForm::Lines => with_plain_line_ends(text.trim()),
        TextForm::Name | TextForm::Line => Cow::Borrowed(text.trim()),
    };
    if let Some(refused) = text.chars().find(|it| !form.allows(*it)) {
        return Err(TextProblem::Character(refused));
    }
    if !text.chars().any(is_visible) {
        return Err(TextProblem::Empty);
    }
    match text.chars().count() {
        count if count > chars_max => Err(TextProblem::TooLong(count - chars_max)),
        _ => Ok(text),
    }
}

/// Names a character that may have no shape, such as `U+0007`.
pub fn code_point(character: char) -> String {
    format!("U+{:04X}", u32::from(character))
}

/// Replaces the line ends of other systems, and the separators of Unicode.
fn with_plain_line_ends(text: &str) -> Cow<'_, str> {
    const OTHERS: [char; 4] = ['\r', '\u{85}', '\u{2028}', '\u{2029}'];
    if text.contains(OTHERS) {
        Cow::Owned(text.replace("\r\n", "\n").replace(OTHERS, "\n"))
    } else {
        Cow::Borrowed(text)
    }
}

impl TextForm {
    fn allows(self, character: char) -> bool {
        match character {
            '\n' | '\t' => self == Self::Lines,
            '\u{2028}' | '\u{2029}' => false,
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => self != Self::Name,
            _ => !character.is_control(),
        }
    }
}

/// Tells whether a reader sees something where this character stands: it is neither space nor one of
/// those that are blank or that only act on others.
fn is_visible(character: char) -> bool {
    let is_blank = matches!(character,
        // Joiners, marks of direction, selectors and fillers (Default_Ignorable_Code_Point).
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}'
        // Blank signs: of Braille, of annotations, of musical notation.
        | '\u{2800}' | '\u{fff9}'..='\u{fffb}' | '\u{1d159}');
    !is_blank && !character.is_whitespace() && !character.is_control()
}

impl fmt::Display for TextProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("at least one visible character is needed"),
            Self::TooLong(1) => f.write_str("one character is too many"),
            Self::TooLong(over) => write!(f, "{over} characters are too many"),
            Self::Character(character) => {
                write!(f, "the character {} is not allowed", code_point(*character))
            }
        }
    }
}

impl std::error::Error for TextProblem {}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, form: TextForm, expected: Result<&str, TextProblem>) {
        let read = read_text(text, form, 9);
        assert_eq!(read.as_deref(), expected.as_ref().copied(), "{text:?}");
    }

    #[test]
    fn a_text_needs_something_visible() {
        for blank in [
            "",
            " \t",
            "\u{200b}",
            "\u{3164}",
            "\u{2800}",
            "\u{200d}\u{200d}",
            "\u{2060}",
            "\u{ad}",
            "\u{a0}\u{feff}",
            "\u{e0041}",
        ] {
            for form in [TextForm::Name, TextForm::Line, TextForm::Lines] {
                check(blank, form, Err(TextProblem::Empty));
            }
        }
        for seen in ["a\u{200b}", "👩‍👩‍👧", "❤\u{fe0f}", "가", "नि", "."] {
            check(seen, TextForm::Name, Ok(seen));
        }
    }

    #[test]
    fn line_ends_of_all_systems_are_taken_where_lines_are() {
        check("one\r\ntwo", TextForm::Lines, Ok("one\ntwo"));
        check("1\r2\u{85}3\u{2028}4", TextForm::Lines, Ok("1\n2\n3\n4"));
        check("\r\n a\tb \r\n", TextForm::Lines, Ok("a\tb"));
        check(" one\r\n", TextForm::Line, Ok("one"));
        let refused = |character| Err(TextProblem::Character(character));
        check("one\r\ntwo", TextForm::Line, refused('\r'));
        check("a\u{2028}b", TextForm::Name, refused('\u{2028}'));
    }

    #[test]
    fn a_refused_character_is_named() {
        let problem = TextProblem::Character('\u{7}');
        check("bell \u{7}", TextForm::Lines, Err(problem));
        assert_eq!(problem.to_string(), "the character U+0007 is not allowed");
        let turn = Err(TextProblem::Character('\u{202e}'));
        check("a\u{202e}b", TextForm::Name, turn);
        check("a\u{202e}b", TextForm::Line, Ok("a\u{202e}b"));
    }

    #[test]
    fn a_text_is_counted_in_characters_after_trimming() {
        check(
            " 가가가가가가가가가 ",
            TextForm::Line,
            Ok("가가가가가가가가가"),
        );
        let over = Err(TextProblem::TooLong(2));
        check("01234567890", TextForm::Lines, over);
        check("0123456\r\n8", TextForm::Lines, Ok("0123456\n8"));
    }
}
