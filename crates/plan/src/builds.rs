//! Build and verify steps: one pair for each build and target, and for universal binaries.

use crate::draft::{Draft, DraftBuild, import_path};
use crate::facts::HostFacts;
use crate::fields::with_target;
use crate::graph::{Action, ArtifactKind, BuildSpec, Cgo, HookSpec, Output, Stage, Step, StepId, UpxSpec};
use crate::matrix;
use crate::render::Renderer;
use goferry_config::model::{BuildFlags, CLibrary, CLinking, Dialect, Hook, Text};
use goferry_config::template::{Fields, Value, split_words};
use goferry_report::{Code, Diagnostic};
use goferry_target::{Arch, GoTarget, Linking, Os};
use std::collections::BTreeMap;

/// A binary that will exist: what archives group and name.
#[derive(Clone, Debug)]
pub(crate) struct PlannedBinary {
    pub(crate) id: String,
    /// None: universal.
    pub(crate) target: Option<GoTarget>,
    /// Name with its ending and perhaps a folder.
    pub(crate) binary: String,
    pub(crate) ext: String,
    /// Relative to dist.
    pub(crate) path: String,
    pub(crate) built: StepId,
    pub(crate) verified: StepId,
    pub(crate) kind: ArtifactKind,
    /// A universal binary that takes the place of its parts.
    pub(crate) replaces: bool,
    /// The main package where the id is that of several, because a pattern stands for them.
    pub(crate) program: Option<String>,
}

impl PlannedBinary {
    /// goreleaser's key of a platform group: of the variants only GOAMD64, GOARM and GOMIPS split archives (2.15.1).
    pub(crate) fn platform(&self) -> String {
        let Some(t) = self.target else { return "darwin_all".to_owned() };
        match t.arch {
            Arch::Amd64(_)
            | Arch::Arm(_)
            | Arch::Mips(_)
            | Arch::Mipsle(_)
            | Arch::Mips64(_)
            | Arch::Mips64le(_) => t.goreleaser_name(),
            _ => format!("{}_{}", t.os, t.arch.goarch()),
        }
    }
}

/// Everything that the build steps of one target are made from.
struct Making<'d, 'a> {
    d: &'d Draft<'a>,
    host: &'d HostFacts,
    b: &'d DraftBuild,
    target: GoTarget,
}

pub(crate) fn steps(d: &Draft<'_>, host: &HostFacts, steps: &mut Vec<Step>) -> Vec<PlannedBinary> {
    let mut binaries = vec![];
    for b in &d.builds {
        for target in &b.targets {
            let m = Making { d, host, b, target: *target };
            let binary = m.step(steps);
            binaries.push(binary);
        }
    }
    if !d.options.skips("universal_binaries") {
        for (i, u) in d.config.universal_binaries.iter().enumerate() {
            crate::universal::steps(d, u, i, steps, &mut binaries);
        }
    }
    collisions(d, &binaries);
    for b in &binaries {
        let verify = crate::verifies::step(d, host, b, steps);
        steps.push(verify);
    }
    binaries
}

