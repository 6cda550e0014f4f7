//! Spoils a recording, the same way for the same seed: what a proxy, an outage or a change
//! of the service might do to it.

use crate::recording::Exchange;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

pub(crate) fn mutate(exchanges: &[Exchange], seed: u64) -> Vec<Exchange> {
    let mut dice = StdRng::seed_from_u64(seed);
    let mut spoiled = exchanges.to_vec();
    let changes = dice.random_range(1..=8_usize);
    for _ in 0..changes {
        if spoiled.is_empty() {
            break;
        }
        let at = dice.random_range(0..spoiled.len());
        match dice.random_range(0..11_u32) {
            0 => spoiled[at].headers.clear(),
            1 => {
                let count = spoiled[at].headers.len();
                if count > 0 {
                    let gone = dice.random_range(0..count);
                    spoiled[at].headers.remove(gone);
                }
            }
            2 => {
                let length = spoiled[at].body.len();
                let keep = dice.random_range(0..=length);
                spoiled[at].body.truncate(keep);
            }
            3 => spoiled[at].body = b"<html><body>Bad Gateway</body></html>".to_vec(),
            4 => {
                let other = dice.random_range(0..spoiled.len());
                spoiled.swap(at, other);
            }
            5 => {
                spoiled.remove(at);
            }
            6 => {
                let statuses = [
                    100, 200, 201, 202, 204, 206, 301, 302, 304, 400, 401, 403, 404, 405, 408, 409,
                    410, 412, 418, 423, 429, 500, 501, 502, 503, 504, 511, 599, 799,
                ];
                spoiled[at].status = statuses[dice.random_range(0..statuses.len())];
            }
            7 => {
                let values = [
                    "-1",
                    "soon",
                    "0",
                    "99999999999999",
                    "Wed, 99 Foo",
                    "",
                    "\u{feff}7",
                ];
                let value = values[dice.random_range(0..values.len())];
                spoiled[at]
                    .headers
                    .push(("retry-after".to_owned(), value.to_owned()));
            }
            8 => {
                let urls = [
                    "https://evil.example/x?sig=1",
                    "::::",
                    "/relative?x=1",
                    "http://[",
                    "",
                ];
                let url = urls[dice.random_range(0..urls.len())].to_owned();
                let names = ["azure-asyncoperation", "location"];
                let name = names[dice.random_range(0..names.len())];
                spoiled[at].headers.retain(|(key, _)| key != name);
                spoiled[at].headers.push((name.to_owned(), url));
            }
            9 => {
                let bodies: [&[u8]; 12] = [
                    b"[]",
                    b"null",
                    b"\"Succeeded\"",
                    b"{\"status\":7}",
                    b"{\"status\":\"Quantum\"}",
                    b"{\"status\":\"FAILED\",\"error\":[1,{}]}",
                    b"{\"error\":{\"code\":null,\"message\":{},\"details\":[[[]]]}}",
                    b"{\"value\":{\"value\":[]},\"nextLink\":7}",
                    b"\xff\xfe\x00",
                    b"\xef\xbb\xbf{\"properties\":{\"provisioningState\":\"Dreaming\"}}",
                    b"{\"properties\":\"none\"}",
                    b"[[[[[[[[[[[[[[[[{}]]]]]]]]]]]]]]]]",
                ];
                spoiled[at].body = bodies[dice.random_range(0..bodies.len())].to_vec();
            }
            _ => {
                let length = spoiled[at].body.len();
                if length > 0 {
                    let flipped = dice.random_range(0..length);
                    spoiled[at].body[flipped] ^= 1 << dice.random_range(0..8_u32);
                }
            }
        }
    }
    spoiled
}
