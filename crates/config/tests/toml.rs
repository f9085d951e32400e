//! What a goferry.toml means, alone and beside a .goreleaser.yaml.

use goferry_config::model::{CLibrary, CProvider, Dialect, IsolationRule};
use goferry_config::{Config, SourceText, StarterFacts, load, starter_toml};
use goferry_report::{Code, Diagnostics};

fn source(name: &str, text: &str) -> Option<SourceText> {
    Some(SourceText { name: name.to_owned(), text: text.to_owned() })
}

fn read(text: &str) -> (Config, Diagnostics) {
    load(None, source("goferry.toml", text))
}

#[test]
fn the_native_file() {
    let (config, problems) = read(
        r#"
project_name = "ferry"
targets = ["linux/arm64", "linux/arm/v7"]
env = ["A=b"]

[[builds]]
id = "one"
goarch = [386, "amd64"]
ldflags = "-s -w"
flags = "-v -x"
hooks.pre = "make"

[[archives]]
formats = "zip"
files = ["LICENSE", { src = "docs/*", dst = "docs", info = { mode = 0o600 } }]

[checksum]
algorithm = "sha512"

[verify]
isolation = "required"
timeout = 3
memory = "512M"
args = []
skip = ["linux/mips*"]
glibc = "2.31"

[[verify.binary]]
id = "one"
expect = "v1"

[toolchain]
cc = "zig"
[toolchain.target."linux/arm64"]
cc = "gcc"
"#,
    );
    assert!(problems.list.is_empty(), "{problems:?}");
    assert_eq!(config.dialect, Dialect::Native);
    assert_eq!(config.targets[1].value, "linux/arm/v7");
    assert_eq!(config.builds[0].goarch[0].value, "386");
    assert_eq!(config.builds[0].flags.flags.as_ref().unwrap().len(), 2);
    assert_eq!(config.builds[0].hooks_pre[0].cmd.value, "make");
    assert_eq!(config.archives[0].files.as_ref().unwrap()[1].info.mode, Some(0o600));
    assert_eq!(config.verify.isolation, IsolationRule::Required);
    assert_eq!((config.verify.timeout_seconds, config.verify.memory_bytes), (Some(3), Some(512 << 20)));
    assert_eq!(config.verify.glibc.as_deref(), Some("2.31"));
    assert_eq!(config.verify.args, Some(vec![]), "without arguments is meant");
    assert_eq!(config.verify.binaries[0].expect.as_ref().unwrap().value, "v1");
    assert_eq!(config.toolchain.of("linux/riscv64").cc, Some(CProvider::Zig));
    assert_eq!(config.toolchain.of("linux/arm64").cc, Some(CProvider::Gcc));
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    for (text, code, line, column, word) in [
        ("target = []", Code::UnknownKey, 1, 1, "did you mean `targets`?"),
        ("[verify]\nisolate = 1", Code::UnknownKey, 2, 1, "`verify`"),
        ("[verify]\nisolation = \"of\"", Code::ConfigValue, 2, 13, "did you mean `off`?"),
        ("[verify]\ntimeout = 0", Code::ConfigValue, 2, 11, "one second"),
        ("[verify]\ntimeout = \"10s\"", Code::ConfigType, 2, 11, "a whole number"),
        ("[verify]\nmemory = \"much\"", Code::ConfigValue, 2, 10, "K, M or G"),
        ("[verify]\nglibc = \"bookworm\"", Code::ConfigValue, 2, 9, "cannot be `bookworm`"),
        ("[verify]\nglibc = \"2\"", Code::ConfigValue, 2, 9, "glibc's version"),
        ("[verify]\nglibc = \"2.31.0.1\"", Code::ConfigValue, 2, 9, "glibc's version"),
        ("[[verify.binary]]\nargs = []", Code::ConfigValue, 1, 1, "has no `id`"),
        ("[toolchain]\ncc = \"clang\"", Code::ConfigValue, 2, 6, "allowed: auto, gcc, zig"),
        ("[toolchain]\nglibc = \"new\"", Code::ConfigValue, 2, 9, "cannot be `new`"),
        ("[toolchain.target.\"linux/arm65\"]\ncc = \"zig\"", Code::UnknownTarget, 1, 1, "linux/arm65"),
        ("[sysroot]\npackages = \"libpcap-dev\"", Code::ConfigType, 2, 12, "must be a list"),
        ("[toolchain.target]\n\"linux/arm64\" = 1", Code::ConfigType, 2, 17, "must be a mapping"),
        ("targets = \"linux/arm64\"", Code::ConfigType, 1, 11, "must be a list"),
        ("version = 2", Code::UnknownKey, 1, 1, "unknown key `version`"),
        ("[[builds]]\nid = \"é\"\nx = 1", Code::UnknownKey, 3, 1, "`builds[0]`"),
        ("a = \"é\" b", Code::ConfigSyntax, 1, 9, ""),
        ("[verify", Code::ConfigSyntax, 1, 8, ""),
        ("dist = 'a'\ndist = 'b'", Code::ConfigSyntax, 2, 1, ""),
    ] {
        let (_, problems) = read(text);
        let first = problems.list.first().unwrap_or_else(|| panic!("{text}: nothing said"));
        let label = &first.labels[0];
        assert_eq!((first.code, label.line, label.column), (code, line, column), "{text}\n{problems:?}");
        let said: Vec<_> =
            std::iter::once(&first.message).chain(first.hints.iter().map(|h| &h.text)).collect();
        assert!(said.iter().any(|s| s.contains(word)), "{text}\n{said:?}");
    }
}

