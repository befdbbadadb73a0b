//! The language server with a client that holds every message against the types of the specification, and against what
//! real editors say that they can. `.ci/pytest-lsp` installs it and says with which Python it is started.

use crate::environment::TestEnvironment;
use std::path::Path;

#[test]
fn messages_are_as_specified() {
    let Some(python) = std::env::var_os("THEATER_TEST_PYTEST_LSP") else {
        let required = std::env::var("THEATER_TEST_REQUIRE").unwrap_or_default();
        let is_required = required.split(',').any(|word| word == "pytest-lsp");
        assert!(
            !is_required,
            "pytest-lsp is required, but THEATER_TEST_PYTEST_LSP names no Python"
        );
        println!("left out: THEATER_TEST_PYTEST_LSP names no Python; see .ci/pytest-lsp");
        return;
    };
    let env = TestEnvironment::new();
    let mut command = env.program(python);
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients");
    command.args(["-B", "-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider"]).arg(tests);
    command.arg("--basetemp").arg(env.path("projects")).env("LC_ALL", "C.UTF-8");
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{errors}");
    assert!(said.contains(" passed") && !said.contains("skipped"), "{said}");
}
