//! System packages of Linux: `nfpms`, `srpm`.

use super::super::Kind::{Bool, Enum, Int, List, Map, MapOf, Mode, Template, Text};
use super::super::core::FILE_INFO;
use super::super::{Shape, key, shape};

pub(crate) static NFPM: Shape = shape(
    "nfpm",
    &[
        key("file_name_template", Template, "Name of the file."),
        key("package_name", Template, "Name of the package."),
        key("epoch", Template, "Epoch of the package version."),
        key("release", Template, "Release of the package, behind its version."),
        key("prerelease", Template, "Prerelease part of the version."),
        key("version_metadata", Template, "Metadata of the version, behind its `+`."),
        key("dependencies", List(&Template), "What it needs."),
        key("recommends", List(&Template), "What it should come with."),
        key("suggests", List(&Template), "What it may come with."),
        key("conflicts", List(&Template), "What it cannot stand beside."),
        key("umask", Mode, "Permission bits taken from files."),
        key("replaces", List(&Template), "What it replaces."),
        key("provides", List(&Template), "What it stands for."),
        key("contents", List(&Map(&NFPM_CONTENT)), "Files of the package."),
        key("scripts", Map(&NFPM_SCRIPTS), "Scripts that the package manager runs."),
        key("rpm", Map(&NFPM_RPM), "What only rpm has."),
        key("deb", Map(&NFPM_DEB), "What only deb has."),
        key("apk", Map(&NFPM_APK), "What only apk has."),
        key("archlinux", Map(&NFPM_ARCH_LINUX), "What only pacman has."),
        key("ipk", Map(&NFPM_IPK), "What only ipk has."),
        key("msix", Map(&NFPM_MSIX), "What only msix has.").later(),
        key(
            "templated_contents",
            List(&Map(&NFPM_CONTENT)),
            "Files of the package that are rendered as templates first.",
        )
        .pro(),
        key("templated_scripts", Map(&NFPM_SCRIPTS), "Scripts that are rendered as templates first.").pro(),
        key("overrides", MapOf(&Map(&NFPM_OVERRIDABLES)), "What differs for one format."),
        key("id", Text, "Name of the item for `ids` elsewhere."),
        key("ids", List(&Text), "Only these items, by id; default all."),
        key(
            "formats",
            List(&Enum(&["apk", "deb", "rpm", "termux.deb", "archlinux", "ipk", "msix"])),
            "Formats.",
        ),
        key("section", Template, "Section of the archive."),
        key("priority", Template, "Priority of the package."),
        key("vendor", Template, "Who distributes it."),
        key("homepage", Template, "Web address of the project."),
        key("maintainer", Template, "Who maintains the package: name and address."),
        key("description", Template, "What the program is."),
        key("license", Template, "Licence, as SPDX writes it."),
        key("bindir", Template, "Where binaries go."),
        key("libdirs", Map(&LIBDIRS), "Where headers and libraries go."),
        key("changelog", Template, "File with the changelog."),
        key("mtime", Template, "Modification time."),
        key("meta", Bool, "Whether the package holds no programs, and is for all architectures."),
        key("if", Template, "Only when this template gives true.").pro(),
        key("goamd64", List(&Template), "Levels of amd64; default all."),
        key("builds", List(&Text), "Builds whose programs go in.").renamed("ids"),
    ],
);

pub(crate) static S_RPM: Shape = shape(
    "s_rpm",
    &[
        key("summary", Template, "One line."),
        key("group", Template, ""),
        key("compression", Template, "Compression."),
        key("signature", Map(&NFPM_RPM_SIGNATURE), "Name of the signature file."),
        key("enabled", Bool, "Whether it is done."),
        key("package_name", Template, "Name of the package."),
        key("epoch", Template, "Epoch of the package version."),
        key("import_path", Template, ""),
        key("section", Template, "Section of the archive."),
        key("maintainer", Template, "Who maintains the package: name and address."),
        key("file_name_template", Template, "Name of the file."),
        key("spec_file", Template, ""),
        key("license", Template, "Licence, as SPDX writes it."),
        key("license_file_name", Template, ""),
        key("vendor", Template, "Who distributes it."),
        key("url", Template, "Address."),
        key("packager", Template, ""),
        key("description", Template, "What the program is."),
        key("bins", MapOf(&Template), ""),
        key("docs", List(&Template), ""),
        key("contents", List(&Map(&NFPM_CONTENT)), "Files of the package."),
    ],
);