#[test]
fn packages_are_one_table_or_several() {
    for (text, formats) in [
        ("[package]\nformats = [\"deb\"]\nif = \"true\"\n", vec![vec!["deb"]]),
        (
            "[[package]]\n[[package]]\nid = \"b\"\nformats = [\"rpm\", \"apk\"]\n",
            vec![vec![], vec!["rpm", "apk"]],
        ),
        ("[[nfpms]]\nformats = [\"ipk\"]\n[package]\nid = \"x\"\n", vec![vec!["ipk"], vec![]]),
    ] {
        let (config, problems) = read(text);
        assert!(problems.list.is_empty(), "{problems:?}");
        assert!(config.unsupported.is_empty(), "{:?}", config.unsupported);
        let found: Vec<Vec<&str>> =
            config.packages.iter().map(|p| p.formats.iter().map(|f| f.value.as_str()).collect()).collect();
        assert_eq!(found, formats, "{text}");
        assert_eq!(config.packages.iter().any(|p| p.native), text.contains("[package"), "{text}");
    }
    let (config, _) = read("[package]\nformats = [\"msix\"]\n");
    assert_eq!(config.unsupported[0].path, "package[0].formats[0]");
}

#[test]
fn overrides_of_a_package_replace_what_they_name() {
    let (config, problems) = read(
        "[package]\ndependencies = [\"a\"]\nrelease = \"1\"\numask = 0o022\ndeb.fields = {A = \"1\", B = \"2\"}\n\
         scripts.preinstall = \"pre\"\n[package.overrides.deb]\ndependencies = [\"b\", \"c\"]\ndeb.fields = {B = \"3\"}\n\
         scripts.postinstall = \"post\"\n",
    );
    assert!(problems.list.is_empty(), "{problems:?}");
    let package = &config.packages[0];
    let deb = package.common.with(&package.overrides["deb"]);
    let texts =
        |list: &[goferry_config::model::Text]| list.iter().map(|t| t.value.clone()).collect::<Vec<_>>();
    assert_eq!(texts(&deb.dependencies), ["b", "c"]);
    assert_eq!((deb.release.unwrap().value.as_str(), deb.umask), ("1", Some(0o022)));
    let fields: Vec<_> = deb.deb.fields.iter().map(|(k, v)| (k.as_str(), v.value.as_str())).collect();
    assert_eq!(fields, [("A", "1"), ("B", "3")]);
    assert_eq!(deb.scripts.keys().collect::<Vec<_>>(), ["postinstall", "preinstall"]);
}

