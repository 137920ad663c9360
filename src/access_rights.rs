//! Who may do what with a file of Windows, in the bytes that the system gives and takes
//! ([MS-DTYP] 2.4: security identifiers, access control lists, descriptors). It asks no system: a
//! descriptor that cannot be read is one that lets others in.

use std::fmt;

/// What an entry of a list must grant to count, with what leads there: who may change the list or
/// the owner may do anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Right {
    Read,
    Write,
}

impl Right {
    fn mask(self) -> u32 {
        const GENERIC_ALL: u32 = 0x1000_0000;
        const WRITE_DAC: u32 = 0x4_0000;
        const WRITE_OWNER: u32 = 0x8_0000;
        const ALWAYS: u32 = GENERIC_ALL | WRITE_DAC | WRITE_OWNER;
        match self {
            // FILE_READ_DATA and GENERIC_READ.
            Right::Read => ALWAYS | 0x8000_0001,
            // FILE_WRITE_DATA, _APPEND_DATA, _WRITE_EA, _DELETE_CHILD, _WRITE_ATTRIBUTES, DELETE
            // and GENERIC_WRITE. In a directory these make, replace and remove files.
            Right::Write => ALWAYS | 0x4001_0156,
        }
    }
}

/// A security identifier: a user, a group or a service.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Sid(Vec<u8>);

impl Sid {
    /// The identifier at the beginning of these bytes.
    pub fn read(bytes: &[u8]) -> Option<Sid> {
        let (revision, count) = (*bytes.first()?, usize::from(*bytes.get(1)?));
        let bytes = bytes.get(..8 + 4 * count)?;
        (revision == 1 && count <= 15).then(|| Sid(bytes.to_vec()))
    }

    /// One whose numbers are these, after S-1-5.
    pub fn nt(numbers: &[u32]) -> Sid {
        let mut bytes = vec![1, numbers.len() as u8, 0, 0, 0, 0, 0, 5];
        bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
        Sid(bytes)
    }

    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether it can do anything on this machine whatever a list says: LocalSystem, the
    /// administrators, and the service that installs parts of Windows.
    fn is_above_rights(&self) -> bool {
        const TRUSTED_INSTALLER: [u32; 6] = [
            80, 956008885, 3418522649, 1831038044, 1853292631, 2271478464,
        ];
        [&[18][..], &[32, 544], &TRUSTED_INSTALLER]
            .iter()
            .any(|numbers| *self == Sid::nt(numbers))
    }

    /// Whether it stands for whoever owns a file: CREATOR OWNER and OWNER RIGHTS.
    fn is_the_owner(&self) -> bool {
        ["S-1-3-0", "S-1-3-4"].contains(&self.to_string().as_str())
    }
}

impl fmt::Display for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (head, numbers) = self.0.split_at(8);
        let authority = head[2..]
            .iter()
            .fold(0, |n: u64, byte| n << 8 | u64::from(*byte));
        write!(f, "S-1-{authority}")?;
        numbers
            .chunks_exact(4)
            .try_for_each(|n| write!(f, "-{}", u32::from_le_bytes([n[0], n[1], n[2], n[3]])))
    }
}

impl fmt::Debug for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a file is not one user's alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// It belongs to somebody else, who may change the list at any time.
    Owner(Sid),
    Granted(Sid),
    /// There is no list, which lets everybody in. On volumes without rights, such as FAT, no file
    /// has one.
    NoList,
    /// It is not understood.
    Unreadable,
}

/// Why not only `user`, and who is above all rights, has the right to what this descriptor is of.
pub(crate) fn flaw(descriptor: &[u8], user: &Sid, right: Right) -> Option<Flaw> {
    look(descriptor, user, right).unwrap_or(Some(Flaw::Unreadable))
}

/// None where the descriptor cannot be read.
fn look(descriptor: &[u8], user: &Sid, right: Right) -> Option<Option<Flaw>> {
    const DACL_PRESENT: u16 = 0x4;
    let control = number_16(descriptor, 2)?;
    let owner = match number_32(descriptor, 4)? as usize {
        0 => return None,
        at => Sid::read(descriptor.get(at..)?)?,
    };
    if owner != *user && !owner.is_above_rights() {
        return Some(Some(Flaw::Owner(owner)));
    }
    let list = number_32(descriptor, 16)? as usize;
    if control & DACL_PRESENT == 0 || list == 0 {
        return Some(Some(Flaw::NoList));
    }
    let mut entries = descriptor.get(list + 8..)?;
    for _ in 0..number_16(descriptor, list + 4)? {
        let size = usize::from(number_16(entries, 2)?);
        let (entry, rest) = entries.split_at_checked(size)?;
        entries = rest;
        if let Some(stranger) = granted(entry, user, right)? {
            return Some(Some(Flaw::Granted(stranger)));
        }
    }
    Some(None)
}

