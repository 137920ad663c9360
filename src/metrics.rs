//! Events in numbers: what a session counted, as Prometheus text. The table here names the metrics
//! for every language, by the conventions of OpenTelemetry; what counts as what follows from it.

use std::fmt::{self, Write};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use crate::events::{Event, EventDetail, EventKind};

/// One metric.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Metric {
    /// As OpenTelemetry names it, e.g. `tsm.login.duration`.
    pub name: &'static str,
    /// How it is measured.
    pub instrument: Instrument,
    /// In the notation of UCUM: `s`, or what is counted in braces.
    pub unit: &'static str,
    /// The attribute that an event's detail is; "" where its kind has none, or it is left out.
    pub attribute: &'static str,
    /// What it tells, for a person.
    pub doc: &'static str,
}

/// How a metric follows from events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Instrument {
    /// How many events of this kind there were.
    Counter(EventKind),
    /// How long they took.
    Histogram(EventKind),
    /// How many slots were left at the last one of any kind.
    Gauge,
}

/// Every metric there is.
pub const METRICS: &[Metric] = &[
    Metric {
        name: "tsm.logins",
        instrument: Instrument::Counter(EventKind::LoginEnded),
        unit: "{login}",
        attribute: "tsm.login.fate",
        doc: "Logins that ended, by what came of them.",
    },
    Metric {
        name: "tsm.login.duration",
        instrument: Instrument::Histogram(EventKind::LoginEnded),
        unit: "s",
        attribute: "",
        doc: "How long logins took, from sending to the answer.",
    },
    Metric {
        name: "tsm.login.blocked",
        instrument: Instrument::Counter(EventKind::Blocked),
        unit: "{login}",
        attribute: "tsm.block.reason",
        doc: "Logins that the lockout guard refused.",
    },
    Metric {
        name: "tsm.login.probes",
        instrument: Instrument::Counter(EventKind::Probe),
        unit: "{login}",
        attribute: "",
        doc: "Logins that were tried with no slot left, since the password has worked before.",
    },
    Metric {
        name: "tsm.guard.slots_left",
        instrument: Instrument::Gauge,
        unit: "{slot}",
        attribute: "",
        doc: "Logins that the lockout guard has left, as last seen; absent before.",
    },
    Metric {
        name: "tsm.waits",
        instrument: Instrument::Counter(EventKind::Waited),
        unit: "{wait}",
        attribute: "tsm.wait.cause",
        doc: "Waits for another login, or for the account's lease.",
    },
    Metric {
        name: "tsm.wait.duration",
        instrument: Instrument::Histogram(EventKind::Waited),
        unit: "s",
        attribute: "",
        doc: "How long these waits took.",
    },
    Metric {
        name: "tsm.tokens.adopted",
        instrument: Instrument::Counter(EventKind::Adopted),
        unit: "{token}",
        attribute: "",
        doc: "Shared session tokens that were taken instead of a login.",
    },
    Metric {
        name: "tsm.resends",
        instrument: Instrument::Counter(EventKind::Resent),
        unit: "{request}",
        attribute: "tsm.resend.cause",
        doc: "Requests that were sent again with a new token.",
    },
    Metric {
        name: "tsm.store.losses",
        instrument: Instrument::Counter(EventKind::StoreLost),
        unit: "{loss}",
        attribute: "tsm.loss.kind",
        doc: "Failures of the lockout guard's store, and losses in it.",
    },
    Metric {
        name: "tsm.api_token.fetches",
        instrument: Instrument::Counter(EventKind::ApiTokenFetched),
        unit: "{fetch}",
        attribute: "tsm.fetch.outcome",
        doc: "Times that the platform was asked for an API token.",
    },
    Metric {
        name: "tsm.api_token.fetch.duration",
        instrument: Instrument::Histogram(EventKind::ApiTokenFetched),
        unit: "s",
        attribute: "",
        doc: "How long that took.",
    },
];

/// The upper bounds of the histograms' buckets, in milliseconds; the longest login takes 60 s.
pub const BOUNDS_MS: &[u32] = &[50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000];

