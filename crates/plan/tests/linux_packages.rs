//! `nfpms` and `[[package]]` in the plan: which packages there are, what they are called and what is in them.
#![expect(clippy::unwrap_used, reason = "the functions that tests share are not marked as tests")]

use goferry_config::template::TemplateHost;
use goferry_config::{SourceText, load};
use goferry_plan::facts::{Clock, HostFacts, ProjectFacts, SourceKind, Vcs};
use goferry_plan::graph::{Action, LinuxPackageSpec, Plan, ScriptSpec};
use goferry_plan::{Options, draft};
use goferry_report::{Code, Diagnostics};
use std::collections::BTreeMap;

struct Host;

impl TemplateHost for Host {
    fn env(&self, _: &str) -> Option<String> {
        None
    }
    fn env_all(&self) -> Vec<(String, String)> {
        vec![]
    }
    fn read_file(&self, path: &str) -> Result<Vec<u8>, String> {
        match path {
            "t.sh" => Ok(b"#!/bin/sh\n# {{ .PackageName }} {{ .Arch }}\n".to_vec()),
            _ => Err(format!("{path}: there is no such file")),
        }
    }
    fn abs(&self, path: &str) -> String {
        format!("/project/{path}")
    }
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::UNIX_EPOCH
    }
}

fn facts(tag: &str) -> ProjectFacts {
    let env = [
        ("NFPM_PASSPHRASE", "all"),
        ("NFPM_MINE_PASSPHRASE", "of mine"),
        ("NFPM_MINE_RPM_PASSPHRASE", "of rpm"),
        ("FOLDER", "/opt"),
    ];
    ProjectFacts {
        source: SourceKind::Checkout,
        build_from: SourceKind::Checkout,
        has_repository: false,
        module_path: Some("example.com/tool".to_owned()),
        dir_name: "tool".to_owned(),
        vcs: Vcs { tag: tag.to_owned(), ..Vcs::default() },
        clock: Clock { unix: 1_704_164_645, source: "commit".to_owned() },
        mains: vec![],
        configured_mains: BTreeMap::new(),
        pattern_mains: BTreeMap::new(),
        snapshot: false,
        env: env.map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
    }
}

/// The plan of a configuration; TOML if it says `[package`, else YAML.
fn planned(text: &str, tag: &str, options: &Options) -> (Plan, Diagnostics) {
    planned_as(text, tag, options, false)
}

fn planned_as(text: &str, tag: &str, options: &Options, snapshot: bool) -> (Plan, Diagnostics) {
    let source = |name: &str| Some(SourceText { name: name.to_owned(), text: text.to_owned() });
    let (config, problems) = match text.contains("[package") || text.contains("[[package") {
        true => load(None, source("goferry.toml")),
        false => load(source(".goreleaser.yaml"), None),
    };
    assert!(!problems.has_errors(), "{problems:?}");
    let facts = ProjectFacts { snapshot, ..facts(tag) };
    let host = HostFacts {
        host: "linux/amd64".parse().unwrap(),
        go: String::new(),
        runners: BTreeMap::new(),
        ccs: BTreeMap::new(),
        cgo: BTreeMap::new(),
        buildvcs_off: false,
        goflags_of_file: String::new(),
    };
    draft(&config, &facts, options, &Host).finish(&host)
}

fn specs(plan: &Plan) -> Vec<&LinuxPackageSpec> {
    let specs = plan.steps.iter().filter_map(|s| match &s.action {
        Action::LinuxPackage(spec) => Some(&**spec),
        _ => None,
    });
    specs.collect()
}

fn yaml(targets: &str, nfpm: &str) -> String {
    format!(
        "version: 2\nproject_name: tool\nbuilds:\n  - targets: [{targets}]\n    env: [CGO_ENABLED=0]\nnfpms:\n  - maintainer: A <a@example.com>\n{nfpm}"
    )
}

/// Names of the packages' files.
fn files(targets: &str, nfpm: &str) -> Vec<String> {
    let (plan, problems) = planned(&yaml(targets, nfpm), "v1.2.3", &Options::default());
    assert!(!problems.has_errors(), "{problems:?}");
    specs(&plan).into_iter().map(|s| s.file.clone()).collect()
}

