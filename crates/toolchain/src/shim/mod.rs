//! Compiler shims: goferry under another name, which puts a compiler's arguments right and becomes the compiler.
//!
//! Owns: what is put right (pure: [`rewrite`]), the folders of links. Must not: know where compilers come from.
//!
//! A shim folder holds links to goferry named as bare tools (`aarch64-linux-gnu-gcc`) and `shim.json`, which says what
//! each means. CC is then a bare name, and no path of this machine enters Go's build id.

mod gcc;
mod zig;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};

/// The file beside the links.
const TABLE: &str = "shim.json";

/// Version of the rewriting rules; part of every identity, because the rules change output.
pub const RULES: &str = "shim/2";

/// What a shim stands for, as far as its arguments are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tool {
    /// gcc or g++ with a sysroot.
    Gcc,
    /// `zig cc` or `zig c++`.
    Zig,
    /// Arguments pass as they are.
    Plain,
    /// Succeeds without doing anything: `strip` and `dsymutil` for Mach-O, whose work Go can do without.
    Nothing,
}

/// One shim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shim {
    /// What it stands for.
    pub tool: Tool,
    /// The real program.
    pub program: PathBuf,
    /// Arguments in front of the caller's.
    pub args: Vec<String>,
    /// What `/usr/include` and `/usr/lib` mean in the caller's arguments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sysroot: Option<PathBuf>,
    /// Variables that are set.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<(String, String)>,
    /// Variables that are removed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unset: Vec<String>,
    /// GOOS and GOARCH, which zig's rules look at.
    #[serde(default)]
    pub goos: String,
    /// See `goos`.
    #[serde(default)]
    pub goarch: String,
}

impl Shim {
    /// A program whose arguments pass as they are.
    pub fn plain(program: PathBuf) -> Shim {
        Shim {
            tool: Tool::Plain,
            program,
            args: vec![],
            sysroot: None,
            env: vec![],
            unset: vec![],
            goos: String::new(),
            goarch: String::new(),
        }
    }
}

/// The arguments that the real program gets.
pub fn rewrite(shim: &Shim, args: Vec<OsString>) -> Vec<OsString> {
    let args = match shim.tool {
        Tool::Gcc => gcc::rewrite(shim.sysroot.as_deref(), args),
        Tool::Zig => {
            let cache = shim.env.iter().find(|(n, _)| n == "ZIG_LOCAL_CACHE_DIR").map(|(_, v)| v.as_str());
            let null = Path::new(cache.unwrap_or("/tmp")).join("null.o");
            zig::rewrite(&shim.goos, &shim.goarch, &null, args)
        }
        Tool::Plain | Tool::Nothing => args,
    };
    shim.args.iter().map(OsString::from).chain(args).collect()
}

/// A folder of links to `goferry`, named by what is in it; made now if it is not there.
///
/// # Errors
/// A folder that cannot be written.
pub fn link_farm(root: &Path, goferry: &Path, shims: &BTreeMap<String, Shim>) -> io::Result<PathBuf> {
    let table = serde_json::to_vec_pretty(shims).map_err(io::Error::other)?;
    let mut hasher = Sha256::new();
    hasher.update(&table);
    hasher.update(goferry.as_os_str().as_encoded_bytes());
    let digest: String = hasher.finalize().iter().take(6).map(|b| format!("{b:02x}")).collect();
    let dir = root.join("shims").join(digest).join("bin");
    if dir.join(TABLE).is_file() {
        return Ok(dir);
    }
    std::fs::create_dir_all(&dir)?;
    for name in shims.keys() {
        link(goferry, &dir, name)?;
    }
    // Last, and by renaming: a folder without its table does not count.
    let part = tempfile::NamedTempFile::new_in(&dir)?;
    std::fs::write(part.path(), &table)?;
    readable(part.path())?;
    part.persist(dir.join(TABLE)).map_err(|e| e.error)?;
    Ok(dir)
}

