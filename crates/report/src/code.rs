//! The stable codes of diagnostics: one table that also makes the documentation index and the exit status.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What a diagnostic of severity error does to the exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExitClass {
    /// 1: something failed.
    Failure,
    /// 2: usage or configuration.
    Usage,
    /// 3: a gate said no.
    Gate,
    /// 4: an artifact is not what was asked for or does not start.
    WrongArtifact,
    /// 5: the host lacks something.
    HostLacks,
}

impl ExitClass {
    /// The exit status.
    pub fn status(self) -> u8 {
        match self {
            ExitClass::Failure => 1,
            ExitClass::Usage => 2,
            ExitClass::Gate => 3,
            ExitClass::WrongArtifact => 4,
            ExitClass::HostLacks => 5,
        }
    }
}

macro_rules! codes {
    ($($name:ident $word:literal $class:ident $summary:literal;)*) => {
        /// A diagnostic's stable word. Each has a page `docs/diagnostics/<word>.md`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Code {
            $(#[doc = $summary] #[serde(rename = $word)] $name,)*
        }

        impl Code {
            /// Every code, in the order of the table.
            pub const ALL: &'static [Code] = &[$(Code::$name),*];

            /// The word, e.g. `unknown-key`.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$name => $word),* }
            }

            /// One line on what it means.
            pub fn summary(self) -> &'static str {
                match self { $(Code::$name => $summary),* }
            }

            /// The exit status class of an error with this code.
            pub fn exit_class(self) -> ExitClass {
                match self { $(Code::$name => ExitClass::$class),* }
            }
        }
    };
}

