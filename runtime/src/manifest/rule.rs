//! What texts must look like, apart from names.

use wasmparser::names::{ComponentName, ComponentNameKind, KebabStr};

use super::name::check_name;
use super::schema::Rule;

/// Characters that mean something to a shell only.
const SHELL: &[char] = &['"', '\'', '|', '&', ';', '<', '>', '$', '`', '\\', '*', '?', '(', ')'];

/// Checks a text. The error is the end of a sentence about the key.
pub(super) fn check(rule: Rule, text: &str) -> Result<(), String> {
    let shown = text.escape_debug();
    match rule {
        Rule::Any | Rule::Name => Ok(()),
        Rule::Version if is_version(text) => Ok(()),
        Rule::Version => Err(format!("must be three numbers joined by dots, and is `{shown}`")),
        Rule::World if is_world(text) => Ok(()),
        Rule::World => Err(format!("must be the name of a world in WIT, and is `{shown}`")),
        Rule::Command if text.trim().is_empty() => Err("is empty".to_owned()),
        Rule::Command => match text.find(SHELL).and_then(|at| text[at..].chars().next()) {
            Some(character) => Err(format!(
                "has `{character}` in it, which means something to a shell, and no shell reads \
                 it: write a list of texts"
            )),
            None if text.contains('\0') => Err("has a zero byte in it".to_owned()),
            None => Ok(()),
        },
        Rule::Variable => variable(text, true),
        Rule::VariableName => variable(text, false),
        Rule::GuestPath => guest_path(text),
        Rule::Interface if is_interface(text) => Ok(()),
        Rule::Interface => Err(format!(
            "must be an interface with its package, such as `shop:inventory/stock`, and is `{shown}`"
        )),
        Rule::ActorPath => actor_path(text),
        Rule::Recipient => match text.strip_suffix('*') {
            Some(beginning) => recipients(beginning, text),
            None => actor_path(text),
        },
    }
}

/// Checks a variable of the environment: `NAME`, `PREFIX*`, or with a value.
fn variable(text: &str, with_value: bool) -> Result<(), String> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (text, None),
    };
    let shown = text.escape_debug();
    if value.is_some() && !with_value {
        return Err(format!("takes names without values, and has `{shown}`"));
    }
    let prefix = if value.is_none() { name.strip_suffix('*') } else { None };
    if name.is_empty() || prefix.unwrap_or(name).contains('*') {
        return Err(format!("takes `NAME` or `PREFIX*`, and has `{shown}`"));
    }
    Ok(())
}

/// Checks a path of a component's world.
fn guest_path(text: &str) -> Result<(), String> {
    let Some(parts) = text.strip_prefix('/') else {
        return Err(format!("must begin with `/`, and is `{}`", text.escape_debug()));
    };
    if text.contains(char::is_control) {
        return Err("has a control character in it".to_owned());
    }
    let wrong = |part: &str| matches!(part, "" | "." | "..");
    if text != "/" && parts.split('/').any(wrong) {
        return Err(format!(
            "must be written without `.`, `..`, `//` and a `/` at the end, and is `{text}`"
        ));
    }
    Ok(())
}

/// Checks the name of an actor, or several joined by `/`.
fn actor_path(text: &str) -> Result<(), String> {
    let shown = text.escape_debug();
    match text.split('/').find_map(|name| check_name(name).err()) {
        None => Ok(()),
        Some(bad) => Err(format!(
            "must be the name of an actor, or names joined by `/`, and is `{shown}`: {}",
            bad.reason
        )),
    }
}

/// Checks what stands before a `*` that stands for the rest of an actor's path.
fn recipients(beginning: &str, text: &str) -> Result<(), String> {
    let wrong = || {
        format!(
            "must be the beginning of an actor's path before `*`, and is `{}`",
            text.escape_debug()
        )
    };
    let (names, last) = match beginning.rsplit_once('/') {
        Some((names, last)) => (Some(names), last),
        None => (None, beginning),
    };
    if names.is_some_and(|names| actor_path(names).is_err()) || last.starts_with('-') {
        return Err(wrong());
    }
    // A part of a name may end in `-`.
    let last = last.strip_suffix('-').unwrap_or(last);
    if last.is_empty() || check_name(last).is_ok() { Ok(()) } else { Err(wrong()) }
}

/// Whether a text is an interface with its package, with or without a version.
fn is_interface(text: &str) -> bool {
    text.contains(':') && is_world(text)
}

