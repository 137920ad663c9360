//! Reads a control call's JSON object field by field, each with its type, and refuses what nobody
//! asked for.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use crate::nearest::unknown;

pub struct Fields<'a> {
    map: Option<&'a Map<String, Value>>,
    known: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    /// No body is the same as an empty object.
    pub fn of(body: &'a Value) -> Result<Fields<'a>, String> {
        match body {
            Value::Null => Ok(Fields {
                map: None,
                known: Vec::new(),
            }),
            Value::Object(map) => Ok(Fields {
                map: Some(map),
                known: Vec::new(),
            }),
            _ => Err("the body must be a JSON object".into()),
        }
    }

    pub fn value(&mut self, name: &'static str) -> Option<&'a Value> {
        self.known.push(name);
        self.map.and_then(|map| map.get(name))
    }

    pub fn text(&mut self, name: &'static str) -> Result<Option<&'a str>, String> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(format!("{name:?} must be a string")),
        }
    }

    pub fn whole(&mut self, name: &'static str) -> Result<Option<u64>, String> {
        match self.value(name) {
            None => Ok(None),
            Some(value) => value
                .as_u64()
                .map(Some)
                .ok_or_else(|| format!("{name:?} must be a whole number, 0 or more")),
        }
    }

    pub fn whole_of(
        &mut self,
        name: &'static str,
        range: RangeInclusive<u16>,
    ) -> Result<Option<u16>, String> {
        let number = match self.whole(name)? {
            None => return Ok(None),
            Some(number) => u16::try_from(number).ok(),
        };
        match number.filter(|number| range.contains(number)) {
            Some(number) => Ok(Some(number)),
            None => Err(format!(
                "{name:?} must be from {} to {}",
                range.start(),
                range.end()
            )),
        }
    }

    pub fn flag(&mut self, name: &'static str) -> Result<Option<bool>, String> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => Err(format!("{name:?} must be true or false")),
        }
    }

    /// The whole object, as it came.
    pub fn all(&self) -> Option<&'a Map<String, Value>> {
        self.map
    }

    /// To be called when all that is known was asked for.
    pub fn nothing_else(self) -> Result<(), String> {
        for name in self.map.into_iter().flat_map(Map::keys) {
            if !self.known.contains(&name.as_str()) {
                return Err(unknown("field", name, self.known.iter().copied()));
            }
        }
        Ok(())
    }
}

pub fn required<T>(name: &str, value: Option<T>) -> Result<T, String> {
    value.ok_or_else(|| format!("{name:?} is missing"))
}
