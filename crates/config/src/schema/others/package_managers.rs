//! Repositories of package managers: casks, formulae, AUR, krew, nix, scoop, winget, chocolatey, npm.

use super::super::Kind::{Any, Bool, BoolOrTemplate, Enum, List, Map, MapOf, MapOrText, Template, Text};
use super::super::core::EXTRA_FILE;
use super::super::{Shape, key, shape};
use super::publish::{TEMPLATED_EXTRA_FILE, WINGET_LOCALE};

pub(crate) static HOMEBREW_CASK: Shape = shape(
    "homebrew_cask",
    &[
        key("name", Template, ""),
        key("repository", Map(&REPO_REF), ""),
        key("commit_author", Map(&COMMIT_AUTHOR), ""),
        key("commit_msg_template", Template, ""),
        key("directory", Template, ""),
        key("caveats", Template, ""),
        key("description", Template, ""),
        key("homepage", Template, ""),
        key("skip_upload", BoolOrTemplate, ""),
        key("custom_block", Template, ""),
        key("ids", List(&Text), ""),
        key("service", Template, ""),
        key("binaries", List(&Template), ""),
        key("manpages", List(&Template), ""),
        key("url", Map(&HOMEBREW_CASK_URL), ""),
        key("completions", Map(&HOMEBREW_CASK_COMPLETIONS), ""),
        key("dependencies", List(&Map(&HOMEBREW_CASK_DEPENDENCY)), ""),
        key("conflicts", List(&Map(&HOMEBREW_CASK_CONFLICT)), ""),
        key("hooks", Map(&HOMEBREW_CASK_HOOKS), ""),
        key("uninstall", Map(&HOMEBREW_CASK_UNINSTALL), ""),
        key("zap", Map(&HOMEBREW_CASK_UNINSTALL), ""),
        key("generate_completions_from_executable", Map(&HOMEBREW_CASK_GENERATED_COMPLETIONS), ""),
        key("license", Template, ""),
        key("alternative_names", List(&Template), "").pro(),
        key("app", Template, "").pro(),
        key("manpage", Template, "").renamed("manpages"),
        key("binary", Template, "").renamed("binaries"),
    ],
);

pub(crate) static NIX: Shape = shape(
    "nix",
    &[
        key("name", Template, ""),
        key("path", Template, ""),
        key("repository", Map(&REPO_REF), ""),
        key("commit_author", Map(&COMMIT_AUTHOR), ""),
        key("commit_msg_template", Template, ""),
        key("ids", List(&Text), ""),
        key("goamd64", Template, ""),
        key("skip_upload", BoolOrTemplate, ""),
        key("url_template", Template, ""),
        key("install", Template, ""),
        key("extra_install", Template, ""),
        key("post_install", Template, ""),
        key("description", Template, ""),
        key("homepage", Template, ""),
        key("license", Template, ""),
        key("dependencies", List(&MapOrText(&NIX_DEPENDENCY, "name")), ""),
        key("formatter", Enum(&["alejandra", "nixfmt"]), ""),
        key("main_program", Template, ""),
    ],
);

pub(crate) static WINGET: Shape = shape(
    "winget",
    &[
        key("name", Template, ""),
        key("package_name", Template, ""),
        key("package_identifier", Template, ""),
        key("default_locale", Template, ""),
        key("publisher", Template, ""),
        key("publisher_url", Template, ""),
        key("publisher_support_url", Template, ""),
        key("privacy_url", Template, ""),
        key("copyright", Template, ""),
        key("copyright_url", Template, ""),
        key("author", Template, ""),
        key("path", Template, ""),
        key("repository", Map(&REPO_REF), ""),
        key("commit_author", Map(&COMMIT_AUTHOR), ""),
        key("commit_msg_template", Template, ""),
        key("ids", List(&Text), ""),
        key("goamd64", Template, ""),
        key("skip_upload", BoolOrTemplate, ""),
        key("url_template", Template, ""),
        key("short_description", Template, ""),
        key("description", Template, ""),
        key("homepage", Template, ""),
        key("license", Template, ""),
        key("license_url", Template, ""),
        key("release_notes", Template, ""),
        key("release_notes_url", Template, ""),
        key("installation_notes", Template, ""),
        key("tags", List(&Template), ""),
        key("dependencies", List(&Map(&WINGET_DEPENDENCY)), ""),
        key("additional_locales", List(&Map(&WINGET_LOCALE)), ""),
        key("product_code", Template, "").pro(),
        key("use", Enum(&["archive", "binary", "msi", "nsis"]), "").pro(),
    ],
);