#[cfg(unix)]
fn link(goferry: &Path, dir: &Path, name: &str) -> io::Result<()> {
    match std::os::unix::fs::symlink(goferry, dir.join(name)) {
        // Two runs make the same link.
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

#[cfg(not(unix))]
fn link(goferry: &Path, dir: &Path, name: &str) -> io::Result<()> {
    std::fs::copy(goferry, dir.join(name).with_extension("exe")).map(drop)
}

#[cfg(unix)]
fn readable(file: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable(_: &Path) -> io::Result<()> {
    Ok(())
}

/// If this process was started through a link of a shim folder: becomes the program that the link stands for. Returns
/// only if it was not. To be called first in `main`.
pub fn enter_if_asked() {
    let mut args = std::env::args_os();
    let Some(own) = args.next() else { return };
    let Some(name) = Path::new(&own).file_name().and_then(OsStr::to_str) else { return };
    if name.starts_with("goferry") {
        return;
    }
    let Some(shim) = find(&own, name) else { return };
    if shim.tool == Tool::Nothing {
        nothing(name, &own, args.collect());
    }
    let args = rewrite(&shim, args.collect());
    let error = goferry_proc::exec_instead(&shim.program, &args, &shim.env, &shim.unset);
    goferry_proc::complain(&format!(
        "goferry ({name}): {} cannot be started: {error}; `goferry toolchain install` fetches it again",
        shim.program.display()
    ));
    std::process::exit(127);
}

/// Leaves Mach-O files as they are, and is the host's own program for all others: the folder may stand on the PATH of a
/// user's shell.
fn nothing(name: &str, own: &OsStr, args: Vec<OsString>) -> ! {
    let mach_o = |file: &OsString| {
        let mut magic = [0; 4];
        let read = std::fs::File::open(file).and_then(|mut f| io::Read::read_exact(&mut f, &mut magic));
        read.is_ok() && matches!(magic, [0xcf | 0xce, 0xfa, 0xed, 0xfe] | [0xca, 0xfe, 0xba, 0xbe])
    };
    if args.iter().any(mach_o) {
        std::process::exit(0);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let other = std::env::split_paths(&path)
        .filter(|dir| !dir.join(TABLE).exists() && Path::new(own).parent() != Some(dir.as_path()))
        .map(|dir| dir.join(name))
        .find(|program| program.is_file());
    if let Some(program) = other {
        let error = goferry_proc::exec_instead(&program, &args, &[], &[]);
        goferry_proc::complain(&format!("{name}: {error}"));
    } else {
        goferry_proc::complain(&format!("{name}: there is no such program"));
    }
    std::process::exit(127)
}

/// The shim behind a link: beside it if it was called by its path, else in the folder of PATH that has it.
fn find(own: &OsStr, name: &str) -> Option<Shim> {
    let path = Path::new(own);
    let read = |dir: &Path| -> Option<Shim> {
        let table = std::fs::read(dir.join(TABLE)).ok()?;
        let mut shims: BTreeMap<String, Shim> = serde_json::from_slice(&table).ok()?;
        shims.remove(name.strip_suffix(".exe").unwrap_or(name))
    };
    if path.components().count() > 1 {
        return read(path.parent()?);
    }
    std::env::split_paths(&std::env::var_os("PATH")?)
        .find(|dir| dir.join(name).exists())
        .and_then(|dir| read(&dir))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_farm_is_made_once_and_found_by_name() {
        let dir = tempfile::tempdir().unwrap();
        let shim = Shim { args: vec!["-x".to_owned()], ..Shim::plain("/bin/true".into()) };
        let shims = BTreeMap::from([("t-gcc".to_owned(), shim.clone())]);
        let goferry = Path::new("/bin/false");
        let bin = link_farm(dir.path(), goferry, &shims).unwrap();
        assert_eq!(link_farm(dir.path(), goferry, &shims).unwrap(), bin);
        assert_ne!(
            link_farm(dir.path(), Path::new("/bin/true"), &shims).unwrap(),
            bin,
            "another goferry, other links"
        );
        assert_eq!(std::fs::read_link(bin.join("t-gcc")).unwrap(), goferry);
        assert_eq!(find(bin.join("t-gcc").as_os_str(), "t-gcc"), Some(shim));
        assert_eq!(find(bin.join("other").as_os_str(), "other"), None);
    }
}