/// nfpm 2.48's words; what only rpm knows (ghost, doc, license, readme) is left out of other packages.
const CONTENT_TYPES: &[&str] = &[
    "",
    "file",
    "config",
    "config|noreplace",
    "config|missingok",
    "symlink",
    "dir",
    "tree",
    "config|tree",
    "config|noreplace|tree",
    "config|missingok|tree",
    "ghost",
    "doc",
    "license",
    "licence",
    "readme",
];

pub(crate) static NFPM_CONTENT: Shape = shape(
    "nfpm_content",
    &[
        key("src", Template, "Pattern of files; of a symlink what it names."),
        key("dst", Template, "Where it goes; a folder, if it ends with `/`."),
        key("type", Enum(CONTENT_TYPES), "What it is; a file, if nothing is said."),
        key("packager", Template, "Only in packages of this format."),
        key("file_info", Map(&FILE_INFO), "Owner, mode and time."),
        key("expand", Bool, "Whether `$NAME` in `src` and `dst` is taken from the environment."),
    ],
);

pub(crate) static NFPM_SCRIPTS: Shape = shape(
    "nfpm_scripts",
    &[
        key("preinstall", Template, "Script before installing."),
        key("postinstall", Template, "Script after installing."),
        key("preremove", Template, "Script before removing."),
        key("postremove", Template, "Script after removing."),
    ],
);

pub(crate) static NFPM_RPM: Shape = shape(
    "nfpm_rpm",
    &[
        key("summary", Template, "One line."),
        key("group", Template, "Group of the package."),
        key("compression", Template, "Compression."),
        key("signature", Map(&NFPM_RPM_SIGNATURE), "Who signs it."),
        key("scripts", Map(&NFPM_RPM_SCRIPTS), "Scripts that the package manager runs."),
        key("prefixes", List(&Template), "Folders that may be elsewhere."),
        key("packager", Template, "Who made the package."),
        key("buildhost", Template, "Name of the machine that built it; goferry names none by itself."),
    ],
);

pub(crate) static NFPM_DEB: Shape = shape(
    "nfpm_deb",
    &[
        key("scripts", Map(&NFPM_DEB_SCRIPTS), "Scripts that the package manager runs."),
        key("triggers", Map(&NFPM_DEB_TRIGGERS), "Triggers of dpkg."),
        key("breaks", List(&Template), "What it breaks."),
        key("signature", Map(&NFPM_DEB_SIGNATURE), "Who signs it."),
        key(
            "lintian_overrides",
            List(&Template),
            "Lintian tags that are meant, without the name of the package.",
        ),
        key("compression", Enum(&["gzip", "xz", "zstd", "none"]), "Compression."),
        key("fields", MapOf(&Template), "Further fields of the control file."),
        key("predepends", List(&Template), "What must be configured before it is unpacked."),
    ],
);

pub(crate) static NFPM_APK: Shape = shape(
    "nfpm_apk",
    &[
        key("scripts", Map(&NFPM_APK_SCRIPTS), "Scripts that the package manager runs."),
        key("signature", Map(&NFPM_APK_SIGNATURE), "Who signs it."),
    ],
);

pub(crate) static NFPM_ARCH_LINUX: Shape = shape(
    "nfpm_arch_linux",
    &[
        key("pkgbase", Template, "Name of the split package; default its own."),
        key("packager", Template, "Who made the package."),
        key("scripts", Map(&NFPM_ARCH_LINUX_SCRIPTS), "Scripts that the package manager runs."),
    ],
);

