//! The whole log, as `-vv` shows it, of an `up` and a `down` that go through every secret that
//! there is: the caller's, Azure's tokens, the cluster's, and those of registries.

use crate::api_server::TOKEN;
use crate::ground::Ground;
use crate::registry::EXCHANGED;
use base64ct::{Base64, Encoding};
use rsac_azure_simulator::Settings;

#[test]
fn the_whole_log_shows_no_secret() {
    let password = Settings::default().registry_password.0;
    for flags in [&[][..], &["--attach-acr", "theirAcr"]] {
        let ground = Ground::new(true);
        ground.theirs();
        ground.registry.admit("rsac-push", &password);
        let up = ground.up(&[flags, &["-vv"]].concat());
        let up = up.must(0, &["DEBUG", "Applied my-rsac"]);
        let down = ["down", "--yes", "--with-network-watcher", "-vv"];
        let down = ground.run(&down).must(0, &["DEBUG"]);
        let shown = [up.out, up.err, down.out, down.err].concat();
        let caller = Settings::default().callers[0].secret.0.clone();
        let basic = Base64::encode_string(format!("rsac-push:{password}").as_bytes());
        for secret in [TOKEN, EXCHANGED, &password, &basic, &caller] {
            let line = shown.lines().find(|line| line.contains(secret));
            assert_eq!(line, None, "{secret} is shown");
        }
        let tokens = shown.split_whitespace().filter(|word| {
            let found = word.find("eyJ").map(|at| &word[at..]);
            found.is_some_and(|word| word.len() > 60 && word.matches('.').count() == 2)
        });
        assert_eq!(tokens.count(), 0, "a token is shown");
    }
}
