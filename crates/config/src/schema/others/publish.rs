//! Releases, uploads and the settings of publishing.

use super::super::Kind::{
    Any, Bool, BoolOrTemplate, Enum, EnvItem, Int, List, Map, MapOf, MapOrText, OneOrMany, Template, Text,
};
use super::super::core::{EXTRA_FILE, FILE_INFO, MARKDOWN};
use super::super::{Shape, key, shape};

pub(crate) static RELEASE: Shape = shape(
    "release",
    &[
        key("github", Map(&REPO), ""),
        key("gitlab", Map(&REPO), ""),
        key("gitea", Map(&REPO), ""),
        key("draft", Bool, ""),
        key("replace_existing_draft", Bool, ""),
        key("use_existing_draft", Bool, ""),
        key("target_commitish", Template, ""),
        key("tag", Template, "").pro(),
        key("disable", BoolOrTemplate, "Leave it out."),
        key("skip_upload", BoolOrTemplate, "Make the file and do not upload it."),
        key("prerelease", Template, "Prerelease part of the version."),
        key("make_latest", BoolOrTemplate, ""),
        key("name_template", Template, "Name."),
        key("ids", List(&Text), "Only these items, by id; default all."),
        key("extra_files", List(&MapOrText(&EXTRA_FILE, "glob")), "Further files."),
        key("discussion_category_name", Template, ""),
        key("mode", Enum(&["keep-existing", "append", "prepend", "replace"]), "Permission bits."),
        key("replace_existing_artifacts", Bool, ""),
        key("include_meta", Bool, ""),
        key("preflight", Map(&RELEASE_PREFLIGHT), ""),
        key(
            "templated_extra_files",
            List(&Map(&TEMPLATED_EXTRA_FILE)),
            "Further files, rendered as templates first.",
        )
        .pro(),
        key("header", MapOrText(&MARKDOWN, "text"), ""),
        key("footer", MapOrText(&MARKDOWN, "text"), ""),
    ],
);

pub(crate) static MILESTONE: Shape = shape(
    "milestone",
    &[
        key("repo", Map(&REPO), ""),
        key("close", Bool, ""),
        key("fail_on_error", Bool, ""),
        key("name_template", Template, "Name."),
    ],
);

pub(crate) static UPLOAD: Shape = shape(
    "upload",
    &[
        key("name", Template, "Name."),
        key("ids", List(&Text), "Only these items, by id; default all."),
        key("exts", List(&Template), ""),
        key("target", Template, "Address that is uploaded to."),
        key("username", Template, "User name."),
        key("mode", Enum(&["binary", "archive"]), "Permission bits."),
        key("method", Template, ""),
        key("checksum_header", Template, ""),
        key("client_x509_cert", Template, ""),
        key("client_x509_key", Template, ""),
        key("trusted_certificates", Template, ""),
        key("checksum", Bool, "Include checksum files."),
        key("signature", Bool, "Name of the signature file."),
        key("meta", Bool, "Whether metadata.json and artifacts.json go along."),
        key("custom_artifact_name", Bool, ""),
        key("custom_headers", MapOf(&Template), ""),
        key("extra_files", List(&MapOrText(&EXTRA_FILE, "glob")), "Further files."),
        key("extra_files_only", Bool, ""),
        key("skip", BoolOrTemplate, ""),
        key("password", Template, "Password, usually from the environment."),
        key("matrix", MapOf(&OneOrMany(&Template)), "").pro(),
        key(
            "templated_extra_files",
            List(&Map(&TEMPLATED_EXTRA_FILE)),
            "Further files, rendered as templates first.",
        )
        .pro(),
    ],
);

