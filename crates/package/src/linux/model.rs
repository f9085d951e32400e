//! What a Linux package is, whatever its format: plain values, nothing of them checked before a writer reads them.

use super::Format;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// One package for one architecture. Every text is as it will be written: templates and overrides are already applied.
///
/// `Default` is an empty package with nfpm's own defaults: platform `linux`, architecture `amd64`, umask 0002.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// The package's name.
    pub name: String,
    /// Architecture in nfpm's words, see [`super::arch_word`]: `amd64`, `arm7`, `mips64le`, `all`, …; mapped per format.
    /// A word that nfpm does not know is written as it is.
    pub arch: String,
    /// GOOS, or nfpm's `platform`: `linux`; deb puts another one before the architecture, apk and archlinux refuse it.
    pub platform: String,
    /// Version in parts.
    pub version: Version,
    /// deb and ipk: section; empty leaves a blank field, as nfpm does.
    pub section: String,
    /// deb and ipk: priority; empty means `optional`.
    pub priority: String,
    /// `Name <address>`; empty means nfpm's `Unset Maintainer <unset@localhost>` where one must be.
    pub maintainer: String,
    /// First line: synopsis; the rest: long description. Empty means nfpm's `no description given`.
    pub description: String,
    /// rpm and ipk.
    pub vendor: String,
    /// URL.
    pub homepage: String,
    /// rpm, apk, archlinux, ipk.
    pub license: String,
    /// To other packages, in the words of the format.
    pub relations: Relations,
    /// What is installed.
    pub contents: Vec<Content>,
    /// What is run.
    pub scripts: Scripts,
    /// Newest entry first. deb: `/usr/share/doc/<name>/changelog.Debian.gz`; rpm: in the header.
    pub changelog: Vec<ChangelogEntry>,
    /// Unix seconds for everything that states no time of its own. Never the clock: same package, same bytes.
    pub mtime: i64,
    /// Bits that the modes of files lose that are taken from disk.
    pub umask: u32,
    /// Only for deb and termux.deb.
    pub deb: Deb,
    /// Only for rpm.
    pub rpm: Rpm,
    /// Only for apk.
    pub apk: Apk,
    /// Only for archlinux.
    pub arch_linux: ArchLinux,
    /// Only for ipk.
    pub ipk: Ipk,
}

impl Default for Package {
    fn default() -> Self {
        Package {
            name: String::new(),
            arch: "amd64".into(),
            platform: "linux".into(),
            version: Version::default(),
            section: String::new(),
            priority: String::new(),
            maintainer: String::new(),
            description: String::new(),
            vendor: String::new(),
            homepage: String::new(),
            license: String::new(),
            relations: Relations::default(),
            contents: Vec::new(),
            scripts: Scripts::default(),
            changelog: Vec::new(),
            mtime: 0,
            umask: 0o002,
            deb: Deb::default(),
            rpm: Rpm::default(),
            apk: Apk::default(),
            arch_linux: ArchLinux::default(),
            ipk: Ipk::default(),
        }
    }
}

/// A version in the parts that the formats join differently.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Version {
    /// Digits, or empty.
    pub epoch: String,
    /// `1.2.3`.
    pub upstream: String,
    /// `rc.1`, or empty.
    pub prerelease: String,
    /// What follows `+` in a semantic version, or empty.
    pub metadata: String,
    /// The packager's own counter: `1`; empty means the format's default.
    pub release: String,
}

/// Relations to other packages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are nfpm's keys")]
pub struct Relations {
    pub depends: Vec<String>,
    pub recommends: Vec<String>,
    pub suggests: Vec<String>,
    pub conflicts: Vec<String>,
    /// rpm: Obsoletes.
    pub replaces: Vec<String>,
    pub provides: Vec<String>,
}

/// Where an entry's bytes, or its link's text, come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Nothing: folders and ghosts.
    None,
    /// This file. A symbolic link on disk is packed as a link, as nfpm does.
    File(PathBuf),
    /// The files that a pattern of goreleaser's globs means (`*`, `**`, `?`, `[…]`, `{a,b}`), below `folder` unless the
    /// pattern is absolute; also what a plain path means, which may be a folder. With [`ContentKind::Tree`]: the folder.
    Pattern {
        /// What the pattern is relative to.
        folder: PathBuf,
        /// The pattern.
        pattern: String,
    },
    /// These bytes.
    Bytes(Vec<u8>),
    /// Text of a symbolic link.
    Link(String),
}

