//! What an image gets besides its binaries: certificates, time zones, users, a writable /tmp, files of the project.

use super::build::failure;
use crate::steps::Execution;
use goferry_image::{Content, ImageError, Kind, Node, Tree};
use goferry_package::archive::{EntryKind, read_members};
use goferry_plan::graph::{BinariesSpec, DataSpec, ImageSpec};
use goferry_report::{Code, Diagnostic, Diagnostics};
use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Where Go's crypto/x509 looks for the authorities (root_linux.go), besides SSL_CERT_FILE.
const BUNDLES: [&str; 6] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
];
/// Where programs look for them in the image.
const BUNDLE: &str = "etc/ssl/certs/ca-certificates.crt";
const ZONES: &str = "usr/share/zoneinfo";
/// Bundles have some 200 KiB, a kodata folder may have more; what is read whole is bounded.
const MAX_FILE: u64 = 16 << 20;
/// The number of an unprivileged user that has only a name; the distroless images have it too.
const NONROOT: u32 = 65532;

/// Layers that all platforms have, each with what it is; none that would be empty.
pub(super) fn tree(
    cx: &Execution<'_>,
    spec: &ImageSpec,
    content: &BinariesSpec,
) -> Result<Vec<(String, Tree)>, Diagnostics> {
    let mut out = vec![];
    let at = spec.created;
    let extras = content.extras;
    let mut tree = Tree::empty();
    if extras.certificates {
        let (path, bytes) = certificates(cx)?;
        cx.session.sink.note(format!(
            "image {}: CA certificates of {} (sha256:{})",
            spec.id,
            path.display(),
            goferry_image::Digest::of(&bytes).hex()
        ));
        tree.insert(BUNDLE, Node::bytes(bytes, 0o644, at));
    }
    if extras.passwd {
        let (passwd, group) = users(&content.run.user);
        tree.insert("etc/passwd", Node::bytes(passwd, 0o644, at));
        tree.insert("etc/group", Node::bytes(group, 0o644, at));
    }
    if extras.tmp {
        tree.insert("tmp", Node::new(Kind::Directory, 0o1777, at));
    }
    push(&mut out, "certificates, users, /tmp", tree);
    let mut tree = Tree::empty();
    if extras.time_zones {
        zones(cx, at, &mut tree)?;
    }
    push(&mut out, "time zones", tree);
    for data in &content.data {
        let mut tree = Tree::empty();
        Data { cx, spec, data }.add(&mut tree)?;
        push(&mut out, &format!("{} at /{}", data.from, data.to), tree);
    }
    Ok(out)
}

fn push(out: &mut Vec<(String, Tree)>, comment: &str, tree: Tree) {
    if tree.iter().count() > 1 {
        out.push((comment.to_owned(), tree));
    }
}

fn certificates(cx: &Execution<'_>) -> Result<(PathBuf, Vec<u8>), Diagnostics> {
    let own = cx.session.env.get("SSL_CERT_FILE").filter(|f| !f.is_empty()).map(PathBuf::from);
    let mut places = own.into_iter().chain(BUNDLES.map(PathBuf::from));
    if let Some(path) = places.find(|p| p.is_file()) {
        let bytes = goferry_supply::read_bounded(&path, MAX_FILE);
        return bytes.map(|b| (path.clone(), b)).map_err(|e| io_error(&path, &e.to_string()).into());
    }
    let message = "this host has no CA certificates that an image could get";
    Err(Diagnostic::error(Code::ToolMissing, message)
        .hint("install ca-certificates, or set SSL_CERT_FILE")
        .hint_with("for an image without them, in goferry.toml:", "certificates = false")
        .into())
}

fn io_error(path: &Path, why: &str) -> Diagnostic {
    Diagnostic::error(Code::Io, format!("{}: {why}", path.display()))
}

/// /etc/passwd and /etc/group: root, nobody, and whom the image runs as.
fn users(user: &str) -> (String, String) {
    let mut passwd = "root:x:0:0:root:/root:/sbin/nologin\n".to_owned();
    let mut group = "root:x:0:\n".to_owned();
    let (name, of) = user.split_once(':').unwrap_or((user, ""));
    let uid = name.parse::<u32>().ok();
    let gid = of.parse::<u32>().ok().or(uid);
    if !name.is_empty() && !matches!(name, "root" | "0" | "nobody" | "65534") {
        let (uid, gid) = (uid.unwrap_or(NONROOT), gid.unwrap_or(NONROOT));
        let name = if name.parse::<u32>().is_ok() { "nonroot" } else { name };
        let named = if of.is_empty() || of.parse::<u32>().is_ok() { name } else { of };
        passwd.push_str(&format!("{name}:x:{uid}:{gid}:{name}:/home/{name}:/sbin/nologin\n"));
        group.push_str(&format!("{named}:x:{gid}:\n"));
    }
    passwd.push_str("nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin\n");
    group.push_str("nobody:x:65534:\n");
    (passwd, group)
}

