//! A docker-bake file of the planned images, for those who stay with BuildKit
//! (<https://docs.docker.com/build/bake/reference/>, the JSON form).
//!
//! Each image is a target which takes the binaries from dist/: bake never builds them. Images of binaries have a Dockerfile inside. Those of
//! Dockerfiles see what goreleaser shows them, which is no folder of the project: the targets of the group `context` lay it out below dist/.

use goferry_image::{Platform, rfc3339};
use goferry_plan::Plan;
use goferry_plan::graph::{Action, BaseSpec, BinariesSpec, DockerfileSpec, ImageContent, ImageSpec, Scope};
use serde_json::{Map, Value, json};
use std::fmt::Write as _;

/// The file as JSON, and what of the images it cannot say.
pub fn bake(plan: &Plan) -> (Value, Vec<String>) {
    let (mut targets, mut contexts) = (Map::new(), Map::new());
    let mut notes = vec![];
    for step in &plan.steps {
        let Action::Image(spec) = &step.action else { continue };
        let key = name(&spec.id);
        let (target, note) = match &spec.content {
            ImageContent::Binaries(content) => (target(plan, spec, content), left_out(spec, content)),
            ImageContent::Dockerfile(content) => {
                contexts.insert(format!("{key}-context"), context(plan, &key, content));
                (of_dockerfile(plan, spec, content), vec![])
            }
        };
        targets.insert(key, target);
        notes.extend(note);
    }
    let keys = |targets: &Map<String, Value>| targets.keys().cloned().collect::<Vec<String>>();
    let mut groups = json!({ "default": { "targets": keys(&targets) } });
    if !contexts.is_empty() {
        groups["context"] = json!({ "targets": keys(&contexts) });
        notes.push("what the Dockerfiles see is laid out first: docker buildx bake context".to_owned());
    }
    targets.extend(contexts);
    let mut file = json!({ "group": groups, "target": targets });
    goferry_plan::secret::hide_json(&mut file);
    (file, notes)
}

/// The output folder as paths of the bake file have it.
fn dist(plan: &Plan) -> &str {
    plan.project.dist.trim_start_matches("./").trim_end_matches('/')
}

/// Where the context of a Dockerfile is laid out.
fn laid_out(plan: &Plan, key: &str) -> String {
    format!("{}/bake/{key}", dist(plan))
}

/// Lays out what a Dockerfile sees. dist/ is a context of its own: what a .dockerignore says of the project is no matter there.
fn context(plan: &Plan, key: &str, content: &DockerfileSpec) -> Value {
    let mut text = format!("FROM scratch\nCOPY {}\n", json!([content.path, "/Dockerfile"]));
    for file in &content.files {
        let to = goferry_image::tree::clean(file);
        let _ = writeln!(text, "COPY {}", json!([file, format!("/{to}")]));
    }
    let binaries = content.platforms.iter().flat_map(|p| &p.binaries).map(|b| (&b.path, &b.to));
    for (path, to) in binaries.chain(content.packages.iter().map(|p| (&p.path, &p.to))) {
        let _ = writeln!(text, "COPY --from=dist {}", json!([path, format!("/{to}")]));
    }
    json!({
        "context": ".",
        "contexts": { "dist": dist(plan) },
        "dockerfile-inline": escaped(&text),
        "output": [format!("type=local,dest={}", laid_out(plan, key))],
    })
}

fn of_dockerfile(plan: &Plan, spec: &ImageSpec, content: &DockerfileSpec) -> Value {
    let platforms: Vec<String> =
        content.platforms.iter().map(|p| super::dockerfile::platform_of(&p.target).to_string()).collect();
    let mut target = common(spec, &platforms);
    target["context"] = laid_out(plan, &name(&spec.id)).into();
    target["dockerfile"] = "Dockerfile".into();
    for line in &content.args {
        let (key, value) = line.split_once('=').unwrap_or((line, ""));
        target["args"][key] = escaped(value).into();
    }
    for (name, instead) in &content.contexts {
        target["contexts"][name] = escaped(instead).into();
    }
    if let Some(stage) = &content.target {
        target["target"] = stage.as_str().into();
    }
    target
}

/// Targets are called by letters, digits, `_` and `-`.
fn name(id: &str) -> String {
    id.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect()
}

fn left_out(spec: &ImageSpec, content: &BinariesSpec) -> Vec<String> {
    let mut out = vec![];
    let mut say = |what: &str| out.push(format!("image {}: {what} is not in the bake file", spec.id));
    let e = content.extras;
    if e.certificates || e.passwd || e.tmp || e.time_zones {
        say("what goferry makes besides (certificates, users, /tmp, time zones)");
    }
    out
}

