use crate::environment::TestEnvironment;

#[test]
fn every_shell_has_its_script() {
    let env = TestEnvironment::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = env.theater(&["completions", shell]).ok().stdout;
        assert!(script.contains("inspect") && script.contains("theater"), "{shell}");
    }
    env.theater(&["completions", "cmd"]).with_status(2);
    let checked = env.shell("theater completions bash | bash -n");
    assert_eq!(checked.status, Some(0), "{checked}");
}
