//! What the sandbox has behind its sessions: one account with two devices. Bodies in the documented
//! shapes, made once.

use std::fmt::Write;
use std::sync::Arc;

use crate::http::Body;

pub const ACCOUNT: &str = "0000123456-00001";

pub struct Device {
    pub imei: &'static str,
    pub iccid: &'static str,
    pub ip_address: &'static str,
    pub connected: bool,
}

pub const DEVICES: [Device; 2] = [
    Device {
        imei: "990013907835573",
        iccid: "89141390780800784259",
        ip_address: "10.4.17.2",
        connected: true,
    },
    Device {
        imei: "990013907884259",
        iccid: "89141390780800735573",
        ip_address: "10.4.17.3",
        connected: false,
    },
];

pub fn account() -> Body {
    Body::Text(include_str!("devices/account.json"))
}

pub fn list() -> Body {
    let mut json = String::with_capacity(1024);
    json.push_str(r#"{"hasMoreData":false,"devices":["#);
    for (index, device) in DEVICES.iter().enumerate() {
        let Device {
            imei,
            iccid,
            ip_address,
            connected,
        } = device;
        let comma = if index == 0 { "" } else { "," };
        let _ = write!(
            json,
            "{comma}{{\"accountName\":\"{ACCOUNT}\",\"connected\":{connected},\
             \"createdAt\":\"2019-08-07T10:42:04-05:00\",\"ipAddress\":\"{ip_address}\",\
             \"deviceIds\":[{{\"id\":\"{imei}\",\"kind\":\"imei\"}},\
             {{\"id\":\"{iccid}\",\"kind\":\"iccid\"}}],\
             \"carrierInformations\":[{{\"carrierName\":\"Verizon Wireless\",\
             \"servicePlan\":\"M2M 5 MB\",\"state\":\"active\"}}],\
             \"groupNames\":[\"Default: {ACCOUNT}\"]}}"
        );
    }
    json.push_str("]}");
    Body::Bytes(json.into_bytes())
}

pub fn usage() -> Body {
    Body::Text(include_str!("devices/usage.json"))
}

/// A device list of exactly so many bytes, 2 or more.
pub fn list_of_bytes(bytes: u64) -> Arc<[u8]> {
    const START: &[u8] = br#"{"hasMoreData":false,"devices":[],"padding":""#;
    const END: &[u8] = br#""}"#;
    let bytes = bytes as usize;
    let list = match bytes.checked_sub(START.len() + END.len()) {
        Some(padding) => [START, &vec![b'x'; padding], END].concat(),
        None => [b"{".as_slice(), &vec![b' '; bytes - 2], b"}"].concat(),
    };
    list.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn everything_is_json() {
        for body in [account(), list(), usage()] {
            serde_json::from_slice::<Value>(body.bytes()).unwrap();
        }
    }

    #[test]
    fn a_list_has_the_size_asked_for() {
        for bytes in [2, 3, 40, 46, 47, 48, 100_000] {
            let list = list_of_bytes(bytes);
            assert_eq!(list.len() as u64, bytes);
            serde_json::from_slice::<Value>(&list).unwrap();
        }
    }
}
