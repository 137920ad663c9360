//! Where the proxy listens: a port of this machine's own addresses, or a socket that only its user
//! reaches.

use std::fmt;
use std::io;
#[cfg(windows)]
use std::net::TcpStream;
use std::net::{SocketAddr, TcpListener};
#[cfg(unix)]
use std::os::unix::net::{UnixListener, UnixStream};
#[cfg(unix)]
use std::path::{Path, PathBuf};

use super::socket::Socket;

pub struct Listener {
    place: Place,
    #[cfg(unix)]
    waker: unix::Waker,
}

enum Place {
    Tcp(TcpListener, SocketAddr),
    #[cfg(unix)]
    Unix(UnixListener, SocketFile),
}

impl Listener {
    /// A port of a loopback address.
    pub fn tcp(address: SocketAddr) -> io::Result<Listener> {
        let listener = TcpListener::bind(address)?;
        let address = listener.local_addr()?;
        Listener::at(Place::Tcp(listener, address))
    }

    pub fn address(&self) -> Option<SocketAddr> {
        match self.place {
            Place::Tcp(_, address) => Some(address),
            #[cfg(unix)]
            Place::Unix(..) => None,
        }
    }

    /// The next client. Fails as a wait that is over where [`Listener::wake`] ended it.
    pub fn accept(&self) -> io::Result<Socket> {
        #[cfg(unix)]
        self.await_client()?;
        match &self.place {
            Place::Tcp(listener, _) => {
                let (stream, _) = listener.accept()?;
                stream.set_nonblocking(false)?;
                stream.set_nodelay(true)?;
                Ok(stream.into())
            }
            #[cfg(unix)]
            Place::Unix(listener, _) => {
                let (stream, _) = listener.accept()?;
                stream.set_nonblocking(false)?;
                Ok(stream.into())
            }
        }
    }
}

#[cfg(windows)]
impl Listener {
    fn at(place: Place) -> io::Result<Listener> {
        Ok(Listener { place })
    }

    /// Ends a wait in [`Listener::accept`]. Where no more can wait to be accepted nobody waits
    /// there, and this is refused at once.
    pub fn wake(&self) {
        let Place::Tcp(_, address) = &self.place;
        drop(TcpStream::connect(address));
    }
}

/// What a client is told.
impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Tcp(_, address) => write!(f, "http://{address}"),
            #[cfg(unix)]
            Place::Unix(_, file) => write!(f, "{}", file.path.display()),
        }
    }
}

#[cfg(unix)]
pub use unix::SocketFile;

#[cfg(unix)]
mod unix {
    use std::fs;
    use std::net::Shutdown;
    use std::os::fd::AsFd;
    use std::os::unix::fs::{FileTypeExt, MetadataExt};

    use rustix::event::{PollFd, PollFlags, poll};
    use rustix::fs::Mode;
    use rustix::process::{geteuid, umask};

    use super::*;

    /// The name of a socket, taken away when it is dropped.
    pub struct SocketFile {
        pub(super) path: PathBuf,
        device_and_inode: (u64, u64),
    }

    /// What ends a wait for a client whatever became of the place where clients come: the other end
    /// is closed.
    pub struct Waker {
        own: UnixStream,
        other: UnixStream,
    }

    impl Listener {
        pub(super) fn at(place: Place) -> io::Result<Listener> {
            match &place {
                Place::Tcp(listener, _) => listener.set_nonblocking(true)?,
                Place::Unix(listener, _) => listener.set_nonblocking(true)?,
            }
            let (own, other) = UnixStream::pair()?;
            let waker = Waker { own, other };
            Ok(Listener { place, waker })
        }

        /// Ends a wait in [`Listener::accept`], and all that come.
        pub fn wake(&self) {
            let _ = self.waker.other.shutdown(Shutdown::Both);
        }

        pub(super) fn await_client(&self) -> io::Result<()> {
            let place = match &self.place {
                Place::Tcp(listener, _) => listener.as_fd(),
                Place::Unix(listener, _) => listener.as_fd(),
            };
            let mut ready = [
                PollFd::from_borrowed_fd(place, PollFlags::IN),
                PollFd::new(&self.waker.own, PollFlags::IN),
            ];
            poll(&mut ready, None)?;
            match ready[1].revents().is_empty() {
                true => Ok(()),
                false => Err(io::ErrorKind::WouldBlock.into()),
            }
        }

        /// A socket of this machine that only its user can reach, in a folder where nobody else
        /// can put another in its place. One that nobody listens on any more is replaced.
        pub fn unix(path: &Path) -> io::Result<Listener> {
            check_folder(path)?;
            remove_stale(path)?;
            let before = umask(Mode::from_raw_mode(0o177));
            let bound = UnixListener::bind(path);
            umask(before);
            let listener = bound?;
            let file = SocketFile {
                device_and_inode: identity(path)?,
                path: path.to_owned(),
            };
            Listener::at(Place::Unix(listener, file))
        }
    }

    impl Drop for SocketFile {
        fn drop(&mut self) {
            // It may be another's by now.
            if identity(&self.path).is_ok_and(|now| now == self.device_and_inode) {
                let _ = fs::remove_file(&self.path);
            }
        }
    }

    fn identity(path: &Path) -> io::Result<(u64, u64)> {
        let about = fs::symlink_metadata(path)?;
        Ok((about.dev(), about.ino()))
    }

    /// Each folder on the way is root's or the user's, and none but the owners can change it.
    fn check_folder(path: &Path) -> io::Result<()> {
        let folder = match path.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        let folder = fs::canonicalize(folder)?;
        for (above, folder) in folder.ancestors().enumerate() {
            let about = fs::metadata(folder)?;
            let is_ours = [0, geteuid().as_raw()].contains(&about.uid());
            let is_closed = about.mode() & 0o022 == 0;
            // There, names can only be changed by those whose they are.
            let is_sticky = above > 0 && about.mode() & 0o1000 != 0;
            if !is_ours || !is_closed && !is_sticky {
                return Err(io::Error::other(format!(
                    "others can change {}: put the socket into a folder of your own, such as \
                     $XDG_RUNTIME_DIR",
                    folder.display()
                )));
            }
        }
        Ok(())
    }

    fn remove_stale(path: &Path) -> io::Result<()> {
        let about = match fs::symlink_metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            about => about?,
        };
        if !about.file_type().is_socket() {
            return Err(io::Error::other("is there already, and no socket"));
        }
        match UnixStream::connect(path) {
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path),
            _ => Err(io::ErrorKind::AddrInUse.into()),
        }
    }
}
