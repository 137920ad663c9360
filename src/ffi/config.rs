//! Configs as C sees them. Each is a whole that is replaced, never changed in place, so that a fork
//! finds no half-made one.

use std::ffi::{c_char, c_void};
use std::sync::Arc;

use super::callback::{Context, Share, Shares};
use super::error::{bad_handle, tsm_error, tsm_status};
use super::handle::{Kind, Table};
use super::log::{self, tsm_log_fn};
use super::panic;
use super::text::{copy_out, text};
use crate::config::Config;
use crate::error::{Error, Result, Status};
use crate::fork;
use crate::log::LogLevel;

/// The options of sessions to come.
pub struct tsm_config {
    _private: (),
}

static CONFIGS: Table<fork::Lock<Arc<Contents>>, tsm_config> = Table::new(Kind::Config);

/// What a config holds at one moment.
#[derive(Clone, Default)]
pub(super) struct Contents {
    pub config: Config,
    pub shares: Shares,
}

/// The settings as they are now, whatever happens to the config later.
pub(super) fn contents(config: *const tsm_config) -> Result<Arc<Contents>> {
    CONFIGS
        .with(config, now)
        .ok_or_else(|| bad_handle("config"))?
}

fn now(of: &fork::Lock<Arc<Contents>>) -> Result<Arc<Contents>> {
    let current = of.lock().ok_or_else(|| {
        Error::new(
            Status::Forked,
            "this config was in use by another thread when the process was forked: make another in \
             the child",
        )
    })?;
    Ok(Arc::clone(&current))
}

/// Replaces the settings by a changed copy; again, if another thread was faster.
pub(super) fn change(
    config: *const tsm_config,
    change: impl Fn(&mut Contents) -> Result<()>,
) -> Result<()> {
    let current = CONFIGS.get(config).ok_or_else(|| bad_handle("config"))?;
    loop {
        let old = now(&current)?;
        let mut new = Contents::clone(&old);
        change(&mut new)?;
        // What it was is dropped when nothing is held.
        if let Some(mut current) = current.lock()
            && Arc::ptr_eq(&old, &current)
        {
            *current = Arc::new(new);
            return Ok(());
        }
    }
}

/// Makes a config with every option at its default. The caller frees it with tsm_config_free().
/// NULL only when sixteen million are alive.
#[unsafe(no_mangle)]
pub extern "C" fn tsm_config_new() -> *mut tsm_config {
    panic::value("tsm_config_new", std::ptr::null_mut(), || {
        CONFIGS
            .insert(fork::Lock::new(Arc::default()))
            .unwrap_or(std::ptr::null_mut())
    })
}

/// Sets one option by name; the table above has them all. What is set here wins over the
/// environment, whichever came first.
///
/// Gives TSM_E_INVALID_HANDLE, TSM_E_FORKED (in a child forked while another thread used this
/// config), TSM_E_INVALID_ARGUMENT (NULL, not UTF-8, no such option (the message names the
/// nearest), or a bad value). What options mean together is checked by tsm_login().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tsm_config_set(
    config: *mut tsm_config,
    option: *const c_char,
    value: *const c_char,
    error: *mut *mut tsm_error,
) -> tsm_status {
    let body = || {
        contents(config)?;
        // SAFETY: the caller's promise.
        let option = unsafe { text(option, "option") }?;
        // SAFETY: the caller's promise.
        let value = unsafe { text(value, "value") }?;
        change(config, |contents| contents.config.set(option, value))
    };
    // SAFETY: the caller's promise.
    unsafe { panic::status("tsm_config_set", error, body) }
}

/// Copies what an option comes to into `buffer`: as it was set, by hand or from the environment,
/// else its default, else "". A secret is not given. It is for wrappers, which need not repeat
/// defaults.
///
/// Gives TSM_E_INVALID_HANDLE, TSM_E_FORKED, TSM_E_INVALID_ARGUMENT (NULL, no such option, or a
/// secret), TSM_E_BUFFER_TOO_SMALL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tsm_config_get(
    config: *const tsm_config,
    option: *const c_char,
    buffer: *mut c_char,
    capacity: usize,
    error: *mut *mut tsm_error,
) -> tsm_status {
    let body = || {
        let contents = contents(config)?;
        // SAFETY: the caller's promise.
        let option = unsafe { text(option, "option") }?;
        let value = contents.config.value(option)?;
        // SAFETY: the caller's promise.
        unsafe { copy_out(value.as_bytes(), buffer, capacity) }
    };
    // SAFETY: the caller's promise.
    unsafe { panic::status("tsm_config_get", error, body) }
}

/// Takes every option that the environment sets: TSM_ and the option's name in capitals, e.g.
/// TSM_USERNAME, TSM_BASE_URL. The environment is read now and not again; see that no other thread
/// changes it meanwhile.
///
/// Gives TSM_E_INVALID_HANDLE, TSM_E_FORKED, TSM_E_INVALID_ARGUMENT (a variable has a bad value or
/// is not UTF-8; the message names it).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tsm_config_load_env(
    config: *mut tsm_config,
    error: *mut *mut tsm_error,
) -> tsm_status {
    let body = || change(config, |contents| contents.config.load_env());
    // SAFETY: the caller's promise.
    unsafe { panic::status("tsm_config_load_env", error, body) }
}

/// Sends the log of this config's sessions to `callback`, up to `max_level`: 0 or less is off, 1
/// error, 2 warning, 3 information, 4 debug, 5 or more trace. A NULL callback is off for good; a
/// level can change later, by tsm_set_log_level(). `context` is handed back as it is.
///
/// After the config and every session made with it are freed, the callback is not called again; one
/// that is running in another thread at that moment comes to its end. To be sure, free the context
/// after the threads that were in calls have left them.
///
/// Gives TSM_E_INVALID_HANDLE, TSM_E_FORKED (as tsm_config_set()).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tsm_config_set_log(
    config: *mut tsm_config,
    max_level: i32,
    callback: tsm_log_fn,
    context: *mut c_void,
) -> tsm_status {
    let context = Context(context);
    let body = || {
        change(config, |contents| {
            match callback {
                Some(callback) => {
                    let share = Share::first();
                    let sink = log::sink(callback, context, &share);
                    contents.config.set_log(level(max_level), sink);
                    contents.shares.log = Some(share);
                }
                None => {
                    contents.config.unset_log();
                    contents.shares.log = None;
                }
            }
            Ok(())
        })
    };
    // SAFETY: NULL is allowed.
    unsafe { panic::status("tsm_config_set_log", std::ptr::null_mut(), body) }
}

pub(super) fn level(number: i32) -> LogLevel {
    match number {
        ..=0 => LogLevel::Off,
        1 => LogLevel::Error,
        2 => LogLevel::Warn,
        3 => LogLevel::Info,
        4 => LogLevel::Debug,
        5.. => LogLevel::Trace,
    }
}

/// Frees the config; its secrets are wiped. Sessions made with it have copies and go on. NULL is
/// fine; a second time does nothing.
#[unsafe(no_mangle)]
pub extern "C" fn tsm_config_free(config: *mut tsm_config) {
    panic::value("tsm_config_free", (), || drop(CONFIGS.remove(config)));
}
