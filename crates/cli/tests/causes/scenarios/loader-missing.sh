#: needs go gcc bash
#: said-by bash
cgo_module 'static int work(void) { return 1; }'
CGO_ENABLED=1 go build -ldflags '-linkmode external -extldflags -Wl,--dynamic-linker=/lib/ld-musl-mips64-sf.so.1' -o app .
bash -c ./app
sh -c ./app
sh -c "exec ./app"
module <<'GO'
package main

import "os/exec"

func main() { println(exec.Command("./app").Run().Error()) }
GO
go run .
