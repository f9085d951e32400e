//! Repositories of package managers: casks, formulae, AUR, krew, nix, scoop, winget, chocolatey, npm.

use super::super::Kind::{Any, Bool, BoolOrTemplate, Enum, List, Map, MapOf, MapOrText, Template, Text};
use super::super::core::EXTRA_FILE;
use super::super::{Shape, key, shape};
use super::publish::{TEMPLATED_EXTRA_FILE, WINGET_LOCALE};

pub(crate) static HOMEBREW_CASK: Shape = shape(
    "homebrew_cask",
    &[
        key("name", Template, "Name."),
        key("repository", Map(&REPO_REF), "Repository that the file is committed to."),
        key("commit_author", Map(&COMMIT_AUTHOR), "Who makes the commit."),
        key("commit_msg_template", Template, "Message of the commit."),
        key("directory", Template, "Directory."),
        key("caveats", Template, ""),
        key("description", Template, "What the program is."),
        key("homepage", Template, "Web address of the project."),
        key("skip_upload", BoolOrTemplate, "Make the file and do not upload it."),
        key("custom_block", Template, ""),
        key("ids", List(&Text), "Only these items, by id; default all."),
        key("service", Template, ""),
        key("binaries", List(&Template), ""),
        key("manpages", List(&Template), ""),
        key("url", Map(&HOMEBREW_CASK_URL), "Address."),
        key("completions", Map(&HOMEBREW_CASK_COMPLETIONS), ""),
        key("dependencies", List(&Map(&HOMEBREW_CASK_DEPENDENCY)), "What it needs."),
        key("conflicts", List(&Map(&HOMEBREW_CASK_CONFLICT)), "What it cannot stand beside."),
        key("hooks", Map(&HOMEBREW_CASK_HOOKS), "Commands around it."),
        key("uninstall", Map(&HOMEBREW_CASK_UNINSTALL), ""),
        key("zap", Map(&HOMEBREW_CASK_UNINSTALL), ""),
        key("generate_completions_from_executable", Map(&HOMEBREW_CASK_GENERATED_COMPLETIONS), ""),
        key("license", Template, "Licence, as SPDX writes it."),
        key("alternative_names", List(&Template), "").pro(),
        key("app", Template, "").pro(),
        key("manpage", Template, "").renamed("manpages"),
        key("binary", Template, "").renamed("binaries"),
    ],
);

pub(crate) static NIX: Shape = shape(
    "nix",
    &[
        key("name", Template, "Name."),
        key("path", Template, "Path of the file."),
        key("repository", Map(&REPO_REF), "Repository that the file is committed to."),
        key("commit_author", Map(&COMMIT_AUTHOR), "Who makes the commit."),
        key("commit_msg_template", Template, "Message of the commit."),
        key("ids", List(&Text), "Only these items, by id; default all."),
        key("goamd64", Template, "Which level of amd64; default v1."),
        key("skip_upload", BoolOrTemplate, "Make the file and do not upload it."),
        key("url_template", Template, "Address of the artifact."),
        key("install", Template, "Commands that install it."),
        key("extra_install", Template, ""),
        key("post_install", Template, ""),
        key("description", Template, "What the program is."),
        key("homepage", Template, "Web address of the project."),
        key("license", Template, "Licence, as SPDX writes it."),
        key("dependencies", List(&MapOrText(&NIX_DEPENDENCY, "name")), "What it needs."),
        key("formatter", Enum(&["alejandra", "nixfmt"]), ""),
        key("main_program", Template, ""),
    ],
);