/// Whether a text is a version by the grammar of semver 2.0.
fn is_version(text: &str) -> bool {
    let (text, build) = match text.split_once('+') {
        Some((text, build)) => (text, Some(build)),
        None => (text, None),
    };
    let (numbers, pre) = match text.split_once('-') {
        Some((numbers, pre)) => (numbers, Some(pre)),
        None => (text, None),
    };
    let number = |part: &str| part.parse::<u64>().is_ok_and(|number| number.to_string() == part);
    let word = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let pre_word = |part: &str| {
        word(part) && (number(part) || !part.bytes().all(|byte| byte.is_ascii_digit()))
    };
    numbers.split('.').count() == 3
        && numbers.split('.').all(number)
        && pre.is_none_or(|pre| pre.split('.').all(pre_word))
        && build.is_none_or(|build| build.split('.').all(word))
}

/// Whether a text is a world's name, alone (`counter`) or with its package
/// (`shop:counter/counter@1.0.0`).
fn is_world(text: &str) -> bool {
    if !text.contains([':', '/']) {
        return KebabStr::new(text).is_some();
    }
    let version = text.split_once('@').map(|(_, version)| version);
    version.is_none_or(is_version)
        && ComponentName::new(text, 0)
            .is_ok_and(|name| matches!(name.kind(), ComponentNameKind::Interface(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        for good in ["0.1.0", "1.0.0-rc.1", "1.0.0+build.7", "1.0.0-a-b+001"] {
            assert!(is_version(good), "{good}");
        }
        for bad in [
            "", "1", "1.0", "1.0.0.0", "v1.0.0", "01.0.0", "1.0.0-", "1.0.0-01", "1.0.-1", "+1.0.0",
        ] {
            assert!(!is_version(bad), "{bad}");
        }
    }

    #[test]
    fn worlds() {
        for good in ["counter", "my-world", "HTTP-server", "shop:counter/counter", "a:b/c@1.0.0"] {
            assert!(is_world(good), "{good}");
        }
        for bad in ["", "My World", "a_b", "a/b", "a:b", "a:b/c@x", "a:b/c@", "-a"] {
            assert!(!is_world(bad), "{bad}");
        }
    }

    #[test]
    fn guest_paths_are_absolute_and_plain() {
        for good in ["/", "/data", "/a/b.txt", "/ä b", "/...", "/a/..b"] {
            assert_eq!(check(Rule::GuestPath, good), Ok(()), "{good}");
        }
        for bad in ["", "data", ".", "./a", "//", "/a/", "/a//b", "/.", "/a/..", "/../a", "/a\0"] {
            assert!(check(Rule::GuestPath, bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn interfaces() {
        for good in ["shop:inventory/stock", "shop:inventory/stock@0.1.0", "a:b/c@1.0.0-rc.1"] {
            assert_eq!(check(Rule::Interface, good), Ok(()), "{good}");
        }
        for bad in
            ["", "stock", "shop:inventory", "shop/stock", "shop:inventory/stock@1", "a:b/c/d@"]
        {
            assert!(check(Rule::Interface, bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn paths_of_actors() {
        for good in ["audit", "shop/audit", "a/b-2/c"] {
            assert_eq!(check(Rule::ActorPath, good), Ok(()), "{good}");
            assert_eq!(check(Rule::Recipient, good), Ok(()), "{good}");
        }
        for bad in ["", "/", "shop/", "/audit", "a//b", "Shop", "a b", "../a"] {
            assert!(check(Rule::ActorPath, bad).is_err(), "{bad}");
            assert!(check(Rule::Recipient, bad).is_err(), "{bad}");
        }
        for good in ["*", "shop/*", "worker-*", "shop/worker-*", "shop/w*"] {
            assert_eq!(check(Rule::Recipient, good), Ok(()), "{good}");
            assert!(check(Rule::ActorPath, good).is_err(), "{good}");
        }
        for bad in ["**", "/*", "a//*", "*/a", "-*", "a/-*", "Shop/*", "a--*", "1*"] {
            assert!(check(Rule::Recipient, bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn variables() {
        for good in ["HOME", "APP_*", "*", "MODE=a", "MODE=", "MODE=*a=b"] {
            assert_eq!(check(Rule::Variable, good), Ok(()), "{good}");
        }
        for bad in ["", "=a", "A*B", "A*=b", "**"] {
            assert!(check(Rule::Variable, bad).is_err(), "{bad}");
        }
        assert!(check(Rule::VariableName, "KEY=a").is_err());
    }

    #[test]
    fn commands_are_not_for_a_shell() {
        assert_eq!(check(Rule::Command, "make component"), Ok(()));
        assert!(check(Rule::Command, "  ").is_err());
        assert!(check(Rule::Command, "make && cp a b").is_err_and(|why| why.contains("`&`")));
    }
}
