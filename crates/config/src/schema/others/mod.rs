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
use linux_packages::{NFPM, S_RPM};
use package_managers::{AUR, AUR_SOURCE, CHOCOLATEY, HOMEBREW, HOMEBREW_CASK, KREW, NIX, NPM, SCOOP, WINGET};
use publish::{
    BEFORE_PUBLISH_HOOK, BLOB, CLOUDSMITH, FURY, GITEA_UR_LS, GITHUB_UR_LS, GITLAB_UR_LS, INCLUDE, IRU, MCP,
    MILESTONE, MONOREPO, NIGHTLY, PARTIAL, PUBLISHER, RELEASE, RETRY, TELEMETRY, TEMPLATE_FILE, UPLOAD,
    VERIFY,
};

/// Top-level sections outside what makes a dist/.
pub(crate) static OTHERS: [Key; 56] = [
    key("release", Map(&RELEASE), "").publishing(),
    key("milestones", List(&Map(&MILESTONE)), "").publishing(),
    key("homebrew_casks", List(&Map(&HOMEBREW_CASK)), "").publishing(),
    key("nix", List(&Map(&NIX)), "").publishing(),
    key("winget", List(&Map(&WINGET)), "").publishing(),
    key("aurs", List(&Map(&AUR)), "").publishing(),
    key("aur_sources", List(&Map(&AUR_SOURCE)), "").publishing(),
    key("krews", List(&Map(&KREW)), "").publishing(),
    key("kos", List(&Map(&KO)), "").later(),
    key("scoops", List(&Map(&SCOOP)), "").publishing(),
    key("nfpms", List(&Map(&NFPM)), "").later(),
    key("srpm", Map(&S_RPM), "").later(),
    key("snapcrafts", List(&Map(&SNAPCRAFT)), "").later(),
    key("flatpak", List(&Map(&FLATPAK)), "").later(),
    key("dockers_v2", List(&Map(&DOCKER_V2)), "").later(),
    key("docker_digest", Map(&DOCKER_DIGEST), "").publishing(),
    key("artifactories", List(&Map(&UPLOAD)), "").publishing(),
    key("uploads", List(&Map(&UPLOAD)), "").publishing(),
    key("blobs", List(&Map(&BLOB)), "").publishing(),
    key("publishers", List(&Map(&PUBLISHER)), "").publishing(),
    key("signs", List(&Map(&SIGN)), "").later(),
    key("notarize", Map(&NOTARIZE), "").later(),
    key("docker_signs", List(&Map(&SIGN)), "").publishing(),
    key("binary_signs", List(&Map(&BINARY_SIGN)), "").later(),
    key("announce", Map(&ANNOUNCE), "").publishing(),
    key("sboms", List(&Map(&SBOM)), "").later(),
    key("chocolateys", List(&Map(&CHOCOLATEY)), "").later(),
    key("makeselfs", List(&Map(&MAKESELF)), "").later(),
    key("mcp", Map(&MCP), "").publishing(),
    key("iru", Map(&IRU), "").publishing(),
    key("retry", Map(&RETRY), "").idle(),
    key("force_token", Enum(&["github", "gitlab", "gitea", ""]), "").publishing(),
    key("github_urls", Map(&GITHUB_UR_LS), "").publishing(),
    key("gitlab_urls", Map(&GITLAB_UR_LS), "").publishing(),
    key("gitea_urls", Map(&GITEA_UR_LS), "").publishing(),
    key("brews", List(&Map(&HOMEBREW)), "").superseded("homebrew_casks").publishing(),
    key("dockers", List(&Map(&DOCKER)), "").superseded("dockers_v2").later(),
    key("docker_manifests", List(&Map(&DOCKER_MANIFEST)), "").superseded("dockers_v2").publishing(),
    key("npms", List(&Map(&NPM)), "").publishing().pro(),
    key("msi", List(&Map(&MSI)), "").later().pro(),
    key("nsis", List(&Map(&NSIS)), "").later().pro(),
    key("app_bundles", List(&Map(&APP_BUNDLE)), "").later().pro(),
    key("dmg", List(&Map(&DMG)), "").later().pro(),
    key("pkgs", List(&Map(&MACOS_PKG)), "").later().pro(),
    key("includes", List(&Map(&INCLUDE)), "").later().pro(),
    key("monorepo", Map(&MONOREPO), "").later().pro(),
    key("partial", Map(&PARTIAL), "").idle().pro(),
    key("nightly", Map(&NIGHTLY), "").idle().pro(),
    key("gemfury", List(&Map(&FURY)), "").publishing().pro(),
    key("cloudsmiths", List(&Map(&CLOUDSMITH)), "").publishing().pro(),
    key("dockerhub", List(&Map(&DOCKER_HUB)), "").publishing().pro(),
    key("before_publish", List(&Map(&BEFORE_PUBLISH_HOOK)), "").publishing().pro(),
    key("template_files", List(&Map(&TEMPLATE_FILE)), "").later().pro(),
    key("verify", Map(&VERIFY), "").idle().pro(),
    key("telemetry", Map(&TELEMETRY), "").idle().pro(),
    key("furies", List(&Map(&FURY)), "").superseded("gemfury").publishing().pro(),
];
