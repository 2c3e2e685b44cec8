//! A line of a CSV file as its fields (RFC 4180, a record a line).

/// A field that is no field: where it begins, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// The number of the field, from 1 on.
    pub(super) column: usize,
    pub(super) why: &'static str,
}

/// The fields of a line. A field in quotes may hold commas, and quotes that are doubled.
pub(super) fn fields(line: &str) -> Result<Vec<String>, Fault> {
    let mut fields = Vec::new();
    let mut rest = line;
    loop {
        let column = fields.len() + 1;
        let fault = |why| Fault { column, why };
        let (field, after) = match rest.trim_start_matches(' ').strip_prefix('"') {
            Some(quoted) => {
                let (field, after) = unquoted(quoted)
                    .ok_or_else(|| fault("a quote does not end in the line it begins in"))?;
                (field, after.trim_start_matches(' '))
            }
            None => {
                let end = rest.find(',').unwrap_or(rest.len());
                let field = &rest[..end];
                if field.contains('"') {
                    return Err(fault(
                        "a quote is inside a field that does not begin with one",
                    ));
                }
                (field.trim().to_owned(), &rest[end..])
            }
        };
        fields.push(field);
        match after.strip_prefix(',') {
            Some(next) => rest = next,
            None if after.is_empty() => return Ok(fields),
            None => return Err(fault("something follows the quote that ends the field")),
        }
    }
}

/// What stands before the quote that ends a field, and what follows it.
fn unquoted(text: &str) -> Option<(String, &str)> {
    let mut field = String::new();
    let mut rest = text;
    loop {
        let (before, after) = rest.split_once('"')?;
        field.push_str(before);
        match after.strip_prefix('"') {
            Some(next) => {
                field.push('"');
                rest = next;
            }
            None => return Some((field, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: Result<&[&str], usize>) {
        let found = fields(line).map_err(|fault| fault.column);
        let expected = expected.map(|it| it.iter().map(|it| (*it).to_owned()).collect());
        assert_eq!(found, expected, "{line:?}");
    }

    #[test]
    fn a_line_is_fields_between_commas() {
        check("a,b,c", Ok(&["a", "b", "c"]));
        check("", Ok(&[""]));
        check(" a , ,", Ok(&["a", "", ""]));
        check("\"a,b\",\"say \"\"hi\"\"\"", Ok(&["a,b", "say \"hi\""]));
        check("\"\",x", Ok(&["", "x"]));
        check("1, \"Jan 1, 2000\" ,2", Ok(&["1", "Jan 1, 2000", "2"]));
        check("a,\"b", Err(2));
        check("a,b\"c", Err(2));
        check("\"a\"b,c", Err(1));
    }
}
