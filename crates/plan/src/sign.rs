//! Sign steps: goreleaser's `signs` and `binary_signs`, and goferry's own `[sign]`.
//!
//! goreleaser's rules (2.15.1, internal/pipe/sign): `$name` and `${name}` are expanded first and templates after; names of
//! signatures that do not lie in dist/ are put there; the names in artifacts.json come of a second reading, in which
//! `${artifact}` is the artifact's name and not its path.

mod attest;
mod choice;
mod cosign;

pub(crate) use attest::{Attester, attester};
pub(crate) use cosign::sign_image;

use crate::builds::PlannedBinary;
use crate::draft::Draft;
use crate::graph::{
    Action, ArtifactKind, NativeSign, Output, Services, SignBy, SignCommand, SignSpec, SignedFile, Stage,
    Step, StepId,
};
use choice::Artifact;
use goferry_config::model::{SignItem, Text};
use goferry_config::template::{Fields, expand_shell};
use goferry_report::{Code, Diagnostic};
use std::collections::BTreeMap;

/// goreleaser's default name of a binary's signature.
const BINARY_SIGNATURE: &str = "${artifact}_{{ .Os }}_{{ .Arch }}{{ with .Arm }}v{{ . }}{{ end }}\
    {{ with .Mips }}_{{ . }}{{ end }}{{ if not (eq .Amd64 \"v1\") }}{{ .Amd64 }}{{ end }}";
const SIGNATURE: &str = "${artifact}.sig";

/// `binary_signs`: each binary by itself, as soon as it is verified; archives come after.
pub(crate) fn binaries(d: &Draft<'_>, binaries: &[PlannedBinary], steps: &mut Vec<Step>) {
    if d.options.skips("binary_signs") {
        return;
    }
    let mut ids = vec![];
    for item in &d.config.binary_signs {
        let section = Section { d, item, name: "binary_signs", signature: BINARY_SIGNATURE };
        let Some(id) = section.id(&mut ids) else { continue };
        if d.render.opt(item.artifacts.as_ref(), "binary", &d.fields) == "none" {
            continue;
        }
        let wanted = d.render.list(&item.ids, &d.fields);
        for b in
            binaries.iter().filter(|b| matches!(b.kind, ArtifactKind::Binary | ArtifactKind::UniversalBinary))
        {
            if !(wanted.is_empty() || wanted.contains(&b.id)) {
                continue;
            }
            let own = b.verified.0.strip_prefix("verify/").unwrap_or(&b.verified.0);
            let mut step = section.step(&id, &format!("sign/{id}/{own}"), &[Artifact::of_binary(d, b)]);
            step.target = b.target;
            // And after whatever else judges the binary.
            let judged = |s: &&Step| s.stage != Stage::Sign && s.needs.contains(&b.verified);
            step.needs = std::iter::once(b.verified.clone())
                .chain(steps.iter().filter(judged).map(|s| s.id.clone()))
                .collect();
            if section.does_something(&step) {
                steps.push(step);
            }
        }
    }
}

/// Archives may hold the signatures of binaries, so they wait for them.
pub(crate) fn before_archives(steps: &mut [Step]) {
    let signed: Vec<StepId> = steps.iter().filter(|s| s.stage == Stage::Sign).map(|s| s.id.clone()).collect();
    for s in steps.iter_mut().filter(|s| matches!(s.action, Action::Archive(_) | Action::LinuxPackage(_))) {
        s.needs.extend(signed.iter().cloned());
    }
}

/// `signs` and `[sign]`, over what was planned so far.
pub(crate) fn planned(d: &Draft<'_>, steps: &[Step]) -> Vec<Step> {
    let mut planned = vec![];
    let mut ids = vec![];
    for item in d.config.signs.iter().filter(|_| !d.options.skips("signs")) {
        let section = Section { d, item, name: "signs", signature: SIGNATURE };
        let Some(id) = section.id(&mut ids) else { continue };
        let which = d.render.opt(item.artifacts.as_ref(), "none", &d.fields);
        if which == "none" {
            continue;
        }
        let Some(artifacts) = section.artifacts(&which, steps) else { continue };
        let step = section.step(&id, &format!("sign/{id}"), &artifacts);
        planned.extend(Some(step).filter(|s| section.does_something(s)));
    }
    planned.extend(own(d, steps));
    planned
}

