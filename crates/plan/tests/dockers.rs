//! `dockers_v2` and `dockers` in the plan: which images there are, what they are called and what is in their contexts.
#![expect(clippy::unwrap_used, reason = "the functions that tests share are not marked as tests")]

use goferry_config::model::DockerfileBuilder;
use goferry_config::template::TemplateHost;
use goferry_config::{SourceText, load};
use goferry_plan::facts::{Clock, HostFacts, ProjectFacts, SourceKind, Vcs};
use goferry_plan::graph::{Action, DockerfileSpec, ImageContent, ImageSpec, Plan, Scope};
use goferry_plan::{Options, draft};
use goferry_report::{Diagnostics, Severity};
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
        Err(format!("{path}: there is no such file"))
    }
    fn abs(&self, path: &str) -> String {
        format!("/project/{path}")
    }
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::UNIX_EPOCH
    }
}

fn facts(snapshot: bool) -> ProjectFacts {
    ProjectFacts {
        source: SourceKind::Checkout,
        build_from: SourceKind::Checkout,
        has_repository: false,
        module_path: Some("example.com/tool".to_owned()),
        dir_name: "tool".to_owned(),
        vcs: Vcs { tag: "v1.2.3".to_owned(), ..Vcs::default() },
        clock: Clock { unix: 1_704_164_645, source: "commit".to_owned() },
        mains: vec![],
        configured_mains: BTreeMap::new(),
        pattern_mains: BTreeMap::new(),
        snapshot,
        env: [("FROM_HERE".to_owned(), "of the environment".to_owned())].into(),
    }
}

