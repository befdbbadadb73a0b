//! The one place at which compiled code comes from disk into the process.

use super::{Cache, Key};
use std::fs::File;
use wasmtime::Engine;
use wasmtime::component::Component;

impl Cache {
    /// The component that was compiled under this key.
    pub(crate) fn component(&self, engine: &Engine, key: &Key) -> Option<Component> {
        let folder = self.folder.as_ref()?;
        let file = folder.verified(key, |_| ())?;
        match map(engine, &file) {
            Ok(component) => Some(component),
            Err(_) => {
                // The engine refuses it, for example because of the processor. It is made anew.
                folder.forget(key);
                None
            }
        }
    }
}

/// Maps the code of an entry whose seal was just found to be right. The seal behind it does not disturb.
#[expect(unsafe_code, reason = "compiled code cannot be loaded without trusting it")]
fn map(engine: &Engine, file: &File) -> wasmtime::Result<Component> {
    // SAFETY: the content must be what wasmtime itself wrote, and must not change while it is mapped.
    //
    // It is what wasmtime wrote: the seal over it is right, and only `Cache::write`, which is called with
    // the output of `Component::serialize`, makes seals with this folder's secret, which nobody but this
    // user can read. The key under the seal holds the engine's settings and version.
    //
    // It does not change: the file that is mapped is the very file that was read, by its open handle, not
    // by name. No code of ours writes to an entry after it got its name; entries are replaced and removed
    // as a whole, which leaves the mapping as it is. File and folder belong to this user, and nobody else
    // has the right to write to them; who has this user's rights could write into this process directly.
    unsafe { Component::deserialize_file(engine, handle_path(file)) }
}

/// A path that means the open file, whatever its name means by now.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn handle_path(file: &File) -> String {
    use std::os::fd::AsRawFd;
    format!("/proc/self/fd/{}", file.as_raw_fd())
}

/// A path that means the open file, whatever its name means by now.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn handle_path(file: &File) -> String {
    use std::os::fd::AsRawFd;
    format!("/dev/fd/{}", file.as_raw_fd())
}
