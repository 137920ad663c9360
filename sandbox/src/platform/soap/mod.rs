//! The SOAP services: LogIn and LogOut of SessionService, GetDeviceList and GetDeviceInformation of
//! DeviceService.

mod envelope;
mod operation;
mod reply;
mod services;

pub use operation::Operation;
pub use services::{call, expired, named, no_action, no_service, not_post};