/// What an entry is; nfpm's `type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ContentKind {
    /// `file`, and the empty word.
    File,
    /// `config`: kept when the user changed it.
    Config,
    /// `config|noreplace`: rpm writes `.rpmnew` instead of replacing; elsewhere as `config`.
    ConfigNoReplace,
    /// `config|missingok`: rpm does not mind if it is gone; elsewhere as `config`.
    ConfigMissingOk,
    /// `symlink`.
    Symlink,
    /// `dir`: a folder that the package owns.
    Dir,
    /// `tree`: a folder and everything below it.
    Tree,
    /// `config|tree`.
    ConfigTree,
    /// `config|noreplace|tree`.
    ConfigNoReplaceTree,
    /// `config|missingok|tree`.
    ConfigMissingOkTree,
    /// `ghost`: rpm owns it but does not bring it. Left out elsewhere.
    Ghost,
    /// `doc`: rpm only.
    Doc,
    /// `license` or `licence`: rpm only.
    License,
    /// `readme`: rpm only.
    Readme,
}

impl ContentKind {
    /// Every kind with nfpm's word for it; some have two.
    pub const WORDS: [(&'static str, ContentKind); 16] = [
        ("", ContentKind::File),
        ("file", ContentKind::File),
        ("config", ContentKind::Config),
        ("config|noreplace", ContentKind::ConfigNoReplace),
        ("config|missingok", ContentKind::ConfigMissingOk),
        ("symlink", ContentKind::Symlink),
        ("dir", ContentKind::Dir),
        ("tree", ContentKind::Tree),
        ("config|tree", ContentKind::ConfigTree),
        ("config|noreplace|tree", ContentKind::ConfigNoReplaceTree),
        ("config|missingok|tree", ContentKind::ConfigMissingOkTree),
        ("ghost", ContentKind::Ghost),
        ("doc", ContentKind::Doc),
        ("license", ContentKind::License),
        ("licence", ContentKind::License),
        ("readme", ContentKind::Readme),
    ];

    /// The kind that nfpm's word means.
    pub fn from_word(word: &str) -> Option<ContentKind> {
        ContentKind::WORDS.iter().find(|(w, _)| *w == word).map(|(_, kind)| *kind)
    }

    /// Only rpm knows it.
    pub(super) fn is_rpm_only(self) -> bool {
        use ContentKind::{Doc, Ghost, License, Readme};
        matches!(self, Ghost | Doc | License | Readme)
    }

    /// A file that the user may change.
    pub(super) fn is_config(self) -> bool {
        use ContentKind::{Config, ConfigMissingOk, ConfigNoReplace};
        matches!(self, Config | ConfigNoReplace | ConfigMissingOk)
    }
}

/// One item of `contents`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// Bytes, files or link text.
    pub source: Source,
    /// Path in the installed system; a leading `/` is implied. With a pattern: a folder if it ends with `/` or if the
    /// pattern means several files.
    pub dst: String,
    /// What it is.
    pub kind: ContentKind,
    /// Only in this format's packages; [`Format::Deb`] means termux.deb too.
    pub only: Option<Format>,
    /// Permission bits such as 0o4755; none means the file's own less the umask, 0755 for folders.
    pub mode: Option<u32>,
    /// Unix seconds; none means the package's.
    pub mtime: Option<i64>,
    /// Owner's name; empty means root.
    pub owner: String,
    /// Group's name; empty means root.
    pub group: String,
}

impl Content {
    /// An entry that belongs to root and has the modes of its source.
    pub fn new(kind: ContentKind, source: Source, dst: impl Into<String>) -> Self {
        Content {
            source,
            dst: dst.into(),
            kind,
            only: None,
            mode: None,
            mtime: None,
            owner: String::new(),
            group: String::new(),
        }
    }

    /// A file from disk with a mode, e.g. a verified binary.
    pub fn file(path: impl Into<PathBuf>, dst: impl Into<String>, mode: u32) -> Self {
        Content { mode: Some(mode), ..Content::new(ContentKind::File, Source::File(path.into()), dst) }
    }

    /// A symbolic link.
    pub fn symlink(text: impl Into<String>, dst: impl Into<String>) -> Self {
        Content::new(ContentKind::Symlink, Source::Link(text.into()), dst)
    }
}

