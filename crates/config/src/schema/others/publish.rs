//! Releases, uploads and the settings of publishing.

use super::super::Kind::{
    Bool, BoolOrTemplate, Enum, EnvItem, Int, List, Map, MapOf, MapOrText, OneOrMany, Template, Text,
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
        key("disable", BoolOrTemplate, ""),
        key("skip_upload", BoolOrTemplate, ""),
        key("prerelease", Template, ""),
        key("make_latest", BoolOrTemplate, ""),
        key("name_template", Template, ""),
        key("ids", List(&Text), ""),
        key("extra_files", List(&MapOrText(&EXTRA_FILE, "glob")), ""),
        key("discussion_category_name", Template, ""),
        key("mode", Enum(&["keep-existing", "append", "prepend", "replace"]), ""),
        key("replace_existing_artifacts", Bool, ""),
        key("include_meta", Bool, ""),
        key("preflight", Map(&RELEASE_PREFLIGHT), ""),
        key("templated_extra_files", List(&Map(&TEMPLATED_EXTRA_FILE)), "").pro(),
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
        key("name_template", Template, ""),
    ],
);

pub(crate) static UPLOAD: Shape = shape(
    "upload",
    &[
        key("name", Template, ""),
        key("ids", List(&Text), ""),
        key("exts", List(&Template), ""),
        key("target", Template, ""),
        key("username", Template, ""),
        key("mode", Enum(&["binary", "archive"]), ""),
        key("method", Template, ""),
        key("checksum_header", Template, ""),
        key("client_x509_cert", Template, ""),
        key("client_x509_key", Template, ""),
        key("trusted_certificates", Template, ""),
        key("checksum", Bool, ""),
        key("signature", Bool, ""),
        key("meta", Bool, ""),
        key("custom_artifact_name", Bool, ""),
        key("custom_headers", MapOf(&Template), ""),
        key("extra_files", List(&MapOrText(&EXTRA_FILE, "glob")), ""),
        key("extra_files_only", Bool, ""),
        key("skip", BoolOrTemplate, ""),
        key("password", Template, ""),
        key("matrix", MapOf(&OneOrMany(&Template)), "").pro(),
        key("templated_extra_files", List(&Map(&TEMPLATED_EXTRA_FILE)), "").pro(),
    ],
);

pub(crate) static BLOB: Shape = shape(
    "blob",
    &[
        key("bucket", Template, ""),
        key("provider", Template, ""),
        key("region", Template, ""),
        key("disable_ssl", Bool, ""),
        key("directory", Template, ""),
        key("kms_key", Template, ""),
        key("ids", List(&Text), ""),
        key("endpoint", Template, ""),
        key("extra_files", List(&MapOrText(&EXTRA_FILE, "glob")), ""),
        key("disable", BoolOrTemplate, ""),
        key("s3_force_path_style", Bool, ""),
        key("acl", Template, ""),
        key("cache_control", List(&Template), ""),
        key("content_disposition", Template, ""),
        key("include_meta", Bool, ""),
        key("extra_files_only", Bool, ""),
        key("templated_extra_files", List(&Map(&TEMPLATED_EXTRA_FILE)), "").pro(),
        key("if", Template, "").pro(),
    ],
);

pub(crate) static PUBLISHER: Shape = shape(
    "publisher",
    &[
        key("name", Template, ""),
        key("ids", List(&Text), ""),
        key("checksum", Bool, ""),
        key("signature", Bool, ""),
        key("meta", Bool, ""),
        key("dir", Template, ""),
        key("cmd", Template, ""),
        key("env", List(&EnvItem), ""),
        key("extra_files", List(&MapOrText(&EXTRA_FILE, "glob")), ""),
        key("disable", BoolOrTemplate, ""),
        key("templated_extra_files", List(&Map(&TEMPLATED_EXTRA_FILE)), "").pro(),
        key("if", Template, "").pro(),
        key("output", Template, "").pro(),
    ],
);

pub(crate) static MCP: Shape = shape(
    "mcp",
    &[
        key("github", Map(&MCP_DETAILS), "").superseded("the keys of `mcp` itself"),
        key("name", Template, ""),
        key("title", Template, ""),
        key("description", Template, ""),
        key("homepage", Template, ""),
        key("packages", List(&Map(&MCP_PACKAGE)), ""),
        key("transports", List(&Map(&MCP_TRANSPORT)), ""),
        key("disable", BoolOrTemplate, ""),
        key("repository", Map(&MCP_REPOSITORY), ""),
        key("auth", Map(&MCP_AUTH), ""),
    ],
);

pub(crate) static IRU: Shape = shape(
    "iru",
    &[
        key("url", Template, ""),
        key("name", Template, ""),
        key("ids", List(&Text), ""),
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
        key("disable", BoolOrTemplate, ""),
    ],
);

pub(crate) static RETRY: Shape =
    shape("retry", &[key("attempts", Int, ""), key("delay", Template, ""), key("max_delay", Template, "")]);

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
    shape("monorepo", &[key("tag_prefix", Template, ""), key("dir", Template, "")]);

