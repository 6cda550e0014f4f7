//! The master as a network has it: TLS with the job's own authority, a token for every
//! route, a certificate that is renewed while it serves.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use reqwest::StatusCode;
use rsac_master::{Options, Secured, run};
use rsac_master_client::{ClientError, MasterClient, SERVER_NAME, Way, http};
use rsac_protocol::{Job, routes};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const TOKEN: &str = "a-token-of-enough-characters";
/// Ends a hang; nothing takes nearly as long.
const PATIENCE: Duration = Duration::from_secs(60);

struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        let pem = params.self_signed(&key).unwrap().pem();
        let issuer = Issuer::new(params, key);
        Self { issuer, pem }
    }

    /// Writes a new certificate; answers its DER.
    fn issue(&self, folder: &Path) -> Vec<u8> {
        let key = KeyPair::generate().unwrap();
        let names = [SERVER_NAME, "localhost"].map(str::to_owned);
        let params = CertificateParams::new(names).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        std::fs::create_dir_all(folder).unwrap();
        std::fs::write(folder.join("tls.crt"), certificate.pem()).unwrap();
        std::fs::write(folder.join("tls.key"), key.serialize_pem()).unwrap();
        certificate.der().to_vec()
    }
}

/// Three addresses that were free a moment ago.
fn addresses() -> [SocketAddr; 3] {
    let listeners = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.map(|listener| listener.local_addr().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_needs_token_and_authority() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let job = Job {
        name: "my-rsac".into(),
        attempt: String::new(),
        number: "804556097".into(),
        public_exponent: None,
        method: None,
        checkpoint_seconds: 10,
        max_cpu_hours: 1.0,
        pre_pass_seconds: 1,
        deadline_seconds: None,
    };
    std::fs::write(at("job.json"), serde_json::to_vec(&job).unwrap()).unwrap();
    std::fs::write(at("token"), TOKEN).unwrap();
    let authority = Authority::new();
    std::fs::write(at("ca.crt"), &authority.pem).unwrap();
    let first = authority.issue(&at("tls"));
    let [plain, tls, health] = addresses();
    let options = Options {
        data: at("data"),
        job: at("job.json"),
        token_file: at("token"),
        listen: plain,
        fallback: false,
        address_file: Some(at("address")),
        secured: Some(Secured {
            listen: tls,
            certificate: at("tls"),
            health,
            announce_to: None,
        }),
    };
    let shutdown = CancellationToken::new();
    let master = tokio::spawn(run(options, shutdown.clone()));

    // The one who has both is answered.
    let way = Way::Dial(tls.to_string());
    let client = MasterClient::new(way.clone(), TOKEN, authority.pem.as_bytes()).unwrap();
    let solution = until(async || client.solution().await.ok().flatten()).await;
    assert_eq!(solution.factors, ["15581", "51637"]);
    assert_eq!(client.summary().await.unwrap().number, "804556097");
    let units = client.units(None, None).await;
    assert!(matches!(units, Err(ClientError::Refused(_))), "{units:?}");
    let progress: serde_json::Value =
        serde_json::from_str(&client.progress().await.unwrap()).unwrap();
    assert_eq!(progress["solution"], 15581);

    // Whoever lacks one is not.
    let guesser = MasterClient::new(
        way.clone(),
        "another-token-altogether",
        authority.pem.as_bytes(),
    );
    let refused = guesser.unwrap().progress().await;
    assert!(
        matches!(refused, Err(ClientError::Unauthorized)),
        "{refused:?}"
    );
    let stranger = MasterClient::new(way, TOKEN, Authority::new().pem.as_bytes()).unwrap();
    let refused = stranger.summary().await;
    assert!(
        matches!(refused, Err(ClientError::Unreachable(_))),
        "{refused:?}"
    );
    let bare = http::trusting(&at("ca.crt"))
        .unwrap()
        .resolve(SERVER_NAME, tls)
        .timeout(PATIENCE)
        .tls_info(true)
        .build()
        .unwrap();
    let url = |route: &str| format!("https://{SERVER_NAME}:{}{route}", tls.port());
    for route in [
        routes::PROGRESS,
        routes::HEALTHZ,
        routes::READYZ,
        routes::METRICS,
        routes::SUMMARY,
        routes::SOLUTION,
        routes::UNITS,
    ] {
        let answer = bare.get(url(route)).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{route}");
    }

    // The plain ports say no more than they must.
    let http = http::plain().timeout(PATIENCE).build().unwrap();
    for (address, route, status) in [
        (plain, routes::PROGRESS, 200),
        (plain, routes::SUMMARY, 404),
        (plain, routes::METRICS, 404),
        (health, routes::HEALTHZ, 200),
        (health, routes::READYZ, 200),
        (health, routes::METRICS, 200),
        (health, routes::PROGRESS, 404),
        (health, routes::SOLUTION, 404),
    ] {
        let answer = http
            .get(format!("http://{address}{route}"))
            .bearer_auth(TOKEN);
        let answer = answer.send().await.unwrap();
        assert_eq!(answer.status(), status, "{address}{route}");
    }

    // An unusable certificate changes nothing; a renewed one is taken up.
    let shown = async || {
        // A connection that is kept would show the certificate that it began with.
        let once = http::trusting(&at("ca.crt"))
            .unwrap()
            .resolve(SERVER_NAME, tls)
            .tls_info(true)
            .build()
            .unwrap();
        let answer = once.get(url(routes::HEALTHZ)).send().await.unwrap();
        let info = answer.extensions().get::<reqwest::tls::TlsInfo>().unwrap();
        info.peer_certificate().unwrap().to_vec()
    };
    assert_eq!(shown().await, first);
    let second = authority.issue(&at("tls"));
    until(async || (shown().await == second).then_some(())).await;
    std::fs::write(at("tls").join("tls.key"), "no key").unwrap();
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(shown().await, second);

    shutdown.cancel();
    let ended = tokio::time::timeout(PATIENCE, master).await;
    ended.unwrap().unwrap().unwrap();
}

async fn until<T>(mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let waited = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waited)
        .await
        .expect("in time")
}
