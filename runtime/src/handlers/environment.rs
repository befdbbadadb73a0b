use crate::boundary::{Binder, Source};
use crate::manifest::EnvironmentGrant;
use crate::surroundings;
use crate::trace::Hash;
use std::collections::BTreeMap;

/// Names and values.
type Variables = Vec<(String, String)>;

pub fn bind(binder: &mut Binder<'_>, grant: &EnvironmentGrant) -> wasmtime::Result<()> {
    let (shown, hiding, finding) = (grant.clone(), grant.clone(), grant.clone());
    binder.function_with_secrets(
        "get-environment",
        move |_, ()| Ok((variables(&shown).into_iter().collect::<Variables>(),)),
        move |(variables,): &(Variables,)| (hide(&hiding, variables),),
        move |(recorded,): &(Variables,)| find(&finding, recorded).map(|variables| (variables,)),
    )?;
    let arguments = grant.arguments.clone();
    binder.function("get-arguments", Source::Actor, move |_, ()| Ok((arguments.clone(),)))?;
    binder.function("initial-cwd", Source::Actor, |_, ()| Ok((None::<String>,)))
}

/// What the manifest shows of the present environment. Names and values that are not Unicode are left
/// out: WASI has no form for them.
fn variables(grant: &EnvironmentGrant) -> BTreeMap<String, String> {
    let given = || grant.variables.iter().chain(&grant.secret);
    let present = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| given().any(|pattern| matches(pattern, name)));
    let fixed = grant.variables.iter().filter_map(|variable| variable.split_once('='));
    present.chain(fixed.map(|(name, value)| (name.to_owned(), value.to_owned()))).collect()
}

/// Whether a name is one that `NAME` or `PREFIX*` means.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => pattern == name,
    }
}

fn is_secret(grant: &EnvironmentGrant, name: &str) -> bool {
    grant.secret.iter().any(|pattern| matches(pattern, name))
}

/// As it is recorded: in place of each secret a salt and the digest of both.
fn hide(grant: &EnvironmentGrant, variables: &[(String, String)]) -> Variables {
    let hidden = variables.iter().map(|(name, value)| {
        let recorded = match is_secret(grant, name) {
            true => digest(&Hash::of(&surroundings::random::<u64>().to_le_bytes()).short(), value),
            false => value.clone(),
        };
        (name.clone(), recorded)
    });
    hidden.collect()
}

/// As it was before: secrets are taken from the present environment, if they are the same ones there.
fn find(grant: &EnvironmentGrant, recorded: &[(String, String)]) -> Result<Variables, String> {
    let present = variables(grant);
    let found = recorded.iter().map(|(name, value)| {
        if !is_secret(grant, name) {
            return Ok((name.clone(), value.clone()));
        }
        let salt = value.split(':').nth(1).unwrap_or_default();
        match present.get(name) {
            Some(secret) if digest(salt, secret) == *value => Ok((name.clone(), secret.clone())),
            Some(_) => Err(format!("another value of the secret `{name}` in the environment")),
            None => Err(format!("no secret `{name}` in the environment")),
        }
    });
    found.collect()
}

/// `secret:SALT:SHA-256`.
fn digest(salt: &str, value: &str) -> String {
    format!("secret:{salt}:{}", Hash::of(format!("{salt}:{value}").as_bytes()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn grant(variables: &[&str], secret: &[&str]) -> EnvironmentGrant {
        let owned = |list: &[&str]| list.iter().map(|text| text.to_string()).collect();
        EnvironmentGrant {
            variables: owned(variables),
            secret: owned(secret),
            ..EnvironmentGrant::default()
        }
    }

    #[test]
    fn only_what_is_named_is_shown() {
        assert!(variables(&grant(&[], &[])).is_empty());
        let shown = variables(&grant(&["CARGO_PKG_NAME", "MODE=a=b", "CARGO_PKG_NAME*"], &[]));
        let shown: Vec<_> = shown.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(shown, [("CARGO_PKG_NAME", "theater-runtime"), ("MODE", "a=b")]);
    }

    #[test]
    fn secrets_are_found_again_or_missed_by_name() {
        let grant = grant(&["KEY=s3cret"], &["KEY"]);
        let shown: Variables = variables(&grant).into_iter().collect();
        let recorded = hide(&grant, &shown);
        assert!(!recorded[0].1.contains("s3cret"), "{recorded:?}");
        assert_ne!(hide(&grant, &shown), recorded, "the salt differs");
        assert_eq!(find(&grant, &recorded).unwrap(), shown);
        let mut other = grant.clone();
        other.variables = vec!["KEY=other".to_owned()];
        assert!(find(&other, &recorded).unwrap_err().contains("another value of the secret `KEY`"));
        other.variables.clear();
        assert!(find(&other, &recorded).unwrap_err().contains("no secret `KEY`"));
        assert!(find(&grant, &[("KEY".to_owned(), "s3cret".to_owned())]).is_err());
    }
}