pub(crate) static NFPM_IPK: Shape = shape(
    "nfpm_ipk",
    &[
        key("abi_version", Template, "ABI version."),
        key("alternatives", List(&Map(&NFPM_IPK_ALTERNATIVE)), "Alternatives."),
        key("auto_installed", Bool, "Whether it counts as installed for another."),
        key("essential", Bool, "Whether it must not be removed."),
        key("predepends", List(&Template), "What must be configured before it is unpacked."),
        key("tags", List(&Template), "Tags."),
        key("fields", MapOf(&Template), "Further fields of the control file."),
    ],
);

pub(crate) static NFPM_MSIX: Shape = shape(
    "nfpm_msix",
    &[
        key("arch", Template, ""),
        key("publisher", Template, ""),
        key("identity", Map(&NFPM_MSIX_IDENTITY), ""),
        key("properties", Map(&NFPM_MSIX_PROPERTIES), ""),
        key("applications", List(&Map(&NFPM_MSIX_APPLICATION)), ""),
        key("dependencies", Map(&NFPM_MSIX_DEPENDENCIES), "What it needs."),
        key("capabilities", Map(&NFPM_MSIX_CAPABILITIES), ""),
        key("signature", Map(&NFPM_MSIX_SIGNATURE), "Name of the signature file."),
    ],
);

pub(crate) static NFPM_OVERRIDABLES: Shape = shape(
    "nfpm_overridables",
    &[
        key("file_name_template", Template, "Name of the file."),
        key("package_name", Template, "Name of the package."),
        key("epoch", Template, "Epoch of the package version."),
        key("release", Template, "Release of the package, behind its version."),
        key("prerelease", Template, "Prerelease part of the version."),
        key("version_metadata", Template, "Metadata of the version, behind its `+`."),
        key("dependencies", List(&Template), "What it needs."),
        key("recommends", List(&Template), "What it should come with."),
        key("suggests", List(&Template), "What it may come with."),
        key("conflicts", List(&Template), "What it cannot stand beside."),
        key("umask", Mode, "Permission bits taken from files."),
        key("replaces", List(&Template), "What it replaces."),
        key("provides", List(&Template), "What it stands for."),
        key("contents", List(&Map(&NFPM_CONTENT)), "Files of the package."),
        key("scripts", Map(&NFPM_SCRIPTS), "Scripts that the package manager runs."),
        key("rpm", Map(&NFPM_RPM), "What only rpm has."),
        key("deb", Map(&NFPM_DEB), "What only deb has."),
        key("apk", Map(&NFPM_APK), "What only apk has."),
        key("archlinux", Map(&NFPM_ARCH_LINUX), "What only pacman has."),
        key("ipk", Map(&NFPM_IPK), "What only ipk has."),
        key("msix", Map(&NFPM_MSIX), "What only msix has.").later(),
        key(
            "templated_contents",
            List(&Map(&NFPM_CONTENT)),
            "Files of the package that are rendered as templates first.",
        )
        .pro(),
        key("templated_scripts", Map(&NFPM_SCRIPTS), "Scripts that are rendered as templates first.").pro(),
    ],
);

pub(crate) static LIBDIRS: Shape = shape(
    "libdirs",
    &[
        key("header", Template, "Where headers of C libraries go; default /usr/include."),
        key("carchive", Template, "Where static C libraries go; default /usr/lib."),
        key("cshared", Template, "Where shared C libraries go; default /usr/lib."),
    ],
);

pub(crate) static NFPM_RPM_SIGNATURE: Shape =
    shape("nfpm_rpm_signature", &[key("key_file", Template, "File with the private key.")]);

pub(crate) static NFPM_RPM_SCRIPTS: Shape = shape(
    "nfpm_rpm_scripts",
    &[
        key("pretrans", Template, "Script before the transaction."),
        key("posttrans", Template, "Script after the transaction."),
    ],
);

pub(crate) static NFPM_DEB_SCRIPTS: Shape = shape(
    "nfpm_deb_scripts",
    &[
        key("rules", Template, "Rules file of the package."),
        key("templates", Template, "Templates of debconf."),
        key("config", Template, "Config script of debconf."),
    ],
);