pub(crate) static PARTIAL: Shape = shape("partial", &[key("by", Enum(&["goos", "target"]), "")]);

pub(crate) static NIGHTLY: Shape = shape(
    "nightly",
    &[
        key("version_template", Template, ""),
        key("tag_name", Template, ""),
        key("publish_release", Bool, ""),
        key("keep_single_release", Bool, ""),
        key("draft", Bool, ""),
        key("name_template", Template, ""),
    ],
);

pub(crate) static FURY: Shape = shape(
    "fury",
    &[
        key("account", Template, ""),
        key("ids", List(&Text), ""),
        key("formats", List(&Enum(&["apk", "deb", "rpm", "src.rpm"])), ""),
        key("secret_name", Template, ""),
        key("disable", Template, ""),
    ],
);

pub(crate) static CLOUDSMITH: Shape = shape(
    "cloudsmith",
    &[
        key("ids", List(&Text), ""),
        key("organization", Template, ""),
        key("repository", Template, ""),
        key("formats", List(&Enum(&["apk", "deb", "rpm", "src.rpm"])), ""),
        key("secret_name", Template, ""),
        key("disable", Template, ""),
        key("distributions", MapOf(&OneOrMany(&Template)), ""),
        key("component", Template, ""),
        key("republish", BoolOrTemplate, ""),
    ],
);

pub(crate) static BEFORE_PUBLISH_HOOK: Shape = shape(
    "before_publish_hook",
    &[
        key("ids", List(&Text), ""),
        key("dir", Template, ""),
        key("cmd", Template, ""),
        key("env", List(&EnvItem), ""),
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
            "",
        ),
        key("output", Bool, ""),
    ],
);

pub(crate) static TEMPLATE_FILE: Shape = shape(
    "template_file",
    &[key("id", Text, ""), key("src", Template, ""), key("dst", Template, ""), key("mode", Int, "")],
);

pub(crate) static VERIFY: Shape = shape(
    "verify",
    &[
        key("disable", BoolOrTemplate, ""),
        key("commands", List(&Map(&VERIFY_COMMAND)), ""),
        key("retry", Map(&RETRY), ""),
    ],
);

pub(crate) static TELEMETRY: Shape = shape("telemetry", &[key("enabled", Bool, "")]);

pub(crate) static TEMPLATED_FILE: Shape = shape(
    "templated_file",
    &[key("src", Template, ""), key("dst", Template, ""), key("info", Map(&FILE_INFO), "")],
);

pub(crate) static TEMPLATED_EXTRA_FILE: Shape =
    shape("templated_extra_file", &[key("src", Template, ""), key("dst", Template, "")]);

pub(crate) static FROM_URL: Shape =
    shape("from_url", &[key("url", Template, ""), key("headers", MapOf(&Template), "")]);

pub(crate) static FROM_FILE: Shape = shape("from_file", &[key("path", Template, "")]);

pub(crate) static REPO: Shape =
    shape("repo", &[key("owner", Template, ""), key("name", Template, ""), key("token", Template, "")]);

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
        key("package_name", Template, ""),
        key("homepage", Template, ""),
        key("license", Template, ""),
        key("license_url", Template, ""),
        key("copyright", Template, ""),
        key("copyright_url", Template, ""),
        key("short_description", Template, ""),
        key("description", Template, ""),
        key("tags", List(&Template), ""),
        key("release_notes", Template, ""),
        key("release_notes_url", Template, ""),
        key("installation_notes", Template, ""),
    ],
);

pub(crate) static TEMPLATED_EXTRA_FILE_WITH_MODE: Shape = shape(
    "templated_extra_file_with_mode",
    &[key("src", Template, ""), key("dst", Template, ""), key("mode", Int, "")],
);

pub(crate) static MCP_DETAILS: Shape = shape(
    "mcp_details",
    &[
        key("name", Template, ""),
        key("title", Template, ""),
        key("description", Template, ""),
        key("homepage", Template, ""),
        key("packages", List(&Map(&MCP_PACKAGE)), ""),
        key("transports", List(&Map(&MCP_TRANSPORT)), ""),
        key("disable", BoolOrTemplate, ""),
        key("repository", Map(&MCP_REPOSITORY), ""),
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
        key("url", Template, ""),
        key("source", Enum(&["github", "gitlab", "gitea"]), ""),
        key("id", Text, ""),
        key("subfolder", Template, ""),
    ],
);

pub(crate) static MCP_AUTH: Shape = shape(
    "mcp_auth",
    &[key("type", Enum(&["none", "github", "github-oidc"]), ""), key("token", Template, "")],
);

pub(crate) static VERIFY_COMMAND: Shape = shape(
    "verify_command",
    &[
        key("context", Enum(&["dir", "asset", "image"]), ""),
        key("if", Template, ""),
        key("cmd", Template, ""),
        key("args", List(&Template), ""),
        key("env", List(&EnvItem), ""),
    ],
);
