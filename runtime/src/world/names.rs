//! Whom the name of an actor means.

/// The path of the actor that a name means to another actor, over whatever tree `exists` knows: the
/// manifests of an application, or the living actors of a node.
///
/// Paths are the full names of actors, `shop/orders`: the names from an actor under the root to the one
/// that is meant. `from` is the path of whoever says the name.
///
/// A name is looked up from the actor outwards: among its own children first, then among its siblings
/// (itself among them), then among its supervisor's siblings, and so on to the actors under the root.
/// The first one that there is is meant. Of a path `a/b` the first name is looked up so; `b` is then
/// the child of what `a` means, and of nothing further out.
///
/// ```
/// use theater_runtime::world::meaning_of_name;
///
/// let tree = ["audit", "shop", "shop/audit", "shop/orders", "shop/orders/worker"];
/// let meaning = |name| meaning_of_name("shop/orders", name, |path| tree.contains(&path));
/// assert_eq!(meaning("worker").as_deref(), Some("shop/orders/worker"));
/// assert_eq!(meaning("audit").as_deref(), Some("shop/audit"));
/// assert_eq!(meaning("shop/audit").as_deref(), Some("shop/audit"));
/// assert_eq!(meaning("stock"), None);
/// ```
pub fn meaning_of_name(from: &str, name: &str, exists: impl Fn(&str) -> bool) -> Option<String> {
    let (first, rest) = match name.split_once('/') {
        Some((first, rest)) => (first, Some(rest)),
        None => (name, None),
    };
    let mut around = Some(from);
    let found = loop {
        let path = match around {
            Some(above) => format!("{above}/{first}"),
            None => first.to_owned(),
        };
        if exists(&path) {
            break path;
        }
        // Further out; there is nothing around the actors under the root.
        around = around?.rsplit_once('/').map(|(above, _)| above);
    };
    match rest {
        None => Some(found),
        Some(rest) => Some(format!("{found}/{rest}")).filter(|path| exists(path)),
    }
}

#[cfg(test)]
mod tests {
    use super::meaning_of_name;

    const TREE: &[&str] =
        &["a", "a/b", "a/b/a", "a/b/c", "a/c", "b", "c", "c/d", "a/b/c/e", "d", "d/a"];

    fn meaning(from: &str, name: &str) -> Option<String> {
        meaning_of_name(from, name, |path| TREE.contains(&path))
    }

    #[test]
    fn the_nearest_one_is_meant() {
        for (from, name, meant) in [
            ("a/b", "c", "a/b/c"),
            ("a/b", "b", "a/b"),
            ("a/b", "a", "a/b/a"),
            ("a/b/c", "c", "a/b/c"),
            ("a/c", "c", "a/c"),
            ("a/c", "a", "a"),
            ("a/c", "d", "d"),
            ("a/c", "b/c/e", "a/b/c/e"),
            ("d", "d", "d"),
            ("c/d", "c/d", "c/d"),
        ] {
            assert_eq!(meaning(from, name).as_deref(), Some(meant), "{name} in {from}");
        }
    }

    #[test]
    fn the_rest_of_a_path_is_looked_up_nowhere_else() {
        // `a/b` has a child `a` of its own, which hides the one under the root.
        assert_eq!(meaning("a/b", "a/c"), None);
        assert_eq!(meaning("b", "a/c").as_deref(), Some("a/c"));
    }

    #[test]
    fn nobody_is_nobody() {
        for name in ["e", "a/x", "", "/", "a/", "/a"] {
            assert_eq!(meaning("a/b", name), None, "{name}");
        }
    }
}