pub(crate) static AUR: Shape = shape(
    "aur",
    &[
        key("name", Template, ""),
        key("ids", List(&Text), ""),
        key("commit_author", Map(&COMMIT_AUTHOR), ""),
        key("commit_msg_template", Template, ""),
        key("description", Template, ""),
        key("homepage", Template, ""),
        key("license", Template, ""),
        key("skip_upload", BoolOrTemplate, ""),
        key("url_template", Template, ""),
        key("maintainers", List(&Template), ""),
        key("contributors", List(&Template), ""),
        key("provides", List(&Template), ""),
        key("conflicts", List(&Template), ""),
        key("depends", List(&Template), ""),
        key("optdepends", List(&Template), ""),
        key("backup", List(&Template), ""),
        key("rel", Template, ""),
        key("package", Template, ""),
        key("git_url", Template, ""),
        key("git_ssh_command", Template, ""),
        key("private_key", Template, ""),
        key("goamd64", Template, ""),
        key("directory", Template, ""),
        key("disable", BoolOrTemplate, ""),
        key("install", Template, ""),
    ],
);

pub(crate) static AUR_SOURCE: Shape = shape(
    "aur_source",
    &[
        key("name", Template, ""),
        key("ids", List(&Text), ""),
        key("commit_author", Map(&COMMIT_AUTHOR), ""),
        key("commit_msg_template", Template, ""),
        key("description", Template, ""),
        key("homepage", Template, ""),
        key("license", Template, ""),
        key("skip_upload", BoolOrTemplate, ""),
        key("url_template", Template, ""),
        key("maintainers", List(&Template), ""),
        key("contributors", List(&Template), ""),
        key("arches", List(&Template), ""),
        key("provides", List(&Template), ""),
        key("conflicts", List(&Template), ""),
        key("depends", List(&Template), ""),
        key("optdepends", List(&Template), ""),
        key("makedepends", List(&Template), ""),
        key("backup", List(&Template), ""),
        key("rel", Template, ""),
        key("prepare", Template, ""),
        key("build", Template, ""),
        key("package", Template, ""),
        key("git_url", Template, ""),
        key("git_ssh_command", Template, ""),
        key("private_key", Template, ""),
        key("goamd64", Template, ""),
        key("directory", Template, ""),
        key("disable", BoolOrTemplate, ""),
        key("install", Template, ""),
    ],
);

pub(crate) static KREW: Shape = shape(
    "krew",
    &[
        key("ids", List(&Text), ""),
        key("name", Template, ""),
        key("repository", Map(&REPO_REF), ""),
        key("commit_author", Map(&COMMIT_AUTHOR), ""),
        key("commit_msg_template", Template, ""),
        key("caveats", Template, ""),
        key("short_description", Template, ""),
        key("description", Template, ""),
        key("homepage", Template, ""),
        key("url_template", Template, ""),
        key("goarm", Template, ""),
        key("goamd64", Template, ""),
        key("skip_upload", BoolOrTemplate, ""),
    ],
);

pub(crate) static SCOOP: Shape = shape(
    "scoop",
    &[
        key("name", Template, ""),
        key("ids", List(&Text), ""),
        key("repository", Map(&REPO_REF), ""),
        key("directory", Template, ""),
        key("commit_author", Map(&COMMIT_AUTHOR), ""),
        key("commit_msg_template", Template, ""),
        key("homepage", Template, ""),
        key("description", Template, ""),
        key("license", Template, ""),
        key("url_template", Template, ""),
        key("persist", List(&Template), ""),
        key("skip_upload", BoolOrTemplate, ""),
        key("pre_install", List(&Template), ""),
        key("post_install", List(&Template), ""),
        key("depends", List(&Template), ""),
        key("shortcuts", List(&List(&Template)), ""),
        key("goamd64", Template, ""),
        key("use", Enum(&["archive", "msi", "nsis"]), "").pro(),
    ],
);