/// Who else is granted the right by one entry of a list. What is only inherited counts as well: it
/// is what new files get. What is denied does not: it takes nothing from the others.
fn granted(entry: &[u8], user: &Sid, right: Right) -> Option<Option<Sid>> {
    const ALLOWED: u8 = 0;
    /// Under a condition, which may be met.
    const ALLOWED_IF: u8 = 9;
    const DENIED: [u8; 4] = [1, 6, 10, 12];
    match *entry.first()? {
        ALLOWED | ALLOWED_IF => {}
        kind if DENIED.contains(&kind) => return Some(None),
        _ => return None,
    }
    let to = Sid::read(entry.get(8..)?)?;
    let is_fine = number_32(entry, 4)? & right.mask() == 0
        || to == *user
        || to.is_above_rights()
        || to.is_the_owner();
    Some((!is_fine).then_some(to))
}

/// A descriptor of what belongs to `user` alone, with all that is made inside of it. LocalSystem
/// and the administrators keep the access that backups and repairs need.
pub(crate) fn only_for(user: &Sid) -> Vec<u8> {
    const FILE_ALL_ACCESS: u32 = 0x1f_01ff;
    let all = [user.clone(), Sid::nt(&[18]), Sid::nt(&[32, 544])];
    granting(user, &all.map(|to| (to, FILE_ALL_ACCESS)))
}

/// A descriptor that grants this much to each of these; nothing is inherited.
pub(crate) fn granting(owner: &Sid, grants: &[(Sid, u32)]) -> Vec<u8> {
    /// The list is there, inherits nothing, and all is in one piece.
    const CONTROL: u16 = 0x4 | 0x1000 | 0x8000;
    /// By the files and by the directories inside.
    const INHERITED: u8 = 1 | 2;

    let mut entries = Vec::new();
    for (to, mask) in grants {
        entries.extend([0, INHERITED]);
        entries.extend((8 + to.0.len() as u16).to_le_bytes());
        entries.extend(mask.to_le_bytes());
        entries.extend(to.bytes());
    }
    let owner_at = 20;
    let list_at = owner_at + owner.0.len() as u32;
    let mut descriptor = vec![1, 0];
    descriptor.extend(CONTROL.to_le_bytes());
    for at in [owner_at, 0, 0, list_at] {
        descriptor.extend(at.to_le_bytes());
    }
    descriptor.extend(owner.bytes());
    descriptor.extend([2, 0]);
    descriptor.extend((8 + entries.len() as u16).to_le_bytes());
    descriptor.extend([grants.len() as u8, 0, 0, 0]);
    descriptor.extend(entries);
    descriptor
}

fn number_16(bytes: &[u8], at: usize) -> Option<u16> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    Some(u16::from_le_bytes(*bytes))
}