pub(crate) static WINGET: Shape = shape(
    "winget",
    &[
        key("name", Template, "Name."),
        key("package_name", Template, "Name of the package."),
        key("package_identifier", Template, ""),
        key("default_locale", Template, ""),
        key("publisher", Template, ""),
        key("publisher_url", Template, ""),
        key("publisher_support_url", Template, ""),
        key("privacy_url", Template, ""),
        key("copyright", Template, ""),
        key("copyright_url", Template, ""),
        key("author", Template, ""),
        key("path", Template, "Path of the file."),
        key("repository", Map(&REPO_REF), "Repository that the file is committed to."),
        key("commit_author", Map(&COMMIT_AUTHOR), "Who makes the commit."),
        key("commit_msg_template", Template, "Message of the commit."),
        key("ids", List(&Text), "Only these items, by id; default all."),
        key("goamd64", Template, "Which level of amd64; default v1."),
        key("skip_upload", BoolOrTemplate, "Make the file and do not upload it."),
        key("url_template", Template, "Address of the artifact."),
        key("short_description", Template, ""),
        key("description", Template, "What the program is."),
        key("homepage", Template, "Web address of the project."),
        key("license", Template, "Licence, as SPDX writes it."),
        key("license_url", Template, ""),
        key("release_notes", Template, ""),
        key("release_notes_url", Template, ""),
        key("installation_notes", Template, ""),
        key("tags", List(&Template), "Tags."),
        key("dependencies", List(&Map(&WINGET_DEPENDENCY)), "What it needs."),
        key("additional_locales", List(&Map(&WINGET_LOCALE)), ""),
        key("product_code", Template, "").pro(),
        key("use", Enum(&["archive", "binary", "msi", "nsis"]), "Made from what, or with what.").pro(),
    ],
);

pub(crate) static AUR: Shape = shape(
    "aur",
    &[
        key("name", Template, "Name."),
        key("ids", List(&Text), "Only these items, by id; default all."),
        key("commit_author", Map(&COMMIT_AUTHOR), "Who makes the commit."),
        key("commit_msg_template", Template, "Message of the commit."),
        key("description", Template, "What the program is."),
        key("homepage", Template, "Web address of the project."),
        key("license", Template, "Licence, as SPDX writes it."),
        key("skip_upload", BoolOrTemplate, "Make the file and do not upload it."),
        key("url_template", Template, "Address of the artifact."),
        key("maintainers", List(&Template), "Who maintains the package."),
        key("contributors", List(&Template), ""),
        key("provides", List(&Template), "What it stands for."),
        key("conflicts", List(&Template), "What it cannot stand beside."),
        key("depends", List(&Template), ""),
        key("optdepends", List(&Template), ""),
        key("backup", List(&Template), ""),
        key("rel", Template, ""),
        key("package", Template, ""),
        key("git_url", Template, ""),
        key("git_ssh_command", Template, ""),
        key("private_key", Template, ""),
        key("goamd64", Template, "Which level of amd64; default v1."),
        key("directory", Template, "Directory."),
        key("disable", BoolOrTemplate, "Leave it out."),
        key("install", Template, "Commands that install it."),
    ],
);

pub(crate) static AUR_SOURCE: Shape = shape(
    "aur_source",
    &[
        key("name", Template, "Name."),
        key("ids", List(&Text), "Only these items, by id; default all."),
        key("commit_author", Map(&COMMIT_AUTHOR), "Who makes the commit."),
        key("commit_msg_template", Template, "Message of the commit."),
        key("description", Template, "What the program is."),
        key("homepage", Template, "Web address of the project."),
        key("license", Template, "Licence, as SPDX writes it."),
        key("skip_upload", BoolOrTemplate, "Make the file and do not upload it."),
        key("url_template", Template, "Address of the artifact."),
        key("maintainers", List(&Template), "Who maintains the package."),
        key("contributors", List(&Template), ""),
        key("arches", List(&Template), ""),
        key("provides", List(&Template), "What it stands for."),
        key("conflicts", List(&Template), "What it cannot stand beside."),
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
        key("goamd64", Template, "Which level of amd64; default v1."),
        key("directory", Template, "Directory."),
        key("disable", BoolOrTemplate, "Leave it out."),
        key("install", Template, "Commands that install it."),
    ],
);

pub(crate) static KREW: Shape = shape(
    "krew",
    &[
        key("ids", List(&Text), "Only these items, by id; default all."),
        key("name", Template, "Name."),
        key("repository", Map(&REPO_REF), "Repository that the file is committed to."),
        key("commit_author", Map(&COMMIT_AUTHOR), "Who makes the commit."),
        key("commit_msg_template", Template, "Message of the commit."),
        key("caveats", Template, ""),
        key("short_description", Template, ""),
        key("description", Template, "What the program is."),
        key("homepage", Template, "Web address of the project."),
        key("url_template", Template, "Address of the artifact."),
        key("goarm", Template, "Which version of arm."),
        key("goamd64", Template, "Which level of amd64; default v1."),
        key("skip_upload", BoolOrTemplate, "Make the file and do not upload it."),
        key("index", Any, "Old spelling.").removed("write `repository:`"),
    ],
);