codes! {
    // configuration
    ConfigSyntax "config-syntax" Usage "a configuration file is not valid YAML or TOML";
    ConfigType "config-type" Usage "a configuration value has the wrong type";
    ConfigValue "config-value" Usage "a configuration value is not one of those allowed";
    ConfigConflict "config-conflict" Usage "the same thing is said in goferry.toml and in .goreleaser.yaml";
    ConfigMissing "config-missing" Usage "a configuration file that was named does not exist or cannot be read";
    UnknownKey "unknown-key" Usage "a configuration key that neither goferry nor goreleaser knows";
    RemovedKey "removed-key" Usage "a configuration key that goreleaser removed";
    DeprecatedKey "deprecated-key" Usage "an old spelling that still works";
    UnsupportedSection "unsupported-section" Usage "a section of the configuration that goferry cannot do yet";
    UnsupportedKey "unsupported-key" Usage "a key of a supported section that goferry cannot do yet";
    ProKey "pro-key" Usage "a key of goreleaser Pro";
    TemplateError "template-error" Usage "a template does not parse or fails when it is rendered";
    DuplicateId "duplicate-id" Usage "two items of one section have the same id";
    UnknownId "unknown-id" Usage "an ids: list names an item that does not exist";
    // usage
    UnknownSkip "unknown-skip" Usage "a value of --skip that names nothing";
    PublishUnavailable "publish-unavailable" Usage "a release that would publish, which goferry cannot do yet";
    // project and git
    NoGit "no-git" Usage "the project is not a git repository, or git is missing";
    GitDubiousOwnership "git-dubious-ownership" Usage "git refuses the repository because somebody else owns it";
    NoTag "no-tag" Usage "the repository has no tag to release";
    TagNotAtHead "tag-not-at-head" Usage "the tag to release does not point at the checked out commit";
    TagNotSemver "tag-not-semver" Usage "the tag is not a semantic version";
    DirtyTree "dirty-tree" Usage "the work tree has uncommitted changes";
    ShallowClone "shallow-clone" Usage "the clone is shallow, so tags and the changelog may be missing";
    NoModule "no-module" Usage "there is no go.mod here";
    MainMissing "main-missing" Usage "no main package where one is expected";
    ModuleQuery "module-query" Failure "a module@version could not be resolved or downloaded";
    ModuleReplace "module-replace" Usage "a module@version has replace or exclude lines, which go install refuses";
    HooksNotAllowed "hooks-not-allowed" Usage "hooks of a fetched module do not run unless allowed";
    VendorMissingPackage "vendor-missing-package" Usage "vendor/ lacks something that a target imports";
    VendorInconsistent "vendor-inconsistent" Usage "vendor/modules.txt disagrees with go.mod or go.work";
    ModuleNotInCache "module-not-in-cache" HostLacks "GOPROXY=off, and the module cache lacks a module that a target needs";
    // matrix
    UnknownTarget "unknown-target" Usage "a target that Go does not know";
    NeedsExternalLinking "needs-external-linking" Usage "a pair that only a C toolchain can link, even for pure Go";
    ArchiveNameCollision "archive-name-collision" Usage "two artifacts would have the same file name";
    BinaryCountDiffers "binary-count-differs" Usage "an archive would hold different numbers of binaries on different platforms";
    DistNotEmpty "dist-not-empty" Usage "dist/ holds files of another run";
    DistLocked "dist-locked" Failure "another goferry works in the same dist/";
    ChangelogFallback "changelog-fallback" Usage "the changelog is made from the local git log";
    // host
    GoMissing "go-missing" HostLacks "the go command was not found or does not work";
    CCompilerMissing "c-compiler-missing" HostLacks "a cgo target has no C compiler";
    RunnerMissing "runner-missing" HostLacks "nothing on this host can run a target's programs, though something could";
    IsolationUnavailable "isolation-unavailable" HostLacks "isolation was required and namespaces are refused";
    StaticLinking "static-linking" Usage "a static link that cannot work, or not wholly";
    ToolMissing "tool-missing" HostLacks "a program that the configuration calls was not found";
    PerfUnavailable "perf-unavailable" HostLacks "perf, which measures programs, is missing, not allowed to, or saw nothing";
    // fetched tools
    FetchFailed "fetch-failed" HostLacks "a compiler or an emulator could not be fetched";
    PackageUnknown "package-unknown" Usage "the distribution has no such package for a target";
    ToolchainDamaged "toolchain-damaged" Failure "a fetched file is not what its digest says";
    LockDamaged "lock-damaged" Usage "goferry.lock cannot be read";
    LockDrift "lock-drift" Usage "--locked, and goferry.lock does not have what is needed";
    VersionGone "version-gone" HostLacks "a locked version is not in the archive any more";
    // doctor
    GoInstallModified "go-install-modified" HostLacks "Go's own table of C compilers was changed";
    GoEnvFile "go-env-file" HostLacks "Go's env file changes every build on this machine";
    GoTooOld "go-too-old" HostLacks "the module wants a newer Go than the installed one";
    DeadVariable "dead-variable" Usage "a variable is set that the go command does not read";
    CompilerWrongMachine "compiler-wrong-machine" HostLacks "a C compiler does not make its target's code";
    BinfmtBroken "binfmt-broken" HostLacks "a registered emulator cannot be started where it is needed";
    BinfmtRefused "binfmt-refused" HostLacks "an emulator was not registered or unregistered as asked";
    LowDisk "low-disk" HostLacks "little room is left for caches or temporary files";
    LowMemory "low-memory" HostLacks "little memory is free";
    // build
    BuildFailed "build-failed" Failure "go build failed for a target";
    OutOfMemory "out-of-memory" Failure "a compiler or linker was killed for want of memory";
    HookFailed "hook-failed" Failure "a hook failed";
    HookSplit "hook-split" Usage "a hook's command line cannot be split, or part of it is dropped";
    OutputMissing "output-missing" Failure "a command succeeded without making its file";
    Interrupted "interrupted" Failure "the run was interrupted";
    Io "io" Failure "a file could not be read or written";
    DiskFull "disk-full" Failure "no space left on the device";
    NotReproducible "not-reproducible" Failure "two runs of the same plan gave different bytes";
    // verification
    NotABinary "not-a-binary" WrongArtifact "a file is not a program of a format that Go writes, or is damaged";
    MachineMismatch "machine-mismatch" WrongArtifact "a binary is for another machine, format or ABI than planned";
    BuildInfoMismatch "build-info-mismatch" WrongArtifact "a binary's Go build information disagrees with the plan";
    GlibcFloor "glibc-floor" Gate "a binary needs a newer glibc than the configuration allows";
    MainVersionMismatch "main-version-mismatch" WrongArtifact "the stamped main version is not the one that Go derives here";
    MainVersionDiffers "main-version-differs" WrongArtifact "the stamped main version is not the release version";
    DoesNotStart "does-not-start" WrongArtifact "a binary does not start on its target";
    ExpectUnmet "expect-unmet" WrongArtifact "a binary's output is not what the configuration expects";
    DigestChanged "digest-changed" WrongArtifact "a file changed after it was verified";
    PackageBroken "package-broken" WrongArtifact "a package does not install what was verified, or a script of it does not parse";
    // evidence
    KeyUnusable "key-unusable" Usage "a key cannot be read or written, or is of a kind that does not sign here";
    KeyPassword "key-password" Usage "the password of a key is missing or wrong";
    PredicateInvalid "predicate-invalid" Usage "what is to be attested is not a JSON object, or its type is unknown";
    TrustedRootUnusable "trusted-root-unusable" Usage "a trusted root cannot be read, or is malformed";
    SignFailed "sign-failed" Failure "a command that signs failed";
    SbomFailed "sbom-failed" Failure "a command that writes a bill of materials failed";
    LicenceMissing "licence-missing" Failure "the licence of a module that is in a program was not found";
    IdentityToken "identity-token" HostLacks "there is no identity token to sign with, or it cannot be used";
    SigningService "signing-service" Failure "a certificate authority, a log or a timestamp authority cannot be reached or refused";
    VerificationFailed "verification-failed" WrongArtifact "a bundle does not prove what was asked about a file";
    NothingToVerify "nothing-to-verify" Usage "there is no evidence about the files that were to be verified";
    // images
    ImageLibraries "image-libraries" WrongArtifact "a program in an image is dynamic, and its loader or libraries are not there";
    ImageUnusable "image-unusable" Usage "an image, its layout or its name cannot be used";
    RegistryFailed "registry-failed" Failure "a registry cannot be reached, or does not do what it was asked";
    RegistryLogin "registry-login" HostLacks "a registry wants other credentials, or those of this machine cannot be used";
    TagExists "tag-exists" Gate "a tag exists with another digest, and must not move";
    // vulnerabilities
    NoVulnerabilityDatabase "no-vulnerability-database" HostLacks "there is no vulnerability database, or it cannot be used";
    Vulnerable "vulnerable" Gate "a vulnerability is in what is released, at the level that stops it or above";
    NotScanned "not-scanned" Gate "a binary cannot be scanned, and a scan is required";
    IgnoreExpired "ignore-expired" Gate "an entry of the list of accepted vulnerabilities does not hold any more";
    IgnoreEntry "ignore-entry" Usage "an entry of the list of accepted vulnerabilities has no effect, no end, or is not taken over";
    AlertFailed "alert-failed" Failure "a message about a stopped release could not be sent";
    // cache
    CacheDamaged "cache-damaged" Failure "a cache entry does not match its digest and was dropped";
    GlobNoMatch "glob-no-match" Usage "a file pattern matched nothing";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
