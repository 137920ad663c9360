//! The operations there are, and the actions that name them.

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    LogIn,
    LogOut,
    GetDeviceList,
    GetDeviceInformation,
}

impl Operation {
    pub fn is_service(service: &str) -> bool {
        matches!(service, "SessionService" | "DeviceService")
    }

    /// The operation of `http://nphase.com/unifiedwebservice/v2/I<Service>/<Operation>`.
    pub fn of_action(service: &str, action: &str) -> Option<Operation> {
        let contract = action.strip_prefix("http://nphase.com/unifiedwebservice/v2/I")?;
        let operation = contract.strip_prefix(service)?.strip_prefix('/')?;
        match (service, operation) {
            ("SessionService", "LogIn") => Some(Operation::LogIn),
            ("SessionService", "LogOut") => Some(Operation::LogOut),
            ("DeviceService", "GetDeviceList") => Some(Operation::GetDeviceList),
            ("DeviceService", "GetDeviceInformation") => Some(Operation::GetDeviceInformation),
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
