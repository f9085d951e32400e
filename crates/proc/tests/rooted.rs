//! A folder as the whole file system of real programs: alone, and with many users as a container has them.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "the functions that tests share are not marked as tests")]

use goferry_proc::guest::EmulatorCommand;
use goferry_proc::root::InRoot;
use goferry_proc::sandbox::{Isolation, SandboxRun, SandboxSpec, Users, run};
use goferry_proc::{Cancel, CommandSpec, Host, Root, SpawnError, Spawner, Status};
use std::path::{Path, PathBuf};

fn helper() -> PathBuf {
    env!("CARGO_BIN_EXE_goferry-sandbox-probe").into()
}

/// Whether this machine grants namespaces: found by the helper, since this executable knows no roles.
fn granted() -> bool {
    Host::new(Cancel::new()).run(&CommandSpec::new("probe", helper())).unwrap().status == Status::Exited(0)
}

/// A folder with a shell, the commands below, and the libraries that they need.
fn tree() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for program in [
        "/bin/sh",
        "/bin/cat",
        "/bin/ls",
        "/bin/chown",
        "/usr/bin/id",
        "/usr/bin/touch",
        "/bin/mkdir",
        "/bin/true",
    ] {
        let real = std::fs::canonicalize(program).unwrap();
        let listed =
            Host::new(Cancel::new()).run(&CommandSpec::new("ldd", "ldd").arg(&real)).unwrap().stdout_text();
        let libraries = listed.split_whitespace().filter(|w| w.starts_with('/')).map(PathBuf::from);
        for file in libraries.chain([PathBuf::from(program)]) {
            let at = dir.path().join(file.strip_prefix("/").unwrap());
            std::fs::create_dir_all(at.parent().unwrap()).unwrap();
            std::fs::copy(std::fs::canonicalize(&file).unwrap(), at).unwrap();
        }
    }
    dir
}

fn go(spec: &SandboxSpec) -> Result<SandboxRun, SpawnError> {
    run(spec, &Host::new(Cancel::new()))
}

fn alone(root: Root, script: &str) -> SandboxSpec {
    SandboxSpec {
        args: vec!["-c".into(), script.into()],
        env: vec![("PATH".into(), "/usr/bin:/bin".into())],
        root: Some(root),
        helper: Some(helper()),
        ..SandboxSpec::new("test", "/bin/sh")
    }
}

#[test]
fn nothing_of_the_host_is_in_sight() {
    let tree = tree();
    let spec = alone(
        Root { user: (7, 8), work: "/made/here".into(), ..Root::new(tree.path()) },
        "id -u; id -g; echo *; cd /; echo *; ls /dev; ls /proc/1/root 2>&1 >/dev/null | cat",
    );
    if !granted() {
        assert!(
            go(&spec).unwrap_err().to_string().to_lowercase().contains("namespaces"),
            "it must be refused"
        );
        return;
    }
    let ran = go(&spec).unwrap();
    assert_eq!(ran.isolation, Isolation::Namespaces);
    let said = ran.finished.stdout_text();
    let expected = "7\n8\n*\nbin dev lib lib64 made proc usr\nfd\nfull\nnull\nrandom\nshm\nstderr\nstdin\nstdout\ntty\nurandom\nzero\n";
    assert!(said.starts_with(expected), "{said} {}", ran.finished.stderr_text());
}

#[test]
fn links_do_not_lead_mounts_out_of_the_folder() {
    let (tree, outside) = (tree(), tempfile::tempdir().unwrap());
    std::os::unix::fs::symlink(outside.path(), tree.path().join("dev")).unwrap();
    let ran = go(&alone(Root::new(tree.path()), "echo ran"));
    assert!(ran.is_err(), "{:?}", ran.map(|r| r.finished.stdout_text()));
    assert!(std::fs::read_dir(outside.path()).unwrap().next().is_none());
}

#[test]
fn an_emulator_that_cannot_be_registered_is_called() {
    if !granted() {
        return;
    }
    let tree = tree();
    // Anything that starts its argument does for an emulator here: env.
    let env = std::fs::canonicalize("/usr/bin/env").unwrap();
    let ran = go(&SandboxSpec {
        emulator: Some(EmulatorCommand { program: env, args: vec!["CALLED=yes".into()] }),
        ..alone(Root::new(tree.path()), "echo $CALLED")
    });
    assert_eq!(ran.unwrap().finished.stdout_text(), "yes\n");
}

/// Runs a script in the folder as a container's root, or as `user`.
fn as_container(dir: &Path, user: (u32, u32), script: &str) -> Option<SandboxRun> {
    let orders = InRoot {
        root: Root { user, ..Root::new(dir) },
        argv: ["/bin/sh", "-c", script].map(Into::into).to_vec(),
        env: vec![("PATH".into(), "/usr/bin:/bin".into())],
        emulator: None,
        mounts: vec![],
    };
    let ran = go(&SandboxSpec {
        args: vec!["in-root".into(), serde_json::to_string(&orders).unwrap().into()],
        users: Users::Many,
        helper: Some(helper()),
        ..SandboxSpec::new("test", helper())
    });
    match ran {
        Ok(ran) => Some(ran),
        // Subordinate numbers are the administrator's to give; CI runs as root, who needs none.
        Err(e) if std::env::var_os("CI").is_none() && e.to_string().contains("subuid") => None,
        Err(e) => panic!("{e}"),
    }
}

#[test]
fn a_container_has_many_users() {
    if !granted() {
        return;
    }
    let tree = tree();
    let ran = as_container(
        tree.path(),
        (0, 0),
        "id -u; touch /f; chown 33:44 /f; ls -ln /f; mkdir /d; chown 33 /d",
    );
    let Some(ran) = ran else { return };
    let said = ran.finished.stdout_text();
    assert_eq!(ran.finished.status, Status::Exited(0), "{}", ran.finished.stderr_text());
    assert!(said.starts_with("0\n-rw") && said.contains(" 33 44 "), "{said}");
    // A user of it is no root.
    let ran =
        as_container(tree.path(), (33, 44), "id -u; touch /d/own && echo may; touch /not || echo may not")
            .unwrap();
    assert_eq!(ran.finished.stdout_text(), "33\nmay\nmay not\n", "{}", ran.finished.stderr_text());
}

#[test]
fn a_containers_root_is_none_outside() {
    if !granted() {
        return;
    }
    let tree = tree();
    let script = "echo 1 >/proc/sys/kernel/panic; cat /proc/self/status; touch /proc/sysrq-trigger; exit 9";
    let Some(ran) = as_container(tree.path(), (0, 0), script) else { return };
    assert_eq!(ran.finished.status, Status::Exited(9));
    let (said, complained) = (ran.finished.stdout_text(), ran.finished.stderr_text());
    assert!(complained.contains("panic"), "the settings of the host are open: {complained}");
    let bounding = said.lines().find_map(|l| l.strip_prefix("CapBnd:\t")).unwrap();
    let admin = 1 << 21;
    assert_eq!(u64::from_str_radix(bounding, 16).unwrap() & admin, 0, "{bounding}");
}
