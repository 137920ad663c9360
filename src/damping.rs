//! Keeps a token from being replaced again and again: where every new one is refused at once, the
//! refusal is not about the token, and another would cost a login and mend nothing.

use std::time::Duration;

/// How many in a row may be replaced though no answer accepted any of them; and how many that were
/// accepted, but did not live long: two programs may end each other's sessions.
const FREE_UNACCEPTED: u32 = 6;
const FREE_SHORT_LIVED: u32 = 16;
/// After that each must be older than the one before, up to a minute.
const STEP: Duration = Duration::from_secs(10);
const LONGEST: Duration = Duration::from_secs(60);
/// One that lived this long was a good one.
const GOOD: Duration = Duration::from_secs(5 * 60);

/// What became of a token's predecessors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Damping {
    /// How many in a row no answer accepted.
    unaccepted: u32,
    /// How many in a row did not live long.
    short_lived: u32,
}

impl Damping {
    /// How long a refused token of this age is kept all the same; None when it may be replaced.
    pub fn keeps_for(self, age: Duration, accepted: bool) -> Option<Duration> {
        let before = self.after(age, accepted);
        let surplus = (before.unaccepted.saturating_sub(FREE_UNACCEPTED))
            .max(before.short_lived.saturating_sub(FREE_SHORT_LIVED));
        let needed = STEP.saturating_mul(surplus).min(LONGEST);
        needed.checked_sub(age).filter(|wait| !wait.is_zero())
    }

    /// For the token that takes the place of one of this age.
    pub fn after(self, age: Duration, accepted: bool) -> Damping {
        Damping {
            unaccepted: if accepted || age >= GOOD {
                0
            } else {
                self.unaccepted + 1
            },
            short_lived: if age >= GOOD { 0 } else { self.short_lived + 1 },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A program that sends a request every second for so long, and has every token refused.
    fn replacements(seconds: u64, accepted: bool) -> u32 {
        let (mut damping, mut born, mut replaced) = (Damping::default(), 0, 0);
        for now in 1..seconds {
            let age = Duration::from_secs(now - born);
            if damping.keeps_for(age, accepted).is_none() {
                (damping, born) = (damping.after(age, accepted), now);
                replaced += 1;
            }
        }
        replaced
    }

    #[test]
    fn a_token_that_is_always_refused_is_replaced_ever_more_rarely() {
        assert_eq!(replacements(12, false), FREE_UNACCEPTED);
        assert!(replacements(100, false) <= 10);
        assert!(replacements(3600, false) < 70);
        assert_eq!(replacements(25, true), FREE_SHORT_LIVED);
        assert!(replacements(100, true) < 21);
    }

    #[test]
    fn a_token_that_has_lived_is_replaced_at_once() {
        let mut damping = Damping::default();
        for _ in 0..1000 {
            assert_eq!(damping.keeps_for(GOOD, false), None);
            damping = damping.after(GOOD, false);
        }
    }

    #[test]
    fn one_that_no_answer_accepted_is_replaced_after_many_that_were() {
        let mut damping = Damping::default();
        for _ in 0..10 {
            damping = damping.after(Duration::ZERO, true);
        }
        assert_eq!(damping.keeps_for(Duration::ZERO, false), None);
    }
}