#[test]
fn names_and_what_is_left_out() {
    let all = "linux_amd64_v1, linux_amd64_v3, linux_arm_6, linux_mips64le_softfloat, android_arm64, windows_amd64, aix_ppc64";
    for (format, expected) in [
        (
            "deb",
            vec![
                "tool_1.2.3_linux_amd64.deb",
                "tool_1.2.3_linux_amd64v3.deb",
                "tool_1.2.3_linux_armv6.deb",
                "tool_1.2.3_linux_mips64le_softfloat.deb",
            ],
        ),
        ("archlinux", vec!["tool_1.2.3_linux_amd64.pkg.tar.zst", "tool_1.2.3_linux_amd64v3.pkg.tar.zst"]),
        ("termux.deb", vec!["tool_1.2.3_android_arm64.termux.deb"]),
    ] {
        assert_eq!(files(all, &format!("    formats: [{format}]\n")), expected, "{format}");
    }
    assert!(files(all, "    formats: [rpm]\n").contains(&"tool_1.2.3_aix_ppc64.rpm".to_owned()));
    let v3 = "    formats: [deb]\n    goamd64: [v3]\n    file_name_template: '{{ .ConventionalFileName }}'\n";
    assert_eq!(files(all, v3), ["tool_1.2.3_amd64.deb", "tool_1.2.3_armhf.deb", "tool_1.2.3_mips64el.deb"]);
    let own = "    formats: [rpm]\n    release: '7'\n    epoch: '2'\n    package_name: '{{ .ProjectName }}x'\n    \
        file_name_template: '{{ .PackageName }}-{{ .Release }}-{{ .Epoch }}-{{ .Format }}{{ .ConventionalExtension }}'\n";
    assert_eq!(files("linux_amd64", own), ["toolx-7-2-rpm.rpm"]);
    let meta = "    meta: true\n    formats: [deb, rpm, termux.deb]\n";
    assert_eq!(
        files("linux_amd64", meta),
        ["tool_1.2.3_linux_all.deb", "tool_1.2.3_linux_all.rpm", "tool_1.2.3_android_all.termux.deb"]
    );
}

#[test]
fn versions_are_taken_apart() {
    let text = yaml("linux_amd64", "    formats: [deb]\n");
    for (tag, version, prerelease, metadata) in [
        ("v1.2.3", "1.2.3", "", ""),
        ("v1.2.3-rc.1+x.2", "1.2.3", "rc.1", "x.2"),
        ("v2", "2.0.0", "", ""),
        ("nightly", "nightly", "", ""),
    ] {
        let (plan, _) = planned(&text, tag, &Options::default());
        let n = &specs(&plan)[0].name;
        assert_eq!(
            (n.version.as_str(), n.prerelease.as_str(), n.metadata.as_str()),
            (version, prerelease, metadata),
            "{tag}"
        );
    }
    let own = yaml("linux_amd64", "    formats: [deb]\n    prerelease: beta\n    version_metadata: git\n");
    let (plan, _) = planned(&own, "v1.2.3-rc.1+x", &Options::default());
    let n = &specs(&plan)[0].name;
    assert_eq!((n.prerelease.as_str(), n.metadata.as_str()), ("beta", "git"));
}

/// A deb that dpkg refuses is no release; of a snapshot it is said.
#[test]
fn versions_that_no_deb_can_have() {
    let text = yaml("linux_amd64", "    formats: [deb, rpm]\n");
    let (_, problems) = planned(&text, "nightly", &Options::default());
    assert!(problems.has_errors() && problems.list.len() == 1, "{problems:?}");
    assert!(problems.list[0].message.contains("`nightly` does not begin with a digit"), "{problems:?}");
    let snapshot = format!("{text}snapshot: {{version_template: 'main-{{{{ .Tag }}}}'}}\n");
    let (_, problems) = planned_as(&snapshot, "v1.2.3", &Options::default(), true);
    assert!(!problems.has_errors() && problems.list.len() == 1, "{problems:?}");
    assert!(problems.list[0].message.contains("`main-v1.2.3`"), "{problems:?}");
}