pub(crate) static SCOOP: Shape = shape(
    "scoop",
    &[
        key("name", Template, "Name."),
        key("ids", List(&Text), "Only these items, by id; default all."),
        key("repository", Map(&REPO_REF), "Repository that the file is committed to."),
        key("directory", Template, "Directory."),
        key("commit_author", Map(&COMMIT_AUTHOR), "Who makes the commit."),
        key("commit_msg_template", Template, "Message of the commit."),
        key("homepage", Template, "Web address of the project."),
        key("description", Template, "What the program is."),
        key("license", Template, "Licence, as SPDX writes it."),
        key("url_template", Template, "Address of the artifact."),
        key("persist", List(&Template), ""),
        key("skip_upload", BoolOrTemplate, "Make the file and do not upload it."),
        key("pre_install", List(&Template), ""),
        key("post_install", List(&Template), ""),
        key("depends", List(&Template), ""),
        key("shortcuts", List(&List(&Template)), ""),
        key("goamd64", Template, "Which level of amd64; default v1."),
        key("use", Enum(&["archive", "msi", "nsis"]), "Made from what, or with what.").pro(),
        key("folder", Any, "Old spelling.").removed("write `directory:`"),
        key("bucket", Any, "Old spelling.").removed("write `repository:`"),
    ],
);

pub(crate) static CHOCOLATEY: Shape = shape(
    "chocolatey",
    &[
        key("name", Template, "Name."),
        key("ids", List(&Text), "Only these items, by id; default all."),
        key("package_source_url", Template, ""),
        key("owners", Template, ""),
        key("title", Template, "Title."),
        key("authors", Template, ""),
        key("project_url", Template, ""),
        key("url_template", Template, "Address of the artifact."),
        key("icon_url", Template, "Address of a picture."),
        key("copyright", Template, ""),
        key("license_url", Template, ""),
        key("require_license_acceptance", Bool, ""),
        key("project_source_url", Template, ""),
        key("docs_url", Template, ""),
        key("bug_tracker_url", Template, ""),
        key("tags", Template, "Tags."),
        key("summary", Template, "One line."),
        key("description", Template, "What the program is."),
        key("release_notes", Template, ""),
        key("dependencies", List(&Map(&CHOCOLATEY_DEPENDENCY)), "What it needs."),
        key("skip_publish", Bool, ""),
        key("api_key", Template, ""),
        key("source_repo", Template, ""),
        key("goamd64", Template, "Which level of amd64; default v1."),
        key("use", Enum(&["archive", "msi", "nsis"]), "Made from what, or with what.").pro(),
    ],
);

pub(crate) static HOMEBREW: Shape = shape(
    "homebrew",
    &[
        key("name", Template, "Name."),
        key("repository", Map(&REPO_REF), "Repository that the file is committed to."),
        key("commit_author", Map(&COMMIT_AUTHOR), "Who makes the commit."),
        key("commit_msg_template", Template, "Message of the commit."),
        key("directory", Template, "Directory."),
        key("caveats", Template, ""),
        key("install", Template, "Commands that install it."),
        key("extra_install", Template, ""),
        key("post_install", Template, ""),
        key("dependencies", List(&MapOrText(&HOMEBREW_DEPENDENCY, "name")), "What it needs."),
        key("test", Template, ""),
        key("conflicts", List(&Template), "What it cannot stand beside."),
        key("description", Template, "What the program is."),
        key("homepage", Template, "Web address of the project."),
        key("license", Template, "Licence, as SPDX writes it."),
        key("skip_upload", BoolOrTemplate, "Make the file and do not upload it."),
        key("download_strategy", Template, ""),
        key("url_template", Template, "Address of the artifact."),
        key("url_headers", List(&Template), ""),
        key("custom_require", Template, ""),
        key("custom_block", Template, ""),
        key("ids", List(&Text), "Only these items, by id; default all."),
        key("goarm", Template, "Which version of arm."),
        key("goamd64", Template, "Which level of amd64; default v1."),
        key("service", Template, ""),
        key("alternative_names", List(&Template), "").pro(),
        key("app", Template, "").pro(),
        key("folder", Any, "Old spelling.").removed("write `directory:`"),
        key("tap", Any, "Old spelling.").removed("write `repository:`"),
        key("plist", Any, "Old spelling.").removed("write `service:`"),
    ],
);