/// Puts what was planned after everything else, and VEX with it.
pub(crate) fn steps(d: &Draft<'_>, planned: Vec<Step>, attester: Option<&Attester>, steps: &mut Vec<Step>) {
    let done: Vec<StepId> = steps.iter().map(|s| s.id.clone()).collect();
    let vex = attester.and_then(|a| attest::vex(d, a, steps));
    for mut step in planned.into_iter().chain(vex) {
        step.needs.clone_from(&done);
        collide(d, &step, steps);
        steps.push(step);
    }
}

/// By whom `[sign]` says to sign; none where it does not, or signing is skipped.
fn signer(d: &Draft<'_>) -> Option<NativeSign> {
    let sign = &d.config.sign;
    if d.options.skips("sign") || !sign.is_configured() {
        return None;
    }
    let text = |t: &Option<Text>| t.as_ref().map(|t| d.render.text(t, &d.fields)).filter(|t| !t.is_empty());
    let key = text(&sign.key);
    if key.is_none() && !sign.keyless {
        return None;
    }
    let services = Services { fulcio: text(&sign.fulcio), rekor: text(&sign.rekor), tsa: text(&sign.tsa) };
    Some(NativeSign {
        log: key.is_none() || services.rekor.is_some(),
        key,
        services,
        ..NativeSign::default()
    })
}

/// `[sign]`.
fn own(d: &Draft<'_>, steps: &[Step]) -> Option<Step> {
    let sign = &d.config.sign;
    if let Some(key) = sign.key.as_ref().filter(|_| !d.options.skips("sign"))
        && d.render.text(key, &d.fields).is_empty()
    {
        let mut problem =
            Diagnostic::error(Code::ConfigValue, "`sign.key` names no key: its template gives nothing");
        problem.labels.extend(key.place.label(""));
        d.render.push(problem.hint("to release without signatures, knowingly: --skip=sign"));
    }
    let native = signer(d)?;
    let item = SignItem {
        artifacts: sign.artifacts.clone(),
        ids: sign.ids.clone(),
        signature: sign.signature.clone(),
        place: sign.place.clone(),
        ..SignItem::default()
    };
    let signature = choice::default_name(d, sign.key.as_ref());
    let section = Section { d, item: &item, name: "sign", signature };
    let which = d.render.opt(sign.artifacts.as_ref(), "checksum", &d.fields);
    if which == "none" {
        return None;
    }
    let (mut files, mut outputs) = (vec![], vec![]);
    for a in section.artifacts(&which, steps)? {
        let env = section.environment(&a);
        let (path, place) = section.place(item.signature.as_ref(), section.signature, &env, &a);
        let by = SignBy::Goferry(NativeSign { bundle: Some(path), ..native.clone() });
        outputs.push(section.output(
            item.signature.as_ref(),
            section.signature,
            place,
            &env,
            &a,
            ArtifactKind::Signature,
        ));
        files.push(SignedFile { name: a.name, path: a.path, by });
    }
    let spec = SignSpec { section: "sign", id: "sign".to_owned(), output: false, files };
    Some(step_of(StepId("sign".to_owned()), spec, outputs)).filter(|s| section.does_something(s))
}

fn step_of(id: StepId, spec: SignSpec, outputs: Vec<Output>) -> Step {
    Step {
        id,
        stage: Stage::Sign,
        target: None,
        needs: vec![],
        action: Action::Sign(spec),
        outputs,
        cacheable: false,
    }
}

/// Two signatures in one place would be one.
fn collide(d: &Draft<'_>, step: &Step, before: &[Step]) {
    let taken = |path: &str| before.iter().flat_map(|s| &s.outputs).any(|o| o.path == path);
    for (i, o) in step.outputs.iter().enumerate() {
        if taken(&o.path) || step.outputs[..i].iter().any(|p| p.path == o.path) {
            let message = format!("{}: {} would be written over", step.id, o.path);
            d.render.push(
                Diagnostic::error(Code::ArchiveNameCollision, message)
                    .hint("give each item of `signs` a `signature` of its own, with ${artifact} in it"),
            );
        }
    }
}

