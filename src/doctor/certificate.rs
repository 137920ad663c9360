//! What a person wants to know of a certificate: whose it is, who issued it, and for how long. Only
//! reads; whether it is to be trusted is for TLS. Pure.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::platform::words;

/// The longest name that is told.
const LONGEST: usize = 80;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Certificate {
    pub subject: String,
    pub issuer: String,
    /// Whether it names itself as its issuer.
    pub is_self_issued: bool,
    pub not_before: SystemTime,
    pub not_after: SystemTime,
}

impl Certificate {
    /// None where it is no X.509 certificate.
    pub fn read(der: &[u8]) -> Option<Certificate> {
        let certificate = Element::first(der)?.of(SEQUENCE)?;
        let mut fields = Element::first(certificate)?.of(SEQUENCE)?;
        let mut next = || {
            let element = Element::first(fields)?;
            fields = element.rest;
            Some(element)
        };
        let version_or_serial = next()?;
        if version_or_serial.tag == VERSION {
            next()?;
        }
        next()?.of(SEQUENCE)?;
        let issuer = next()?.of(SEQUENCE)?;
        let validity = next()?.of(SEQUENCE)?;
        let subject = next()?.of(SEQUENCE)?;
        let not_before = Element::first(validity)?;
        let not_after = Element::first(not_before.rest)?;
        Some(Certificate {
            subject: name(subject),
            issuer: name(issuer),
            is_self_issued: subject == issuer,
            not_before: not_before.time()?,
            not_after: not_after.time()?,
        })
    }
}

const OBJECT_ID: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERAL_TIME: u8 = 0x18;
const WIDE_STRINGS: [u8; 2] = [0x1c, 0x1e];

/// One element of DER, and what follows it.
struct Element<'a> {
    tag: u8,
    content: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Element<'a> {
    fn first(der: &'a [u8]) -> Option<Element<'a>> {
        let (&[tag, length], der) = der.split_first_chunk()?;
        let (length, der) = match length {
            0..=0x7f => (usize::from(length), der),
            0x80 => return None,
            0x81..=0x84 => {
                let (bytes, der) = der.split_at_checked(usize::from(length & 0x7f))?;
                let shift = |length, byte: &u8| length << 8 | usize::from(*byte);
                (bytes.iter().fold(0, shift), der)
            }
            _ => return None,
        };
        let (content, rest) = der.split_at_checked(length)?;
        Some(Element { tag, content, rest })
    }

    fn of(&self, tag: u8) -> Option<&'a [u8]> {
        (self.tag == tag).then_some(self.content)
    }

    /// `YYMMDDHHMMSSZ`, or with four digits of the year.
    fn time(&self) -> Option<SystemTime> {
        let text = std::str::from_utf8(self.content).ok()?;
        let digits = text.strip_suffix('Z').filter(|text| text.is_ascii())?;
        let (year, rest) = match self.tag {
            UTC_TIME => digits.split_at_checked(2)?,
            GENERAL_TIME => digits.split_at_checked(4)?,
            _ => return None,
        };
        let year = match (self.tag, year.parse::<u64>().ok()?) {
            (GENERAL_TIME, year) => year,
            (_, year @ 50..) => 1900 + year,
            (_, year) => 2000 + year,
        };
        let pair = |n: usize| rest.get(2 * n..2 * n + 2)?.parse::<u64>().ok();
        let days = days_since_1970(year, pair(0)?, pair(1)?)?;
        let seconds = pair(2)? * 3600 + pair(3)? * 60 + pair(4)?;
        UNIX_EPOCH.checked_add(Duration::from_secs(days * 86400 + seconds))
    }
}

/// Of the Gregorian calendar; a date before that is its first day.
fn days_since_1970(year: u64, month: u64, day: u64) -> Option<u64> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || year > 9999 {
        return None;
    }
    // Years that begin in March, so that a leap day is the last of its year.
    let (year, month) = match month {
        1 | 2 => (year.saturating_sub(1), month + 9),
        _ => (year, month - 3),
    };
    let leaps = year / 4 - year / 100 + year / 400;
    let days = year * 365 + leaps + (month * 153 + 2) / 5 + day - 1;
    Some(days.saturating_sub(719_468))
}