fn planned(text: &str, snapshot: bool, options: &Options) -> (Plan, Diagnostics) {
    let source = SourceText { name: ".goreleaser.yaml".to_owned(), text: text.to_owned() };
    let (config, problems) = load(Some(source), None);
    assert!(!problems.has_errors(), "{problems:?}");
    let facts = facts(snapshot);
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

const BUILDS: &str = "version: 2\nproject_name: tool\nbuilds:\n  - id: cli\n    env: [CGO_ENABLED=0]\n    binary: tool\n    \
    targets: [linux_amd64_v1, linux_arm64, linux_arm_6, linux_arm_7, windows_amd64]\n";
const TWO: &str = "  - id: daemon\n    env: [CGO_ENABLED=0]\n    binary: bin/toold\n    targets: [linux_amd64_v1]\narchives: [{ids: [cli]}]\n";
const NFPMS: &str =
    "nfpms:\n  - id: debs\n    maintainer: A <a@example.com>\n    ids: [cli]\n    formats: [deb]\n";

fn images(plan: &Plan) -> Vec<&ImageSpec> {
    let of = plan.steps.iter().filter_map(|s| match &s.action {
        Action::Image(spec) => Some(spec),
        _ => None,
    });
    of.collect()
}

fn content(spec: &ImageSpec) -> &DockerfileSpec {
    match &spec.content {
        ImageContent::Dockerfile(content) => content,
        other => panic!("{other:?}"),
    }
}

/// What lies in the context besides the Dockerfile.
fn context(spec: &ImageSpec) -> Vec<&str> {
    let c = content(spec);
    let binaries = c.platforms.iter().flat_map(|p| &p.binaries).map(|b| b.to.as_str());
    let packages = c.packages.iter().map(|p| p.to.as_str());
    binaries.chain(packages).chain(c.files.iter().map(String::as_str)).collect()
}

fn good(text: &str, snapshot: bool) -> Plan {
    let (plan, problems) = planned(text, snapshot, &Options::default());
    assert!(!problems.has_errors(), "{problems:?}");
    plan
}

/// What is said of a configuration, as severity and message.
fn said(text: &str, options: &Options) -> (usize, Vec<(Severity, String)>) {
    let (plan, problems) = planned(text, false, options);
    let of = problems.list.into_iter().map(|d| (d.severity, d.message));
    let of = of.filter(|(_, m)| m.contains("dockers") || m.contains("image") || m.contains("annotation"));
    (images(&plan).len(), of.collect())
}

const V2: &str = "dockers_v2:\n  - id: main\n    ids: [cli]\n    images: ['ghcr.io/a/{{ .ProjectName }}', docker.io/a/tool]\n    \
    tags: ['v{{ .Version }}', '{{ if .IsNightly }}nightly{{ end }}', latest]\n    dockerfile: build/{{ .ProjectName }}.Dockerfile\n    \
    platforms: [linux/amd64, linux/arm/v7, linux/arm64/v8, '{{ if .IsNightly }}linux/386{{ end }}']\n    extra_files: [LICENSE, share/x]\n    \
    labels: {'org.opencontainers.image.{{ \"version\" }}': '{{ .Version }}', empty: '{{ if .IsNightly }}x{{ end }}'}\n    \
    annotations: {plain: a, 'manifest:b': c, 'a:b': d}\n    build_args: {TAG: '{{ .Tag }}'}\n    flags: [--pull, --target=final, '--build-arg', MORE=1]\n";

#[test]
fn an_image_of_several_platforms() {
    let plan = good(&format!("{BUILDS}{TWO}{V2}"), false);
    let [image] = images(&plan)[..] else { panic!("{:?}", images(&plan)) };
    assert_eq!((image.id.as_str(), image.layout.as_str()), ("main", "images/main"));
    assert_eq!(
        image.names,
        [
            "docker.io/a/tool:latest",
            "docker.io/a/tool:v1.2.3",
            "ghcr.io/a/tool:latest",
            "ghcr.io/a/tool:v1.2.3"
        ]
    );
    assert_eq!(
        context(image),
        ["linux/amd64/tool", "linux/arm/v7/tool", "linux/arm64/tool", "LICENSE", "share/x"]
    );
    let c = content(image);
    assert_eq!((c.path.as_str(), c.target.as_deref()), ("build/tool.Dockerfile", Some("final")));
    assert_eq!(c.args, ["MORE=1", "TAG=v1.2.3"]);
    assert_eq!(image.labels, [("org.opencontainers.image.version".to_owned(), "1.2.3".to_owned())].into());
    let of = |scope, key: &str, value: &str| (scope, key.to_owned(), value.to_owned());
    let mut noted = image.annotations.clone();
    noted.sort_by(|a, b| a.2.cmp(&b.2));
    assert_eq!(
        noted,
        [of(Scope::Index, "plain", "a"), of(Scope::Manifest(None), "b", "c"), of(Scope::Index, "a:b", "d")]
    );
    let step = plan.steps.iter().find(|s| s.id.0 == "image/main").unwrap();
    assert_eq!(step.needs.len(), 3, "{:?}", step.needs);
}

#[test]
fn a_snapshot_has_an_image_of_each_platform() {
    let plan = good(&format!("{BUILDS}{V2}"), true);
    let of: Vec<_> = images(&plan).iter().map(|i| (i.id.as_str(), i.names[0].as_str())).collect();
    let of: Vec<_> = of.iter().map(|(id, name)| (*id, name.rsplit_once(':').unwrap().1)).collect();
    assert_eq!(
        of,
        [("main-amd64", "latest-amd64"), ("main-armv7", "latest-armv7"), ("main-arm64v8", "latest-arm64v8")]
    );
}

#[test]
fn what_is_left_out_is_goreleasers() {
    let usual = format!("{BUILDS}dockers_v2:\n  - images: [a/tool]\n");
    let plan = good(&usual, false);
    let image = images(&plan)[0];
    assert_eq!((image.id.as_str(), &image.names[..]), ("tool", &["a/tool:v1.2.3".to_owned()][..]));
    assert_eq!(content(image).path, "Dockerfile");
    assert_eq!(context(image), ["linux/amd64/tool", "linux/arm64/tool"]);
    // kos may have the same id.
    let both =
        format!("{usual}kos:\n  - build: cli\n    repositories: [r/x]\n    platforms: [linux/amd64]\n");
    let ids: Vec<String> = images(&good(&both, false)).iter().map(|i| i.id.clone()).collect();
    assert_eq!(ids, ["tool", "tool-dockers_v2"]);
    for out in ["disable: true", "disable: '{{ .IsNightly }}x{{ not .IsNightly }}'", "images: ['']"] {
        let (made, said) = said(&format!("{BUILDS}dockers_v2:\n  - {out}\n"), &Options::default());
        let disabled = out == "disable: true";
        assert_eq!((made, said.len()), (0, usize::from(!disabled)), "{out}: {said:?}");
    }
    let skip = Options { skip: ["dockers_v2".to_owned()].into(), ..Options::default() };
    assert_eq!(said(&usual, &skip), (0, vec![]));
}

fn docker(keys: &str) -> String {
    format!(
        "{BUILDS}{TWO}{NFPMS}dockers:\n  - image_templates: ['a/tool:{{{{ .Version }}}}-x', '', a/tool:x]\n{keys}"
    )
}

#[test]
fn an_old_image_has_one_platform() {
    for (keys, target, held) in [
        ("", "linux/amd64", &["tool", "bin/toold", "tool_1.2.3_linux_amd64.deb"][..]),
        ("    ids: [daemon]\n    extra_files: [etc]\n", "linux/amd64", &["bin/toold", "etc"]),
        ("    ids: [debs]\n", "linux/amd64", &["tool_1.2.3_linux_amd64.deb"]),
        ("    goarch: arm\n    ids: [cli]\n", "linux/arm/v6", &["tool"]),
        ("    goarch: arm\n    goarm: 7\n    ids: [cli]\n", "linux/arm/v7", &["tool"]),
        ("    goos: windows\n", "windows/amd64", &["tool.exe"]),
    ] {
        let plan = good(&docker(keys), false);
        let [image] = images(&plan)[..] else { panic!("{keys}") };
        assert_eq!(image.names, ["a/tool:1.2.3-x", "a/tool:x"]);
        assert_eq!(context(image), held, "{keys}");
        let [on] = &content(image).platforms[..] else { panic!("{keys}") };
        assert_eq!(on.target, target.parse().unwrap(), "{keys}");
    }
}

#[test]
fn flags_of_docker() {
    let keys = "    ids: [cli]\n    use: buildx\n    build_flag_templates:\n      - --pull\n      - --platform=linux/amd64\n      \
        - '--label=org.opencontainers.image.version={{ .Version }}'\n      - --build-arg\n      - FROM_HERE\n      - --build-arg=NOT_HERE\n      \
        - --annotation=a=b\n      - --target=last\n      - --provenance=false\n      - --cache-from=type=gha\n";
    let (made, of) = said(&docker(keys), &Options::default());
    assert_eq!((made, of), (1, vec![]));
    let plan = good(&docker(keys), false);
    let image = images(&plan)[0];
    assert_eq!(image.labels["org.opencontainers.image.version"], "1.2.3");
    assert_eq!(image.annotations, [(Scope::Everywhere, "a".to_owned(), "b".to_owned())]);
    assert_eq!(content(image).args, ["FROM_HERE=of the environment"]);
    assert_eq!(content(image).target.as_deref(), Some("last"));
}

/// Another builder is given what goferry does not do, as it is, and nothing that would push.
#[test]
fn flags_for_another_builder() {
    let text = docker(
        "    ids: [cli]\n    extra_files: [build]\n    build_flag_templates: [--push, --load, --progress=plain, '--secret', 'id=x,src=y', --squash, \
         --network=none, --provenance=false, '--build-context=base=oci-layout://base', --file=./build/Other, --tag=x, --network=default]\n",
    );
    let alone = said(&text, &Options::default());
    assert!(alone.1.iter().all(|(s, m)| *s == Severity::Error && m.contains("`--squash`")), "{alone:?}");
    let options = Options { dockerfile_builder: Some(DockerfileBuilder::Podman), ..Options::default() };
    let (plan, problems) = planned(&text, false, &options);
    assert!(!problems.has_errors(), "{problems:?}");
    let c = content(images(&plan)[0]);
    let outside = c.outside.as_ref().unwrap();
    assert_eq!(outside.builder, DockerfileBuilder::Podman);
    assert_eq!(
        outside.flags,
        [
            "--progress=plain",
            "--secret",
            "id=x,src=y",
            "--squash",
            "--network=none",
            "--build-context",
            "base=oci-layout://base",
            "--network=default"
        ]
    );
    assert_eq!(outside.always, ["--squash"]);
    assert_eq!(c.run_flags, ["--secret", "--network"]);
    assert_eq!(c.path, "build/Other");
    // goferry.toml says it as well.
    let source = |name: &str, text: &str| Some(SourceText { name: name.to_owned(), text: text.to_owned() });
    let (config, problems) = load(
        source(".goreleaser.yaml", BUILDS),
        source("goferry.toml", "[dockerfile]\nbuilder = \"buildah\"\n"),
    );
    assert!(!problems.has_errors(), "{problems:?}");
    assert_eq!(config.dockerfile_builder, Some(DockerfileBuilder::Buildah));
}

#[test]
fn what_is_held_back() {
    let skip = |word: &str| {
        let text = docker(&format!("    skip_push: {word}\n"));
        let source = SourceText { name: ".goreleaser.yaml".to_owned(), text };
        let (config, _) = load(Some(source), None);
        let mut facts = facts(false);
        facts.vcs.tag = "v1.2.3-rc.1".to_owned();
        draft(&config, &facts, &Options::default(), &Host).image_push().held
    };
    assert_eq!(skip("'{{ if .Prerelease }} auto{{ end }}'")[0].names, ["a/tool:1.2.3-rc.1-x", "a/tool:x"]);
    assert_eq!(skip("true")[0].why, "true");
    assert_eq!((skip("false"), skip("'{{ .Prerelease }}'")), (vec![], vec![]));
}

#[test]
fn what_is_wrong_is_said() {
    let v2 = |keys: &str| format!("{BUILDS}{TWO}dockers_v2:\n  - images: [a/b]\n{keys}");
    let same = v2("    platforms: [linux/amd64]\n").replace("bin/toold", "tool");
    for (text, made, severity, part) in [
        (docker("    build_flag_templates: [--squash]\n"), 1, Severity::Error, "`--squash`"),
        (
            docker("    build_flag_templates: [--build-context=x=.]\n"),
            1,
            Severity::Error,
            "`--build-context`",
        ),
        (docker("    build_flag_templates: [--output=out]\n"), 1, Severity::Error, "`--output` would"),
        (
            docker("    build_flag_templates: [--file=other]\n"),
            1,
            Severity::Error,
            "`--file=other` is not in",
        ),
        (docker("    build_flag_templates: [pull]\n"), 1, Severity::Error, "`pull` is no flag"),
        (docker("    build_flag_templates: ['--label a=b']\n"), 1, Severity::Error, "`--label a`"),
        (docker("    build_flag_templates: [--sbom=true]\n"), 1, Severity::Note, "attestations"),
        (docker("    build_flag_templates: [--platform=linux/arm64]\n"), 1, Severity::Warning, "linux/amd64"),
        (docker("    ids: [cli, nobody]\n"), 0, Severity::Warning, "nothing of nobody"),
        (docker("    goarch: arm64\n    ids: [daemon]\n"), 0, Severity::Warning, "nothing of daemon"),
        (docker("    extra_files: [../x]\n"), 1, Severity::Error, "outside of the context"),
        (
            v2("    platforms: [linux/amd64, linux/s390x]\n    ids: [cli]\n"),
            1,
            Severity::Warning,
            "linux/s390x",
        ),
        (v2("    platforms: [linux/nothing]\n"), 0, Severity::Error, "no platform `linux/nothing`"),
        (v2("    tags: ['']\n"), 0, Severity::Error, "come out empty"),
        (
            v2("    platforms: [linux/amd64]\n    annotations: {'index-descriptor:a': b}\n"),
            1,
            Severity::Warning,
            "descriptor",
        ),
        (same, 1, Severity::Error, "two binaries would be linux/amd64/tool"),
    ] {
        let (count, of) = said(&text, &Options::default());
        assert_eq!(count, made, "{text}\n{of:?}");
        assert!(of.iter().any(|(s, m)| *s == severity && m.contains(part)), "{part}: {of:?}");
    }
}

#[test]
fn only_packages_that_images_hold_are_made_for_images() {
    let options = Options { images_only: true, ..Options::default() };
    let (plan, problems) = planned(&docker("    ids: [debs]\n"), false, &options);
    assert!(!problems.has_errors(), "{problems:?}");
    let made = |s: &&goferry_plan::graph::Step| matches!(s.action, Action::LinuxPackage(_));
    let packages: Vec<&str> = plan.steps.iter().filter(made).map(|s| s.id.0.as_str()).collect();
    assert_eq!(packages, ["package/debs/linux_amd64_v1/deb"]);
}

/// `[[image]]` with a Dockerfile: the same content as `dockers_v2`, names and platforms of its own.
#[test]
fn an_own_image_of_a_dockerfile() {
    let with = |more: &str, snapshot: bool| {
        let source =
            |name: &str, text: &str| Some(SourceText { name: name.to_owned(), text: text.to_owned() });
        let toml = format!("[[image]]\nids = [\"cli\"]\nimages = [\"a/tool\"]\ndockerfile = \"D\"\n{more}");
        let (config, problems) =
            load(source(".goreleaser.yaml", &format!("{BUILDS}{TWO}")), source("goferry.toml", &toml));
        assert!(!problems.has_errors(), "{problems:?}");
        let host = HostFacts {
            host: "linux/amd64".parse().unwrap(),
            go: String::new(),
            runners: BTreeMap::new(),
            ccs: BTreeMap::new(),
            cgo: BTreeMap::new(),
            buildvcs_off: false,
            goflags_of_file: String::new(),
        };
        draft(&config, &facts(snapshot), &Options::default(), &Host).finish(&host)
    };
    let more = "extra_files = [\"share\"]\ntarget = \"last\"\nlabels = { a = \"{{ .Tag }}\" }\n[image.build_args]\nV = \"{{ .Version }}\"\n";
    let (plan, problems) = with(more, false);
    assert!(!problems.has_errors(), "{problems:?}");
    let [image] = images(&plan)[..] else { panic!("{:?}", images(&plan)) };
    assert_eq!((image.names[0].as_str(), image.section.as_str()), ("a/tool:1.2.3", "image"));
    assert_eq!(image.labels["a"], "v1.2.3");
    assert_eq!(
        context(image),
        ["linux/amd64/tool", "linux/arm64/tool", "linux/arm/v6/tool", "linux/arm/v7/tool", "share"]
    );
    let c = content(image);
    assert_eq!((c.path.as_str(), c.target.as_deref()), ("D", Some("last")));
    assert_eq!(c.args, ["V=1.2.3"]);
    let (plan, problems) = with("platforms = [\"linux/arm64\"]\narchive = true\n", true);
    assert!(!problems.has_errors(), "{problems:?}");
    assert_eq!(context(images(&plan)[0]), ["linux/arm64/tool"]);
    assert!(images(&plan)[0].archive.as_ref().is_some_and(|a| a.ends_with(".oci.tar")));
    for (more, part) in [
        ("user = \"1\"\n", "`user` has no meaning beside `dockerfile`"),
        ("entrypoint = []\n", "`entrypoint` has no meaning"),
        ("platforms = [\"linux/nothing\"]\n", "no platform `linux/nothing`"),
    ] {
        let (_, problems) = with(more, false);
        assert!(
            problems.list.iter().any(|d| d.severity == Severity::Error && d.message.contains(part)),
            "{problems:?}"
        );
    }
}
