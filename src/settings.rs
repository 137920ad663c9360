//! What a session needs of its options: typed, and checked as a whole before anything is sent.

use std::sync::Arc;
use std::time::Duration;

use crate::config::{Config, Source, invalid, missing};
use crate::endpoint::Endpoint;
use crate::error::Result;
use crate::events::Events;
use crate::log::Log;
use crate::secret::Secret;
use crate::secret_source::SecretSource;
use crate::store_name::StoreName;

impl Config {
    /// Everything a session needs, checked as a whole.
    pub(crate) fn settings(&self) -> Result<Settings> {
        let protocol = Protocol::of(self);
        Ok(Settings {
            account: self.account()?,
            password: self.password()?,
            api_credential: match protocol {
                Protocol::Rest => Some(self.api_credential()?),
                Protocol::Soap => None,
            },
            protocol,
            base_url: Endpoint::parse(self.text("base_url")).map_err(invalid)?,
            soap_url: Endpoint::parse(self.text("soap_url")).map_err(invalid)?,
            auto_relogin: self.flag("auto_relogin"),
            session_token_header: self.text("session_token_header").to_owned(),
            share_token: self.flag("share_token"),
            timeout: Duration::from_millis(self.count("timeout_ms")),
            network: self.network()?,
            max_response_bytes: self.count("max_response_bytes"),
            log: self.log.clone(),
            events: Arc::new(Events::new(&self.events)),
        })
    }

    /// How the platform is reached: all of it can be had without an account.
    pub(crate) fn network(&self) -> Result<Network> {
        let endpoint = match Protocol::of(self) {
            Protocol::Rest => self.text("base_url"),
            Protocol::Soap => self.text("soap_url"),
        };
        Ok(Network {
            endpoint: Endpoint::parse(endpoint).map_err(invalid)?,
            connect_timeout: Duration::from_millis(self.count("connect_timeout_ms")),
            ca_file: self.get("ca_file").map(str::to_owned),
            proxy: self.secret("proxy"),
            user_agent: self.text("user_agent").to_owned(),
            log: self.log.clone(),
        })
    }

    /// Whose logins the guard counts, and where: all that `unblock` needs.
    pub(crate) fn account(&self) -> Result<Account> {
        let realm = match self.get("realm") {
            Some(realm) => Endpoint::named_realm(realm),
            None => self.network()?.endpoint.realm(),
        };
        Ok(Account {
            realm,
            username: self.required("username")?.to_owned(),
            store: self.store()?,
            store_access: self.store_access()?,
            store_is_default: self.get("store").is_none(),
            max_login_failures: self.count("max_login_failures") as usize,
            timeout: Duration::from_millis(self.count("timeout_ms")),
            log: self.log.clone(),
        })
    }

    /// Where a secret comes from, and who said so: what is set by hand wins over the environment,
    /// and both over a fallback.
    fn secret_source(
        &self,
        option: &'static str,
        file: &'static str,
    ) -> Result<Option<(SecretSource, Source)>> {
        let given = self.source(option);
        let path = self.source(file);
        Ok(match (given, path) {
            (None, None) => None,
            (Some(a), Some(b)) if a == b => {
                return Err(invalid(format!(
                    "{option} and {file} contradict each other: set one"
                )));
            }
            (given, Some(source)) if given < path => {
                let path = self.text(file).to_owned();
                Some((SecretSource::File { option, path }, source))
            }
            (given, _) => {
                let secret = self.secret(option).unwrap_or_default();
                given.map(|source| (SecretSource::Given(secret), source))
            }
        })
    }

    /// In the inner result, why there is none, where that need not be a fault.
    fn password(&self) -> Result<Result<SecretSource>> {
        let source = self.required_secret("password", "password_file");
        let is_set = |option| self.source(option).is_some();
        match is_set("password") || is_set("password_file") || !self.does_without_password {
            true => source.map(Ok),
            false => Ok(source),
        }
    }

    /// Where the password comes from, if that was set.
    pub(crate) fn password_source(&self) -> Result<Option<SecretSource>> {
        let source = self.secret_source("password", "password_file")?;
        Ok(source.map(|(source, _)| source))
    }

    /// Whether a session reads the file of this option, which is set: not where the secret itself
    /// was set by hand, nor where nothing needs it.
    pub(crate) fn uses(&self, file: &'static str) -> bool {
        let option = file.trim_end_matches("_file");
        let of_redis = || matches!(self.store(), Ok(StoreName::Redis(_)));
        match option {
            "store_password" | "store_seal_key" => of_redis(),
            "app_secret" | "api_token" if Protocol::of(self) == Protocol::Soap => false,
            _ => match self.secret_source(option, file) {
                Ok(Some((source, _))) => source.is_file(),
                other => other.is_err(),
            },
        }
    }