impl Metric {
    /// As Prometheus names it, by OpenTelemetry's rule.
    pub fn prometheus_name(&self) -> String {
        let name = self.name.replace('.', "_");
        match self.instrument {
            Instrument::Counter(_) => name + "_total",
            Instrument::Histogram(_) => name + "_seconds",
            Instrument::Gauge => name,
        }
    }
}

/// What a session counted. A number never goes back, but the slots that are left.
pub(crate) struct Metrics {
    kinds: [Counts; EventKind::ALL.len()],
    /// Negative while unknown.
    slots_left: AtomicI64,
}

/// Of one kind of event.
#[derive(Default)]
struct Counts {
    all: AtomicU64,
    by_detail: [AtomicU64; EventDetail::ALL.len()],
    /// Not cumulative; one more for what is longer than every bound.
    by_duration: [AtomicU64; BOUNDS_MS.len() + 1],
    duration_us: AtomicU64,
}

impl Default for Metrics {
    fn default() -> Metrics {
        Metrics {
            kinds: Default::default(),
            slots_left: AtomicI64::new(-1),
        }
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Metrics {
    pub fn count(&self, event: &Event) {
        let counts = self.of(event.kind);
        counts.all.fetch_add(1, Ordering::Relaxed);
        if let Some(detail) = event.detail {
            counts.by_detail[detail as usize].fetch_add(1, Ordering::Relaxed);
        }
        if let Some(duration) = event.duration {
            counts.lasted(duration);
        }
    }

    /// The guard's record was seen, with so many slots left.
    pub fn saw_slots_left(&self, slots: usize) {
        let slots = i64::try_from(slots).unwrap_or(i64::MAX);
        self.slots_left.store(slots, Ordering::Relaxed);
    }

    pub fn slots_left(&self) -> Option<u32> {
        u32::try_from(self.slots_left.load(Ordering::Relaxed)).ok()
    }

    /// All of it in the text format of Prometheus (version 0.0.4).
    pub fn text(&self) -> String {
        let mut text = String::new();
        for metric in METRICS {
            // A String takes whatever is written to it.
            let _ = self.write(metric, &mut text);
        }
        text
    }

    fn of(&self, kind: EventKind) -> &Counts {
        // Their numbers begin with 1 and have no gaps: a test says so.
        &self.kinds[kind as usize - 1]
    }

    fn write(&self, metric: &Metric, text: &mut String) -> fmt::Result {
        let name = &metric.prometheus_name();
        let of_type = match metric.instrument {
            Instrument::Counter(_) => "counter",
            Instrument::Histogram(_) => "histogram",
            Instrument::Gauge => "gauge",
        };
        writeln!(text, "# HELP {name} {}", metric.doc)?;
        writeln!(text, "# TYPE {name} {of_type}")?;
        match metric.instrument {
            Instrument::Counter(kind) if metric.attribute.is_empty() => {
                writeln!(text, "{name} {}", number(&self.of(kind).all))
            }
            Instrument::Counter(kind) => {
                let label = metric.attribute.replace('.', "_");
                for detail in kind.details() {
                    let count = number(&self.of(kind).by_detail[*detail as usize]);
                    writeln!(text, "{name}{{{label}=\"{}\"}} {count}", detail.name())?;
                }
                Ok(())
            }
            Instrument::Histogram(kind) => self.of(kind).write_durations(name, text),
            Instrument::Gauge => match self.slots_left() {
                Some(slots) => writeln!(text, "{name} {slots}"),
                None => Ok(()),
            },
        }
    }
}

impl Counts {
    fn lasted(&self, duration: Duration) {
        let within = |bound_ms: &&u32| duration <= Duration::from_millis(u64::from(**bound_ms));
        let place = BOUNDS_MS.iter().take_while(|bound| !within(bound)).count();
        self.by_duration[place].fetch_add(1, Ordering::Relaxed);
        let us = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        self.duration_us.fetch_add(us, Ordering::Relaxed);
    }

    fn write_durations(&self, name: &str, text: &mut String) -> fmt::Result {
        let mut count = 0;
        for (bucket, bound_ms) in self.by_duration.iter().zip(BOUNDS_MS) {
            count += number(bucket);
            let bound = f64::from(*bound_ms) / 1e3;
            writeln!(text, "{name}_bucket{{le=\"{bound}\"}} {count}")?;
        }
        count += self.by_duration.last().map_or(0, number);
        writeln!(text, "{name}_bucket{{le=\"+Inf\"}} {count}")?;
        let us = number(&self.duration_us);
        let (whole, rest) = (us / 1_000_000, us % 1_000_000);
        writeln!(text, "{name}_sum {whole}.{rest:06}")?;
        writeln!(text, "{name}_count {count}")
    }
}

fn number(of: &AtomicU64) -> u64 {
    of.load(Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ffi::TSM_METRICS_MAX;

    #[test]
    fn kinds_are_numbered_without_a_gap() {
        for (place, kind) in EventKind::ALL.iter().enumerate() {
            assert_eq!(*kind as usize, place + 1);
        }
        for (place, detail) in EventDetail::ALL.iter().enumerate() {
            assert_eq!(*detail as usize, place);
        }
    }

    /// What is told is counted: but for the begin of what ends, every kind has a counter, with an
    /// attribute where its events have a detail.
    #[test]
    fn every_kind_is_counted_once() {
        for kind in EventKind::ALL {
            let counts = |metric: &&Metric| metric.instrument == Instrument::Counter(*kind);
            let counters: Vec<_> = METRICS.iter().filter(counts).collect();
            assert_eq!(counters.len(), usize::from(*kind != EventKind::LoginBegun));
            for counter in counters {
                assert_eq!(counter.attribute.is_empty(), kind.details().is_empty());
            }
        }
    }

    #[test]
    fn the_text_is_what_prometheus_reads() {
        let metrics = Metrics::default();
        assert!(!metrics.text().contains("\ntsm_guard_slots_left"));
        for (detail, ms) in [
            (EventDetail::Success, 50),
            (EventDetail::Success, 51),
            (EventDetail::Unknown, 60_001),
        ] {
            let event = Event::new(EventKind::LoginEnded).detailed(detail);
            metrics.count(&event.lasting(Duration::from_millis(ms)));
        }
        metrics.count(&Event::new(EventKind::Probe));
        metrics.saw_slots_left(2);
        let text = metrics.text();
        for lines in [
            "# HELP tsm_logins_total Logins that ended, by what came of them.\n\
             # TYPE tsm_logins_total counter\n\
             tsm_logins_total{tsm_login_fate=\"success\"} 2\n\
             tsm_logins_total{tsm_login_fate=\"rejected\"} 0\n",
            "# TYPE tsm_login_duration_seconds histogram\n\
             tsm_login_duration_seconds_bucket{le=\"0.05\"} 1\n\
             tsm_login_duration_seconds_bucket{le=\"0.1\"} 2\n",
            "tsm_login_duration_seconds_bucket{le=\"60\"} 2\n\
             tsm_login_duration_seconds_bucket{le=\"+Inf\"} 3\n\
             tsm_login_duration_seconds_sum 60.102000\n\
             tsm_login_duration_seconds_count 3\n",
            "tsm_login_probes_total 1\n",
            "# TYPE tsm_guard_slots_left gauge\ntsm_guard_slots_left 2\n",
        ] {
            assert!(text.contains(lines), "{lines:?} in {text}");
        }
        assert!(text.ends_with('\n') && !text.contains('\\'));
    }

    #[test]
    fn the_longest_text_fits() {
        let metrics = Metrics::default();
        metrics.saw_slots_left(4);
        let most = 10_u64.pow(19);
        for counts in &metrics.kinds {
            counts.duration_us.store(u64::MAX, Ordering::Relaxed);
            counts.all.store(most, Ordering::Relaxed);
            counts.by_duration[0].store(most, Ordering::Relaxed);
            for count in &counts.by_detail {
                count.store(most, Ordering::Relaxed);
            }
        }
        let length = metrics.text().len();
        // A release to come may have as many again.
        assert!(2 * length < TSM_METRICS_MAX, "{length}");
    }
}