/// Go's own database, which is the same on every machine with this Go; else the host's.
fn zones(cx: &Execution<'_>, at: i64, tree: &mut Tree) -> Result<(), Diagnostics> {
    let zip = cx.go.goroot.join("lib/time/zoneinfo.zip");
    let mut found: Vec<(String, Vec<u8>)> = vec![];
    if zip.is_file() {
        let read = read_members(&zip, 64 << 20, &mut |entry, body| {
            if entry.kind == EntryKind::File {
                let mut bytes = vec![];
                body.take(MAX_FILE).read_to_end(&mut bytes)?;
                found.push((goferry_image::tree::clean(&entry.name), bytes));
            }
            Ok(())
        });
        read.map_err(|e| Diagnostics::from(Diagnostic::from(&e)))?;
    }
    if found.is_empty() {
        let message = format!("{} has no time zones that an image could get", zip.display());
        return Err(Diagnostic::error(Code::ToolMissing, message).into());
    }
    for (name, bytes) in found {
        tree.insert(&format!("{ZONES}/{name}"), Node::bytes(bytes, 0o644, at));
    }
    Ok(())
}

/// A folder or file of the project.
struct Data<'d> {
    cx: &'d Execution<'d>,
    spec: &'d ImageSpec,
    data: &'d DataSpec,
}

impl Data<'_> {
    /// Links are followed, as ko does it, but never out of the project.
    fn add(&self, tree: &mut Tree) -> Result<(), Diagnostics> {
        let data = self.data;
        let from = self.cx.project.root.join(&data.from);
        if data.optional {
            // ko makes the folder whether there is data or not.
            let mode = data.mode.unwrap_or(0o755);
            for (at, _) in data.to.match_indices('/') {
                tree.insert(&data.to[..at], Node::new(Kind::Directory, mode, data.mtime));
            }
            tree.insert(&data.to, Node::new(Kind::Directory, mode, data.mtime));
            if !from.is_dir() {
                return Ok(());
            }
        }
        let root = self.cx.project.root.canonicalize().map_err(|e| io_error(&from, &e.to_string()))?;
        self.walk(&from, &data.to, &root, &mut BTreeSet::new(), tree)
    }

    fn walk(
        &self,
        from: &Path,
        to: &str,
        root: &Path,
        above: &mut BTreeSet<PathBuf>,
        tree: &mut Tree,
    ) -> Result<(), Diagnostics> {
        let failed = |e: std::io::Error| failure(self.spec, &io_failed(from, e));
        let real = from.canonicalize().map_err(failed)?;
        if !real.starts_with(root) {
            let message = format!("image `{}`: {} leads out of the project", self.spec.id, from.display());
            return Err(Diagnostic::error(Code::ConfigValue, message).into());
        }
        let meta = real.metadata().map_err(failed)?;
        let mode = self.data.mode.unwrap_or_else(|| mode_of(&meta));
        if meta.is_file() {
            let content = Content::File { path: real.into(), size: meta.len(), digest: None };
            tree.insert(to, Node::new(Kind::File(content), mode, self.data.mtime));
            return Ok(());
        }
        // A link into a folder above would have no end.
        if !meta.is_dir() || !above.insert(real.clone()) {
            return Ok(());
        }
        tree.insert(to, Node::new(Kind::Directory, mode, self.data.mtime));
        let mut names = vec![];
        for entry in std::fs::read_dir(&real).map_err(failed)? {
            names.push(entry.map_err(failed)?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        for name in names {
            self.walk(&from.join(&name), &format!("{to}/{name}"), root, above, tree)?;
        }
        above.remove(&real);
        Ok(())
    }
}

fn io_failed(path: &Path, source: std::io::Error) -> ImageError {
    ImageError::Io { action: "read", path: path.to_owned(), source }
}

/// Whether it may be run; the rest is the umask's.
fn mode_of(meta: &std::fs::Metadata) -> u32 {
    #[cfg(unix)]
    let runs = std::os::unix::fs::PermissionsExt::mode(&meta.permissions()) & 0o100 != 0;
    #[cfg(not(unix))]
    let runs = false;
    if meta.is_dir() || runs { 0o755 } else { 0o644 }
}

#[cfg(test)]
mod tests {
    use super::users;

    #[test]
    fn whoever_it_runs_as_has_an_entry() {
        let lines = |user: &str| {
            let (passwd, group) = users(user);
            (
                passwd.lines().nth(1).unwrap_or_default().to_owned(),
                group.lines().nth(1).unwrap_or_default().to_owned(),
            )
        };
        let entry = |passwd: &str, group: &str| (passwd.to_owned(), group.to_owned());
        let nonroot = "nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin";
        let nobody = entry("nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin", "nobody:x:65534:");
        for (user, want) in [
            ("", nobody.clone()),
            ("root", nobody.clone()),
            ("65534:65534", nobody),
            ("65532:65532", entry(nonroot, "nonroot:x:65532:")),
            ("1000:50", entry("nonroot:x:1000:50:nonroot:/home/nonroot:/sbin/nologin", "nonroot:x:50:")),
            ("app", entry("app:x:65532:65532:app:/home/app:/sbin/nologin", "app:x:65532:")),
            ("app:staff", entry("app:x:65532:65532:app:/home/app:/sbin/nologin", "staff:x:65532:")),
        ] {
            assert_eq!(lines(user), want, "{user}");
        }
    }
}
