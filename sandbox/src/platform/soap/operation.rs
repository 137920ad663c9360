//! The services and their operations, and the actions that name them. An action of another service
//! names none.

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    LogIn,
    LogOut,
    GetDeviceList,
    GetDeviceInformation,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Service {
    Session,
    Device,
}

impl Service {
    pub fn named(name: &str) -> Option<Service> {
        match name {
            "SessionService" => Some(Service::Session),
            "DeviceService" => Some(Service::Device),
            _ => None,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Service::Session => "SessionService",
            Service::Device => "DeviceService",
        }
    }
}

impl Operation {
    /// The operation of `http://nphase.com/unifiedwebservice/v2/I<Service>/<Operation>`.
    pub fn of_action(service: Service, action: &str) -> Option<Operation> {
        let contract = action.strip_prefix("http://nphase.com/unifiedwebservice/v2/I")?;
        let operation = contract.strip_prefix(service.name())?.strip_prefix('/')?;
        match (service, operation) {
            (Service::Session, "LogIn") => Some(Operation::LogIn),
            (Service::Session, "LogOut") => Some(Operation::LogOut),
            (Service::Device, "GetDeviceList") => Some(Operation::GetDeviceList),
            (Service::Device, "GetDeviceInformation") => Some(Operation::GetDeviceInformation),
            _ => None,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Operation::LogIn => "LogIn",
            Operation::LogOut => "LogOut",
            Operation::GetDeviceList => "GetDeviceList",
            Operation::GetDeviceInformation => "GetDeviceInformation",
        }
    }
}