pub(crate) static NFPM_DEB_TRIGGERS: Shape = shape(
    "nfpm_deb_triggers",
    &[
        key("interest", List(&Template), "Names that it waits for."),
        key("interest_await", List(&Template), "The same, and the other package waits for it."),
        key("interest_noawait", List(&Template), "The same, and nobody waits."),
        key("activate", List(&Template), "Names that it activates."),
        key("activate_await", List(&Template), "The same, and it waits."),
        key("activate_noawait", List(&Template), "The same, and it does not wait."),
    ],
);

pub(crate) static NFPM_DEB_SIGNATURE: Shape = shape(
    "nfpm_deb_signature",
    &[
        key("key_file", Template, "File with the private key."),
        key("type", Template, "Role of the signer: `origin`, `maint` or `archive`; default origin."),
    ],
);

pub(crate) static NFPM_APK_SCRIPTS: Shape = shape(
    "nfpm_apk_scripts",
    &[
        key("preupgrade", Template, "Script before upgrading."),
        key("postupgrade", Template, "Script after upgrading."),
    ],
);

pub(crate) static NFPM_APK_SIGNATURE: Shape = shape(
    "nfpm_apk_signature",
    &[
        key("key_file", Template, "File with the private key."),
        key(
            "key_name",
            Template,
            "Name of the public key where it is installed; default the maintainer's address with `.rsa.pub`.",
        ),
    ],
);

pub(crate) static NFPM_ARCH_LINUX_SCRIPTS: Shape = shape(
    "nfpm_arch_linux_scripts",
    &[
        key("preupgrade", Template, "Script before upgrading."),
        key("postupgrade", Template, "Script after upgrading."),
    ],
);

pub(crate) static NFPM_IPK_ALTERNATIVE: Shape = shape(
    "nfpm_ipk_alternative",
    &[
        key("priority", Int, "The highest of all packages wins."),
        key("target", Template, "The program that the link leads to."),
        key("link_name", Template, "Name of the link."),
    ],
);

pub(crate) static NFPM_MSIX_IDENTITY: Shape =
    shape("nfpm_msix_identity", &[key("resource_id", Template, "")]);

pub(crate) static NFPM_MSIX_PROPERTIES: Shape = shape(
    "nfpm_msix_properties",
    &[
        key("display_name", Template, ""),
        key("publisher_display_name", Template, ""),
        key("logo", Template, ""),
    ],
);

pub(crate) static NFPM_MSIX_APPLICATION: Shape = shape(
    "nfpm_msix_application",
    &[
        key("id", Text, "Name of the item for `ids` elsewhere."),
        key("executable", Template, ""),
        key("entry_point", Template, ""),
        key("visual_elements", Map(&NFPM_MSIX_VISUAL_ELEMENTS), ""),
    ],
);

pub(crate) static NFPM_MSIX_DEPENDENCIES: Shape = shape(
    "nfpm_msix_dependencies",
    &[key("target_device_families", List(&Map(&NFPM_MSIX_TARGET_DEVICE_FAMILY)), "")],
);

pub(crate) static NFPM_MSIX_CAPABILITIES: Shape = shape(
    "nfpm_msix_capabilities",
    &[
        key("capabilities", List(&Template), ""),
        key("device_capabilities", List(&Template), ""),
        key("restricted", List(&Template), ""),
    ],
);

pub(crate) static NFPM_MSIX_SIGNATURE: Shape = shape("nfpm_msix_signature", &[key("pfx_file", Template, "")]);

pub(crate) static NFPM_MSIX_VISUAL_ELEMENTS: Shape = shape(
    "nfpm_msix_visual_elements",
    &[
        key("display_name", Template, ""),
        key("description", Template, "What the program is."),
        key("background_color", Template, ""),
        key("square150x150_logo", Template, ""),
        key("square44x44_logo", Template, ""),
    ],
);

pub(crate) static NFPM_MSIX_TARGET_DEVICE_FAMILY: Shape = shape(
    "nfpm_msix_target_device_family",
    &[
        key("name", Template, "Name."),
        key("min_version", Template, ""),
        key("max_version_tested", Template, ""),
    ],
);
