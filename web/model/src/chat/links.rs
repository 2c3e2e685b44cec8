//! Finds the addresses in a text.

/// A part of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Words.
    Plain(&'a str),
    /// An address that starts with `http://` or `https://`.
    Link(&'a str),
}

/// Splits `text` into words and addresses. The pieces put together are the text.
///
/// An address ends at the first character that is not printable ASCII: Korean particles are
/// written right behind it (`https://example.com에서`), and browsers copy addresses percent-encoded.
pub fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let (mut plain, mut at) = (0, 0);
    while let Some(found) = text[at..].find("http") {
        let start = at + found;
        let len = address_len(&text[start..]);
        let follows_a_word = text[..start].ends_with(|before: char| before.is_ascii_alphanumeric());
        if len == 0 || follows_a_word {
            at = start + "http".len();
            continue;
        }
        if plain < start {
            pieces.push(Piece::Plain(&text[plain..start]));
        }
        pieces.push(Piece::Link(&text[start..start + len]));
        (plain, at) = (start + len, start + len);
    }
    if plain < text.len() {
        pieces.push(Piece::Plain(&text[plain..]));
    }
    pieces
}

/// The length of the address that `text` starts with, or 0.
fn address_len(text: &str) -> usize {
    let Some(scheme) = ["https://", "http://"]
        .into_iter()
        .find(|scheme| text.starts_with(scheme))
    else {
        return 0;
    };
    let ends = |c: char| {
        !c.is_ascii_graphic() || matches!(c, '<' | '>' | '"' | '`' | '\\' | '^' | '{' | '|' | '}')
    };
    let rest = &text[scheme.len()..];
    let rest = without_closing_marks(&rest[..rest.find(ends).unwrap_or(rest.len())]);
    if rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[') {
        scheme.len() + rest.len()
    } else {
        0
    }
}

/// Leaves out marks at the end that belong to the sentence, not to the address.
fn without_closing_marks(mut address: &str) -> &str {
    while let Some(last) = address.chars().next_back() {
        let belongs_to_the_sentence = match last {
            '.' | ',' | ':' | ';' | '!' | '?' | '\'' | '*' | '_' | '~' => true,
            ')' => address.matches(')').count() > address.matches('(').count(),
            ']' => address.matches(']').count() > address.matches('[').count(),
            _ => false,
        };
        if !belongs_to_the_sentence {
            break;
        }
        address = &address[..address.len() - last.len_utf8()];
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, links: &[&str]) {
        let all = pieces(text);
        let found: Vec<_> = all
            .iter()
            .filter_map(|piece| {
                if let Piece::Link(link) = piece {
                    Some(*link)
                } else {
                    None
                }
            })
            .collect();
        assert_eq!(found, links, "{text:?}");
        let whole: String = all
            .iter()
            .map(|(Piece::Plain(part) | Piece::Link(part))| *part)
            .collect();
        assert_eq!(whole, text);
    }

    #[test]
    fn an_address_is_found_where_it_stands() {
        check("no address", &[]);
        check("https://a.example/x?y=1#z", &["https://a.example/x?y=1#z"]);
        check(
            "see http://a.example and https://b.example.",
            &["http://a.example", "https://b.example"],
        );
        check("(https://a.example/w_(x))", &["https://a.example/w_(x)"]);
        check("http://[::1]:8080/", &["http://[::1]:8080/"]);
        check("https://a.example/?q=a,b!", &["https://a.example/?q=a,b"]);
    }

    #[test]
    fn a_particle_behind_an_address_is_not_part_of_it() {
        check("https://example.com에서 봤어요", &["https://example.com"]);
        check(
            "주소는 https://example.com/길 이에요",
            &["https://example.com/"],
        );
    }

    #[test]
    fn only_web_addresses_become_links() {
        check("javascript:alert(1) ftp://a.example data:text/html,x", &[]);
        check(
            "xhttps://a.example http:// https://- httphttp://a.example",
            &[],
        );
        check("https://a.example/<script>", &["https://a.example/"]);
    }
}
