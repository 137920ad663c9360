//! Shared tokens as they lie in Redis: a list of who shares what, each token in plain text or
//! sealed with a key that only the hosts have. A sealed token opens under its own account and
//! protocol alone.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::error::{Error, Result, Status};
use crate::platform::token;
use crate::secret::Secret;
use crate::secret_file;
use crate::store::SharedToken;
use crate::store::record::hex;

/// One shared token, as it is kept.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Kept {
    protocol: String,
    /// Of the token: tells one from another without opening it.
    digest: String,
    obtained_ms: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token: Option<Zeroizing<String>>,
    /// The id of the key, and what it sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sealed: Option<(String, String)>,
}

/// The keys of a file: the first seals, all open.
pub(super) struct Keys(Vec<(String, LessSafeKey)>);

impl Keys {
    pub fn read(path: &str) -> Result<Keys> {
        let wrong = |why: &str| Error::new(Status::Store, format!("store_seal_key_file {why}"));
        let text = secret_file::read(path).map_err(|flaw| wrong(&flaw.to_string()))?;
        let keys = text.reveal().lines().map(str::trim);
        let keys = keys.filter(|line| !line.is_empty()).map(key);
        match keys.collect::<Option<Vec<_>>>() {
            Some(keys) if (1..=2).contains(&keys.len()) => Ok(Keys(keys)),
            _ => Err(wrong(&format!(
                "{path}: must hold one key, or the new one and below it the old one, each 32 \
                 random bytes in base64 (openssl rand -base64 32)"
            ))),
        }
    }
}

fn key(line: &str) -> Option<(String, LessSafeKey)> {
    let bytes = Zeroizing::new(BASE64.decode(line).ok()?);
    let key = UnboundKey::new(&AES_256_GCM, &bytes).ok()?;
    let named = Zeroizing::new([b"tsm seal key\0".as_slice(), &bytes].concat());
    let id = hex(&digest(&SHA256, &named).as_ref()[..4]);
    Some((id, LessSafeKey::new(key)))
}

impl Kept {
    pub fn new(shared: &SharedToken, of: &str, keys: Option<&Keys>) -> Result<Kept> {
        let text = shared.token.reveal();
        let mut kept = Kept {
            protocol: shared.protocol.clone(),
            digest: hex(digest(&SHA256, text.as_bytes()).as_ref()),
            obtained_ms: shared.obtained_ms,
            token: None,
            sealed: None,
        };
        match keys {
            None => kept.token = Some(Zeroizing::new(text.to_owned())),
            Some(keys) => kept.sealed = Some(kept.seal(text, of, keys)?),
        }
        Ok(kept)
    }

    fn seal(&self, text: &str, of: &str, keys: &Keys) -> Result<(String, String)> {
        use ring::rand::SecureRandom;

        let failed = |_| Error::new(Status::Internal, "a shared token could not be sealed");
        let (id, key) = &keys.0[0];
        let mut nonce = [0; NONCE_LEN];
        let random = ring::rand::SystemRandom::new();
        random.fill(&mut nonce).map_err(failed)?;
        let mut sealed = text.as_bytes().to_vec();
        let sealing = Nonce::assume_unique_for_key(nonce);
        key.seal_in_place_append_tag(sealing, self.bound_to(of), &mut sealed)
            .map_err(failed)?;
        let sealed = [&nonce[..], &sealed].concat();
        Ok((id.clone(), BASE64.encode(sealed)))
    }

    /// Whether it is this token.
    pub fn is(&self, shared: &SharedToken) -> bool {
        let other = digest(&SHA256, shared.token.reveal().as_bytes());
        self.protocol == shared.protocol
            && self.obtained_ms == shared.obtained_ms
            && self.digest == hex(other.as_ref())
    }

    pub fn is_sealed(&self) -> bool {
        self.sealed.is_some()
    }

    /// The token; None where none of the keys opens it, or what it holds is none.
    pub fn open(&self, of: &str, keys: Option<&Keys>) -> Option<SharedToken> {
        let text = match (&self.token, &self.sealed, keys) {
            (Some(token), None, _) => token.clone(),
            (None, Some((id, sealed)), Some(keys)) => {
                let (_, key) = keys.0.iter().find(|(known, _)| known == id)?;
                let bytes = BASE64.decode(sealed).ok()?;
                let (nonce, sealed) = bytes.split_at_checked(NONCE_LEN)?;
                let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
                let mut text = Zeroizing::new(sealed.to_vec());
                let opened = key
                    .open_in_place(nonce, self.bound_to(of), &mut text)
                    .ok()?;
                Zeroizing::new(std::str::from_utf8(opened).ok()?.to_owned())
            }
            _ => return None,
        };
        let token: Secret = token::session_token(&text).ok()?;
        let shared = SharedToken {
            protocol: self.protocol.clone(),
            token,
            obtained_ms: self.obtained_ms,
        };
        self.is(&shared).then_some(shared)
    }

    /// What a sealed token cannot be taken from.
    fn bound_to(&self, of: &str) -> Aad<Vec<u8>> {
        Aad::from(format!("{of}\0{}", self.protocol).into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "bcce3ea6-fe4f-4952-bacf-eadd80718e83";

    fn shared() -> SharedToken {
        SharedToken {
            protocol: "rest".into(),
            token: Secret::new(TOKEN),
            obtained_ms: 7,
        }
    }

    fn keys(bytes: &[u8]) -> Keys {
        let line = |byte: &u8| key(&BASE64.encode([*byte; 32])).unwrap();
        Keys(bytes.iter().map(line).collect())
    }

    fn json(kept: &Kept) -> String {
        serde_json::to_string(kept).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_with_its_key_alone_and_in_its_place() {
        let kept = Kept::new(&shared(), "a", Some(&keys(&[1]))).unwrap();
        let text = json(&kept);
        assert!(!text.contains(TOKEN) && kept.is(&shared()) && kept.is_sealed());
        let kept: Kept = serde_json::from_str(&text).unwrap();
        for (of, with, opens) in [
            ("a", Some(keys(&[1])), true),
            // The old one of two.
            ("a", Some(keys(&[2, 1])), true),
            ("a", Some(keys(&[2])), false),
            ("a", None, false),
            ("b", Some(keys(&[1])), false),
        ] {
            assert_eq!(kept.open(of, with.as_ref()), opens.then(shared), "{of}");
        }
        let soap: Kept = serde_json::from_str(&text.replace("rest", "soap")).unwrap();
        assert_eq!(soap.open("a", Some(&keys(&[1]))), None);
        // No two are sealed alike.
        let again = Kept::new(&shared(), "a", Some(&keys(&[1]))).unwrap();
        assert_ne!(json(&again), text);
    }

    #[test]
    fn what_is_not_sealed_is_what_its_digest_says() {
        let kept = Kept::new(&shared(), "a", None).unwrap();
        assert_eq!(kept.open("a", None), Some(shared()));
        let text = json(&kept).replace(TOKEN, "11111111-1111-1111-1111-111111111111");
        let other: Kept = serde_json::from_str(&text).unwrap();
        assert_eq!(other.open("a", None), None);
    }
}