impl Making<'_, '_> {
    fn step(&self, steps: &mut Vec<Step>) -> PlannedBinary {
        let (d, b, target) = (self.d, self.b, self.target);
        let flags = self.flags();
        let base = with_target(&d.fields, Some(&target));
        let mode = flags.buildmode.as_ref().map(|m| d.render.text(m, &base)).filter(|m| !m.is_empty());
        let ext = extension(&target, mode.as_deref());
        let name = d.render.text(&b.binary, &base);
        let binary = if name.ends_with(ext) && !ext.is_empty() { name } else { format!("{name}{ext}") };
        let folder = format!("{}_{}", b.id, target.goreleaser_name());
        let flat = d.render.flag(b.config.no_unique_dist_dir.as_ref(), &base);
        let path = if flat { binary.clone() } else { format!("{folder}/{binary}") };
        // The programs of a pattern share a folder.
        let own = if b.of_pattern { format!("{folder}/{binary}") } else { folder };
        let id = StepId(format!("build/{own}"));
        let fields = self.fields(&base, &binary, ext, &path);
        let kind = match mode.as_deref() {
            Some("c-archive") => ArtifactKind::CArchive,
            Some("c-shared") => ArtifactKind::CShared,
            _ => ArtifactKind::Binary,
        };
        let mut outputs = vec![Output { path: path.clone(), name: binary.clone(), kind }];
        if matches!(kind, ArtifactKind::CArchive | ArtifactKind::CShared) {
            let header = format!("{}.h", path.strip_suffix(ext).unwrap_or(&path));
            let name = header.rsplit('/').next().unwrap_or(&header).to_owned();
            outputs.push(Output { path: header, name, kind: ArtifactKind::CHeader });
        }
        let planned = PlannedBinary {
            id: b.id.clone(),
            target: Some(target),
            binary: binary.clone(),
            ext: ext.to_owned(),
            path,
            verified: StepId(format!("verify/{own}")),
            built: id.clone(),
            kind,
            replaces: false,
            program: b.of_pattern.then(|| b.main.clone()),
        };
        let (action, cacheable) = match &b.config.prebuilt_path {
            Some(p) => (Action::Prebuilt { id: b.id.clone(), path: d.render.text(p, &fields) }, false),
            None => {
                let spec = self.spec(&flags, mode, binary, ext, &fields);
                let cacheable = spec.hooks_pre.is_empty() && spec.hooks_post.is_empty();
                (Action::Build(spec), cacheable)
            }
        };
        steps.push(Step {
            id,
            stage: Stage::Build,
            target: Some(target),
            needs: vec![],
            action,
            outputs,
            cacheable,
        });
        planned
    }

    /// The build's flags with the overrides of this target merged in: env is appended, the rest replaces.
    fn flags(&self) -> BuildFlags {
        let mut out = self.b.config.flags.clone();
        for o in &self.b.config.overrides {
            if !matrix::matches(&o.matches, &self.target, &self.d.fields, &self.d.render) {
                continue;
            }
            let f = &o.flags;
            out.env.extend(f.env.iter().cloned());
            for (to, from) in [
                (&mut out.flags, &f.flags),
                (&mut out.asmflags, &f.asmflags),
                (&mut out.gcflags, &f.gcflags),
                (&mut out.tags, &f.tags),
                (&mut out.ldflags, &f.ldflags),
            ] {
                if from.as_ref().is_some_and(|l| !l.is_empty()) {
                    to.clone_from(from);
                }
            }
            if f.buildmode.is_some() {
                out.buildmode.clone_from(&f.buildmode);
            }
        }
        out
    }

    fn fields(&self, base: &Fields, binary: &str, ext: &str, path: &str) -> Fields {
        let mut f = base.clone();
        let dist = &self.d.dist;
        for (k, v) in [
            ("Name", binary.to_owned()),
            ("Binary", binary.strip_suffix(ext).unwrap_or(binary).to_owned()),
            ("Ext", ext.to_owned()),
            ("ArtifactName", binary.to_owned()),
            ("ArtifactExt", ext.to_owned()),
            ("ArtifactID", self.b.id.clone()),
        ] {
            f.set(k, Value::from(v));
        }
        let absolute = self.d.host.abs(&format!("{dist}/{path}"));
        f.set("Path", Value::from(absolute.clone()));
        f.set("ArtifactPath", Value::from(absolute));
        f
    }