#[test]
fn what_is_in_a_package() {
    let text = yaml(
        "linux_arm64",
        "    formats: [deb, rpm]\n    bindir: /opt/{{ .Arch }}/\n    dependencies: [a]\n    contents:\n      - {src: 'c.{{ .Format }}', dst: /etc/c, type: config}\n      \
         - {src: x, dst: $FOLDER/x, expand: true}\n    scripts: {preinstall: p.sh}\n    templated_scripts: {postinstall: t.sh}\n    rpm: {scripts: {pretrans: r.sh}}\n    \
         deb: {lintian_overrides: [a-tag, b-tag], scripts: {rules: rules}}\n    overrides:\n      deb:\n        dependencies: [b, '{{ .Arch }}']\n",
    );
    let (plan, problems) = planned(&text, "v1.2.3", &Options::default());
    assert!(!problems.has_errors(), "{problems:?}");
    let [deb, rpm] = specs(&plan)[..] else { panic!("two packages") };
    assert_eq!(deb.programs.len(), 1);
    assert_eq!(
        (deb.programs[0].dst.as_str(), deb.programs[0].path.as_str()),
        ("/opt/arm64/tool", "tool_linux_arm64_v8.0/tool")
    );
    assert_eq!(
        (deb.relations.depends.clone(), rpm.relations.depends.clone()),
        (vec!["b".to_owned(), "arm64".to_owned()], vec!["a".to_owned()])
    );
    assert_eq!(
        (deb.contents[0].src.as_str(), rpm.contents[0].src.as_str(), deb.contents[1].dst.as_str()),
        ("c.deb", "c.rpm", "/opt/x")
    );
    let lintian = deb.contents[2].text.as_deref();
    assert_eq!((lintian, rpm.contents.len()), (Some("tool: a-tag\ntool: b-tag"), 2));
    let scripts = |s: &LinuxPackageSpec| s.scripts.keys().cloned().collect::<Vec<_>>().join(" ");
    assert_eq!(
        (scripts(deb).as_str(), scripts(rpm).as_str()),
        ("postinstall preinstall rules", "postinstall preinstall pretrans")
    );
    assert_eq!(deb.scripts["postinstall"], ScriptSpec::Text("#!/bin/sh\n# tool arm64\n".to_owned()));
    assert_eq!(
        (deb.umask, deb.description.as_str(), deb.default_mtime),
        (0o002, "no description given", 1_704_164_645)
    );
    let step = plan.steps.iter().find(|s| s.id.0 == "package/default/linux_arm64/deb").unwrap();
    assert_eq!(step.needs[0].0, "verify/tool_linux_arm64_v8.0");
}

/// As goreleaser and nfpm join them.
#[test]
fn folders_of_programs_are_clean() {
    for (folder, dst) in [
        ("./usr//bin", "/usr/bin/tool"),
        ("usr/../opt/", "/opt/tool"),
        ("/", "/tool"),
        ("../x", "/x/tool"),
        ("{{ .ProjectName }}/", "/tool/tool"),
    ] {
        let text = yaml("linux_amd64", &format!("    formats: [deb]\n    bindir: '{folder}'\n"));
        let (plan, problems) = planned(&text, "v1.2.3", &Options::default());
        assert!(!problems.has_errors(), "{problems:?}");
        assert_eq!(specs(&plan)[0].programs[0].dst, dst, "{folder}");
    }
}

#[test]
fn keys_and_their_passphrases() {
    let text = |id: &str| {
        yaml(
            "linux_amd64",
            &format!(
                "    id: {id}\n    formats: [deb, rpm, apk, ipk]\n    deb: {{signature: {{key_file: d.key, type: maint}}}}\n    rpm: {{signature: {{key_file: '{{{{ .ProjectName }}}}.key'}}}}\n"
            ),
        )
    };
    let (plan, _) = planned(&text("mine"), "v1.2.3", &Options::default());
    let signing: Vec<_> = specs(&plan)
        .into_iter()
        .map(|s| {
            s.signing.as_ref().map(|s| (s.key_file.clone(), s.passphrase.clone().unwrap(), s.role.clone()))
        })
        .collect();
    let one = |key: &str, pass: &str, role: &str| Some((key.to_owned(), pass.to_owned(), role.to_owned()));
    assert_eq!(signing, [one("d.key", "of mine", "maint"), one("tool.key", "of rpm", ""), None, None]);
    let shown = serde_json::to_string(&plan).unwrap();
    assert!(!shown.contains("of mine") && !shown.contains("of rpm"), "a passphrase is in the plan");
    let (plan, _) = planned(&text("other"), "v1.2.3", &Options::default());
    assert_eq!(specs(&plan)[0].signing.as_ref().unwrap().passphrase.as_deref(), Some("all"));
    let skip = Options { skip: ["sign".to_owned()].into(), ..Options::default() };
    let (plan, _) = planned(&text("mine"), "v1.2.3", &skip);
    assert!(specs(&plan).iter().all(|s| s.signing.is_none()));
    let wrong = text("mine").replace("type: maint", "type: somebody");
    let (_, problems) = planned(&wrong, "v1.2.3", &Options::default());
    assert!(
        problems.list.iter().any(|d| d.code == Code::ConfigValue && d.message.contains("somebody")),
        "{problems:?}"
    );
}

