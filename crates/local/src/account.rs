//! As whom the servers run. PostgreSQL refuses root, so root hands everything over to an account without rights.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};

use crate::error::{LocalError, Program, at};

/// The unprivileged account that servers of root run as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    pub name: String,
    pub uid: u32,
    pub gid: u32,
}

impl Account {
    const NAME: &str = "nobody";

    /// `None` unless this process is root: then servers run as whoever runs it.
    pub fn for_servers() -> Result<Option<Self>, LocalError> {
        if !rustix::process::geteuid().is_root() {
            return Ok(None);
        }
        let list = Path::new("/etc/passwd");
        let text = fs::read_to_string(list).map_err(at(list))?;
        Self::find(&text).map(Some).ok_or_else(|| LocalError::Io {
            path: list.to_owned(),
            reason: std::io::Error::other(format!(
                "there is no account {}, as whom servers started by root run; start as another user",
                Self::NAME
            )),
        })
    }

    fn find(passwd: &str) -> Option<Self> {
        passwd.lines().find_map(|line| match line.split(':').collect::<Vec<_>>()[..] {
            [name, _, uid, gid, ..] if name == Self::NAME => {
                Some(Account { name: name.to_owned(), uid: uid.parse().ok()?, gid: gid.parse().ok()? })
            }
            _ => None,
        })
    }

    pub fn own(&self, path: &Path) -> Result<(), LocalError> {
        chown(path, Some(self.uid), Some(self.gid)).map_err(at(path))
    }

    /// # Errors
    /// [`LocalError::Unreachable`] names the first directory above `path` that this account may not enter.
    pub fn check_reachable(&self, path: &Path, program: Program) -> Result<(), LocalError> {
        let parents: Vec<&Path> = path.ancestors().skip(1).collect();
        match parents.into_iter().rev().find(|directory| !self.may_enter(directory)) {
            None => Ok(()),
            Some(closed) => {
                Err(LocalError::Unreachable { directory: PathBuf::from(closed), account: self.name.clone(), program })
            }
        }
    }

    fn may_enter(&self, directory: &Path) -> bool {
        fs::metadata(directory).is_ok_and(|found| {
            let execute = if found.uid() == self.uid {
                0o100
            } else if found.gid() == self.gid {
                0o010
            } else {
                0o001
            };
            found.mode() & execute != 0
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_found_among_the_accounts() {
        let passwd = "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65533:nobody:/:/usr/sbin/nologin\n";
        let expected = Account { name: "nobody".to_owned(), uid: 65534, gid: 65533 };
        assert_eq!(Account::find(passwd), Some(expected));
        assert_eq!(Account::find("root:x:0:0::/root:/bin/bash\n"), None);
    }
}