    fn spec(
        &self,
        flags: &BuildFlags,
        buildmode: Option<String>,
        binary: String,
        ext: &str,
        fields: &Fields,
    ) -> BuildSpec {
        let (d, b, r) = (self.d, self.b, &self.d.render);
        let (mut env, fields) = self.env(&flags.env, fields);
        let (cgo, cc_identity) = self.cgo(&mut env);
        let fields = &fields;
        let mut argv: Vec<String> = flags.flags.as_deref().map(|l| r.list(l, fields)).unwrap_or_default();
        // Reproducible by default: no paths of this machine in the binary.
        if !argv.iter().any(|f| f.starts_with("-trimpath") || f.starts_with("--trimpath")) {
            argv.push("-trimpath".to_owned());
        }
        for (name, list) in [("-asmflags", &flags.asmflags), ("-gcflags", &flags.gcflags)] {
            for f in list.as_deref().map(|l| r.list(l, fields)).unwrap_or_default() {
                argv.push(format!("{name}={f}"));
            }
        }
        let tags = flags.tags.as_deref().map(|l| r.list(l, fields)).unwrap_or_default();
        if !tags.is_empty() {
            argv.push(format!("-tags={}", tags.join(",")));
        }
        let ldflags = match &flags.ldflags {
            Some(l) => r.list(l, fields),
            None => r.list(&[Text::implied(self.default_ldflags())], fields),
        };
        let mut ldflags = ldflags.join(" ");
        if cgo == Cgo::On {
            self.c_linking(&mut ldflags, &tags);
        }
        if !ldflags.is_empty() {
            argv.push(format!("-ldflags={ldflags}"));
        }
        let main = match import_path(&d.facts.build_from, &b.dir, &b.main) {
            Some(path) => path,
            None => b.main.clone(),
        };
        BuildSpec {
            id: b.id.clone(),
            target: self.target,
            binary,
            ext: ext.to_owned(),
            tool: r.opt(b.config.tool.as_ref(), "go", fields),
            command: r.opt(b.config.command.as_ref(), "build", fields),
            dir: b.dir.clone(),
            main,
            flags: argv,
            buildmode,
            hooks_pre: hooks(d, &b.config.hooks_pre, fields, "pre-hooks"),
            hooks_post: hooks(d, &b.config.hooks_post, fields, "post-hooks"),
            upx: self.upx(fields),
            mtime: r.unix(b.config.mod_timestamp.as_ref(), fields),
            env,
            default_matrix: b.default_matrix,
            cc_identity,
            cgo,
        }
    }

    fn default_ldflags(&self) -> String {
        let by = match self.d.config.dialect {
            Dialect::Goreleaser => "goreleaser",
            Dialect::Native => "goferry",
        };
        format!(
            "-s -w -X main.version={{{{.Version}}}} -X main.commit={{{{.Commit}}}} -X main.date={{{{.Date}}}} \
             -X main.builtBy={by}"
        )
    }

    /// The build's environment; later items and all flags see it as `.Env`.
    fn env(&self, items: &[Text], fields: &Fields) -> (Vec<(String, String)>, Fields) {
        let mut all = self.d.env.clone();
        let mut fields = fields.clone();
        let mut env = self.d.configured_env.clone();
        for item in items {
            let expanded = Text {
                value: goferry_config::template::expand_shell(&item.value, &|k| {
                    self.d.facts.env.get(k).cloned()
                }),
                place: item.place.clone(),
            };
            let text = self.d.render.text(&expanded, &fields);
            let Some((k, v)) = text.split_once('=') else { continue };
            all.insert(k.to_owned(), v.to_owned());
            env.retain(|(have, _)| have != k);
            env.push((k.to_owned(), v.to_owned()));
            fields.set("Env", crate::fields::env_map(&all));
        }
        if self.d.facts.build_from != self.d.facts.source {
            for text in self.d.render.list(&self.d.config.gomod.env, &fields) {
                env.extend(text.split_once('=').map(|(k, v)| (k.to_owned(), v.to_owned())));
            }
        }
        for (k, v) in self.target.go_env() {
            env.retain(|(have, _)| have != k);
            env.push((k.to_owned(), v));
        }
        (env, fields)
    }

    /// `[toolchain] link`: what the linker is told, and what cannot work.
    fn c_linking(&self, ldflags: &mut String, tags: &[String]) {
        let wanted = self.d.config.toolchain.of(&self.target.to_string());
        let flag = match wanted.link.unwrap_or_default() {
            CLinking::Dynamic => return,
            CLinking::StaticLibgcc => "-static-libgcc",
            CLinking::Static => "-static",
        };
        if flag == "-static" && self.target.os == Os::Darwin {
            self.d.render.push(
                Diagnostic::error(
                    Code::StaticLinking,
                    format!(
                        "{} cannot be linked with `link = \"static\"`: macOS has no static system library",
                        self.target
                    ),
                )
                .hint_with(
                    "link this target as usual:",
                    format!("[toolchain.target.\"{}\"]\nlink = \"dynamic\"", self.target),
                ),
            );
            return;
        }
        let glibc = self.target.os == Os::Linux && wanted.libc.unwrap_or_default() == CLibrary::Gnu;
        let own = |tag: &str| tags.iter().flat_map(|t| t.split([',', ' '])).any(|t| t == tag);
        if flag == "-static" && glibc && !(own("netgo") && own("osusergo")) {
            self.d.render.push(
                Diagnostic::warning(
                    Code::StaticLinking,
                    format!(
                        "{} is linked statically with glibc, which still loads NSS libraries of its own version for host and user names, and cannot dlopen",
                        self.target
                    ),
                )
                .hint_with("let Go look up names itself, in the build:", "tags: [netgo, osusergo]")
                .hint_with("or take a C library that is meant for it:", "[toolchain]\nlibc = \"musl\""),
            );
        }
        if ldflags.contains("-extldflags") {
            self.d.render.push(
                Diagnostic::error(
                    Code::StaticLinking,
                    format!(
                        "{}: `link` of [toolchain] and the build's own -extldflags both say how to link",
                        self.target
                    ),
                )
                .hint(format!("add {flag} to the build's -extldflags and take `link` away")),
            );
            return;
        }
        if !ldflags.is_empty() {
            ldflags.push(' ');
        }
        ldflags.push_str("-linkmode external -extldflags=");
        ldflags.push_str(flag);
    }

