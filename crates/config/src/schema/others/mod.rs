//! Sections that goferry knows and cannot do yet, and those that only matter when something is published.

mod announce;
mod images_and_signatures;
mod installers;
mod linux_packages;
mod package_managers;
mod publish;

pub(crate) use package_managers::COMMIT_SIGNING;
pub(crate) use publish::{FROM_FILE, FROM_URL, TEMPLATED_EXTRA_FILE, TEMPLATED_FILE};

use super::Kind::{Enum, List, Map};
use super::{Key, key};
use announce::ANNOUNCE;
use images_and_signatures::{
    BINARY_SIGN, DOCKER, DOCKER_DIGEST, DOCKER_HUB, DOCKER_MANIFEST, DOCKER_V2, KO, MACOS_PKG, NOTARIZE,
    SBOM, SIGN,
};
use installers::{APP_BUNDLE, DMG, FLATPAK, MAKESELF, MSI, NSIS, SNAPCRAFT};
pub(crate) use linux_packages::NFPM;
use linux_packages::S_RPM;
use package_managers::{AUR, AUR_SOURCE, CHOCOLATEY, HOMEBREW, HOMEBREW_CASK, KREW, NIX, NPM, SCOOP, WINGET};
use publish::{
    BEFORE_PUBLISH_HOOK, BLOB, CLOUDSMITH, FURY, GITEA_UR_LS, GITHUB_UR_LS, GITLAB_UR_LS, INCLUDE, IRU, MCP,
    MILESTONE, MONOREPO, NIGHTLY, PARTIAL, PUBLISHER, RELEASE, RETRY, TELEMETRY, TEMPLATE_FILE, UPLOAD,
    VERIFY,
};