#[test]
fn the_rest_of_a_release_knows_packages() {
    let text = yaml(
        "linux_amd64",
        "    formats: [deb]\nsboms:\n  - artifacts: package\nsigns:\n  - cmd: x\n    artifacts: package\n    args: [a]\n",
    );
    let (plan, problems) = planned(&text, "v1.2.3", &Options::default());
    assert!(!problems.has_errors(), "{problems:?}");
    let deb = "tool_1.2.3_linux_amd64.deb";
    let step = |id: &str| plan.steps.iter().find(|s| s.id.0 == id).unwrap_or_else(|| panic!("{id}"));
    assert_eq!(step(&format!("sbom/default/{deb}")).outputs[0].path, format!("{deb}.sbom.json"));
    let Action::Checksums(sums) = &step("checksums").action else { panic!("checksums") };
    assert!(sums.files.iter().any(|(name, _, _)| name == deb), "{sums:?}");
    let Action::Sign(sign) = &step("sign/default").action else { panic!("sign") };
    assert_eq!(sign.files.iter().map(|f| f.name.as_str()).collect::<Vec<_>>(), [deb]);
}

#[test]
fn own_packages_and_what_is_skipped() {
    let own = "targets = [\"linux/amd64\"]\n[[builds]]\nid = \"tool\"\nenv = [\"CGO_ENABLED=0\"]\n[[package]]\nmaintainer = \"A <a@example.com>\"\n";
    let count = |options: &Options| {
        let (plan, problems) = planned(own, "v1.2.3", options);
        assert!(!problems.has_errors(), "{problems:?}");
        specs(&plan).into_iter().map(|s| s.format.clone()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(count(&Options::default()), "deb rpm apk");
    assert_eq!(count(&Options { skip: ["package".to_owned()].into(), ..Options::default() }), "");
}

/// Each thing is said once, and what needs no `src` or is for another format is not asked for it.
#[test]
fn nothing_follows_from_what_was_said() {
    for (contents, said) in [
        ("{src: a, dst: '{{ .None }}'}", vec!["the template `{{ .None }}` fails"]),
        ("{dst: /a, type: dir}, {dst: /g, type: ghost}, {dst: /r, packager: apk}", vec![]),
        ("{dst: /a, packager: rpm}", vec!["has no `src`"]),
        ("{src: a, dst: /a, packager: msix}", vec![]),
        ("{src: a, dst: /a, packager: termux.deb}", vec!["no packager `termux.deb`"]),
    ] {
        let text = yaml("linux_amd64", &format!("    formats: [deb, rpm]\n    contents: [{contents}]\n"));
        let (_, problems) = planned(&text, "v1.2.3", &Options::default());
        assert_eq!(problems.list.len(), said.len(), "{contents}: {problems:?}");
        for (d, word) in problems.list.iter().zip(said) {
            assert!(d.message.contains(word), "{contents}: {d:?}");
        }
    }
}

#[test]
fn one_name_that_leaves_is_said_once() {
    let text =
        "[package]\nmaintainer = \"A <a@example.com>\"\nformats = [\"deb\"]\nfile_name_template = \"../x\"\n";
    let (_, problems) = planned(
        &format!("targets = [\"linux/amd64\"]\n[[builds]]\nid = \"tool\"\nenv = [\"CGO_ENABLED=0\"]\n{text}"),
        "v1.2.3",
        &Options::default(),
    );
    let said: Vec<&str> = problems.list.iter().map(|d| d.message.as_str()).collect();
    assert_eq!(said, ["`../x.deb` would not be written into the output folder"]);
}

/// What a hook may yet make is no error before it ran.
#[test]
fn templates_that_hooks_make() {
    let text = yaml(
        "linux_amd64",
        "    formats: [deb]\n    templated_scripts: {preinstall: no.sh}\n    templated_contents: [{src: no.conf, dst: /etc/c}]\n",
    );
    let (_, problems) = planned(&text, "v1.2.3", &Options::default());
    assert_eq!(problems.list.len(), 2, "{problems:?}");
    let (plan, problems) = planned(&text, "v1.2.3", &Options { hooks_pending: true, ..Options::default() });
    assert!(problems.list.is_empty(), "{problems:?}");
    let spec = specs(&plan)[0];
    assert_eq!(spec.scripts["preinstall"], ScriptSpec::File("no.sh".to_owned()));
    assert_eq!((spec.contents[0].src.as_str(), &spec.contents[0].text), ("no.conf", &None));
}

/// Targets, the rest of the item, and what is said of them.
const WRONG: &[(&str, &str, Code, &str)] = &[
    ("linux_amd64", "    formats: []\n", Code::ConfigValue, "names no formats"),
    ("windows_amd64", "    formats: [deb]\n", Code::ConfigValue, "nothing is built"),
    (
        "linux_riscv64, android_arm64",
        "    formats: [archlinux]\n",
        Code::ConfigValue,
        "makes nothing: archlinux is for none of the targets",
    ),
    ("linux_amd64", "    formats: [deb]\n    ids: [x]\n", Code::UnknownId, "no build has the id `x`"),
    ("linux_amd64", "    formats: ['{{ .Tag }}']\n", Code::ConfigValue, "there is no format `v1.2.3`"),
    (
        "linux_amd64",
        "    formats: [deb]\n    overrides: {dep: {umask: 1}}\n",
        Code::ConfigValue,
        "overrides of `dep`",
    ),
    ("linux_amd64", "    formats: [deb]\n    contents: [{src: a}]\n", Code::ConfigValue, "has no `dst`"),
    (
        "linux_amd64",
        "    formats: [deb]\n    contents: [{src: '{{ envOrDefault \"NONE\" \"\" }}', dst: /a}]\n",
        Code::ConfigValue,
        "has no `src`",
    ),
    (
        "linux_amd64",
        "    formats: [deb]\n    contents: [{dst: /a, type: tree}]\n",
        Code::ConfigValue,
        "has no `src`",
    ),
    (
        "linux_amd64",
        "    formats: [deb]\n    contents: [{src: a, dst: /a, packager: foo}]\n",
        Code::ConfigValue,
        "no packager `foo`",
    ),
    (
        "linux_amd64",
        "    formats: [deb]\n    templated_scripts: {preinstall: no.sh}\n",
        Code::ConfigValue,
        "no.sh",
    ),
    ("linux_amd64", "    formats: [deb]\n  - formats: [rpm]\n", Code::DuplicateId, "`default`"),
    ("linux_amd64", "    formats: [deb]\n  - id: b\n    formats: [rpm]\n", Code::ConfigValue, "says nobody"),
    (
        "linux_amd64",
        "    formats: [deb, rpm]\n    dependencies: ['libc6 (>= 2.31)']\n",
        Code::ConfigValue,
        "rpm has no such relation as `libc6 (>= 2.31)`",
    ),
    (
        "linux_amd64",
        "    formats: [deb]\n    file_name_template: '/abs/{{ .PackageName }}'\n",
        Code::ConfigValue,
        "`/abs/tool.deb` would not be written into",
    ),
    (
        "linux_amd64",
        "    formats: [deb]\narchives:\n  - name_template: '../../evil'\n",
        Code::ConfigValue,
        "`../../evil.tar.gz` would not be written into",
    ),
    (
        "linux_amd64",
        "    formats: [deb]\nchecksum: {name_template: '/abs/sums'}\n",
        Code::ConfigValue,
        "`/abs/sums` would not be written into",
    ),
    (
        "linux_arm_6, linux_arm_7",
        "    formats: [deb]\n    file_name_template: '{{ .ConventionalFileName }}'\n",
        Code::ArchiveNameCollision,
        "tool_1.2.3_armhf.deb",
    ),
    (
        "linux_arm64_v8.0, linux_arm64_v9.0",
        "    formats: [deb]\n",
        Code::ArchiveNameCollision,
        "/usr/bin/tool",
    ),
];

#[test]
fn what_is_wrong_is_said() {
    for (targets, nfpm, code, word) in WRONG {
        let (_, problems) = planned(&yaml(targets, nfpm), "v1.2.3", &Options::default());
        let said = problems.list.iter().find(|d| d.code == *code && d.message.contains(word));
        let said = said.unwrap_or_else(|| panic!("{word}: {problems:?}"));
        assert!(!said.labels.is_empty() || word.contains("sums"), "{word}: no place");
    }
}