/// The common name and the organisation, as far as there are any.
fn name(mut parts: &[u8]) -> String {
    let (mut common, mut organisation) = (None, None);
    while let Some(set) = Element::first(parts) {
        parts = set.rest;
        let part = set.of(SET).and_then(Element::first);
        let Some(pair) = part.and_then(|part| part.of(SEQUENCE)) else {
            continue;
        };
        let Some(kind) = Element::first(pair) else {
            continue;
        };
        let value = Element::first(kind.rest).map(|value| text(&value));
        match kind.of(OBJECT_ID) {
            Some([0x55, 0x04, 0x03]) => common = value,
            Some([0x55, 0x04, 0x0a]) => organisation = value,
            _ => {}
        }
    }
    match (common, organisation) {
        (Some(common), Some(organisation)) => format!("{common:?} of {organisation:?}"),
        (Some(name), None) | (None, Some(name)) => format!("{name:?}"),
        (None, None) => "nobody that it names".into(),
    }
}

fn text(value: &Element<'_>) -> String {
    let text = match WIDE_STRINGS.contains(&value.tag) {
        // What a wide string has of ASCII.
        true => value
            .content
            .iter()
            .copied()
            .filter(|byte| *byte != 0)
            .collect(),
        false => value.content.to_vec(),
    };
    let text = String::from_utf8_lossy(&text);
    let printable = text.chars().filter(|c| !words::is_unprintable(*c));
    printable.take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = content.len();
        let mut der = match length {
            0..0x80 => vec![tag, length as u8],
            _ => vec![tag, 0x82, (length >> 8) as u8, length as u8],
        };
        der.extend_from_slice(content);
        der
    }

    fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
        element(SEQUENCE, &parts.concat())
    }

    fn name_of(parts: &[(u8, &str)]) -> Vec<u8> {
        let part = |(id, text): &(u8, &str)| {
            let id = element(OBJECT_ID, &[0x55, 0x04, *id]);
            element(SET, &sequence(&[id, element(0x0c, text.as_bytes())]))
        };
        sequence(&parts.iter().map(part).collect::<Vec<_>>())
    }

    fn certificate(issuer: &[u8], from: (u8, &str), until: (u8, &str), subject: &[u8]) -> Vec<u8> {
        let times = [from, until].map(|(tag, text)| element(tag, text.as_bytes()));
        let fields = [
            element(VERSION, &element(2, &[2])),
            element(2, &[1]),
            sequence(&[element(OBJECT_ID, &[0x2a])]),
            issuer.to_vec(),
            sequence(&times),
            subject.to_vec(),
            sequence(&[]),
        ];
        sequence(&[sequence(&fields), sequence(&[]), element(3, &[0; 300])])
    }

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn a_certificate_tells_whose_it_is_and_for_how_long() {
        let (ca, server) = (
            name_of(&[(10, "Corp"), (3, "Proxy CA")]),
            name_of(&[(3, "api")]),
        );
        let der = certificate(
            &ca,
            (UTC_TIME, "240229235959Z"),
            (GENERAL_TIME, "20500101000000Z"),
            &server,
        );
        let wanted = Certificate {
            subject: "\"api\"".into(),
            issuer: "\"Proxy CA\" of \"Corp\"".into(),
            is_self_issued: false,
            not_before: at(1_709_251_199),
            not_after: at(2_524_608_000),
        };
        assert_eq!(Certificate::read(&der), Some(wanted));
        let times = ((UTC_TIME, "700101000000Z"), (UTC_TIME, "491231235959Z"));
        let own = Certificate::read(&certificate(&ca, times.0, times.1, &ca)).unwrap();
        assert!(own.is_self_issued);
        assert_eq!((own.not_before, own.not_after), (at(0), at(2_524_607_999)));
    }

    #[test]
    fn what_is_cut_off_or_no_certificate_is_none() {
        let name = name_of(&[(3, "a")]);
        let time = (UTC_TIME, "240101000000Z");
        let whole = certificate(&name, time, time, &name);
        for length in 0..whole.len() {
            // What stands behind the fields that are read may be missing in a part of one.
            let read = Certificate::read(&whole[..length]);
            assert_eq!(read, None, "{length}");
        }
        for time in [
            "",
            "2401Z",
            "240101000000",
            "241301000000Z",
            "2401010000é0Z",
        ] {
            let der = certificate(&name, (UTC_TIME, time), (UTC_TIME, time), &name);
            assert_eq!(Certificate::read(&der), None, "{time}");
        }
        let nobody = certificate(&sequence(&[]), time, time, &name);
        let nobody = Certificate::read(&nobody).unwrap();
        assert_eq!(nobody.issuer, "nobody that it names");
    }
}