pub(crate) static BLOB: Shape = shape(
    "blob",
    &[
        key("bucket", Template, ""),
        key("provider", Template, ""),
        key("region", Template, ""),
        key("disable_ssl", Bool, ""),
        key("directory", Template, "Directory."),
        key("kms_key", Template, ""),
        key("ids", List(&Text), "Only these items, by id; default all."),
        key("endpoint", Template, ""),
        key("extra_files", List(&MapOrText(&EXTRA_FILE, "glob")), "Further files."),
        key("disable", BoolOrTemplate, "Leave it out."),
        key("s3_force_path_style", Bool, ""),
        key("acl", Template, ""),
        key("cache_control", List(&Template), ""),
        key("content_disposition", Template, ""),
        key("include_meta", Bool, ""),
        key("extra_files_only", Bool, ""),
        key(
            "templated_extra_files",
            List(&Map(&TEMPLATED_EXTRA_FILE)),
            "Further files, rendered as templates first.",
        )
        .pro(),
        key("if", Template, "Only when this template gives true.").pro(),
        key("folder", Any, "Old spelling.").removed("write `directory:`"),
        key("kmskey", Any, "Old spelling.").removed("write `kms_key:`"),
        key("disableSSL", Any, "Old spelling.").removed("write `disable_ssl:`"),
    ],
);

pub(crate) static PUBLISHER: Shape = shape(
    "publisher",
    &[
        key("name", Template, "Name."),
        key("ids", List(&Text), "Only these items, by id; default all."),
        key("checksum", Bool, "Include checksum files."),
        key("signature", Bool, "Name of the signature file."),
        key("meta", Bool, "Whether metadata.json and artifacts.json go along."),
        key("dir", Template, "Working directory."),
        key("cmd", Template, "The command."),
        key("env", List(&EnvItem), "Environment of the command."),
        key("extra_files", List(&MapOrText(&EXTRA_FILE, "glob")), "Further files."),
        key("disable", BoolOrTemplate, "Leave it out."),
        key(
            "templated_extra_files",
            List(&Map(&TEMPLATED_EXTRA_FILE)),
            "Further files, rendered as templates first.",
        )
        .pro(),
        key("if", Template, "Only when this template gives true.").pro(),
        key("output", Template, "Whether the command's output is shown.").pro(),
    ],
);

pub(crate) static MCP: Shape = shape(
    "mcp",
    &[
        key("github", Map(&MCP_DETAILS), "").superseded("the keys of `mcp` itself"),
        key("name", Template, "Name."),
        key("title", Template, "Title."),
        key("description", Template, "What the program is."),
        key("homepage", Template, "Web address of the project."),
        key("packages", List(&Map(&MCP_PACKAGE)), ""),
        key("transports", List(&Map(&MCP_TRANSPORT)), ""),
        key("disable", BoolOrTemplate, "Leave it out."),
        key("repository", Map(&MCP_REPOSITORY), "Repository that the file is committed to."),
        key("auth", Map(&MCP_AUTH), ""),
    ],
);

pub(crate) static IRU: Shape = shape(
    "iru",
    &[
        key("url", Template, "Address."),
        key("name", Template, "Name."),
        key("ids", List(&Text), "Only these items, by id; default all."),
        key("api_token", Template, ""),
        key("library_item_id", Template, ""),
        key("install_type", Enum(&["package", "zip", "image"]), ""),
        key("install_enforcement", Enum(&["install_once", "continuously_enforce", "no_enforcement"]), ""),
        key("unzip_location", Template, ""),
        key("audit_script", Template, ""),
        key("preinstall_script", Template, ""),
        key("postinstall_script", Template, ""),
        key("show_in_self_service", Bool, ""),
        key("self_service_category_id", Template, ""),
        key("self_service_recommended", Bool, ""),
        key("active", Bool, ""),
        key("restart", Bool, ""),
        key("disable", BoolOrTemplate, "Leave it out."),
    ],
);

pub(crate) static RETRY: Shape = shape(
    "retry",
    &[
        key("attempts", Int, "How often."),
        key("delay", Template, "Time before the second attempt."),
        key("max_delay", Template, "Longest time between attempts."),
    ],
);

pub(crate) static GITHUB_UR_LS: Shape = shape(
    "github_ur_ls",
    &[
        key("api", Template, ""),
        key("upload", Template, ""),
        key("download", Template, ""),
        key("skip_tls_verify", Bool, ""),
    ],
);

