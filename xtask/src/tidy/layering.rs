//! An arrow may only point at purer code: which member may import which.

use crate::workspace::{Package, Workspace};

/// Members, what they may import, and what their tests may import besides.
const TABLE: [(&str, &[&str], &[&str]); 19] = [
    ("trunkline-macros", &[], &[]),
    ("trunkline-protocol", &["macros"], &[]),
    ("trunkline-session", &["protocol"], &["hub"]),
    ("trunkline-hub", &["protocol"], &[]),
    ("trunkline-websocket", &[], &[]),
    ("trunkline-arena", &[], &[]),
    ("trunkline-market", &["protocol"], &[]),
    ("trunkline-sim", &["protocol", "session", "hub"], &[]),
    ("trunkline-schema", &["protocol"], &[]),
    (
        "trunkline-server",
        &["protocol", "session", "hub", "websocket", "arena", "market"],
        &["client"],
    ),
    (
        "trunkline-client",
        &["protocol", "session"],
        &["hub", "server"],
    ),
    (
        "trunkline-web-model",
        &["protocol", "client", "arena", "sim"],
        &[],
    ),
    ("trunkline-web", &["protocol", "client", "web-model"], &[]),
    ("trunkline-bots", &["protocol", "client", "arena"], &[]),
    ("trunkline-bench", &["protocol", "client", "bots"], &[]),
    (
        "trunkline-cost",
        &["protocol", "session", "hub", "websocket"],
        &[],
    ),
    (
        "trunkline-tests",
        &[
            "protocol", "session", "hub", "arena", "sim", "server", "client",
        ],
        &[],
    ),
    ("xtask", &[], &[]),
    ("wasm-bindgen-tool", &[], &[]),
];

/// Compares every member's manifest with the table.
pub(crate) fn check(workspace: &Workspace) -> Vec<String> {
    workspace.packages.iter().flat_map(complaints).collect()
}

fn complaints(package: &Package) -> Vec<String> {
    let Some((name, imports, for_tests)) = TABLE.iter().find(|row| row.0 == package.name) else {
        return vec![format!(
            "{}: not in the layering table of xtask's tidy",
            package.name
        )];
    };
    let allowed = |import: &str, dev: bool| {
        let short = import.strip_prefix("trunkline-").unwrap_or(import);
        import == *name || imports.contains(&short) || (dev && for_tests.contains(&short))
    };
    let local = package.dependencies.iter().filter(|import| import.local);
    let forbidden = local.filter(|import| !allowed(&import.name, import.dev));
    forbidden
        .map(|import| format!("{name}: may not import {}", import.name))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use crate::workspace::Dependency;

    use super::*;

    fn check(name: &str, import: &str, dev: bool, complaint: Option<&str>) {
        let dependency = Dependency {
            name: import.to_owned(),
            dev,
            local: true,
        };
        let package = Package {
            name: name.to_owned(),
            version: "0.1.0".to_owned(),
            dir: PathBuf::new(),
            dependencies: vec![dependency],
        };
        let expected: Vec<_> = complaint.map(str::to_owned).into_iter().collect();
        assert_eq!(complaints(&package), expected);
    }

    #[test]
    fn arrows_point_at_purer_code_only() {
        check("trunkline-server", "trunkline-hub", false, None);
        check("trunkline-web", "trunkline-client", false, None);
        let no = Some("trunkline-web: may not import trunkline-session");
        check("trunkline-web", "trunkline-session", false, no);
        let no = Some("trunkline-protocol: may not import trunkline-hub");
        check("trunkline-protocol", "trunkline-hub", false, no);
        let no = Some("xtask: may not import trunkline-protocol");
        check("xtask", "trunkline-protocol", false, no);
    }

    #[test]
    fn tests_may_import_more() {
        check("trunkline-session", "trunkline-hub", true, None);
        let no = Some("trunkline-session: may not import trunkline-hub");
        check("trunkline-session", "trunkline-hub", false, no);
    }

    #[test]
    fn a_member_without_a_place_is_noticed() {
        let no = Some("new: not in the layering table of xtask's tidy");
        check("new", "trunkline-hub", false, no);
    }
}