/// Texts of the scripts that every format has; none is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are nfpm's keys")]
pub struct Scripts {
    pub preinstall: Option<Vec<u8>>,
    pub postinstall: Option<Vec<u8>>,
    pub preremove: Option<Vec<u8>>,
    pub postremove: Option<Vec<u8>>,
}

/// One version of a changelog, as chglog's YAML has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangelogEntry {
    /// `1.2.3`.
    pub semver: String,
    /// Unix seconds.
    pub date: i64,
    /// `Name <address>`.
    pub packager: String,
    /// deb's urgency and distributions, if the entry has a `deb` block.
    pub deb: Option<ChangelogDeb>,
    /// The `note` of each change; lines after the first are points below it.
    pub notes: Vec<String>,
}

/// What only Debian's changelogs say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangelogDeb {
    /// Empty means `low`.
    pub urgency: String,
    /// `stable`, …
    pub distributions: Vec<String>,
}

/// nfpm's `deb` block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deb {
    /// `amd64v3`, or `v3`; empty leaves the field out.
    pub arch_variant: String,
    /// `rules`.
    pub rules: Option<Vec<u8>>,
    /// `templates` (debconf).
    pub templates: Option<Vec<u8>>,
    /// `config` (debconf).
    pub config: Option<Vec<u8>>,
    /// deb-triggers(5).
    pub triggers: Triggers,
    /// Breaks.
    pub breaks: Vec<String>,
    /// Pre-Depends.
    pub predepends: Vec<String>,
    /// More control fields, sorted by name.
    pub fields: BTreeMap<String, String>,
    /// `gzip`, `gzip:9`, `xz`, `zstd`, `zstd:19`, `none`; empty means gzip.
    pub compression: String,
    /// As what a signer signs: `origin`, `maint`, `archive`; empty means origin.
    pub signature_role: String,
}

/// Names per directive of deb-triggers(5).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the directives")]
pub struct Triggers {
    pub interest: Vec<String>,
    pub interest_await: Vec<String>,
    pub interest_noawait: Vec<String>,
    pub activate: Vec<String>,
    pub activate_await: Vec<String>,
    pub activate_noawait: Vec<String>,
}

/// nfpm's `rpm` block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rpm {
    /// Empty means `localhost`: nfpm would write this machine's name.
    pub build_host: String,
    /// Group; empty leaves it out.
    pub group: String,
    /// Empty means the description's first line.
    pub summary: String,
    /// Empty means the maintainer.
    pub packager: String,
    /// `gzip`, `gzip:9`, `xz`, `lzma`, `zstd`, `zstd:19`; empty means gzip.
    pub compression: String,
    /// Prefixes of a relocatable package.
    pub prefixes: Vec<String>,
    /// Before the transaction.
    pub pretrans: Option<Vec<u8>>,
    /// After the transaction.
    pub posttrans: Option<Vec<u8>>,
}

/// nfpm's `apk` block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Apk {
    /// Name of the public key in /etc/apk/keys, `.rsa.pub` is added; empty means the maintainer's address.
    pub key_name: String,
    /// Before an upgrade.
    pub preupgrade: Option<Vec<u8>>,
    /// After an upgrade.
    pub postupgrade: Option<Vec<u8>>,
}

/// nfpm's `archlinux` block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ArchLinux {
    /// Empty means the package's name.
    pub pkgbase: String,
    /// Empty means `Unknown Packager`.
    pub packager: String,
    /// Before an upgrade.
    pub preupgrade: Option<Vec<u8>>,
    /// After an upgrade.
    pub postupgrade: Option<Vec<u8>>,
}

/// nfpm's `ipk` block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ipk {
    /// ABIVersion.
    pub abi_version: String,
    /// Alternatives.
    pub alternatives: Vec<Alternative>,
    /// Auto-Installed.
    pub auto_installed: bool,
    /// Essential.
    pub essential: bool,
    /// Pre-Depends.
    pub predepends: Vec<String>,
    /// Tags.
    pub tags: Vec<String>,
    /// More control fields; those that the writer knows itself are left out, as nfpm does.
    pub fields: BTreeMap<String, String>,
}

/// One of opkg's alternatives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Alternative {
    /// The highest wins.
    pub priority: i64,
    /// What the link points to.
    pub target: String,
    /// Where the link is.
    pub link_name: String,
}
