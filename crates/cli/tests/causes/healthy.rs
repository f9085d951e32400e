//! Builds that go well, as noisy as they can be: nothing may be found in them.

use crate::scenario::Workshop;
use goferry_diagnose::explain_log;
use libtest_mimic::Failed;

const SCRIPT: &str = r#"
module <<'GO'
package main

import (
	"errors"
	"fmt"

	"golang.org/x/xerrors"
)

// undefined is said where nothing is.
var errGone = errors.New("file not found")

func main() { fmt.Println(xerrors.Errorf("it is gone: %w", errGone)) }
GO
cat >main_test.go <<'GO'
package main

import "testing"

func TestNotFound(t *testing.T) { t.Log("cannot find what is missing:", errGone, "\nsignal: killed") }
GO
mkdir native
cat >native/main.go <<'GO'
package main

// static int work(void) { return 1; }
import "C"

func main() { C.work() }
GO
echo 'require golang.org/x/xerrors v0.0.0-20240903120638-7835f813f4da' >>go.mod
set -x
go mod tidy || exit 1
go build -v -x -o app . || exit 1
go vet ./... || exit 1
go test -v ./... || exit 1
GOARCH=arm64 go build -v -o app_arm64 . || exit 1
CGO_ENABLED=1 CC=aarch64-linux-gnu-gcc GOARCH=arm64 go build -v -x -o app_arm64 ./native || exit 1
./app || exit 1
echo all went well
"#;

pub(crate) fn check(workshop: &Workshop) -> Result<(), Failed> {
    let dir = tempfile::tempdir()?;
    let script = dir.path().join("healthy.sh");
    std::fs::write(&script, SCRIPT)?;
    let log = workshop.shell(&script)?;
    if !log.contains("\nall went well\n") {
        return Err(format!("the builds did not go well:\n{log}").into());
    }
    match explain_log(log.as_bytes()).first {
        None => Ok(()),
        Some(f) => Err(format!("{} was found in line {}: {}", f.id, f.line, f.excerpt).into()),
    }
}