    fn required_secret(&self, option: &'static str, file: &'static str) -> Result<SecretSource> {
        match self.secret_source(option, file)? {
            Some((source, _)) => Ok(source),
            None => Err(missing(&format!("{option} (or {file})"), option)),
        }
    }

    fn store(&self) -> Result<StoreName> {
        let store = StoreName::parse(self.text("store")).map_err(invalid)?;
        if let StoreName::Redis(name) = &store
            && name.is_open_to_others()
            && self.flag("share_token")
            && self.get("store_seal_key_file").is_none()
        {
            return Err(invalid(
                "store: with plain=yes others can read what is stored: a shared token must be \
                 sealed (store_seal_key_file), or take rediss://",
            ));
        }
        Ok(store)
    }

    fn store_access(&self) -> Result<StoreAccess> {
        let path = |name| self.get(name).map(str::to_owned);
        let access = StoreAccess {
            user: path("store_user"),
            password: self.secret("store_password"),
            password_file: path("store_password_file"),
            seal_key_file: path("store_seal_key_file"),
            shares: self.flag("share_token"),
            ca_file: path("ca_file"),
            connect_timeout: Duration::from_millis(self.count("connect_timeout_ms")),
        };
        if access.password.is_some() && access.password_file.is_some() {
            return Err(invalid(
                "store_password and store_password_file contradict each other: set one",
            ));
        }
        if access.user.is_some() && access.password.is_none() && access.password_file.is_none() {
            return Err(invalid(
                "store_user is of no use without store_password or store_password_file",
            ));
        }
        Ok(access)
    }

    fn api_credential(&self) -> Result<ApiCredential> {
        let fixed = self.secret_source("api_token", "api_token_file")?;
        let secret = self.secret_source("app_secret", "app_secret_file")?;
        let said_by = |source: &Option<(SecretSource, Source)>| source.as_ref().map(|(_, by)| *by);
        let pair = self.source("app_key").max(said_by(&secret));
        match (fixed, pair) {
            (None, None) => Err(invalid(
                "no API token is to be had: set app_key and app_secret (or app_secret_file), or \
                 api_token (or api_token_file)",
            )),
            (Some((_, a)), Some(b)) if a == b => Err(invalid(
                "api_token and app_key/app_secret contradict each other: set one or the other",
            )),
            // What is set by hand wins over the environment.
            (Some((fixed, a)), b) if Some(a) > b => Ok(ApiCredential::Fixed(fixed)),
            _ => Ok(ApiCredential::Application {
                secret: self.required_secret("app_secret", "app_secret_file")?,
                key: self.required("app_key")?.to_owned(),
            }),
        }
    }
}

/// The options of one session, typed and checked.
pub(crate) struct Settings {
    pub account: Account,
    pub protocol: Protocol,
    pub base_url: Endpoint,
    pub soap_url: Endpoint,
    /// Or what to tell who needs it.
    pub password: Result<SecretSource>,
    /// None with SOAP, which needs no API token.
    pub api_credential: Option<ApiCredential>,
    pub auto_relogin: bool,
    pub session_token_header: String,
    pub share_token: bool,
    pub timeout: Duration,
    pub network: Network,
    pub max_response_bytes: u64,
    pub log: Log,
    /// The session's own.
    pub events: Arc<Events>,
}

/// How the platform is reached.
pub(crate) struct Network {
    /// The endpoint that the protocol speaks to.
    pub endpoint: Endpoint,
    /// The longest that a new connection may take.
    pub connect_timeout: Duration,
    pub ca_file: Option<String>,
    pub proxy: Option<Secret>,
    pub user_agent: String,
    pub log: Log,
}

/// Whose failed logins are counted, where, and up to what.
#[derive(Clone)]
pub(crate) struct Account {
    pub realm: String,
    pub username: String,
    pub store: StoreName,
    pub store_access: StoreAccess,
    pub store_is_default: bool,
    pub max_login_failures: usize,
    pub timeout: Duration,
    pub log: Log,
}

/// What opens a store on Redis.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct StoreAccess {
    pub user: Option<String>,
    pub password: Option<Secret>,
    pub password_file: Option<String>,
    pub seal_key_file: Option<String>,
    /// Whether the session token is shared.
    pub shares: bool,
    pub ca_file: Option<String>,
    pub connect_timeout: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Rest,
    Soap,
}