pub(crate) static GITLAB_UR_LS: Shape = shape(
    "gitlab_ur_ls",
    &[
        key("api", Template, ""),
        key("download", Template, ""),
        key("skip_tls_verify", Bool, ""),
        key("use_package_registry", Bool, ""),
        key("use_job_token", Bool, ""),
    ],
);

pub(crate) static GITEA_UR_LS: Shape = shape(
    "gitea_ur_ls",
    &[key("api", Template, ""), key("download", Template, ""), key("skip_tls_verify", Bool, "")],
);

pub(crate) static INCLUDE: Shape =
    shape("include", &[key("from_url", Map(&FROM_URL), ""), key("from_file", Map(&FROM_FILE), "")]);

pub(crate) static MONOREPO: Shape =
    shape("monorepo", &[key("tag_prefix", Template, ""), key("dir", Template, "Working directory.")]);

pub(crate) static PARTIAL: Shape = shape("partial", &[key("by", Enum(&["goos", "target"]), "")]);

pub(crate) static NIGHTLY: Shape = shape(
    "nightly",
    &[
        key("version_template", Template, ""),
        key("tag_name", Template, ""),
        key("publish_release", Bool, ""),
        key("keep_single_release", Bool, ""),
        key("draft", Bool, ""),
        key("name_template", Template, "Name."),
    ],
);

pub(crate) static FURY: Shape = shape(
    "fury",
    &[
        key("account", Template, ""),
        key("ids", List(&Text), "Only these items, by id; default all."),
        key("formats", List(&Enum(&["apk", "deb", "rpm", "src.rpm"])), "Formats."),
        key("secret_name", Template, ""),
        key("disable", Template, "Leave it out."),
        key("skip", Any, "Old spelling.").removed("write `disable:`"),
    ],
);

pub(crate) static CLOUDSMITH: Shape = shape(
    "cloudsmith",
    &[
        key("ids", List(&Text), "Only these items, by id; default all."),
        key("organization", Template, ""),
        key("repository", Template, "Repository that the file is committed to."),
        key("formats", List(&Enum(&["apk", "deb", "rpm", "src.rpm"])), "Formats."),
        key("secret_name", Template, ""),
        key("disable", Template, "Leave it out."),
        key("distributions", MapOf(&OneOrMany(&Template)), ""),
        key("component", Template, ""),
        key("republish", BoolOrTemplate, ""),
    ],
);

pub(crate) static BEFORE_PUBLISH_HOOK: Shape = shape(
    "before_publish_hook",
    &[
        key("ids", List(&Text), "Only these items, by id; default all."),
        key("dir", Template, "Working directory."),
        key("cmd", Template, "The command."),
        key("env", List(&EnvItem), "Environment of the command."),
        key(
            "artifacts",
            List(&Enum(&[
                "image",
                "checksum",
                "source",
                "package",
                "archive",
                "binary",
                "sbom",
                "installer",
                "diskimage",
            ])),
            "Which kind of artifact.",
        ),
        key("output", Bool, "Whether the command's output is shown."),
    ],
);

pub(crate) static TEMPLATE_FILE: Shape = shape(
    "template_file",
    &[
        key("id", Text, "Name of the item for `ids` elsewhere."),
        key("src", Template, "Source."),
        key("dst", Template, "Destination."),
        key("mode", Int, "Permission bits."),
    ],
);

pub(crate) static VERIFY: Shape = shape(
    "verify",
    &[
        key("disable", BoolOrTemplate, "Leave it out."),
        key("commands", List(&Map(&VERIFY_COMMAND)), ""),
        key("retry", Map(&RETRY), "How often it is tried."),
    ],
);

pub(crate) static TELEMETRY: Shape = shape("telemetry", &[key("enabled", Bool, "Whether it is done.")]);

pub(crate) static TEMPLATED_FILE: Shape = shape(
    "templated_file",
    &[
        key("src", Template, "Source."),
        key("dst", Template, "Destination."),
        key("info", Map(&FILE_INFO), "Owner, mode and time."),
    ],
);