pub(crate) static NPM: Shape = shape(
    "npm",
    &[
        key("id", Text, "Name of the item for `ids` elsewhere."),
        key("ids", List(&Text), "Only these items, by id; default all."),
        key("name", Template, "Name."),
        key("description", Template, "What the program is."),
        key("homepage", Template, "Web address of the project."),
        key("keywords", List(&Template), "Words to be found by."),
        key("license", Template, "Licence, as SPDX writes it."),
        key("author", Template, ""),
        key("repository", Template, "Repository that the file is committed to."),
        key("bugs", Template, ""),
        key("files", List(&MapOrText(&EXTRA_FILE, "glob")), ""),
        key("templated_files", List(&Map(&TEMPLATED_EXTRA_FILE)), ""),
        key("access", Enum(&["", "public", "restricted"]), ""),
        key("format", Enum(&["tar", "tgz", "tar.gz", "zip", "binary"]), ""),
        key("if", Template, "Only when this template gives true."),
        key("disable", BoolOrTemplate, "Leave it out."),
        key("url_template", Template, "Address of the artifact."),
        key("tag", Template, ""),
        key("extra", Any, ""),
    ],
);

pub(crate) static COMMIT_SIGNING: Shape = shape(
    "commit_signing",
    &[
        key("enabled", Bool, "Whether it is done."),
        key("key", Template, ""),
        key("program", Template, ""),
        key("format", Enum(&["openpgp", "x509", "ssh"]), ""),
    ],
);

pub(crate) static REPO_REF: Shape = shape(
    "repo_ref",
    &[
        key("owner", Template, "Owner on the forge."),
        key("name", Template, "Name."),
        key("token", Template, "Token, usually from the environment."),
        key("token_type", Enum(&["github", "gitlab", "gitea"]), "").pro(),
        key("branch", Template, "Branch."),
        key("git", Map(&GIT_REPO_REF), ""),
        key("pull_request", Map(&PULL_REQUEST), ""),
    ],
);

pub(crate) static COMMIT_AUTHOR: Shape = shape(
    "commit_author",
    &[
        key("name", Template, "Name."),
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
        key("headers", List(&Template), "Headers of the request."),
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
        key("args", List(&Template), "Arguments of the command."),
        key("base_name", Template, ""),
        key("shell_parameter_format", Template, ""),
        key("shells", List(&Template), ""),
    ],
);

pub(crate) static NIX_DEPENDENCY: Shape = shape(
    "nix_dependency",
    &[key("name", Template, "Name.").pro(), key("os", Enum(&["linux", "darwin"]), "").pro()],
);

pub(crate) static WINGET_DEPENDENCY: Shape = shape(
    "winget_dependency",
    &[key("package_identifier", Template, ""), key("minimum_version", Template, "")],
);

pub(crate) static CHOCOLATEY_DEPENDENCY: Shape = shape(
    "chocolatey_dependency",
    &[key("id", Text, "Name of the item for `ids` elsewhere."), key("version", Template, "")],
);

pub(crate) static HOMEBREW_DEPENDENCY: Shape = shape(
    "homebrew_dependency",
    &[
        key("name", Template, "Name.").pro(),
        key("type", Template, "").pro(),
        key("version", Template, "").pro(),
        key("os", Enum(&["mac", "linux"]), "").pro(),
    ],
);

pub(crate) static GIT_REPO_REF: Shape = shape(
    "git_repo_ref",
    &[key("url", Template, "Address."), key("ssh_command", Template, ""), key("private_key", Template, "")],
);

pub(crate) static PULL_REQUEST: Shape = shape(
    "pull_request",
    &[
        key("enabled", Bool, "Whether it is done."),
        key("base", MapOrText(&PULL_REQUEST_BASE, "branch"), ""),
        key("draft", Bool, ""),
        key("token", Template, "Token, usually from the environment."),
        key("check_boxes", Bool, "").pro(),
        key("body", Template, "").pro(),
    ],
);

pub(crate) static HOMEBREW_CASK_HOOK: Shape = shape(
    "homebrew_cask_hook",
    &[key("install", Template, "Commands that install it."), key("uninstall", Template, "")],
);

pub(crate) static PULL_REQUEST_BASE: Shape = shape(
    "pull_request_base",
    &[
        key("owner", Template, "Owner on the forge.").pro(),
        key("name", Template, "Name.").pro(),
        key("branch", Template, "Branch.").pro(),
    ],
);