fn target(plan: &Plan, spec: &ImageSpec, content: &BinariesSpec) -> Value {
    let platforms: Vec<String> =
        content.platforms.iter().map(|p| Platform::of(&p.target).to_string()).collect();
    let mut target = common(spec, &platforms);
    target["context"] = ".".into();
    target["dockerfile-inline"] = escaped(&dockerfile(plan, content)).into();
    if let BaseSpec::Layout { path, name } = &content.base {
        let tag = name.as_ref().map(|n| format!(":{n}")).unwrap_or_default();
        target["contexts"] = json!({ "base": format!("oci-layout://{path}{tag}") });
    }
    target
}

/// What every target says.
fn common(spec: &ImageSpec, platforms: &[String]) -> Value {
    let annotations: Vec<String> = spec
        .annotations
        .iter()
        .map(|(scope, key, value)| {
            let scope = match scope {
                Scope::Everywhere => "index,manifest".to_owned(),
                Scope::Index => "index".to_owned(),
                Scope::Manifest(None) => "manifest".to_owned(),
                Scope::Manifest(Some(platform)) => format!("manifest[{platform}]"),
            };
            format!("{}:{}={}", scope, key, escaped(value))
        })
        .collect();
    let labels: Map<String, Value> =
        spec.labels.iter().map(|(k, v)| (k.clone(), Value::from(escaped(v)))).collect();
    json!({
        "platforms": platforms,
        "tags": spec.names,
        "labels": labels,
        "annotations": annotations,
        "args": { "SOURCE_DATE_EPOCH": spec.created.to_string() },
        "description": format!("{} at {}", spec.id, rfc3339(spec.created)),
    })
}

/// Bake expands `${…}` in every text.
fn escaped(text: &str) -> String {
    text.replace("${", "$${").replace("%{", "%%{")
}

/// A stage per platform, so that each takes its own binaries.
fn dockerfile(plan: &Plan, content: &BinariesSpec) -> String {
    let base = match &content.base {
        BaseSpec::Scratch => "scratch",
        BaseSpec::Layout { .. } => "base",
        BaseSpec::Registry { reference } => reference.as_str(),
    };
    let run = &content.run;
    let mut out = format!("FROM {base} AS image\n");
    let mut line = |text: String| {
        out.push_str(&text);
        out.push('\n');
    };
    for data in content.data.iter().filter(|d| !d.optional) {
        line(format!("COPY {} /{}", quoted(&data.from), data.to));
    }
    if let (Some(folder), BaseSpec::Scratch) = (&run.path, &content.base) {
        line(format!("ENV PATH={folder}"));
    } else if let Some(folder) = &run.path {
        line(format!("ENV PATH=$PATH:{folder}"));
    }
    for (key, value) in run.env.iter().filter_map(|e| e.split_once('=')) {
        line(format!("ENV {key}={}", json!(value)));
    }
    for (word, value) in [("USER", &run.user), ("WORKDIR", &run.workdir), ("STOPSIGNAL", &run.stop_signal)] {
        if !value.is_empty() {
            line(format!("{word} {value}"));
        }
    }
    for port in &run.ports {
        line(format!("EXPOSE {port}"));
    }
    if !run.volumes.is_empty() {
        line(format!("VOLUME {}", json!(run.volumes)));
    }
    let dist = dist(plan);
    for p in &content.platforms {
        let stage = Platform::of(&p.target).to_string().replace('/', "-");
        let _ = writeln!(out, "FROM image AS {stage}");
        for b in &p.binaries {
            let mode = content.mode;
            let from = quoted(&format!("{dist}/{}", b.path));
            let _ = writeln!(out, "COPY --chmod={mode:04o} {from} /{}", b.to);
        }
        let _ = writeln!(out, "ENTRYPOINT {}", json!(p.entrypoint));
        // A new entrypoint drops the base's arguments.
        if !run.cmd.is_empty() {
            let _ = writeln!(out, "CMD {}", json!(run.cmd));
        }
    }
    out.push_str("FROM ${TARGETOS}-${TARGETARCH}${TARGETVARIANT:+-$TARGETVARIANT}\n");
    out
}

/// As an argument that may hold blanks.
fn quoted(path: &str) -> String {
    if path.contains([' ', '"', '\\']) { format!("{:?}", path) } else { path.to_owned() }
}
