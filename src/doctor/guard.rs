//! What the lockout guard would say to a login now.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::finding::{Check, Findings};
use crate::call::Running;
use crate::error::Status;
use crate::lockout::NextLogin;
use crate::login::{self, GuardState, RecordState};
use crate::runtime::Runtime;
use crate::secret_source::SecretSource;
use crate::settings::Account;

const SUPPORT: &str = "Have Verizon's support unlock the contact, and see to the right password \
                       first. Then, if no login may leave: thingspace unblock, once";

/// The longest that a store may take.
const WITHIN: Duration = Duration::from_secs(20);

pub(super) fn examine(
    account: &Account,
    protocol: &'static str,
    password: Option<SecretSource>,
    running: &Running,
    runtime: &Arc<dyn Runtime>,
    findings: &mut Findings<'_>,
) {
    let within = running.within(WITHIN, "the store did not answer");
    match login::guard(account, protocol, password, &within, runtime) {
        Ok(state) => tell(&state, findings),
        Err(error) => findings.error(Check::Guard, &error, "Mend the store"),
    }
}

fn tell(state: &GuardState, findings: &mut Findings<'_>) {
    let GuardState { slots, .. } = state;
    let count = format!(
        "{slots} of {} logins count as failed for {} at {}",
        state.max_login_failures, state.username, state.realm
    );
    if let RecordState::Damaged(why) = &state.record {
        findings.warn(
            Check::Guard,
            format!("the record is damaged ({why}): it counts as one login left at most"),
            "Log in with a password that is known to be right, which mends it; where none may \
             leave, unblock the account once",
        );
    }
    let Some(refusal) = &state.refusal else {
        let count = format!("{count}; a login may leave now");
        return match state.contact_was_locked() {
            false => findings.fine(Check::Guard, count),
            true => findings.warn(
                Check::Guard,
                format!("{count}, but the platform told the last one that the contact is locked"),
                SUPPORT,
            ),
        };
    };
    match (refusal.status(), state.next_login) {
        // The file of the password, of which is told there.
        (Status::InvalidArgument, _) => findings.not_tried(Check::Guard, refusal.message()),
        (_, NextLogin::In(wait)) => {
            let seconds = wait.as_millis().div_ceil(1000);
            let at = httpdate::fmt_http_date(SystemTime::now() + wait);
            findings.fail(
                Check::Guard,
                Status::LoginBlocked,
                format!("{count}; the next login may leave in {seconds} s, at {at}"),
                "Wait, and mend why the last one failed meanwhile",
            );
        }
        // Its own advice does not know what this one does.
        _ => findings.fail(
            Check::Guard,
            refusal.status(),
            refusal.apart().0,
            remedy(state),
        ),
    }
}

/// To unblock is to forget what the platform may count still: no advice where less will do.
fn remedy(state: &GuardState) -> &'static str {
    if state.contact_was_locked() {
        SUPPORT
    } else if state.slots_left() > 0 {
        "Correct the password: a login with another one may leave now, and nothing need be \
         unblocked. Only if this very password is right by now: thingspace unblock"
    } else {
        "Mend the cause (a wrong password, a network that loses answers), then unblock the account \
         once: thingspace unblock"
    }
}