impl Protocol {
    pub fn of(config: &Config) -> Protocol {
        match config.text("protocol") {
            "soap" => Protocol::Soap,
            _ => Protocol::Rest,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Protocol::Rest => "rest",
            Protocol::Soap => "soap",
        }
    }
}

/// Where API tokens come from.
pub(crate) enum ApiCredential {
    Fixed(SecretSource),
    Application { key: String, secret: SecretSource },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(options: &[(&str, &str)]) -> Config {
        let mut config = Config::new();
        for (name, value) in options {
            config.set(name, value).unwrap();
        }
        config
    }

    #[test]
    fn what_is_missing_is_named() {
        for (missing, options) in [
            ("username", vec![("password", "p"), ("api_token", "t")]),
            ("password", vec![("username", "u"), ("api_token", "t")]),
            ("app_key", vec![("username", "u"), ("password", "p")]),
            (
                "app_secret",
                vec![("username", "u"), ("password", "p"), ("app_key", "k")],
            ),
        ] {
            let error = config(&options).settings().err().unwrap();
            assert!(error.message().contains(missing), "{error}");
        }
        let soap = config(&[("username", "u"), ("password", "p"), ("protocol", "soap")]);
        assert!(soap.settings().is_ok());
    }

    #[test]
    fn two_api_credentials_set_the_same_way_contradict() {
        let rest = [("username", "u"), ("password", "p")];
        let both = [rest, [("app_key", "k"), ("app_secret", "s")]].concat();
        let fixed = [("api_token", "t")];
        let error = config(&[&both[..], &fixed].concat()).settings().err();
        assert!(error.unwrap().message().contains("contradict"));
        // By hand wins over the environment.
        let mut both = config(&both);
        both.load_from(|name| (name == "TSM_API_TOKEN").then(|| "t".into()))
            .unwrap();
        let settings = both.settings().unwrap();
        assert!(matches!(
            settings.api_credential,
            Some(ApiCredential::Application { .. })
        ));
    }

    #[test]
    fn a_secret_and_its_file_set_the_same_way_contradict() {
        let user = [
            ("username", "u"),
            ("api_token", "t"),
            ("password_file", "/p"),
        ];
        let error = config(&[&user[..], &[("password", "p")]].concat()).settings();
        assert!(error.err().unwrap().message().contains("contradict"));
        let mut config = config(&user);
        config
            .load_from(|name| (name == "TSM_PASSWORD").then(|| "p".into()))
            .unwrap();
        assert!(config.settings().unwrap().password.unwrap().is_file());
        // As a fallback it does not contradict, nor win.
        let mut config = self::config(&[("username", "u"), ("api_token", "t"), ("password", "p")]);
        config.set_fallback("password_file", "/p").unwrap();
        config.set_fallback("app_key", "k").unwrap();
        let settings = config.settings().unwrap();
        assert!(!settings.password.as_ref().unwrap().is_file());
        assert!(matches!(
            settings.api_credential,
            Some(ApiCredential::Fixed(_))
        ));
    }

    #[test]
    fn over_plain_text_a_shared_token_is_sealed() {
        let open = [
            ("username", "u"),
            ("store", "redis://cache.example?plain=yes&witness=no"),
        ];
        let shared = [&open[..], &[("share_token", "true")]].concat();
        let error = config(&shared).account().err().unwrap();
        assert!(error.message().contains("store_seal_key_file"), "{error}");
        let sealed = [&shared[..], &[("store_seal_key_file", "/key")]].concat();
        for fine in [&open[..], &sealed] {
            assert!(config(fine).account().is_ok());
        }
    }

    #[test]
    fn a_store_has_one_password_and_a_user_has_one() {
        let [user, password, file] = [
            ("store_user", "u"),
            ("store_password", "p"),
            ("store_password_file", "/p"),
        ];
        for (options, fits) in [
            (&[user][..], false),
            (&[password, file], false),
            (&[user, password], true),
            (&[user, file], true),
            (&[password], true),
        ] {
            let account = config(&[&[("username", "u")], options].concat()).account();
            assert_eq!(account.is_ok(), fits, "{options:?}");
        }
    }

    #[test]
    fn production_rest_and_soap_are_one_realm() {
        let rest = config(&[("username", "u")]).account().unwrap();
        let soap = config(&[("username", "u"), ("protocol", "soap")]);
        assert_eq!(rest.realm, soap.account().unwrap().realm);
        let gateway = config(&[
            ("username", "u"),
            ("base_url", "https://gateway.example:8443/ts"),
            ("realm", "ThingSpace.Verizon.com"),
        ]);
        assert_eq!(rest.realm, gateway.account().unwrap().realm);
    }
}