pub(crate) static TEMPLATED_EXTRA_FILE: Shape =
    shape("templated_extra_file", &[key("src", Template, "Source."), key("dst", Template, "Destination.")]);

pub(crate) static FROM_URL: Shape = shape(
    "from_url",
    &[key("url", Template, "Address."), key("headers", MapOf(&Template), "Headers of the request.")],
);

pub(crate) static FROM_FILE: Shape = shape("from_file", &[key("path", Template, "Path of the file.")]);

pub(crate) static REPO: Shape = shape(
    "repo",
    &[
        key("owner", Template, "Owner on the forge."),
        key("name", Template, "Name."),
        key("token", Template, "Token, usually from the environment."),
    ],
);

pub(crate) static RELEASE_PREFLIGHT: Shape =
    shape("release_preflight", &[key("fail_on_error", BoolOrTemplate, "")]);

pub(crate) static WINGET_LOCALE: Shape = shape(
    "winget_locale",
    &[
        key("locale", Template, ""),
        key("publisher", Template, ""),
        key("publisher_url", Template, ""),
        key("publisher_support_url", Template, ""),
        key("privacy_url", Template, ""),
        key("author", Template, ""),
        key("package_name", Template, "Name of the package."),
        key("homepage", Template, "Web address of the project."),
        key("license", Template, "Licence, as SPDX writes it."),
        key("license_url", Template, ""),
        key("copyright", Template, ""),
        key("copyright_url", Template, ""),
        key("short_description", Template, ""),
        key("description", Template, "What the program is."),
        key("tags", List(&Template), "Tags."),
        key("release_notes", Template, ""),
        key("release_notes_url", Template, ""),
        key("installation_notes", Template, ""),
    ],
);

pub(crate) static TEMPLATED_EXTRA_FILE_WITH_MODE: Shape = shape(
    "templated_extra_file_with_mode",
    &[
        key("src", Template, "Source."),
        key("dst", Template, "Destination."),
        key("mode", Int, "Permission bits."),
    ],
);

pub(crate) static MCP_DETAILS: Shape = shape(
    "mcp_details",
    &[
        key("name", Template, "Name."),
        key("title", Template, "Title."),
        key("description", Template, "What the program is."),
        key("homepage", Template, "Web address of the project."),
        key("packages", List(&Map(&MCP_PACKAGE)), ""),
        key("transports", List(&Map(&MCP_TRANSPORT)), ""),
        key("disable", BoolOrTemplate, "Leave it out."),
        key("repository", Map(&MCP_REPOSITORY), "Repository that the file is committed to."),
        key("auth", Map(&MCP_AUTH), ""),
    ],
);

pub(crate) static MCP_PACKAGE: Shape = shape(
    "mcp_package",
    &[
        key("registry_type", Enum(&["oci", "npm", "pypi", "nuget", "mcpb"]), ""),
        key("identifier", Template, ""),
        key("transport", Map(&MCP_TRANSPORT), ""),
    ],
);

pub(crate) static MCP_TRANSPORT: Shape =
    shape("mcp_transport", &[key("type", Enum(&["stdio", "streamable-http", "sse"]), "")]);

pub(crate) static MCP_REPOSITORY: Shape = shape(
    "mcp_repository",
    &[
        key("url", Template, "Address."),
        key("source", Enum(&["github", "gitlab", "gitea"]), ""),
        key("id", Text, "Name of the item for `ids` elsewhere."),
        key("subfolder", Template, ""),
    ],
);

pub(crate) static MCP_AUTH: Shape = shape(
    "mcp_auth",
    &[
        key("type", Enum(&["none", "github", "github-oidc"]), ""),
        key("token", Template, "Token, usually from the environment."),
    ],
);

pub(crate) static VERIFY_COMMAND: Shape = shape(
    "verify_command",
    &[
        key("context", Enum(&["dir", "asset", "image"]), ""),
        key("if", Template, "Only when this template gives true."),
        key("cmd", Template, "The command."),
        key("args", List(&Template), "Arguments of the command."),
        key("env", List(&EnvItem), "Environment of the command."),
    ],
);
