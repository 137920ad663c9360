//! The SOAP services: LogIn and LogOut of SessionService, GetDeviceList and GetDeviceInformation of
//! DeviceService.

mod envelope;
mod operation;
mod reply;
mod services;
mod wsdl;

pub use operation::{Operation, Service};
pub use services::{call, expired, named, no_action, no_service, not_post};
pub use wsdl::{asks_for_wsdl, wsdl};
