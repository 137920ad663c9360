//! How the REST services refuse: a JSON object with a code and a message. The gateway before them
//! has shapes of its own.

use serde_json::json;

use crate::http::Answer;
use crate::platform::outcome::Outcome;
use crate::world::Settings;

pub fn error(status: u16, code: &str, message: &str) -> Answer {
    Answer::json(
        status,
        json!({"errorCode": code, "errorMessage": message})
            .to_string()
            .into_bytes(),
    )
}

pub fn malformed(settings: &Settings) -> Outcome {
    let code = settings.code("DeserializationFailed");
    Outcome::new(
        error(400, &code, "The request body is not a JSON object."),
        "body is no JSON object",
    )
}