#[test]
fn beside_goreleaser_only_what_it_has_no_word_for() {
    let yaml = "version: 2\ndist: out\nbuilds:\n  - goos: [linux]\n";
    let both = |toml: &str| load(source(".goreleaser.yaml", yaml), source("goferry.toml", toml));
    let (config, problems) = both("[verify]\ntimeout = 5\n");
    assert!(problems.list.is_empty(), "{problems:?}");
    assert_eq!((config.dialect, config.verify.timeout_seconds), (Dialect::Goreleaser, Some(5)));
    assert_eq!(config.sources, [".goreleaser.yaml", "goferry.toml"]);

    let (_, problems) = both("dist = \"dist\"\n");
    let d = &problems.list[0];
    assert_eq!(d.code, Code::ConfigConflict);
    let places: Vec<_> = d.labels.iter().map(|l| (l.source.as_str(), l.line)).collect();
    assert_eq!(places, [("goferry.toml", 1), (".goreleaser.yaml", 2)]);

    let (_, problems) = both("\n[checksum]\nsplit = true\n");
    assert_eq!((problems.list[0].code, problems.list[0].labels.len()), (Code::ConfigConflict, 1));

    let (_, problems) = both("targets = [\"linux/amd64\"]\n");
    assert_eq!((problems.list[0].code, problems.list[0].labels[1].line), (Code::ConfigConflict, 4));
    let quiet =
        load(source("y", "version: 2\nbuilds: [{id: a}]\n"), source("t", "targets = [\"linux/amd64\"]\n"));
    assert!(quiet.1.list.is_empty(), "{:?}", quiet.1);
    assert_eq!(quiet.0.targets.len(), 1);
}

#[test]
fn the_starter_is_a_valid_configuration() {
    let facts = StarterFacts {
        name: "fer\"ry".to_owned(),
        mains: vec![(".".to_owned(), "ferry".to_owned()), ("cmd/oar".to_owned(), "oar".to_owned())],
        has_license: true,
        has_readme: false,
    };
    let text = starter_toml(&facts);
    let (config, problems) = read(&text);
    assert!(problems.list.is_empty(), "{text}\n{problems:?}");
    assert_eq!(config.targets.len(), 6);
    assert_eq!(config.builds[1].main.as_ref().unwrap().value, "./cmd/oar");
    assert_eq!(config.project_name.unwrap().value, "fer\"ry");
    // What is commented out is valid too.
    let setting = |line: &str| line.split_once(" = ").is_some_and(|(key, _)| !key.contains(' '));
    let uncommented: String = text
        .lines()
        .map(|l| l.strip_prefix("# ").filter(|l| setting(l)).unwrap_or(l).to_owned() + "\n")
        .collect();
    assert!(uncommented.contains("\nexpect = "), "{uncommented}");
    let (_, problems) = read(&uncommented);
    assert!(problems.list.is_empty(), "{uncommented}\n{problems:?}");
}

#[test]
fn compilers_and_sysroots_per_target() {
    let (config, problems) = read(
        "[toolchain]\nglibc = \"2.17\"\nfetch = false\n[toolchain.target.\"linux/arm/v7\"]\nlibc = \"musl\"\nlink = \"static\"\n\
         [sysroot]\npackages = [\"libpcap-dev\"]\n[sysroot.target.\"linux/riscv64\"]\npackages = [\"zlib1g-dev\"]\nsuite = \"trixie\"\n",
    );
    assert!(problems.list.is_empty(), "{problems:?}");
    assert!(!config.toolchain.fetch);
    let arm = config.toolchain.of("linux/arm/v7");
    assert_eq!((arm.glibc, arm.libc), (Some((2, 17)), Some(CLibrary::Musl)));
    assert_eq!(config.toolchain.of("linux/arm64").link, None);
    assert_eq!(config.sysroot.of("linux/arm64"), (vec!["libpcap-dev".to_owned()], None));
    let (packages, suite) = config.sysroot.of("linux/riscv64");
    assert_eq!((packages.len(), suite.as_deref()), (2, Some("trixie")));
}