    /// Whether cgo is on, and with it the C compiler's name in the environment.
    fn cgo(&self, env: &mut Vec<(String, String)>) -> (Cgo, Option<String>) {
        let d = self.d;
        let get = |env: &[(String, String)], k: &str| {
            env.iter()
                .rev()
                .find(|(have, _)| have == k)
                .map(|(_, v)| v.clone())
                .or_else(|| d.facts.env.get(k).cloned())
                .filter(|v| !v.is_empty())
        };
        let cgo = match get(env, "CGO_ENABLED").as_deref() {
            Some("0") => Cgo::Off,
            Some(_) => Cgo::On,
            None if d.config.dialect == Dialect::Goreleaser => Cgo::GoDecides,
            None => {
                let need = self.host.cgo.get(&self.b.program(self.target));
                let on = need.is_some_and(|n| n.needed);
                env.push(("CGO_ENABLED".to_owned(), if on { "1" } else { "0" }.to_owned()));
                if on { Cgo::On } else { Cgo::Off }
            }
        };
        if cgo != Cgo::On {
            self.external_linking();
            return (cgo, None);
        }
        if let Some(cc) = get(env, "CC") {
            return (cgo, Some(format!("CC={cc}")));
        }
        match self.host.ccs.get(&self.target) {
            Some(Ok(cc)) => {
                env.push(("CC".to_owned(), cc.cc.clone()));
                if !cc.cxx.is_empty() {
                    env.push(("CXX".to_owned(), cc.cxx.clone()));
                }
                (cgo, Some(cc.identity.clone()))
            }
            // In a matrix that nobody chose, the step fails at its turn and the others are kept.
            Some(Err(_)) if self.b.default_matrix => (cgo, None),
            Some(Err(why)) => {
                self.no_compiler(why);
                (cgo, None)
            }
            None => (cgo, None),
        }
    }

    fn no_compiler(&self, why: &Diagnostic) {
        let mut diag = why.clone();
        diag.message = format!("build `{}`: {}", self.b.id, diag.message);
        if let Some(l) = self.b.config.place.label("") {
            diag = diag.label(l);
        }
        self.d.render.push(diag);
    }

    fn external_linking(&self) {
        if self.target.facts().is_none_or(|f| f.linking == Linking::Internal) {
            return;
        }
        let mut diag = Diagnostic::error(
            Code::NeedsExternalLinking,
            format!("{} needs a C toolchain even for pure Go: Go's own linker cannot link it", self.target),
        )
        .hint("leave the pair out of the matrix, or set CGO_ENABLED=1 and CC to a C compiler for it (an Android NDK, Xcode)");
        if let Some(l) = self.b.config.place.label("") {
            diag = diag.label(l);
        }
        self.d.render.push(diag);
    }