/// One item of a section.
struct Section<'s, 'a> {
    d: &'s Draft<'a>,
    item: &'s SignItem,
    name: &'static str,
    signature: &'static str,
}

impl Section<'_, '_> {
    /// The item's id, if it is the first with it.
    fn id(&self, ids: &mut Vec<String>) -> Option<String> {
        let id = self.d.render.opt(self.item.id.as_ref(), "default", &self.d.fields);
        if ids.contains(&id) {
            let d = Diagnostic::error(
                Code::DuplicateId,
                format!("two items of `{}` have the id `{id}`", self.name),
            );
            self.say(d.hint("give each an id of its own"));
            return None;
        }
        ids.push(id.clone());
        Some(id)
    }

    fn say(&self, mut d: Diagnostic) {
        d.labels.extend(self.item.place.label(""));
        self.d.render.push(d);
    }

    fn artifacts(&self, which: &str, steps: &[Step]) -> Option<Vec<Artifact>> {
        let Some(kinds) = choice::kinds(which) else {
            self.say(Diagnostic::error(
                Code::ConfigValue,
                format!("`{}.artifacts` cannot be `{which}`", self.name),
            ));
            return None;
        };
        let wanted = self.d.render.list(&self.item.ids, &self.d.fields);
        Some(choice::chosen(self.d, steps, kinds, &wanted))
    }

    /// goreleaser warns too; a release without the signatures that were asked for is worth a word.
    fn does_something(&self, step: &Step) -> bool {
        let Action::Sign(spec) = &step.action else { return false };
        if spec.files.is_empty() && self.item.condition.is_none() {
            let message = format!("{}: there is nothing to sign of what `artifacts` names", step.id);
            self.say(Diagnostic::warning(Code::ConfigValue, message));
        }
        !spec.files.is_empty()
    }

    fn step(&self, id: &str, step: &str, artifacts: &[Artifact]) -> Step {
        let (mut files, mut outputs) = (vec![], vec![]);
        for a in artifacts {
            let condition = self.item.condition.as_ref();
            if condition.is_some() && !self.d.render.flag(condition, &a.fields) {
                continue;
            }
            files.push(self.file(a, &mut outputs));
        }
        let output = self.d.render.flag(self.item.output.as_ref(), &self.d.fields);
        let spec = SignSpec { section: self.name, id: id.to_owned(), output, files };
        step_of(StepId(step.to_owned()), spec, outputs)
    }

    fn file(&self, a: &Artifact, outputs: &mut Vec<Output>) -> SignedFile {
        let (d, item) = (self.d, self.item);
        let mut env = self.environment(a);
        let mut own: Vec<String> = env.iter().map(|(k, v)| format!("{k}={v}")).collect();
        for text in &item.env {
            let text = d.render.text(text, &d.fields.with_env(self.whole(&env)));
            if let Some((k, v)) = text.split_once('=') {
                env.insert(k.to_owned(), v.to_owned());
            }
            own.push(text);
        }
        let (signature, place) = self.place(item.signature.as_ref(), self.signature, &env, a);
        env.insert("signature".to_owned(), signature.clone());
        let (certificate, certificate_place) = match &item.certificate {
            Some(text) => self.place(Some(text), "", &env, a),
            None => (String::new(), String::new()),
        };
        env.insert("certificate".to_owned(), certificate.clone());
        own.extend([format!("signature={signature}"), format!("certificate={certificate}")]);
        let by = self.by(&env, own);
        outputs.push(self.output(
            item.signature.as_ref(),
            self.signature,
            place,
            &env,
            a,
            ArtifactKind::Signature,
        ));
        // A key has no certificate, and cosign writes none.
        let keyed = matches!(&by, SignBy::Goferry(n) if n.certificate.is_none());
        if !certificate.is_empty() && !keyed {
            let kind = ArtifactKind::Certificate;
            outputs.push(self.output(item.certificate.as_ref(), "", certificate_place, &env, a, kind));
        }
        SignedFile { name: a.name.clone(), path: a.path.clone(), by }
    }

