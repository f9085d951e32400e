//! gdb's command line, and the same as a configuration of an editor. Pure.

use super::Debuggee;
use goferry_proc::CommandSpec;
use serde_json::{Value, json};
use std::ffi::OsString;
use std::path::Path;

/// Commands that come before a program is there: what may be loaded, and what Go's signals mean.
fn settings(debuggee: &Debuggee) -> Vec<String> {
    // Go's runtime interrupts its threads by SIGURG, many times a second (runtime/signal_unix.go, sigPreempt).
    let mut out = vec!["handle SIGURG nostop noprint pass".to_owned()];
    if let Some(root) = &debuggee.sysroot {
        out.push(format!("set sysroot {}", root.display()));
    }
    out
}

/// gdb's arguments: attached at `address` (a socket file, or host and port), stopped at the breakpoint; then the caller's commands.
pub(super) fn arguments(
    debuggee: &Debuggee,
    address: &str,
    scripts: &[OsString],
    batch: bool,
) -> Vec<OsString> {
    let mut out: Vec<OsString> = vec!["-q".into()];
    if batch {
        out.push("-batch".into());
    }
    if let Some(script) = &debuggee.script {
        // Programs name the script of the Go that built them, gdb loads it only from folders that it is told to trust.
        let folder = script.parent().unwrap_or(script);
        out.extend(["-iex".into(), format!("add-auto-load-safe-path {}", folder.display()).into()]);
    }
    let commands = settings(debuggee).into_iter().chain([
        format!("target remote {address}"),
        format!("break {}", debuggee.break_at),
        "continue".to_owned(),
    ]);
    for c in commands {
        out.extend(["-ex".into(), c.into()]);
    }
    for s in scripts {
        out.extend(["-x".into(), s.clone()]);
    }
    out.push(debuggee.file.clone().into());
    out
}

/// The line that attaches a gdb to an address.
pub(super) fn attach_line(debuggee: &Debuggee, address: &str) -> String {
    let args = arguments(debuggee, address, &[], false);
    CommandSpec::new("", "gdb-multiarch").args(args).command_line()
}

/// VS Code's launch.json, for the extension ms-vscode.cpptools.
pub(super) fn launch(debuggee: &Debuggee, address: &str) -> Value {
    let trust = debuggee.script.as_deref().and_then(Path::parent);
    let trust = trust.map(|folder| format!("add-auto-load-safe-path {}", folder.display()));
    let first = trust.into_iter().chain(settings(debuggee)).chain([format!("break {}", debuggee.break_at)]);
    let commands: Vec<Value> = first.map(|text| json!({ "text": text, "ignoreFailures": false })).collect();
    json!({
        "version": "0.2.0",
        "configurations": [{
            "name": format!("goferry debug {}", debuggee.target),
            "type": "cppdbg",
            "request": "launch",
            "program": debuggee.file,
            "cwd": "${workspaceFolder}",
            "MIMode": "gdb",
            "miDebuggerPath": "gdb-multiarch",
            "miDebuggerServerAddress": address,
            "stopAtEntry": false,
            "setupCommands": commands,
        }],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::debug::Stub;
    use goferry_emulate::RunnerCommand;

    fn debuggee() -> Debuggee {
        let command =
            RunnerCommand { program: "/q/tool".into(), args: vec!["-L".into(), "/s r".into()], env: vec![] };
        Debuggee {
            target: "linux/arm64".parse().unwrap(),
            file: "/c/x".into(),
            sysroot: Some("/s r".into()),
            script: Some("/go/src/runtime/runtime-gdb.py".into()),
            break_at: "main.main".to_owned(),
            stub: Stub::Qemu(command),
        }
    }

    #[test]
    fn command_lines() {
        let d = debuggee();
        let args = arguments(&d, "/t/s", &["f".into()], true);
        let args: Vec<&str> = args.iter().map(|a| a.to_str().unwrap()).collect();
        assert_eq!(
            args,
            [
                "-q",
                "-batch",
                "-iex",
                "add-auto-load-safe-path /go/src/runtime",
                "-ex",
                "handle SIGURG nostop noprint pass",
                "-ex",
                "set sysroot /s r",
                "-ex",
                "target remote /t/s",
                "-ex",
                "break main.main",
                "-ex",
                "continue",
                "-x",
                "f",
                "/c/x",
            ]
        );
        let line = attach_line(&d, "127.0.0.1:1234");
        assert!(
            line.contains("-ex 'target remote 127.0.0.1:1234'") && line.starts_with("gdb-multiarch -q "),
            "{line}"
        );
    }

    #[test]
    fn an_editors_configuration() {
        let launch = launch(&debuggee(), "127.0.0.1:1234");
        let one = &launch["configurations"][0];
        assert_eq!(
            (&one["type"], &one["miDebuggerServerAddress"]),
            (&json!("cppdbg"), &json!("127.0.0.1:1234"))
        );
        assert_eq!((&one["program"], &one["MIMode"]), (&json!("/c/x"), &json!("gdb")));
        assert_eq!(one["setupCommands"][1]["text"], "handle SIGURG nostop noprint pass");
    }
}