    fn upx(&self, fields: &Fields) -> Option<UpxSpec> {
        let (d, r) = (self.d, &self.d.render);
        if d.options.skips("upx") {
            return None;
        }
        let one_of =
            |list: &[Text], have: &str| list.is_empty() || list.iter().any(|t| r.text(t, fields) == have);
        d.config.upx.iter().find_map(|u| {
            let variant_ok = u
                .variants
                .values()
                .all(|list| self.target.arch.variant().is_none_or(|have| one_of(list, &have)));
            let on = r.flag(u.enabled.as_ref(), fields)
                && one_of(&u.ids, &self.b.id)
                && one_of(&u.goos, self.target.os.goos())
                && one_of(&u.goarch, self.target.arch.goarch())
                && variant_ok;
            if !on {
                return None;
            }
            let mut args = vec!["--quiet".to_owned()];
            match r.opt(u.compress.as_ref(), "", fields).as_str() {
                "" => {}
                "best" => args.push("--best".to_owned()),
                n => args.push(format!("-{n}")),
            }
            if u.lzma {
                args.push("--lzma".to_owned());
            }
            if u.brute {
                args.push("--brute".to_owned());
            }
            Some(UpxSpec { program: r.opt(u.binary.as_ref(), "upx", fields), args })
        })
    }
}

/// File name ending of what the go command makes.
fn extension(target: &GoTarget, buildmode: Option<&str>) -> &'static str {
    match (buildmode, target.os) {
        (Some("c-shared"), Os::Windows) => ".dll",
        (Some("c-shared"), Os::Darwin | Os::Ios) => ".dylib",
        (Some("c-shared"), Os::Js | Os::Wasip1) => ".wasm",
        (Some("c-shared"), _) => ".so",
        (Some("c-archive"), Os::Windows) => ".lib",
        (Some("c-archive"), _) => ".a",
        _ => target.facts().map_or("", |f| f.exe_suffix()),
    }
}

/// Hooks, rendered and split into words; none if the user skips them.
pub(crate) fn hooks(d: &Draft<'_>, hooks: &[Hook], fields: &Fields, skip: &str) -> Vec<HookSpec> {
    if d.options.skips(skip) {
        return vec![];
    }
    hooks.iter().filter_map(|h| hook(&d.render, &d.env, h, fields)).collect()
}

/// One hook; `all` is the environment that it sees besides its own.
pub(crate) fn hook(
    render: &Renderer<'_>,
    all: &BTreeMap<String, String>,
    h: &Hook,
    fields: &Fields,
) -> Option<HookSpec> {
    // A hook's own env is seen by its command's template.
    let mut env = vec![];
    let mut all = all.clone();
    let mut fields = fields.clone();
    for item in &h.env {
        let text = render.text(item, &fields);
        if let Some((k, v)) = text.split_once('=') {
            all.insert(k.to_owned(), v.to_owned());
            env.push(text.clone());
            fields.set("Env", crate::fields::env_map(&all));
        }
    }
    let line = render.text(&h.cmd, &fields);
    let labelled = |diag: Diagnostic| match h.cmd.place.label("") {
        Some(l) => diag.label(l),
        None => diag,
    };
    let split = match split_words(&line) {
        Ok(s) => s,
        Err(e) => {
            render.push(labelled(
                Diagnostic::error(
                    Code::HookSplit,
                    format!("the hook `{line}` cannot be split into words: {e}"),
                )
                .hint("hooks never go through a shell; quote special characters, or write")
                .hint_with("a shell out:", "sh -c '…'"),
            ));
            return None;
        }
    };
    if let Some(dropped) = split.dropped {
        render.push(labelled(
            Diagnostic::warning(
                Code::HookSplit,
                format!(
                    "the hook `{line}` ends before `{}`, as in goreleaser: no shell runs it",
                    dropped.trim()
                ),
            )
            .hint_with("to have a shell run all of it:", "sh -c '…'"),
        ));
    }
    if split.words.is_empty() {
        return None;
    }
    Some(HookSpec {
        argv: split.words,
        dir: render.opt(h.dir.as_ref(), "", &fields),
        env,
        output: render.flag(h.output.as_ref(), &fields),
        // As written: what a template put in may be a secret.
        line: h.cmd.value.clone(),
    })
}

fn collisions(d: &Draft<'_>, binaries: &[PlannedBinary]) {
    for (i, b) in binaries.iter().enumerate() {
        if let Some(a) = binaries[..i].iter().find(|a| a.path == b.path) {
            d.render.push(
                Diagnostic::error(
                    Code::ArchiveNameCollision,
                    format!("two binaries would be {}/{}: builds `{}` and `{}`", d.dist, b.path, a.id, b.id),
                )
                .hint("give the builds ids of their own, or put `{{ .Os }}_{{ .Arch }}` into `binary` where no_unique_dist_dir is set, and `{{ .Binary }}` into the name_template of universal binaries"),
            );
        }
    }
}