pub(crate) static CHOCOLATEY: Shape = shape(
    "chocolatey",
    &[
        key("name", Template, ""),
        key("ids", List(&Text), ""),
        key("package_source_url", Template, ""),
        key("owners", Template, ""),
        key("title", Template, ""),
        key("authors", Template, ""),
        key("project_url", Template, ""),
        key("url_template", Template, ""),
        key("icon_url", Template, ""),
        key("copyright", Template, ""),
        key("license_url", Template, ""),
        key("require_license_acceptance", Bool, ""),
        key("project_source_url", Template, ""),
        key("docs_url", Template, ""),
        key("bug_tracker_url", Template, ""),
        key("tags", Template, ""),
        key("summary", Template, ""),
        key("description", Template, ""),
        key("release_notes", Template, ""),
        key("dependencies", List(&Map(&CHOCOLATEY_DEPENDENCY)), ""),
        key("skip_publish", Bool, ""),
        key("api_key", Template, ""),
        key("source_repo", Template, ""),
        key("goamd64", Template, ""),
        key("use", Enum(&["archive", "msi", "nsis"]), "").pro(),
    ],
);

pub(crate) static HOMEBREW: Shape = shape(
    "homebrew",
    &[
        key("name", Template, ""),
        key("repository", Map(&REPO_REF), ""),
        key("commit_author", Map(&COMMIT_AUTHOR), ""),
        key("commit_msg_template", Template, ""),
        key("directory", Template, ""),
        key("caveats", Template, ""),
        key("install", Template, ""),
        key("extra_install", Template, ""),
        key("post_install", Template, ""),
        key("dependencies", List(&MapOrText(&HOMEBREW_DEPENDENCY, "name")), ""),
        key("test", Template, ""),
        key("conflicts", List(&Template), ""),
        key("description", Template, ""),
        key("homepage", Template, ""),
        key("license", Template, ""),
        key("skip_upload", BoolOrTemplate, ""),
        key("download_strategy", Template, ""),
        key("url_template", Template, ""),
        key("url_headers", List(&Template), ""),
        key("custom_require", Template, ""),
        key("custom_block", Template, ""),
        key("ids", List(&Text), ""),
        key("goarm", Template, ""),
        key("goamd64", Template, ""),
        key("service", Template, ""),
        key("alternative_names", List(&Template), "").pro(),
        key("app", Template, "").pro(),
    ],
);

pub(crate) static NPM: Shape = shape(
    "npm",
    &[
        key("id", Text, ""),
        key("ids", List(&Text), ""),
        key("name", Template, ""),
        key("description", Template, ""),
        key("homepage", Template, ""),
        key("keywords", List(&Template), ""),
        key("license", Template, ""),
        key("author", Template, ""),
        key("repository", Template, ""),
        key("bugs", Template, ""),
        key("files", List(&MapOrText(&EXTRA_FILE, "glob")), ""),
        key("templated_files", List(&Map(&TEMPLATED_EXTRA_FILE)), ""),
        key("access", Enum(&["", "public", "restricted"]), ""),
        key("format", Enum(&["tar", "tgz", "tar.gz", "zip", "binary"]), ""),
        key("if", Template, ""),
        key("disable", BoolOrTemplate, ""),
        key("url_template", Template, ""),
        key("tag", Template, ""),
        key("extra", Any, ""),
    ],
);

pub(crate) static COMMIT_SIGNING: Shape = shape(
    "commit_signing",
    &[
        key("enabled", Bool, ""),
        key("key", Template, ""),
        key("program", Template, ""),
        key("format", Enum(&["openpgp", "x509", "ssh"]), ""),
    ],
);

pub(crate) static REPO_REF: Shape = shape(
    "repo_ref",
    &[
        key("owner", Template, ""),
        key("name", Template, ""),
        key("token", Template, ""),
        key("token_type", Enum(&["github", "gitlab", "gitea"]), "").pro(),
        key("branch", Template, ""),
        key("git", Map(&GIT_REPO_REF), ""),
        key("pull_request", Map(&PULL_REQUEST), ""),
    ],
);

