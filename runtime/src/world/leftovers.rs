//! Functions that a language's tools call once, while they make a component, and leave exported.
//! They are no messages, and an `init` among them is not the actor's turn 0.

/// An export that is left over.
struct Leftover {
    /// The interface that it belongs to; none for one of the world itself.
    interface: Option<&'static str>,
    /// The function's name.
    name: &'static str,
    /// The names of its first parameters, by which it is told from an actor's own function.
    params: &'static [&'static str],
    /// The program that calls it.
    tool: &'static str,
}

static LEFTOVERS: &[Leftover] = &[
    Leftover {
        interface: None,
        name: "init",
        params: &["shim", "script"],
        tool: "componentize-qjs",
    },
    Leftover {
        interface: Some("exports"),
        name: "init",
        params: &["app-name", "symbols"],
        tool: "componentize-py",
    },
];

/// Why an exported function is not one of the actor's own, if it is left over from making the
/// component.
pub(crate) fn leftover<'p>(
    interface: Option<&str>,
    name: &str,
    params: impl Iterator<Item = &'p str>,
) -> Option<String> {
    let params: Vec<&str> = params.collect();
    let same = |left: &&Leftover| {
        left.interface == interface && left.name == name && params.starts_with(left.params)
    };
    LEFTOVERS.iter().find(same).map(|left| {
        format!("it is left over from {}, which calls it to make the component", left.tool)
    })
}

#[cfg(test)]
mod tests {
    use super::leftover;

    #[test]
    fn an_actors_own_functions_are_not_left_over() {
        let found = |interface, name, params: &[&'static str]| {
            leftover(interface, name, params.iter().copied()).is_some()
        };
        assert!(found(None, "init", &["shim", "script", "entry-path", "disable-gc"]));
        assert!(found(Some("exports"), "init", &["app-name", "symbols", "stub-wasi"]));
        assert!(!found(None, "init", &[]));
        assert!(!found(None, "init", &["script", "shim"]));
        assert!(!found(None, "init", &["shim"]));
        assert!(!found(Some("local:exports/exports"), "init", &["app-name", "symbols"]));
        assert!(!found(None, "start", &["shim", "script"]));
    }
}