    /// The command, or what it would have done.
    fn by(&self, env: &BTreeMap<String, String>, own: Vec<String>) -> SignBy {
        let (d, item) = (self.d, self.item);
        let fields = d.fields.with_env(self.whole(env));
        let text =
            |t: &Text| d.render.text(&Text { value: expand(&t.value, env), place: t.place.clone() }, &fields);
        let args: Vec<String> = match item.args.as_slice() {
            [] => {
                ["--output", &env["signature"], "--detach-sig", &env["artifact"]].map(str::to_owned).to_vec()
            }
            args => args.iter().map(text).collect(),
        };
        let program = item.cmd.as_ref().map(|c| c.value.clone());
        let stdin = item.stdin.as_ref().map(text);
        let blob = program.as_ref().and_then(|p| cosign::sign_blob(p, &args));
        match blob.filter(|b| b.file == env["artifact"]) {
            Some(b) => SignBy::Goferry(NativeSign {
                certificate: b.certificate.filter(|_| b.key.is_none()),
                // cosign logs what a key signs unless told not to; here it must be asked for.
                log: b.key.is_none() || b.log == Some(true) || b.log.is_none() && b.services.rekor.is_some(),
                key: b.key,
                bundle: b.bundle,
                signature: b.signature,
                raw: b.raw,
                token: b.token,
                services: b.services,
                env: own,
                stdin,
            }),
            None => {
                let stdin_file =
                    item.stdin_file.as_ref().filter(|_| stdin.is_none()).map(|f| f.value.clone());
                SignBy::Command(SignCommand { program, args, env: own, stdin, stdin_file })
            }
        }
    }

    /// The environment and the artifact's own variables, as `.Env` has them.
    fn whole(&self, own: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        let mut all = self.d.env.clone();
        all.extend(own.iter().map(|(k, v)| (k.clone(), v.clone())));
        all
    }

    fn environment(&self, a: &Artifact) -> BTreeMap<String, String> {
        [("artifactName", &a.name), ("artifact", &a.path), ("artifactID", &a.id), ("digest", &String::new())]
            .map(|(k, v)| (k.to_owned(), v.clone()))
            .into()
    }

    /// A file's path relative to the working directory, and relative to dist.
    fn place(
        &self,
        text: Option<&Text>,
        default: &str,
        env: &BTreeMap<String, String>,
        a: &Artifact,
    ) -> (String, String) {
        let d = self.d;
        let path = self.name(text, default, env, &a.fields);
        if path.is_empty() {
            return (String::new(), String::new());
        }
        let (absolute, dist) = (d.host.abs(&path), d.host.abs(&d.dist));
        match absolute.strip_prefix(&dist) {
            Some(inside) => (path, inside.trim_start_matches('/').to_owned()),
            None => (choice::in_dist(d, &path), path),
        }
    }

    fn name(
        &self,
        text: Option<&Text>,
        default: &str,
        env: &BTreeMap<String, String>,
        fields: &Fields,
    ) -> String {
        let implied = Text::implied(default.to_owned());
        let text = text.unwrap_or(&implied);
        let expanded = Text { value: expand(&text.value, env), place: text.place.clone() };
        self.d.render.text(&expanded, &fields.with_env(self.whole(env)))
    }

    fn output(
        &self,
        text: Option<&Text>,
        default: &str,
        path: String,
        env: &BTreeMap<String, String>,
        a: &Artifact,
        kind: ArtifactKind,
    ) -> Output {
        let mut env = env.clone();
        env.insert("artifact".to_owned(), a.name.clone());
        Output { path, name: self.name(text, default, &env, &a.fields), kind }
    }
}

fn expand(text: &str, env: &BTreeMap<String, String>) -> String {
    expand_shell(text, &|name| env.get(name).cloned())
}
