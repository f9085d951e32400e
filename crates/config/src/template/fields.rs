//! Owns: the one table of field names: documentation, completion and hints are drawn from it.

/// Where a field exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FieldScope {
    /// Everywhere once git was read.
    Release,
    /// Where one artifact is at hand: archive names, checksums, signs, SBOMs.
    Artifact,
    /// In `builds` and their hooks.
    Build,
    /// In `nfpms`.
    Nfpm,
    /// In `dockers_v2`.
    Docker,
    /// In `checksum.name_template` with `split`.
    Checksum,
    /// goreleaser Pro's fields.
    Pro,
}

/// One field of the root.
#[derive(Clone, Copy, Debug)]
pub struct FieldFact {
    /// The name without the dot.
    pub name: &'static str,
    /// Where it exists.
    pub scope: FieldScope,
    /// One line of documentation.
    pub doc: &'static str,
}

const fn field(name: &'static str, scope: FieldScope, doc: &'static str) -> FieldFact {
    FieldFact { name, scope, doc }
}

use FieldScope::{Artifact, Build, Checksum, Docker, Nfpm, Pro, Release};

/// Every field that templates know, grouped by scope.
pub const FIELDS: &[FieldFact] = &[
    field("ProjectName", Release, "the project's name"),
    field("Version", Release, "the version: the tag without a leading v, or the snapshot's version"),
    field("RawVersion", Release, "major.minor.patch of the tag"),
    field("Tag", Release, "the current git tag"),
    field("PreviousTag", Release, "the git tag before it; empty if there is none"),
    field("Branch", Release, "the current git branch"),
    field("Commit", Release, "the full commit hash"),
    field("FullCommit", Release, "the full commit hash"),
    field("ShortCommit", Release, "the abbreviated commit hash"),
    field("CommitDate", Release, "the commit's time, RFC 3339, UTC"),
    field("CommitTimestamp", Release, "the commit's time in seconds since 1970"),
    field("GitURL", Release, "the URL of the git remote"),
    field("Summary", Release, "git describe --dirty --always --tags"),
    field("TagSubject", Release, "first line of the annotated tag's message, or of the commit's"),
    field("TagContents", Release, "the annotated tag's message, or the commit's"),
    field("TagBody", Release, "the message without its first line"),
    field("GitTreeState", Release, "clean or dirty"),
    field("IsGitClean", Release, "whether the work tree is clean"),
    field("IsGitDirty", Release, "whether the work tree is dirty"),
    field("Major", Release, "the version's first number"),
    field("Minor", Release, "the version's second number"),
    field("Patch", Release, "the version's third number"),
    field("Prerelease", Release, "the version's prerelease part, such as rc.1"),
    field("IsSnapshot", Release, "whether this is a snapshot"),
    field("IsNightly", Release, "whether this is a nightly; always false here"),
    field("IsDraft", Release, "whether release.draft is set"),
    field("IsSingleTarget", Release, "whether only one target is built"),
    field("Env", Release, "the environment: .Env.NAME"),
    field("Date", Release, "the release's time, RFC 3339, UTC"),
    field("Now", Release, "the release's time: .Now.Format \"2006-01-02\""),
    field("Timestamp", Release, "the release's time in seconds since 1970"),
    field("ModulePath", Release, "the main module's path"),
    field("ReleaseURL", Release, "where the release will be"),
    field("ReleaseNotes", Release, "the release notes, once the changelog is written"),
    field("Runtime", Release, "the machine that releases: .Runtime.Goos, .Runtime.Goarch"),
    field("Outputs", Release, "what hooks with output: true wrote; goreleaser documents it only"),
    field("Dist", Release, "the dist folder; goreleaser documents it only"),
    field("Os", Artifact, "GOOS"),
    field("Arch", Artifact, "GOARCH"),
    field("Arm", Artifact, "GOARM"),
    field("Abi", Artifact, "the ABI of a target that states one"),
    field("Arm64", Artifact, "GOARM64"),
    field("Amd64", Artifact, "GOAMD64"),
    field("I386", Artifact, "GO386"),
    field("Mips", Artifact, "GOMIPS or GOMIPS64"),
    field("Ppc64", Artifact, "GOPPC64"),
    field("Riscv64", Artifact, "GORISCV64"),
    field("Target", Artifact, "the whole target, such as linux_amd64_v1"),
    field("Binary", Artifact, "the binary's name"),
    field("ArtifactName", Artifact, "the artifact's file name"),
    field("ArtifactPath", Artifact, "the artifact's path"),
    field("ArtifactExt", Artifact, "the artifact's extension, with the dot"),
    field("ArtifactID", Artifact, "the id of the configuration that made the artifact"),
    field("Name", Build, "the binary's file name"),
    field("Ext", Build, "the binary's extension, such as .exe"),
    field("Path", Build, "the binary's path"),
    field("Release", Nfpm, "nfpms.release"),
    field("Epoch", Nfpm, "nfpms.epoch"),
    field("PackageName", Nfpm, "nfpms.package_name"),
    field("ConventionalFileName", Nfpm, "the file name that the format prescribes"),
    field("ConventionalExtension", Nfpm, "the extension that the format prescribes"),
    field("Format", Nfpm, "the package's format; in archives the archive's"),
    field("Dockerfile", Docker, "the Dockerfile of the build"),
    field("Images", Docker, "the images of the build"),
    field("ContextDir", Docker, "the folder that docker builds in"),
    field("Digest", Docker, "the image's digest"),
    field("BaseImage", Docker, "the image of the last FROM"),
    field("BaseImageDigest", Docker, "its digest"),
    field("Algorithm", Checksum, "the checksum's algorithm"),
    field("PrefixedTag", Pro, "the tag with monorepo.tag_prefix"),
    field("PrefixedPreviousTag", Pro, "the previous tag with monorepo.tag_prefix"),
    field("PrefixedSummary", Pro, "the summary with monorepo.tag_prefix"),
    field("IsRelease", Pro, "whether this is neither a snapshot nor a nightly"),
    field("IsMerging", Pro, "whether split releases are being merged"),
    field("Artifacts", Pro, "the artifacts made so far"),
    field("Metadata", Pro, "the metadata section: .Metadata.Description and so on"),
    field("Var", Pro, "the variables section: .Var.name"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_documented() {
        let mut names: Vec<_> = FIELDS.iter().map(|f| f.name).collect();
        names.sort_unstable();
        let before = names.len();
        names.dedup();
        assert_eq!(names.len(), before);
        assert!(FIELDS.iter().all(|f| !f.doc.is_empty()));
    }
}