pub(crate) static COMMIT_AUTHOR: Shape = shape(
    "commit_author",
    &[
        key("name", Template, ""),
        key("email", Template, ""),
        key("signing", Map(&COMMIT_SIGNING), ""),
        key("use_github_app_token", Bool, ""),
    ],
);

pub(crate) static HOMEBREW_CASK_URL: Shape = shape(
    "homebrew_cask_url",
    &[
        key("template", Template, ""),
        key("verified", Template, ""),
        key("using", Template, ""),
        key("cookies", MapOf(&Template), ""),
        key("referer", Template, ""),
        key("headers", List(&Template), ""),
        key("user_agent", Template, ""),
        key("data", MapOf(&Template), ""),
    ],
);

pub(crate) static HOMEBREW_CASK_COMPLETIONS: Shape = shape(
    "homebrew_cask_completions",
    &[key("bash", Template, ""), key("zsh", Template, ""), key("fish", Template, "")],
);

pub(crate) static HOMEBREW_CASK_DEPENDENCY: Shape =
    shape("homebrew_cask_dependency", &[key("cask", Template, ""), key("formula", Template, "")]);

pub(crate) static HOMEBREW_CASK_CONFLICT: Shape = shape(
    "homebrew_cask_conflict",
    &[key("cask", Template, ""), key("formula", Template, "").superseded("nothing: Homebrew ignores it")],
);

pub(crate) static HOMEBREW_CASK_HOOKS: Shape = shape(
    "homebrew_cask_hooks",
    &[key("pre", Map(&HOMEBREW_CASK_HOOK), ""), key("post", Map(&HOMEBREW_CASK_HOOK), "")],
);

pub(crate) static HOMEBREW_CASK_UNINSTALL: Shape = shape(
    "homebrew_cask_uninstall",
    &[
        key("launchctl", List(&Template), ""),
        key("quit", List(&Template), ""),
        key("login_item", List(&Template), ""),
        key("delete", List(&Template), ""),
        key("trash", List(&Template), ""),
    ],
);

pub(crate) static HOMEBREW_CASK_GENERATED_COMPLETIONS: Shape = shape(
    "homebrew_cask_generated_completions",
    &[
        key("executable", Template, ""),
        key("args", List(&Template), ""),
        key("base_name", Template, ""),
        key("shell_parameter_format", Template, ""),
        key("shells", List(&Template), ""),
    ],
);

pub(crate) static NIX_DEPENDENCY: Shape = shape(
    "nix_dependency",
    &[key("name", Template, "").pro(), key("os", Enum(&["linux", "darwin"]), "").pro()],
);

pub(crate) static WINGET_DEPENDENCY: Shape = shape(
    "winget_dependency",
    &[key("package_identifier", Template, ""), key("minimum_version", Template, "")],
);

pub(crate) static CHOCOLATEY_DEPENDENCY: Shape =
    shape("chocolatey_dependency", &[key("id", Text, ""), key("version", Template, "")]);

pub(crate) static HOMEBREW_DEPENDENCY: Shape = shape(
    "homebrew_dependency",
    &[
        key("name", Template, "").pro(),
        key("type", Template, "").pro(),
        key("version", Template, "").pro(),
        key("os", Enum(&["mac", "linux"]), "").pro(),
    ],
);

pub(crate) static GIT_REPO_REF: Shape = shape(
    "git_repo_ref",
    &[key("url", Template, ""), key("ssh_command", Template, ""), key("private_key", Template, "")],
);

pub(crate) static PULL_REQUEST: Shape = shape(
    "pull_request",
    &[
        key("enabled", Bool, ""),
        key("base", MapOrText(&PULL_REQUEST_BASE, "branch"), ""),
        key("draft", Bool, ""),
        key("token", Template, ""),
        key("check_boxes", Bool, "").pro(),
        key("body", Template, "").pro(),
    ],
);

pub(crate) static HOMEBREW_CASK_HOOK: Shape =
    shape("homebrew_cask_hook", &[key("install", Template, ""), key("uninstall", Template, "")]);

pub(crate) static PULL_REQUEST_BASE: Shape = shape(
    "pull_request_base",
    &[key("owner", Template, "").pro(), key("name", Template, "").pro(), key("branch", Template, "").pro()],
);
