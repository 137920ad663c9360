//! Random names: session tokens in the form of a GUID, API tokens and folder names as 32
//! hexadecimal digits, passwords.

/// Like `d7bc43e9acc31aba9654fc5cd0d8c520`.
pub fn hex() -> String {
    digits(bytes())
}

/// Like `bcce3ea6-fe4f-4952-bacf-eadd80718e83`, version 4.
pub fn guid() -> String {
    let mut bytes = bytes();
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = digits(bytes);
    format!(
        "{}-{}-{}-{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..]
    )
}

/// Sixteen characters, letters and digits for the most part.
pub fn password() -> String {
    const CHARACTERS: &[u8; 64] =
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#";
    bytes()
        .map(|byte| char::from(CHARACTERS[usize::from(byte % 64)]))
        .iter()
        .collect()
}

fn bytes() -> [u8; 16] {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the system has random bytes");
    bytes
}

fn digits(bytes: [u8; 16]) -> String {
    format!("{:032x}", u128::from_be_bytes(bytes))
}