fn number_32(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_le_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALLOW: u8 = 0;
    const DENY: u8 = 1;
    const READ: u32 = 0x12_0089;
    const FULL: u32 = 0x1f_01ff;

    fn me() -> Sid {
        Sid::nt(&[21, 1, 2, 3, 1001])
    }

    fn other() -> Sid {
        Sid::nt(&[21, 1, 2, 3, 1002])
    }

    fn users() -> Sid {
        Sid::nt(&[32, 545])
    }

    /// A descriptor with these entries: kind, flags, mask, and whom it is about.
    fn descriptor(owner: &Sid, entries: &[(u8, u8, u32, Sid)]) -> Vec<u8> {
        let mut bytes = vec![1, 0, 4, 0x80];
        for at in [20, 0, 0, 20 + owner.0.len() as u32] {
            bytes.extend(at.to_le_bytes());
        }
        bytes.extend(owner.bytes());
        let list_at = bytes.len();
        bytes.extend([2, 0, 0, 0, entries.len() as u8, 0, 0, 0]);
        for (kind, flags, mask, sid) in entries {
            bytes.extend([*kind, *flags]);
            bytes.extend((8 + sid.0.len() as u16).to_le_bytes());
            bytes.extend(mask.to_le_bytes());
            bytes.extend(sid.bytes());
        }
        let length = (bytes.len() - list_at) as u16;
        bytes[list_at + 2..list_at + 4].copy_from_slice(&length.to_le_bytes());
        bytes
    }

    #[test]
    fn what_is_made_for_one_user_has_no_flaw_for_that_user_alone() {
        let made = only_for(&me());
        let entries = [me(), Sid::nt(&[18]), Sid::nt(&[32, 544])].map(|to| (ALLOW, 3, FULL, to));
        let mut wanted = descriptor(&me(), &entries);
        wanted[3] = 0x90;
        assert_eq!(made, wanted);
        for right in [Right::Read, Right::Write] {
            assert_eq!(flaw(&made, &me(), right), None);
            let flaw = flaw(&made, &other(), right);
            assert_eq!(flaw, Some(Flaw::Owner(me())));
        }
    }

    #[test]
    fn whom_a_list_lets_in_is_named() {
        let trusted = "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464";
        let installer = [
            80, 956008885, 3418522649, 1831038044, 1853292631, 2271478464,
        ];
        assert_eq!(Sid::nt(&installer).to_string(), trusted);
        let creator = Sid(vec![1, 1, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0]);
        let everyone = Sid(vec![1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]);
        assert_eq!(everyone.to_string(), "S-1-1-0");
        const CONDITIONAL: u8 = 9;
        const INHERIT_ONLY: u8 = 0xb;
        for (entry, reads, writes) in [
            ((ALLOW, 0, FULL, me()), false, false),
            ((ALLOW, 0, FULL, Sid::nt(&[18])), false, false),
            ((ALLOW, 0, FULL, Sid::nt(&[32, 544])), false, false),
            ((ALLOW, 0, FULL, Sid::nt(&installer)), false, false),
            ((ALLOW, INHERIT_ONLY, FULL, creator), false, false),
            ((ALLOW, 0, READ, users()), true, false),
            ((ALLOW, 0, 0x8000_0000, users()), true, false),
            ((ALLOW, 0, FULL, everyone), true, true),
            ((ALLOW, INHERIT_ONLY, FULL, users()), true, true),
            ((ALLOW, 0, 0x1000_0000, other()), true, true),
            ((ALLOW, 0, 0x4_0000, other()), true, true),
            ((ALLOW, 0, 0x8_0000, other()), true, true),
            ((ALLOW, 0, 0x4000_0000, other()), false, true),
            ((ALLOW, 0, 0x2, other()), false, true),
            ((ALLOW, 0, 0x4, other()), false, true),
            ((ALLOW, 0, 0x40, other()), false, true),
            ((ALLOW, 0, 0x1_0000, other()), false, true),
            ((CONDITIONAL, 0, FULL, other()), true, true),
            // Looking at attributes and passing through.
            ((ALLOW, 0, 0x10_00a0, other()), false, false),
            ((DENY, 0, FULL, other()), false, false),
        ] {
            let listed = descriptor(&me(), &[(ALLOW, 0, FULL, me()), entry.clone()]);
            let granted = |does: bool| does.then(|| Flaw::Granted(entry.3.clone()));
            assert_eq!(
                flaw(&listed, &me(), Right::Read),
                granted(reads),
                "{entry:?}"
            );
            assert_eq!(
                flaw(&listed, &me(), Right::Write),
                granted(writes),
                "{entry:?}"
            );
        }
    }

    #[test]
    fn a_denial_before_it_does_not_hide_a_grant() {
        let entries = [(DENY, 0, FULL, users()), (ALLOW, 0, FULL, users())];
        let listed = descriptor(&me(), &entries);
        let flaw = flaw(&listed, &me(), Right::Write);
        assert_eq!(flaw, Some(Flaw::Granted(users())));
    }

    #[test]
    fn who_is_above_rights_may_own_what_is_ours() {
        for owner in [Sid::nt(&[18]), Sid::nt(&[32, 544])] {
            assert_eq!(flaw(&descriptor(&owner, &[]), &me(), Right::Write), None);
        }
        let foreign = descriptor(&users(), &[]);
        let flaw = flaw(&foreign, &me(), Right::Read);
        assert_eq!(flaw, Some(Flaw::Owner(users())));
    }

    #[test]
    fn no_list_lets_everybody_in_and_what_is_not_understood_too() {
        let whole = descriptor(&me(), &[(ALLOW, 0, FULL, me())]);
        let mut absent = whole.clone();
        absent[2] = 0;
        assert_eq!(flaw(&absent, &me(), Right::Read), Some(Flaw::NoList));
        let mut null = whole.clone();
        null[16..20].fill(0);
        assert_eq!(flaw(&null, &me(), Right::Read), Some(Flaw::NoList));
        for kind in [4, 5, 11, 17, 255] {
            let listed = descriptor(&me(), &[(kind, 0, FULL, me())]);
            assert_eq!(flaw(&listed, &me(), Right::Read), Some(Flaw::Unreadable));
        }
        for length in 0..whole.len() {
            let flaw = flaw(&whole[..length], &me(), Right::Write);
            assert_eq!(flaw, Some(Flaw::Unreadable), "{length} bytes");
        }
        for at in 0..whole.len() {
            for byte in [0, 1, 0x7f, 0xff] {
                let mut damaged = whole.clone();
                damaged[at] = byte;
                // Whatever it says: it is read without a panic.
                let _ = flaw(&damaged, &me(), Right::Write);
            }
        }
    }
}