/// Top-level sections outside what makes a dist/.
pub(crate) static OTHERS: [Key; 56] = [
    key("release", Map(&RELEASE), "The release page of GitHub, GitLab or Gitea.").publishing(),
    key("milestones", List(&Map(&MILESTONE)), "Milestones that are closed with the release.").publishing(),
    key("homebrew_casks", List(&Map(&HOMEBREW_CASK)), "Casks in a Homebrew tap.").publishing(),
    key("nix", List(&Map(&NIX)), "Expressions in a Nix user repository.").publishing(),
    key("winget", List(&Map(&WINGET)), "Manifests for winget.").publishing(),
    key("aurs", List(&Map(&AUR)), "Packages with binaries in the Arch user repository.").publishing(),
    key("aur_sources", List(&Map(&AUR_SOURCE)), "Source packages in the Arch user repository.").publishing(),
    key("krews", List(&Map(&KREW)), "Plugins of kubectl's krew index.").publishing(),
    key("kos", List(&Map(&KO)), "Container images as ko makes them, of the binaries that were verified."),
    key("scoops", List(&Map(&SCOOP)), "Manifests in a Scoop bucket.").publishing(),
    key("nfpms", List(&Map(&NFPM)), "System packages: deb, rpm, apk and others."),
    key("srpm", Map(&S_RPM), "A source RPM.").later(),
    key("snapcrafts", List(&Map(&SNAPCRAFT)), "Snaps.").later(),
    key("flatpak", List(&Map(&FLATPAK)), "Flatpak bundles.").later(),
    key("dockers_v2", List(&Map(&DOCKER_V2)), "Container images of a Dockerfile, all platforms at once."),
    key("docker_digest", Map(&DOCKER_DIGEST), "The file with image digests, by `goferry image push`."),
    key("artifactories", List(&Map(&UPLOAD)), "Uploads to Artifactory.").publishing(),
    key("uploads", List(&Map(&UPLOAD)), "Uploads by HTTP.").publishing(),
    key("blobs", List(&Map(&BLOB)), "Uploads to object stores.").publishing(),
    key("publishers", List(&Map(&PUBLISHER)), "Commands that publish artifacts.").publishing(),
    key("signs", List(&Map(&SIGN)), "Signatures of archives, packages or the checksum file."),
    key("notarize", Map(&NOTARIZE), "Signing and notarizing for macOS.").later(),
    key("docker_signs", List(&Map(&SIGN)), "Signatures of container images, by `goferry image push`."),
    key("binary_signs", List(&Map(&BINARY_SIGN)), "Signatures of binaries, before they are packed."),
    key("announce", Map(&ANNOUNCE), "Who is told of the release.").publishing(),
    key("sboms", List(&Map(&SBOM)), "Bills of materials."),
    key("chocolateys", List(&Map(&CHOCOLATEY)), "Chocolatey packages.").later(),
    key("makeselfs", List(&Map(&MAKESELF)), "Self-extracting archives.").later(),
    key("mcp", Map(&MCP), "Registration with the MCP registry.").publishing(),
    key("iru", Map(&IRU), "Uploads to Iru device management.").publishing(),
    key("retry", Map(&RETRY), "How often uploads are tried.").idle(),
    key(
        "force_token",
        Enum(&["github", "gitlab", "gitea", ""]),
        "Which forge's token is used when several are set.",
    )
    .publishing(),
    key("github_urls", Map(&GITHUB_UR_LS), "Addresses of a GitHub server.").publishing(),
    key("gitlab_urls", Map(&GITLAB_UR_LS), "Addresses of a GitLab server.").publishing(),
    key("gitea_urls", Map(&GITEA_UR_LS), "Addresses of a Gitea server.").publishing(),
    key("brews", List(&Map(&HOMEBREW)), "Formulae in a Homebrew tap.")
        .superseded("homebrew_casks")
        .publishing(),
    key("dockers", List(&Map(&DOCKER)), "Container images of a Dockerfile, one platform at a time.")
        .superseded("dockers_v2"),
    key("docker_manifests", List(&Map(&DOCKER_MANIFEST)), "Image indexes over `dockers`.")
        .superseded("dockers_v2"),
    key("npms", List(&Map(&NPM)), "npm packages with binaries.").publishing().pro(),
    key("msi", List(&Map(&MSI)), "Windows installers made with WiX.").later().pro(),
    key("nsis", List(&Map(&NSIS)), "Windows installers made with NSIS.").later().pro(),
    key("app_bundles", List(&Map(&APP_BUNDLE)), "macOS application bundles.").later().pro(),
    key("dmg", List(&Map(&DMG)), "macOS disk images.").later().pro(),
    key("pkgs", List(&Map(&MACOS_PKG)), "macOS installer packages.").later().pro(),
    key("includes", List(&Map(&INCLUDE)), "Other files that are part of the configuration.").later().pro(),
    key("monorepo", Map(&MONOREPO), "Several released modules in one repository.").later().pro(),
    key("partial", Map(&PARTIAL), "How `--split` divides the work.").idle().pro(),
    key("nightly", Map(&NIGHTLY), "Versions and tags of `--nightly` releases.").idle().pro(),
    key("gemfury", List(&Map(&FURY)), "Uploads to Gemfury.").publishing().pro(),
    key("cloudsmiths", List(&Map(&CLOUDSMITH)), "Uploads to Cloudsmith.").publishing().pro(),
    key("dockerhub", List(&Map(&DOCKER_HUB)), "Descriptions on Docker Hub.").publishing().pro(),
    key("before_publish", List(&Map(&BEFORE_PUBLISH_HOOK)), "Commands before publishing, for each artifact.")
        .publishing()
        .pro(),
    key("template_files", List(&Map(&TEMPLATE_FILE)), "Files rendered into dist/.").later().pro(),
    key("verify", Map(&VERIFY), "Commands of goreleaser Pro that check a published release.").idle().pro(),
    key("telemetry", Map(&TELEMETRY), "Usage reports of goreleaser Pro.").idle().pro(),
    key("furies", List(&Map(&FURY)), "Uploads to Gemfury.").superseded("gemfury").publishing().pro(),
];
